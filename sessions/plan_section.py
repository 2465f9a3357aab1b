"""What the plan's page shows of the diary: which visits are booked, and the way to book the rest."""

from django.urls import reverse

from planner import wording
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
        lines.append(f"{row.title}: {wording.day(local.date(), weekday=True)}, {local:%H:%M}, {row.clinician}. {row.get_status_display()}.")
    booked = sum(row.kind == Booking.Kind.SESSION for row in rows)
    left = sum(number != REVIEW for number in left_to_book(plan))
    if left and plan.status == TreatmentPlan.Status.ACCEPTED:
        lines.append(f"{left} of {plan.sessions_count} sessions {'is' if left == 1 else 'are'} not booked yet.")
    may_move = user.may("bookings.edit")
    links = []
    for row in rows:
        page = reverse("sessions:booking", args=[row.pk])
        movable = may_move and row.status in (Booking.Status.BOOKED, Booking.Status.ARRIVED)
        links.append((f"Move {row.title.lower()}", f"{page}#move-h") if movable else (f"Open {row.title.lower()}", page))
    if left and plan.status == TreatmentPlan.Status.ACCEPTED and user.may("bookings.edit"):
        label = "Book the rest" if booked else "Book the course"
        links.insert(0, (label, reverse("sessions:book_course", args=[plan.patient.number, plan.number])))
    if plan.status in TREATED_UNDER and user.may("records.sign"):
        links.append(("Enter a session that was not booked", reverse("sessions:enter_unbooked", args=[plan.patient.number, plan.number])))
    return PlanSection("Visits", lines or ["No visit is booked."], links)
