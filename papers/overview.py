"""Where other pages show something of this app: the plan, the visit, the timeline."""

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.templatetags.clinic_format import in_words
from patients.overview import Entry
from patients.timeline import Source
from plans.models import TreatmentPlan
from plans.registry import PlanSection
from sessions.models import Booking
from sessions.visit_sections import VisitSection

from .content.before_visit import COMING
from .models import Quote
from .offers import before_visit_offer

TONES = {"given": "info", "accepted": "clear", "declined": "mute", "replaced": "mute"}


def plan_quote(plan: TreatmentPlan, user) -> PlanSection | None:
    """What the plan was said to cost, and the way to a quote."""
    if not user.may("quotes.view"):
        return None
    rows = list(Quote.objects.visible_to(user).filter(plan=plan).exclude(status=Quote.Status.REPLACED)[:3])
    lines = [f"{row.number}: {row.money.said(row.total)}, {_stands(row)}." for row in rows]
    links = [(_("Open %(number)s") % {"number": row.number}, reverse("papers:quote", args=[row.pk])) for row in rows]
    is_open = plan.status == TreatmentPlan.Status.ACCEPTED and not any(row.status == Quote.Status.ACCEPTED for row in rows)
    if is_open and user.may("quotes.give"):
        links.insert(
            0, (_("Give a new quote") if rows else _("Give a quote"), reverse("papers:give", args=[plan.patient.number, plan.number]))
        )
    return PlanSection(_("Quote"), lines or [_("No quote was given.")], links) if lines or links else None


def _stands(row: Quote) -> str:
    if row.status == Quote.Status.GIVEN:
        return _("holds until %(day)s") % {"day": in_words(row.valid_until)}
    return f"{row.get_status_display().lower()} {in_words(row.site.day_of(row.answered_at))}"


def before_visit(booking: Booking, user) -> VisitSection | None:
    """The paper to take home when a session is booked."""
    if booking.kind != Booking.Kind.SESSION or booking.plan_id is None or booking.status not in COMING or not user.may("papers.make"):
        return None
    return VisitSection("papers/partials/visit.html", {"offer": before_visit_offer(booking), "number": booking.patient.number})


def _quotes(patient, user, until) -> list[Entry]:
    rows = until.newest(Quote.objects.visible_to(user).filter(patient=patient).select_related("site"), "given_at")
    return [
        Entry(
            row.given_at,
            _("Quote %(number)s") % {"number": row.number},
            _("%(sum)s, holds until %(day)s") % {"sum": row.money.said(row.total), "day": in_words(row.valid_until)},
            reverse("papers:quote", args=[row.pk]),
            "i-print",
            row.get_status_display(),
            TONES[row.status],
            on=row.given_on,
        )
        for row in rows
    ]


SOURCES = (Source("documents", "quotes.view", _quotes),)
