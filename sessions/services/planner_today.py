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
from planner.wording import mm
from plans.models import TreatmentPlan
from protocols.knowledge import knowledge_of


@dataclass(frozen=True)
class Today:
    """
    What the planner says today, beside what it said when the plan was made.

    status, reasons: as proposed. left_out: {zone: reason}. limits: {zone: (deepest mm today, why)} where the plan goes deeper and
    was made under a wider limit. adjuvants_out: {adjuvant of the plan: reason}. interval_weeks: the shortest gap where it has grown
    beyond the plan's. decisions: what somebody entitled has to decide that the plan does not know of.
    """

    status: str
    reasons: tuple[str, ...]
    earliest: dt.date | None
    left_out: dict[str, str]
    cautions: tuple[str, ...]
    limits: dict[str, tuple[Decimal, str]] = field(default_factory=dict)
    adjuvants_out: dict[str, str] = field(default_factory=dict)
    interval_weeks: int | None = None
    decisions: tuple[str, ...] = ()

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
    said = propose(case, knowledge_of(plan.protocol_version), on=on, policies=ClinicSettings.current().policies).as_mapping()
    findings, status = said.get("findings", []), said["status"]
    reasons = [row["reason"] for row in findings if row["action"] == status] or [row["reason"] for row in findings[:1]]
    until = said.get("earliest")
    known = {row["id"] for row in plan.proposal.get("findings", []) if row.get("action") == "caution"}
    return Today(
        status=status,
        reasons=tuple(reasons) if status in ("refuse", "defer", "ask") else (),
        earliest=dt.date.fromisoformat(until) if until and status in ("refuse", "defer") else None,
        left_out={row["zone"]: _why(row, findings) for row in said.get("zones_excluded", [])},
        cautions=tuple(dict.fromkeys(row["reason"] for row in findings if row["action"] == "caution")),
        limits=_limits(plan, said, [row for row in findings if row["action"] == "caution" and row["id"] not in known]),
        adjuvants_out=_adjuvants_out(plan, said),
        interval_weeks=_longer(plan, said),
        decisions=_new_decisions(plan, said),
    )


def _why(row: dict, findings: list[dict]) -> str:
    reasons = [finding["reason"] for finding in findings if finding["id"] in row.get("because", ())]
    return " ".join(reasons) or "left out by the protocol"


def _limits(plan: TreatmentPlan, said: dict, new: list[dict]) -> dict[str, tuple[Decimal, str]]:
    """
    Zones the plan treats deeper than today's proposal allows, where the proposal it was made from allowed more. What a clinician
    chose beyond the proposal, with a reason, under the same limit stays chosen.
    """
    today: dict[str, dict] = {}
    for row in said.get("zones", []):
        if row["zone"] not in today or row["depth_mm"]["max"] < today[row["zone"]]["depth_mm"]["max"]:
            today[row["zone"]] = row
    limits = {}
    for zone in plan.zones.all():
        row = today.get(zone.zone)
        most = Decimal(str(row["depth_mm"]["max"])) if row else None
        if row is None or most is None or zone.depth_mm <= most or most >= zone.max_depth_mm:
            continue
        caps = [finding["reason"] for finding in new if finding.get("max_depth_mm") is not None]
        steps = [step["why"] for step in row.get("trace", []) if step.get("range_after", {}).get("max") == row["depth_mm"]["max"]]
        limits[zone.zone] = (most, " ".join(dict.fromkeys([*caps, *steps[:1]])) or f"{mm(most)} is the most today.")
    return limits


def _adjuvants_out(plan: TreatmentPlan, said: dict) -> dict[str, str]:
    """Adjuvants of the plan that are refused today and were not when it was made."""
    before = {row["id"] for row in plan.proposal.get("adjuvants", {}).get("refused", [])}
    refused = {row["id"]: row["reason"] for row in said.get("adjuvants", {}).get("refused", []) if row["id"] not in before}
    return {name: refused[name] for name in plan.adjuvants if name in refused}


def _longer(plan: TreatmentPlan, said: dict) -> int | None:
    """The shortest interval in weeks, where today's answers make it longer than the plan's and than it was when the plan was made."""
    weeks = said.get("interval_weeks", {}).get("min")
    before = plan.proposal.get("interval_weeks", {}).get("min", plan.interval_weeks_min)
    return weeks if weeks is not None and weeks > max(before, plan.interval_weeks_min) else None


def _new_decisions(plan: TreatmentPlan, said: dict) -> tuple[str, ...]:
    """Decisions today's answers ask of somebody entitled, and the plan's proposal did not."""
    if "decisions" not in plan.proposal:
        return ()
    known = {row["id"] for row in plan.proposal["decisions"]}
    return tuple(
        f"{row['what']} ({', '.join(row['who']).replace('_', ' ')})" for row in said.get("decisions", []) if row["id"] not in known
    )
