"""The planner asked again on the day of treatment, with today's answers: may this person be needled, where, how deep, with what."""

import datetime as dt
from dataclasses import dataclass, field, replace
from decimal import Decimal

from django.utils.translation import gettext

from accounts.models import ClinicSettings
from accounts.templatetags.clinic_format import in_words as day_words
from patients.conversion import case_of
from planner.case import Case
from planner.errors import CaseFaults
from planner.knowledge import Knowledge
from planner.propose import propose
from plans.models import TreatmentPlan
from plans.since import Change, Since, barred
from protocols.knowledge import knowledge_of

from ..models import TreatmentSession
from .skin import Earlier, earlier_of, newest_in


@dataclass(frozen=True)
class Today:
    """
    What the planner says today, beside what it said when the plan was made.

    status, reasons: as proposed. changes: everything it is more careful about (`plans.since`). left_out: {zone: reason}.
    limits: {zone: (deepest mm today, why)} where the plan goes deeper and was made under a wider limit. proposed: the same with
    the depth proposed today. adjuvants_out: {adjuvant of the plan: reason}. interval_weeks: the shortest gap where it has grown
    beyond the plan's. decisions: what somebody entitled has to decide that the plan does not know of. refused: {adjuvant: why it does
    not go with the needling}, of the plan or not. signed_by: {adjuvant: who has to sign before it is used}.
    """

    status: str
    reasons: tuple[str, ...]
    earliest: dt.date | None
    left_out: dict[str, str]
    cautions: tuple[str, ...]
    limits: dict[str, tuple[Decimal, str]] = field(default_factory=dict)
    proposed: dict[str, tuple[Decimal, str]] = field(default_factory=dict)
    adjuvants_out: dict[str, str] = field(default_factory=dict)
    interval_weeks: int | None = None
    decisions: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    refused: dict[str, str] = field(default_factory=dict)
    signed_by: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def to_decide(self) -> tuple[Change, ...]:
        """What the clinician decides in the room; the rest is forbidden whoever decides."""
        return tuple(change for change in self.changes if not change.forbids)

    @property
    def barred(self) -> str:
        """`Stop: ...`, `Defer: ...` or `Answer first: ...`; empty where the planner lets the session go on."""
        word = {"refuse": "Stop", "defer": "Defer", "ask": "Answer first"}.get(self.status)
        if word is None:
            return ""
        first = gettext(" First possible date: %(earliest)s.") % {"earliest": day_words(self.earliest)} if self.earliest else ""
        return f"{word}: {' '.join(self.reasons)}{first}"


def case_today(plan: TreatmentPlan, patient, on: dt.date, earlier: list[Earlier] | None = None) -> dict:
    """
    The plan's case with the patient's answers of today (case format). Wishes and what was seen at the consultation stay out:
    only whether, where and how this person may be needled today is asked. The healing gap, and who treats, are conditions of
    their own. Earlier sessions come with what was seen of the skin; those that are still to be looked at today (`to_look_at`)
    stay out, because nothing begins before that.
    """
    zones = [row.zone for row in plan.zones.all()]
    requests = [
        request | {"zones": kept}
        for request in plan.case.get("requests", [])
        if (kept := [zone for zone in request.get("zones", []) if zone in zones])
    ]
    case = {**case_of(patient, visit_date=on), "requests": requests}
    case["visit_date"] = on.isoformat()
    case["devices"] = [plan.device_brand or plan.device_kind]
    case["adjuvants_requested"] = list(plan.adjuvants)
    earlier = earlier_of(patient, on) if earlier is None else earlier
    waiting = to_look_at(plan, earlier, on)
    case["history"] = [row.as_history() for row in earlier if row not in waiting]
    if "labs" in plan.case:
        case["labs"] = plan.case["labs"]
    # What somebody entitled lifted for this plan stays lifted, as long as today's answer is the one it was lifted for.
    for rule, answer in plan.case.get("screening", {}).items():
        today = case["screening"].get(rule)
        if answer.get("override") and today and today.get("answer") and answer.get("answer"):
            case["screening"][rule] = {**today, "override": answer["override"]}
    return case


def to_look_at(plan: TreatmentPlan, earlier: list[Earlier], on: dt.date) -> list[Earlier]:
    """The newest of *earlier* in each zone of *plan* of which nobody has said on *on* how the skin is."""
    return [row for row in newest_in(earlier, [zone.zone for zone in plan.zones.all()]) if not row.looked_at_on(on)]


def _without_rest(knowledge: Knowledge, plan: TreatmentPlan) -> Knowledge:
    """
    The protocol without the rest after the sessions recorded here, which the healing gap keeps, with what lengthens it and with a
    clinician's reason. Needling somebody tells of still rests, and no shorter than the plan's interval.
    """
    rules = dict(knowledge.rules)
    for rule in knowledge.rules.values():
        if rule.never_shorter_than_plan_interval and rule.interval_days is not None:
            least, span = plan.interval_weeks_min * 7, rule.interval_days
            longer = replace(span, typical=max(span.typical, least), max=max(span.max, least))
            rules[rule.id] = replace(rule, never_shorter_than_plan_interval=False, interval_days=longer)
    return replace(knowledge, rules=rules)


def planner_today(plan: TreatmentPlan, patient, on: dt.date, earlier: list[Earlier] | None = None, *, added: tuple[str, ...] = ()) -> Today:
    """
    Ask the planner again. A file it cannot read is a question, never a pass. earlier: of `skin.earlier_of`, where it is read already.
    added: adjuvants asked about beyond the plan's.
    """
    asked = case_today(plan, patient, on, earlier)
    asked["adjuvants_requested"] = [*asked["adjuvants_requested"], *added]
    try:
        case = Case.parse(asked)
    except CaseFaults as error:
        return Today("ask", tuple(str(fault) for fault in error.faults), None, {}, ())
    knowledge = knowledge_of(plan.protocol_version)
    said = propose(case, _without_rest(knowledge, plan), on=on, policies=ClinicSettings.current().policies).as_mapping()
    status, reasons, earliest = barred(said)
    since = Since(plan, said, knowledge, on, sessions_left=_sessions_left(plan))
    return Today(
        status=said["status"],
        reasons=reasons,
        earliest=earliest,
        left_out=since.left_out,
        cautions=tuple(dict.fromkeys(row["reason"] for row in said.get("findings", []) if row["action"] == "caution")),
        # Where nothing may be done there is no proposal to compare.
        changes=() if status else since.changes,
        limits=since.limits,
        proposed=since.proposed,
        adjuvants_out=since.adjuvants_out,
        interval_weeks=since.longer_weeks,
        decisions=tuple(f"{row['what']} ({', '.join(row['who']).replace('_', ' ')})" for row in since.decisions),
        refused={row["id"]: row["reason"] for name in ("home_only", "refused") for row in said.get("adjuvants", {}).get(name, [])},
        signed_by={row["id"]: tuple(row["sign_off"]) for row in said.get("adjuvants", {}).get("use", []) if row["sign_off"]},
    )


def _sessions_left(plan: TreatmentPlan) -> int:
    """With today's; only an event asks for it."""
    if not plan.proposal.get("course", {}).get("fits_event"):
        return plan.sessions_count
    done = TreatmentSession.objects.filter(plan=plan, status=TreatmentSession.Status.SIGNED).count()
    return max(plan.sessions_count - done, 1)
