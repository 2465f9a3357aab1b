"""
A plan beyond what its clinician may decide alone waits until somebody entitled countersigns it or sends it back.

It is asked about once more then: the protocol in force, no newer plan, the days the protocol leaves for it, and the planner on
today's file. Whatever does not hold any more can only be sent back, or taken back by the one who sent it; the consultation is then
open again with what was typed.
"""

import datetime as dt

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext

from accounts.competence import operator_of
from accounts.models import ClinicSettings
from accounts.templatetags.clinic_format import in_words as day_in_words
from audit.models import Outcome
from audit.services import record
from patients.conversion import case_of
from patients.models import Patient
from planner.case import Case
from planner.propose import propose
from planner.wording import mm
from protocols.knowledge import knowledge_of
from protocols.services import current_version

from ..alerts import lower_first
from ..decisions import entitled, subject_said, who_words
from ..models import Consultation, PlanCountersignature, TreatmentPlan
from ..said import days as days_words
from ..since import Since, barred, in_words
from .acceptance import replace_standing

_LONG = ("inputs", "chosen", "case", "proposal")  # of a consultation; a list needs none of it
_FROM_FILE = ("patient", "pregnancy_or_breastfeeding", "medications", "allergies", "recent_procedures")


class CountersignRefused(Exception):
    """It cannot be countersigned as things stand; the words say why. `fields`: {need key: words} for choices not made."""

    def __init__(self, words: str, fields: dict[str, str] | None = None):
        super().__init__(words)
        self.fields = fields or {}


class NotWaiting(Exception):
    """Somebody countersigned it or sent it back already. `plan` is as it stands now."""

    def __init__(self, plan: TreatmentPlan):
        super().__init__(f"{plan} is {plan.get_status_display().lower()}")
        self.plan = plan


def open_roles(plan: TreatmentPlan) -> list[str]:
    """Whose countersignature *plan* still waits for."""
    said = {row.role for row in plan.countersignatures.all()}
    return [role for role in dict.fromkeys(need["who"] for need in plan.needs) if role not in said]


def roles_of(plan: TreatmentPlan, user) -> list[str]:
    """Which of them *user* may give. Never the one who made the plan."""
    if not plan.is_awaiting or user.pk == plan.accepted_by_id:
        return []
    return roles_among(open_roles(plan), user)


def roles_among(roles: list[str], user) -> list[str]:
    """Which of *roles* *user* may give a countersignature in: of a plan, and of what was done (`sessions.countersigning`)."""
    return [role for role in roles if entitled(user, role)] if user.may("plans.countersign") else []


def role_words(role: str) -> str:
    return who_words(role)


def waiting_for(user):
    """Plans that wait, oldest first: those *user* may countersign, and those *user* sent."""
    rows = TreatmentPlan.objects.visible_to(user).filter(status=TreatmentPlan.Status.AWAITING).defer("case", "proposal")
    rows = rows.select_related("patient", "accepted_by", "protocol_version", "consultation")
    rows = rows.defer("case", "proposal", "protocol_version__document", *(f"consultation__{name}" for name in _LONG))
    every = list(rows.prefetch_related("countersignatures").order_by("accepted_at", "pk"))
    return [plan for plan in every if roles_of(plan, user)], [plan for plan in every if plan.accepted_by_id == user.pk]


def last_day(plan: TreatmentPlan, visit_date: dt.date) -> dt.date:
    return visit_date + dt.timedelta(days=knowledge_of(plan.protocol_version).operator_rules.countersign_within_days)


def days_late(plan: TreatmentPlan, today: dt.date) -> int:
    """By how many days *plan* can no longer be countersigned; 0 while it still can."""
    return max((today - last_day(plan, plan.consultation.visit_date)).days, 0)


def why_not(plan: TreatmentPlan, *, today: dt.date) -> str:
    """Why *plan* can only be sent back; empty where it may be countersigned."""
    days = days_late(plan, today)
    if days:
        rule = knowledge_of(plan.protocol_version).operator_rules
        values = {"day": day_in_words(plan.consultation.visit_date), "late": days_words(days)}
        told = gettext("The consultation was on %(day)s: %(late)s too late. Send it back.") % values
        return f"{rule.countersign_text} {told}"
    newer = TreatmentPlan.objects.filter(patient__pk=plan.patient_id, number__gt=plan.number)
    newer = newer.exclude(status=TreatmentPlan.Status.RETURNED)
    other = newer.order_by("-number").first()
    if other is not None:
        return gettext("Plan %(number)s was made meanwhile. Send this one back.") % {"number": other.number}
    current = current_version()
    if not plan.protocol_version.is_approved or (current is not None and current.pk != plan.protocol_version_id):
        words = gettext("Protocol %(version)s is no longer the one in force. Send the plan back: it is proposed anew.")
        return words % {"version": plan.protocol_version.version}
    return _changed_since(plan, today)


