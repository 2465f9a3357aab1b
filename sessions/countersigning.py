"""
What of a treatment somebody else must countersign, as it was really done, and who may: judged by the rule of the plan
(`plans.competence`, `plans.decisions`), on the day of treatment, for the one who treated. What somebody entered and signed for the one
who treated, that one confirms, in the same way.
"""

import datetime as dt

from django.utils.translation import gettext

from accounts.competence import recorded_then
from plans.competence import beyond_of, covered_by_plan, signers_of
from plans.decisions import COUNTERSIGNERS
from plans.services import role_words, roles_among
from plans.settled import NOT_DECIDED
from protocols.knowledge import knowledge_of

from .models import RecordCountersignature, SessionZone, TreatmentSession

TREATED = RecordCountersignature.Role.TREATED.value  # whoever treated, of a record that somebody else signed for them
ENTERED_FOR = "entered_for"


def needs_of(session: TreatmentSession, signer) -> list[dict]:
    """[{key, who, subject}] of everything beyond the right of who treated, and that *signer* was not that one; empty where nothing is."""
    return [*beyond_right(session), *_entered_for(session, signer)]


def _entered_for(session: TreatmentSession, signer) -> list[dict]:
    if not session.is_late or signer.pk == session.clinician_id:
        return []
    return [{"key": ENTERED_FOR, "who": TREATED, "subject": f"Entered by {signer} for {session.clinician}"}]


def beyond_right(session: TreatmentSession) -> list[dict]:
    """[{key, who, subject}] of everything beyond the right of who treated; empty where nothing is."""
    who, plan, on = session.clinician, session.plan, session.day
    knowledge = knowledge_of(plan.protocol_version)
    device = session.device
    used = (device.device_brand if device else "") or plan.device_brand or (device.device_kind if device else plan.device_kind)
    done = [(row.zone, row.done_depth_mm) for row in session.zones.all() if row.state == SessionZone.State.DONE]
    found = beyond_of(who, knowledge, device=used, depths=done, on=on, rows=recorded_then(who, on))
    needs = []
    for item in found:
        if covered_by_plan(item, who, plan, device=used):
            continue
        subject = item.words[:1].upper() + item.words[1:]
        needs += [{"key": item.key, "who": role, "subject": subject} for role in signers_of(item, knowledge)]
    if session.numbing and plan.numbing in NOT_DECIDED and not who.prescribes_on(on):
        left = "the plan is without numbing" if plan.numbing else "the plan leaves numbing to the day"
        needs.append({"key": "numbing", "who": "prescriber", "subject": f"Numbing with {session.numbing}: {left}"})
    return needs + _of_added(session, knowledge)


def _of_added(session: TreatmentSession, knowledge) -> list[dict]:
    """What a late record has beyond its plan, where somebody must sign for it: at the visit that is asked before it is used."""
    needs = []
    for row in session.adjuvants if session.is_late else ():
        known = knowledge.adjuvants.get(row["id"])
        if known is None or not row.get("added") or not row.get("used", True):
            continue
        roles = [role for role in known.sign_off if role in COUNTERSIGNERS]
        if known.prescriber_decides and not session.clinician.prescribes_on(session.day):
            roles.append("prescriber")
        subject = f"{known.short_label}: the plan does not have it"
        needs += [{"key": f"adjuvant.{row['id']}", "who": role, "subject": subject} for role in dict.fromkeys(roles)]
    return needs


def roles_asked(needs: list[dict]) -> list[str]:
    return list(dict.fromkeys(need["who"] for need in needs))


def open_roles(session: TreatmentSession) -> list[str]:
    """Whose countersignature the signed *session* still waits for."""
    if not session.is_signed or not session.needs:
        return []
    agreed = {row.role for row in session.countersignatures.all() if row.agreed}
    return [role for role in roles_asked(session.needs) if role not in agreed]


def roles_of(session: TreatmentSession, user) -> list[str]:
    """Which of them *user* may give. Who treated confirms what was entered for them, and nothing else; who signed, nothing."""
    roles = open_roles(session)
    if user.pk == session.clinician_id:
        return [TREATED] if TREATED in roles and user.may("plans.countersign") else []
    if user.pk in (session.signed_by_id, session.entered_by_id):
        return []
    return roles_among([role for role in roles if role != TREATED], user)


def waits_for(session: TreatmentSession) -> str:
    """Who is still to countersign, and who to confirm, in words; empty where nobody is."""
    return gettext(" and ").join(str(session.clinician) if role == TREATED else role_words(role) for role in open_roles(session))


def refusal_of(session: TreatmentSession):
    """The refusal that stands: the newest answer in a role that is still open, with no correction made since; None where none does."""
    rows = [row for row in session.countersignatures.all() if row.role in open_roles(session)]
    last = max(rows, key=lambda row: row.number, default=None)
    if last is None or last.agreed:
        return None
    return None if any(made_since(row.made_at, last.at) for row in session.corrections.all()) else last


def made_since(made_at: dt.datetime, answered_at: dt.datetime) -> bool:
    return made_at > answered_at


def waiting_for(user) -> list[TreatmentSession]:
    """Signed records that wait for a countersignature, of what *user* may see, the longest waiting first."""
    rows = TreatmentSession.objects.visible_to(user).asking().without_documents()
    return list(rows.select_related("patient", "clinician", "booking__site").prefetch_related("countersignatures", "corrections"))
