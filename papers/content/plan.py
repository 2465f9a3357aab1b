"""What was agreed, for the patient: zones, depths, sessions and how long the skin may show it, as the plan's own rows have them."""

from django.utils.translation import gettext

from planner.wording import counted, mm, span
from plans.catalogue import Catalogue, catalogue_of
from plans.models import TreatmentPlan

from ..models import Paper
from .common import CannotBeMade, Subject, calendar_at, head


def adjuvant_words(catalogue: Catalogue, name: str) -> str:
    """What a patient knows the adjuvant as, by the words that were signed with the version; else its name in the protocol."""
    wording = catalogue.knowledge.document.get("patient_wording") or {}
    said = (wording.get("adjuvants") or {}).get(name) or {}
    known = said.get("name") or (wording.get("adjuvant_names") or {}).get(name) or catalogue.adjuvant_word(name)
    return f"{known[:1].upper()}{known[1:]}"


def agreed(plan: TreatmentPlan) -> dict:
    """The part that says what was agreed; also stands above the prices of a quote."""
    catalogue = catalogue_of(plan.protocol_version)
    site, zones = plan.patient.person.site, list(plan.zones.all())
    low, usual, high = plan.interval_weeks_min, plan.interval_weeks_typical, plan.interval_weeks_max
    span_of_weeks = f"{span(low, high)} {'week' if high == 1 else 'weeks'}"
    every = span_of_weeks if usual in (low, high) else f"{counted(usual, 'week')} ({span(low, high)})"
    days = span(plan.downtime_days_min, plan.downtime_days_max)
    return {
        "plan": f"Plan {plan.number}",
        "agreed_on": calendar_at(site).long(site.day_of(plan.accepted_at)),
        "clinician": plan.accepted_by.display_name,
        "concerns": list(dict.fromkeys(catalogue.concern_word(zone.indication) for zone in zones)),
        "zones": [{"zone": zone.zone_label, "depth": mm(zone.depth_mm)} for zone in zones],
        "sessions": counted(plan.sessions_count, "session"),
        "every": every if plan.sessions_count > 1 else "",
        "downtime": f"{days} {'day' if plan.downtime_days_max == 1 else 'days'}",
        "adjuvants": [adjuvant_words(catalogue, name) for name in dict.fromkeys(plan.adjuvants)],
        "protocol": plan.protocol_version.version,
        "demo": plan.protocol_version.is_demo,
    }


def in_force(plan: TreatmentPlan) -> None:
    if plan.status != TreatmentPlan.Status.ACCEPTED:
        values = {"number": plan.number, "status": plan.get_status_display().lower()}
        raise CannotBeMade(gettext("Plan %(number)s is not in force (%(status)s), so nothing is printed from it.") % values)


def plan_of(plan: TreatmentPlan) -> Subject:
    """
    Raises:
        CannotBeMade: the plan is not in force.
    """
    in_force(plan)
    site = plan.patient.person.site
    facts = head(plan.patient, site, title="Your treatment plan") | agreed(plan)
    return Subject(Paper.Kind.PLAN, plan.pk, plan.patient, site, {"plan": plan}, f"Summary of plan {plan.number}", "plan", facts)