def _changed_since(plan: TreatmentPlan, today: dt.date) -> str:
    """
    The planner asked again, with the file and the clinician's sign-off of today; empty where the plan still stands. Whatever it is
    more careful about by now was not before the one who countersigns: it goes back to be decided.
    """
    case = dict(plan.case)
    on_file = case_of(plan.patient, visit_date=today)
    case |= {name: on_file[name] for name in _FROM_FILE if name in on_file}
    case["screening"] = {**case.get("screening", {}), **_news(case.get("screening", {}), on_file["screening"])}
    case["operator"] = operator_of(plan.accepted_by, today)
    policies = ClinicSettings.current().policies
    knowledge = knowledge_of(plan.protocol_version)
    proposal = propose(Case.parse(case), knowledge, on=today, policies=policies).as_mapping()
    status, reasons, _ = barred(proposal)
    if status:
        return gettext("The planner no longer proposes this: %(reasons)s Send it back.") % {"reasons": " ".join(reasons[:2])}
    zones = {zone["zone"]: zone for zone in proposal["zones"]}
    for row in plan.zones.all():
        zone = zones.get(row.zone)
        if zone is None:
            return gettext("%(zone)s would be left out today. Send it back.") % {"zone": row.zone_label}
        if float(row.depth_mm) > zone["ceiling_mm"]:
            values = {"zone": row.zone_label, "depth": mm(row.depth_mm), "most": mm(zone["ceiling_mm"])}
            return gettext("%(zone)s is %(depth)s, and the most today is %(most)s. Send it back.") % values
    changes = Since(plan, proposal, knowledge, today, sessions_left=plan.sessions_count).changes
    if not changes:
        return ""
    return gettext("More careful now than when it was proposed: %(changes)s. Send it back.") % {"changes": in_words(changes)}


def _news(then: dict, now: dict) -> dict:
    """Answers that differ from those of the consultation; an override stands as long as its answer does."""
    return {rule: answer for rule, answer in now.items() if answer.get("answer") != then.get(rule, {}).get("answer")}


def countersign(
    plan: TreatmentPlan, *, by, reason: str, choices: dict[str, str] | None = None, at: dt.datetime | None = None, request=None
) -> TreatmentPlan:
    """
    Countersign *plan* in every role *by* may. With the last one it comes into force and replaces the plan before it.

    choices: {need key: what was decided}; a need with one choice is agreed by signing.

    Raises:
        NotWaiting: it no longer waits for this person. CountersignRefused: it can only be sent back, or a choice is missing.
    """
    at = at or timezone.now()
    try:
        with transaction.atomic():
            stored, roles = _take(plan, by)
            words = why_not(stored, today=timezone.localdate(at))
            if words:
                raise CountersignRefused(words)
            made = _decisions(stored, roles, choices or {}, by=by, at=at)
            for role in roles:
                mine = [decision for decision in made if decision["who"] == role]
                PlanCountersignature.objects.create(plan=stored, role=role, agreed=True, reason=reason, decisions=mine, by=by, at=at)
            stored.claim(stored.version)
            left = [role for role in dict.fromkeys(need["who"] for need in stored.needs) if role not in _said(stored)]
            if not left:
                replaced = replace_standing(stored.patient_id)
                fields = {"status": TreatmentPlan.Status.ACCEPTED, "countersigned_by": by, "countersigned_at": at}
                TreatmentPlan.objects.filter(pk=stored.pk).update(**fields, countersign_reason=reason, supersedes=replaced)
            detail = {"number": stored.number, "roles": roles, "in_force": not left}
            record("plan.countersigned", actor=by, patient=stored.patient_id, obj=stored, request=request, detail=detail)
    except CountersignRefused:
        detail = {"number": plan.number}
        record("plan.countersigned", actor=by, patient=plan.patient_id, obj=plan, request=request, outcome=Outcome.REFUSED, detail=detail)
        raise
    except IntegrityError as clash:
        # Two people at once where the lock does not hold: the row of the first stands.
        raise NotWaiting(TreatmentPlan.objects.get(pk=plan.pk)) from clash
    return TreatmentPlan.objects.get(pk=plan.pk)


def send_back(plan: TreatmentPlan, *, by, reason: str, at: dt.datetime | None = None, request=None) -> Consultation:
    """
    Send *plan* back with a reason, and return the consultation that is open again with what was typed: of the same day, so
    that on a later one the skin is looked at anew. One the clinician has open for that day already stays as it is.

    Raises:
        NotWaiting: it no longer waits for this person.
    """
    at = at or timezone.now()
    with transaction.atomic():
        stored, roles = _take(plan, by)
        PlanCountersignature.objects.create(plan=stored, role=roles[0], agreed=False, reason=reason, by=by, at=at)
        stored.claim(stored.version)
        TreatmentPlan.objects.filter(pk=stored.pk).update(status=TreatmentPlan.Status.RETURNED)
        reopened = _reopen(stored.consultation)
        detail = {"number": stored.number, "roles": roles[:1]}
        record("plan.returned", actor=by, patient=stored.patient_id, obj=stored, request=request, detail=detail)
    return reopened


