"""What other pages show of outcomes: the patient page, the timeline, the consultation, the plan, a visit."""

import datetime as dt

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.templatetags.clinic_format import in_words
from patients.overview import Action, Entry, Panel, Section
from patients.timeline import Source
from plans.models import Consultation, TreatmentPlan
from plans.registry import PlanSection
from sessions.models import Booking
from sessions.visit_sections import VisitSection

from .chart import charts as drawn
from .models import OutcomeAnswer

TITLE = gettext_lazy("Outcome scales")
FACTS = 2


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
    return Section(actions=[Action(_("Record outcome scales"), reverse("outcomes:record", args=[patient.number]))])


def _lines(patient, user, until) -> list[Entry]:
    """What was answered at one time is one line; each correction is one of its own."""
    rows = OutcomeAnswer.objects.visible_to(user).filter(patient=patient)
    moments = rows.filter(recorded_at__lte=until.moment) if until.moment else rows
    newest = moments.order_by("-recorded_at").values_list("recorded_at", flat=True).distinct()[: until.limit]
    together: dict[dt.datetime, list[OutcomeAnswer]] = {}
    for row in rows.filter(recorded_at__in=list(newest)).select_related("site").order_by("-recorded_at", "pk"):
        together.setdefault(row.recorded_at, []).append(row)
    url = reverse("outcomes:patient", args=[patient.number])
    found = []
    for at, answers in together.items():
        first = answers[0]
        said = [f"{row.about}: {row.shown} ({row.get_rater_display().lower()})" for row in answers[:FACTS]]
        if len(answers) > FACTS:
            said.append(_("and %(count)s more") % {"count": len(answers) - FACTS})
        title = _("Outcome scales, %(moment)s") % {"moment": first.get_moment_display().lower()}
        tag = _("Correction") if first.corrects_id else ""
        found.append(Entry(at, title, "; ".join(said), url, "i-out", tag, "info", on=first.site.day_of(at)))
    return found


ANSWERS = Source("outcomes", "outcomes.view", _lines)


def _said(rows) -> list[str]:
    return [f"{row.about}, {row.get_rater_display().lower()}: {row.words_shown} ({in_words(row.rated_on)})." for row in rows]


def of_consultation(consultation: Consultation, user) -> PlanSection | None:
    """On the consultation: what was answered before treatment, and the way to answer."""
    if not user.may("outcomes.view"):
        return None
    lines = _said(_standing(user, patient=consultation.patient, consultation=consultation)) or [_("Before treatment: not recorded.")]
    here = reverse("plans:consultation", args=[consultation.patient.number, consultation.pk])
    record = reverse("outcomes:record", args=[consultation.patient.person.number])
    links = [(_("Record the scales"), f"{record}?consultation={consultation.pk}&next={here}")] if user.may("outcomes.record") else []
    return PlanSection(str(TITLE), lines, links)


def of_plan(plan: TreatmentPlan, user) -> PlanSection | None:
    if not user.may("outcomes.view"):
        return None
    number = plan.patient.person.number
    concerns = {zone.indication for zone in plan.zones.all()}
    lines = _said(_standing(user, patient=plan.patient, indication__in=concerns)[:6]) or [_("Not recorded.")]
    links = [(_("Open the scales"), reverse("outcomes:patient", args=[number]))]
    if user.may("outcomes.record"):
        links.append((_("Record the scales"), reverse("outcomes:record", args=[number])))
    return PlanSection(str(TITLE), lines, links)


def of_visit(booking: Booking, user) -> VisitSection | None:
    """At the review visit: what was answered there, and the way to answer."""
    if booking.kind != Booking.Kind.REVIEW or not booking.is_live or not user.may("outcomes.view"):
        return None
    lines = _said(_standing(user, patient=booking.patient, booking=booking))
    record = reverse("outcomes:record", args=[booking.patient.person.number])
    link = f"{record}?visit={booking.pk}&next={reverse('sessions:booking', args=[booking.pk])}" if user.may("outcomes.record") else ""
    return VisitSection("outcomes/partials/visit.html", {"lines": lines, "link": link})
