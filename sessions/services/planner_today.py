"""The planner asked again on the day of treatment, with today's answers: may this person be needled, where, how deep, with what."""

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal

from accounts.models import ClinicSettings
from patients.conversion import case_of
from planner.case import Case
from planner.errors import CaseFaults
from planner.propose import propose
from planner.wording import day as day_words
from plans.models import TreatmentPlan
from plans.since import Change, Since, barred
from protocols.knowledge import knowledge_of

from ..models import TreatmentSession


@dataclass(frozen=True)
class Today:
    """
    What the planner says today, beside what it said when the plan was made.

    status, reasons: as proposed. changes: everything it is more careful about (`plans.since`). left_out: {zone: reason}.
    limits: {zone: (deepest mm today, why)} where the plan goes deeper and was made under a wider limit. proposed: the same with
    the depth proposed today. adjuvants_out: {adjuvant of the plan: reason}. interval_weeks: the shortest gap where it has grown
    beyond the plan's. decisions: what somebody entitled has to decide that the plan does not know of.
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
        first = f" First possible date: {day_words(self.earliest)}." if self.earliest else ""
        return f"{word}: {' '.join(self.reasons)}{first}"


def case_today(plan: TreatmentPlan, patient, on: dt.date) -> dict:
    """
    The plan's case with the patient's answers of today (case format). Wishes and what was seen at the consultation stay out:
    only whether, where and how this person may be needled today is asked. The healing gap, and who treats, are conditions of
    their own.
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
    if "labs" in plan.case:
        case["labs"] = plan.case["labs"]
    # What somebody entitled lifted for this plan stays lifted, as long as today's answer is the one it was lifted for.
    for rule, answer in plan.case.get("screening", {}).items():
        today = case["screening"].get(rule)
        if answer.get("override") and today and today.get("answer") and answer.get("answer"):
            case["screening"][rule] = {**today, "override": answer["override"]}
    return case


def planner_today(plan: TreatmentPlan, patient, on: dt.date) -> Today:
    """Ask the planner again. A file it cannot read is a question, never a pass."""
    try:
        case = Case.parse(case_today(plan, patient, on))
    except CaseFaults as error:
        return Today("ask", tuple(str(fault) for fault in error.faults), None, {}, ())
    knowledge = knowledge_of(plan.protocol_version)
    said = propose(case, knowledge, on=on, policies=ClinicSettings.current().policies).as_mapping()
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
    )


def _sessions_left(plan: TreatmentPlan) -> int:
    """With today's; only an event asks for it."""
    if not plan.proposal.get("course", {}).get("fits_event"):
        return plan.sessions_count
    done = TreatmentSession.objects.filter(plan=plan, status=TreatmentSession.Status.SIGNED).count()
    return max(plan.sessions_count - done, 1)
