"""
What goes with the needling beyond the plan: added to the record by who treats, with a reason. Never past the protocol: its own
adjuvants alone, what its rules leave in today, under a consent that stands.
"""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from accounts.models import User
from audit.models import Outcome
from audit.services import gathered, record
from consent.lock import hold
from consent.models import Kind
from consent.needs import Need
from consent.standing import SIGNED, Stands, judged, newest_items
from protocols.knowledge import knowledge_of

from ..models import TreatmentSession
from .drafts import for_writing
from .planner_today import Today, planner_today
from .terms import added_ids


class NotAdded(Exception):
    """Nothing was added; the message says why. consent: id of the adjuvant whose consent is to be signed first, or ''."""

    def __init__(self, message: str, *, consent: str = ""):
        super().__init__(message)
        self.message, self.consent = message, consent


def choices(session: TreatmentSession) -> list[tuple[str, str]]:
    """(id, label) of what the protocol version knows and the record does not have yet, in its order."""
    have = {*session.plan.adjuvants, *added_ids(session)}
    known = knowledge_of(session.plan.protocol_version).adjuvants.values()
    return [(one.id, one.short_label) for one in sorted(known, key=lambda one: one.order) if one.id not in have]


def add(session: TreatmentSession, adjuvant: str, *, by: User, request=None) -> TreatmentSession:
    """
    Put *adjuvant* on the record, marked as used where two people need not check it first. There already: as it is.

    Raises:
        NotAdded; drafts.Locked: the record is signed or closed.
    """
    try:
        with transaction.atomic(), gathered():
            row = for_writing(session)
            if adjuvant in added_ids(row):
                return row
            label = dict(choices(row)).get(adjuvant)
            if label is None:
                raise NotAdded(gettext("Choose what was used from the list"))
            hold(row.patient)
            consent = _may_be_used(row, adjuvant, label, by)
            blood = knowledge_of(row.plan.protocol_version).adjuvants[adjuvant].own_blood
            mark = {"by": by.pk, "at": timezone.now().isoformat(), "consent": consent}
            row.adjuvants = [*row.adjuvants, {"id": adjuvant, "label": label, "used": not blood, "product": "", "lot": "", "added": mark}]
            row.claim(row.version)
            row.saved_by, row.saved_at, row.saved_page = by, timezone.now(), ""
            row.save(update_fields=["adjuvants", "saved_by", "saved_at", "saved_page"])
            record("record.adjuvant_added", actor=by, patient=row.patient_id, obj=row, request=request, detail={"adjuvant": adjuvant})
    except NotAdded as refused:
        known = adjuvant if adjuvant in dict(choices(session)) else ""
        detail = {"adjuvant": known, "why": "consent" if refused.consent else "protocol"}
        record(
            "record.adjuvant_added",
            actor=by,
            patient=session.patient_id,
            obj=session,
            request=request,
            outcome=Outcome.REFUSED,
            detail=detail,
        )
        raise
    return row


def _may_be_used(row: TreatmentSession, adjuvant: str, label: str, by: User) -> str:
    """
    The hash of the consent it is used under. Of a late record '' where none was signed by then: it was used, so nothing is held back,
    and the gate says what was not in order. Raises NotAdded.
    """
    if row.is_late:
        stands = added_consent(row, [adjuvant])
        item = stands.rows[0].item if stands.state == SIGNED else None
        return item.consent.sha256 if item else ""
    today = planner_today(row.plan, row.patient, row.day, added=(*added_ids(row), adjuvant))
    if today.barred:
        raise NotAdded(today.barred)
    if adjuvant in today.refused:
        raise NotAdded(
            gettext("%(label)s is not used today: %(refused)s") % {"label": label, "refused": today.refused[adjuvant].rstrip(".")}
        )
    if pushed := _pushed_out(row, today):
        raise NotAdded(
            gettext("%(label)s is not used together with %(pushed)s: the protocol lets one of them in") % {"label": label, "pushed": pushed}
        )
    signing = today.signed_by.get(adjuvant)
    if signing:
        who = gettext(" or ").join(signing).replace("_", " ")
        raise NotAdded(
            gettext("%(label)s is used here only when it is signed (%(who)s). Make a new plan with it, so that it is decided there")
            % {"label": label, "who": who}
        )
    found = knowledge_of(row.plan.protocol_version).adjuvants[adjuvant]
    if found.prescriber_decides and not by.prescribes_on(row.day):
        raise NotAdded(gettext("A prescriber decides on %(label)s. Ask one to make a plan with it") % {"label": label})
    stands = judged([Need(Kind.ADJUVANT.value, adjuvant, label)], newest_items(row.patient))
    if stands.state != SIGNED:
        raise NotAdded(gettext("%(stands)s. Have it signed, then add it") % {"stands": stands.words.rstrip(".")}, consent=adjuvant)
    item = stands.rows[0].item
    return item.consent.sha256 if item else ""


def added_consent(row: TreatmentSession, adjuvants) -> Stands:
    """How consent stood for what a late record has beyond its plan, when it was done."""
    known = knowledge_of(row.plan.protocol_version).adjuvants
    needs = [Need(Kind.ADJUVANT.value, name, known[name].short_label) for name in adjuvants if name in known]
    return judged(needs, newest_items(row.patient, row.started_at), row.started_at)


def _pushed_out(row: TreatmentSession, today: Today) -> str:
    """What of the plan would be left out because of the addition, in words; '' where nothing would."""
    if not today.adjuvants_out:
        return ""
    before = planner_today(row.plan, row.patient, row.day, added=added_ids(row)).adjuvants_out
    known = knowledge_of(row.plan.protocol_version).adjuvants
    return gettext(" and ").join(known[name].short_label if name in known else name for name in today.adjuvants_out if name not in before)
