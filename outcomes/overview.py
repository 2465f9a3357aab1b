"""What other pages show of outcomes: the patient page, the timeline, the consultation, the plan, a visit."""

from django.urls import reverse

from patients.overview import Action, Entry, Panel, Section
from patients.timeline import Source
from planner import wording
from plans.models import Consultation, TreatmentPlan
from plans.registry import PlanSection
from sessions.models import Booking
from sessions.visit_sections import VisitSection

from .chart import charts as drawn
from .models import OutcomeAnswer

TITLE = "Outcome scales"


def _standing(user, **of):
    return OutcomeAnswer.objects.visible_to(user).filter(**of).standing()


def charts(patient, user) -> Panel | None:
    """The charts on the patient page; nothing where nothing was answered yet."""
    if not user.may("outcomes.view"):
        return None
    found = [chart for chart in drawn(_standing(user, patient=patient)) if chart.is_drawn]
    return Panel("outcomes/partials/panel.html", {"charts": found, "raters": OutcomeAnswer.Rater.labels}) if found else None


def to_do(patient, user) -> Section | None:
    if not user.may("outcomes.record"):
        return None
    planned = TreatmentPlan.objects.visible_to(user).filter(patient=patient, status=TreatmentPlan.Status.ACCEPTED)
    if not planned.exists():
        return None
    return Section(actions=[Action("Record outcome scales", reverse("outcomes:record", args=[patient.number]))])


def _lines(patient, user, until) -> list[Entry]:
    rows = OutcomeAnswer.objects.visible_to(user).filter(patient=patient).select_related("site", "correction")
    url = reverse("outcomes:patient", args=[patient.number])
    found = []
    for row in until.newest(rows, "recorded_at"):
        facts = f"{row.get_rater_display()}: {row.shown}, {row.get_moment_display().lower()} of {wording.day(row.rated_on)}"
        replaced = hasattr(row, "correction")
        tag = "Corrected since" if replaced else "Correction" if row.corrects_id else ""
        found.append(
            Entry(
                row.recorded_at, _what(row), facts, url, "i-info", tag, "mute" if replaced else "info", on=row.site.day_of(row.recorded_at)
            )
        )
    return found


ANSWERS = Source("outcomes", "outcomes.view", _lines)


def _said(rows) -> list[str]:
    return [f"{_what(row)}, {row.get_rater_display().lower()}: {row.words} ({wording.day(row.rated_on)})." for row in rows]


def _what(row: OutcomeAnswer) -> str:
    return f"{row.indication_label}, {'severity' if row.kind == OutcomeAnswer.Kind.SEVERITY else 'change (GAIS)'}"


def of_consultation(consultation: Consultation, user) -> PlanSection | None:
    """On the consultation: what was answered before treatment, and the way to answer."""
    if not user.may("outcomes.view"):
        return None
    lines = _said(_standing(user, patient=consultation.patient, consultation=consultation)) or ["Before treatment: not recorded."]
    here = reverse("plans:consultation", args=[consultation.patient.number, consultation.pk])
    record = reverse("outcomes:record", args=[consultation.patient.person.number])
    links = [("Record the scales", f"{record}?consultation={consultation.pk}&next={here}")] if user.may("outcomes.record") else []
    return PlanSection(TITLE, lines, links)


def of_plan(plan: TreatmentPlan, user) -> PlanSection | None:
    if not user.may("outcomes.view"):
        return None
    number = plan.patient.person.number
    concerns = {zone.indication for zone in plan.zones.all()}
    lines = _said(_standing(user, patient=plan.patient, indication__in=concerns)[:6]) or ["Not recorded."]
    links = [("Open the scales", reverse("outcomes:patient", args=[number]))]
    if user.may("outcomes.record"):
        links.append(("Record the scales", reverse("outcomes:record", args=[number])))
    return PlanSection(TITLE, lines, links)


def of_visit(booking: Booking, user) -> VisitSection | None:
    """At the review visit: what was answered there, and the way to answer."""
    if booking.kind != Booking.Kind.REVIEW or not booking.is_live or not user.may("outcomes.view"):
        return None
    lines = _said(_standing(user, patient=booking.patient, booking=booking))
    record = reverse("outcomes:record", args=[booking.patient.person.number])
    link = f"{record}?visit={booking.pk}&next={reverse('sessions:booking', args=[booking.pk])}" if user.may("outcomes.record") else ""
    return VisitSection("outcomes/partials/visit.html", {"lines": lines, "link": link})
