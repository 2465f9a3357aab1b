"""What the plan's page shows of the diary: which visits are booked, and the way to book the rest."""

from django.urls import reverse
from django.utils.translation import gettext, ngettext

from accounts.templatetags.clinic_format import in_words
from plans import in_force
from plans.models import TreatmentPlan
from plans.registry import PlanSection

from .models import Booking
from .services.course import REVIEW, left_to_book
from .services.hours import clinic_zone

TREATED_UNDER = [status for status in TreatmentPlan.Status if status not in in_force.NEVER]


def visits(plan: TreatmentPlan, user) -> PlanSection | None:
    if not user.may("bookings.view"):
        return None
    zone = clinic_zone(plan.patient.site)
    rows = list(Booking.objects.visible_to(user).live().filter(plan=plan).with_names().order_by("starts_at"))
    lines = []
    for row in rows:
        local = row.starts_at.astimezone(zone)
        lines.append(f"{row.title}: {in_words(local.date(), weekday=True)}, {local:%H:%M}, {row.clinician}. {row.get_status_display()}.")
    booked = sum(row.kind == Booking.Kind.SESSION for row in rows)
    left = sum(number != REVIEW for number in left_to_book(plan))
    if left and plan.status == TreatmentPlan.Status.ACCEPTED:
        lines.append(
            ngettext("%(count)s of %(all)s sessions is not booked yet.", "%(count)s of %(all)s sessions are not booked yet.", left)
            % {"count": left, "all": plan.sessions_count}
        )
    may_move = user.may("bookings.edit")
    links = []
    for row in rows:
        page = reverse("sessions:booking", args=[row.pk])
        movable = may_move and row.status in (Booking.Status.BOOKED, Booking.Status.ARRIVED)
        links.append(
            (gettext("Move %(title)s") % {"title": row.title.lower()}, f"{page}#move-h")
            if movable
            else (gettext("Open %(title)s") % {"title": row.title.lower()}, page)
        )
    if left and plan.status == TreatmentPlan.Status.ACCEPTED and user.may("bookings.edit"):
        label = gettext("Book the rest") if booked else gettext("Book the course")
        links.insert(0, (label, reverse("sessions:book_course", args=[plan.patient.number, plan.number])))
    if plan.status in TREATED_UNDER and user.may("records.sign"):
        address = reverse("sessions:enter_unbooked", args=[plan.patient.number, plan.number])
        links.append((gettext("Enter a session that was not booked"), address))
    return PlanSection(gettext("Visits"), lines or [gettext("No visit is booked.")], links)