def may_take_back(plan: TreatmentPlan, user) -> bool:
    """Who sent a plan may take it back for as long as it waits, also when nobody can countersign it any more."""
    return plan.is_awaiting and user.pk == plan.accepted_by_id and user.may("plans.accept")


def take_back(plan: TreatmentPlan, *, by, request=None) -> Consultation:
    """
    Take *plan*, which *by* sent, back; return the consultation that is open again, as `send_back` does.

    Raises:
        NotWaiting: it no longer waits, or somebody else sent it.
    """
    with transaction.atomic():
        stored = _lock(plan)
        if not may_take_back(stored, by):
            raise NotWaiting(stored)
        stored.claim(stored.version)
        TreatmentPlan.objects.filter(pk=stored.pk).update(status=TreatmentPlan.Status.RETURNED)
        reopened = _reopen(stored.consultation)
        record("plan.taken_back", actor=by, patient=stored.patient_id, obj=stored, request=request, detail={"number": stored.number})
    return reopened


def hand_over(plan: TreatmentPlan, *, to, by, request=None) -> Consultation:
    """
    Take back *plan*, which waits and whose clinician has left; return the consultation that is open again with *to*. *by* saw to it.

    Raises:
        NotWaiting: it no longer waits.
    """
    with transaction.atomic():
        stored = _lock(plan)
        if not stored.is_awaiting:
            raise NotWaiting(stored)
        stored.claim(stored.version)
        TreatmentPlan.objects.filter(pk=stored.pk).update(status=TreatmentPlan.Status.RETURNED)
        reopened = _reopen(stored.consultation, to=to)
        detail = {"number": stored.number, "from": stored.accepted_by_id, "to": to.pk}
        record("plan.handed_over", actor=by, patient=stored.patient_id, obj=stored, request=request, detail=detail)
    return reopened


def _lock(plan: TreatmentPlan) -> TreatmentPlan:
    """The plan for writing; the patient's row first, as acceptance takes it."""
    Patient.objects.select_for_update().get(pk=plan.patient_id)
    return TreatmentPlan.objects.select_for_update().get(pk=plan.pk)


def _take(plan: TreatmentPlan, by) -> tuple[TreatmentPlan, list[str]]:
    """The plan for writing, and the roles *by* may sign."""
    stored = _lock(plan)
    roles = roles_of(stored, by)
    if not roles:
        raise NotWaiting(stored)
    return stored, roles


def _said(plan: TreatmentPlan) -> set[str]:
    return set(PlanCountersignature.objects.filter(plan=plan).values_list("role", flat=True))


def _decisions(plan: TreatmentPlan, roles: list[str], choices: dict[str, str], *, by, at: dt.datetime) -> list[dict]:
    missing = _missing(plan, roles, choices)
    if missing:
        raise CountersignRefused(" ".join(missing.values()), missing)
    made = []
    for need in plan.needs:
        if need["who"] not in roles:
            continue
        offered = dict(need["choices"])
        what = next(iter(offered)) if len(offered) == 1 else choices[need["key"]]
        who = {"by": by.pk, "by_name": by.display_name, "at": at.isoformat(timespec="seconds"), "note": ""}
        said = {"finding": need["finding"], "who": need["who"], "subject": need["subject"], "words": offered[what], "what": what}
        made.append({**said, **who})
    return made


def missing_choices(plan: TreatmentPlan, user, choices: dict[str, str]) -> dict[str, str]:
    """{need key: words} of what *user* must still choose before signing; a need with one choice is agreed by signing."""
    return _missing(plan, roles_of(plan, user), choices)


def _missing(plan: TreatmentPlan, roles: list[str], choices: dict[str, str]) -> dict[str, str]:
    open_needs = [need for need in plan.needs if need["who"] in roles and len(need["choices"]) > 1]
    return {
        need["key"]: gettext("Decide on %(subject)s") % {"subject": lower_first(subject_said(need["subject"]))}
        for need in open_needs
        if choices.get(need["key"], "") not in dict(need["choices"])
    }


def _reopen(ended: Consultation, *, to=None) -> Consultation:
    """*to*: with whom it is open again, where that is somebody else than who began it."""
    clinician = to.pk if to is not None else ended.clinician_id
    same = {"patient": ended.patient_id, "clinician": clinician, "visit_date": ended.visit_date}
    standing = Consultation.objects.filter(**same, status=Consultation.Status.OPEN).first()
    if standing is not None:
        return standing
    return Consultation.objects.create(
        patient_id=ended.patient_id,
        site_id=ended.site_id,
        clinician_id=clinician,
        visit_date=ended.visit_date,
        protocol_version_id=ended.protocol_version_id,
        inputs=ended.inputs,
        case=ended.case,
        proposal=ended.proposal,
        chosen=ended.chosen,
        saved_by_id=ended.saved_by_id,
    )
