"""
Sign and lock. The signature stands on one canonical text of the record, with who signed, when and what it means in it, and
its SHA-256. From then on the database itself refuses a change (see `sessions.record_guards`).
"""

import hashlib
from collections.abc import Callable

from django.db import transaction
from django.utils import timezone, translation

from audit.models import Outcome
from audit.services import gathered, record
from planner.wording import mm
from plans.models import TreatmentPlan

from .. import countersigning
from ..conversion import reason_words
from ..lots import rule, uses
from ..models import SessionZone, TreatmentSession
from . import gap, gate, visit_status
from .canonical import canonical
from .drafts import for_writing
from .start_check import start_check_of

MEANING = "I treated this patient as recorded here, and what is recorded is complete and true."
MEANING_FOR_ANOTHER = (
    "I entered this record for the person named in it, who treated this patient, "
    "and what is recorded is complete and true to what they left."
)

FORMAT = 2  # of what is signed; a record is read back in the one it was signed in

# Called as callback(session, by) inside the signing transaction, after the record is locked: what they write stands or falls with
# the signature. Work for a queue belongs in transaction.on_commit. Filled in AppConfig.ready of the apps above.
on_signed: list[Callable] = []


class WrongPassword(Exception):
    """What was typed is not the signer's; nothing was written but the refusal."""


class NotComplete(Exception):
    """The record is not whole; `missing` lists the conditions that are not met."""

    def __init__(self, missing):
        super().__init__("; ".join(condition.words for condition in missing))
        self.missing = missing


def sign(session: TreatmentSession, *, by, version: int, password: str = "", shown: str | None = None) -> TreatmentSession:
    """
    Lock *session* with the signature of *by*. Signed already by the same person: returned as it is, so a double click signs once.

    version: of the record as it was read before signing. password: of *by*, judged here. shown: how *by* showed who they are,
    judged already at this session (`accounts.desk.signature`); '' where it was nothing of theirs.

    Raises:
        WrongPassword, NotComplete; StaleRow: the record changed since it was read; drafts.Locked: somebody else closed it.
    """
    # The hash of a password takes long on purpose: asked before the write lock is taken.
    if shown is None:
        shown = "password" if by.check_password(password) else ""
    if not shown:
        record("record.signed", actor=by, patient=session.patient_id, obj=session, outcome=Outcome.REFUSED, detail={"why": "password"})
        raise WrongPassword
    with transaction.atomic(), gathered():
        done = TreatmentSession.objects.filter(pk=session.pk, status=TreatmentSession.Status.SIGNED, signed_by=by).first()
        if done is not None:
            return done
        row = for_writing(session)
        rule.hold_still()
        row.claim(version)
        missing = gate.unmet(gate.may_sign(row, by=by))
        if missing:
            raise NotComplete(missing)
        if row.is_late:  # as of when it was done, from what is on file at the signature
            with translation.override("en-gb"):
                row.start_check = start_check_of(row, gate.day_check(row), by)
        with translation.override("en-gb"):
            row.deviations = deviations(row)
            row.needs = countersigning.needs_of(row, by)
        row.roles_asked = len(countersigning.roles_asked(row.needs))
        row.adjuvants = [used for used in row.adjuvants if used.get("used", True)]
        row.signed_by, row.signed_at = by, timezone.now()
        row.status = TreatmentSession.Status.SIGNED
        with translation.override("en-gb"):
            row.signed_content = canonical(content_of(row, meaning_for(row, by)))
        row.signed_sha256 = sha256(row.signed_content)
        row.save()
        uses.count_off(row, by=by)
        visit_status.done(row.booking, by=by)
        completed = _complete_plan(row)
        record(
            "record.signed",
            actor=by,
            patient=row.patient_id,
            obj=row,
            detail={"sha256": row.signed_sha256, "deviations": len(row.deviations), "plan_completed": completed, "with": shown}
            | ({"to_countersign": countersigning.roles_asked(row.needs)} if row.needs else {}),
        )
        for callback in on_signed:
            callback(row, by)
    return row


def meaning_for(session: TreatmentSession, by) -> str:
    """What the signature of *by* means: that they treated, or that they entered what somebody else had done."""
    return MEANING if by.pk == session.clinician_id else MEANING_FOR_ANOTHER


def _complete_plan(row: TreatmentSession) -> bool:
    """Mark the plan completed where nothing of it is left: each session is signed, or was passed over by a later one that is."""
    plan = row.plan
    if plan.status != TreatmentPlan.Status.ACCEPTED:
        return False
    signed = set(plan.records.filter(status=TreatmentSession.Status.SIGNED).values_list("session_number", flat=True))
    if max(signed) < plan.sessions_count or set(gap.placed(plan)) - signed:
        return False
    plan.claim(plan.version)
    TreatmentPlan.objects.filter(pk=plan.pk).update(status=TreatmentPlan.Status.COMPLETED)
    record("plan.completed", actor=row.signed_by, patient=row.patient_id, obj=plan)
    return True


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def deviations(session: TreatmentSession) -> list[dict]:
    """Planned against done, one entry for each difference, in words: {zone, what, planned, done, reason, material}."""
    rows = []
    for zone in session.zones.select_related("plan_zone"):
        reason = reason_words(zone)

        def add(what, planned, done, *, material=True, zone=zone, reason=reason):
            rows.append({"zone": zone.zone, "what": what, "planned": planned, "done": done, "reason": reason, "material": material})

        if zone.state == SessionZone.State.NOT_TREATED:
            add("depth", mm(zone.planned_depth_mm), "Not treated")
            continue
        if zone.done_depth_mm != zone.planned_depth_mm:
            add("depth", mm(zone.planned_depth_mm), mm(zone.done_depth_mm))
        low, high = zone.plan_zone.passes_min, zone.plan_zone.passes_max
        if zone.passes != zone.planned_passes:
            add("passes", str(zone.planned_passes), str(zone.passes), material=not low <= zone.passes <= high)
        if zone.endpoint != zone.planned_endpoint:
            add("endpoint", zone.planned_endpoint, zone.endpoint)
    used = {row["id"] for row in session.adjuvants if row.get("used", True)}
    for row in session.adjuvants:
        if row["id"] not in used:
            rows.append(
                {
                    "zone": "",
                    "what": "adjuvant",
                    "planned": row.get("label", row["id"]),
                    "done": "Not used",
                    "reason": "",
                    "material": False,
                }
            )
        elif row.get("added"):
            label, why = row.get("label", row["id"]), row.get("reason", "")
            more = {"zone": "", "what": "adjuvant", "planned": "Not planned", "done": label, "reason": why, "material": True}
            rows.append(more)
    if session.gap_reason:
        rows.append(
            {
                "zone": "",
                "what": "gap",
                "planned": f"{session.plan.interval_weeks_min} weeks or more",
                "done": "Sooner",
                "reason": session.gap_reason,
                "material": True,
            }
        )
    return rows


def content_of(session: TreatmentSession, meaning: str = MEANING, form: int = FORMAT) -> dict:
    """
    What is signed: every value of the record, its zones, and who it is about. Read back from the rows it is the same to the byte.

    form: 1, as it was while consent was a tick and the first needle's lot the only one; 2, with who accepted an older text and why (which
    consent stood is in `start_check`), and with everything that was used and its lots.
    """
    plan = session.plan
    if form == 1:
        later: dict = {}
        consent = {"consent_confirmed": session.consent_confirmed}
    else:
        later = {"lots": uses.content(session)}
        older = {"reason": session.consent_reason, "by": session.consent_by_id, "at": session.consent_at}
        consent = {"consent": {"older_text": older, "ticked_before_it_was_signed_here": session.consent_confirmed}}
    return later | {
        "format": form,
        "record": {
            "session": session.pk,
            "booking": session.booking_id,
            "patient": session.patient_id,
            "plan": session.plan_id,
            "protocol_sha256": plan.protocol_version.sha256,
            "session_number": session.session_number,
            "clinician": session.clinician_id,
            "started_at": session.started_at,
            "ended_at": session.ended_at,
            "identity_checked": session.identity_checked,
            "skin_checked": session.skin_checked,
            **consent,
            "gap": {"reason": session.gap_reason, "by": session.gap_by_id, "at": session.gap_at},
            "start_check": session.start_check,
            **_late(session),
            **({"to_countersign": session.needs} if session.needs else {}),
            # A record signed before anybody could decide has no such line, and keeps its hash.
            **({"decided_today": session.decided_today} if session.decided_today else {}),
            "device": session.device_id,
            # Lines of later releases: a record that was signed without them keeps its hash.
            **({"device_reason": session.device_reason} if session.device_reason else {}),
            **({"pain": session.pain} if session.pain is not None else {}),
            **({"tube_checks": tubes} if (tubes := _tube_checks(session)) else {}),
            "needle": {"lot": session.needle_lot, "use_by": session.needle_expires_on},
            "numbing": {"product": session.numbing, "on": session.numbing_on_at, "off": session.numbing_off_at},
            "adjuvants": session.adjuvants,
            "reaction": {"kind": session.reaction, "note": session.reaction_note},
            "note": session.note,
            "deviations": session.deviations,
        },
        "zones": [
            {
                "zone": zone.zone,
                "label": zone.zone_label,
                "planned": {"depth_mm": zone.planned_depth_mm, "passes": zone.planned_passes, "endpoint": zone.planned_endpoint},
                "state": zone.state,
                "done": {"depth_mm": zone.done_depth_mm, "passes": zone.passes, "endpoint": zone.endpoint},
                "reason": zone.reason,
                "note": zone.note,
                **({"bleeding": zone.bleeding} if zone.bleeding else {}),
                **({"asked_again_mm": zone.confirmed_mm} if zone.confirmed_mm is not None else {}),
            }
            for zone in session.zones.order_by("position", "pk")
        ],
        "signed": {"by": session.signed_by_id, "at": session.signed_at, "meaning": meaning},
    }


def _late(session: TreatmentSession) -> dict:
    """Of a record entered on a later day: when, by whom, from what, why, and what is said about what was not in order."""
    if not session.is_late:
        return {}
    said = {"at": session.entered_at, "by": session.entered_by_id, "from": session.entered_from, "reason": session.late_reason}
    return {"entered_late": said | ({"said": session.late_said} if session.late_said else {})}


def _tube_checks(session: TreatmentSession) -> list[dict]:
    rows = session.tube_checks.order_by("pk")
    return [{"adjuvant": row.adjuvant, "label": row.label, "by": row.by_id, "at": row.at} for row in rows]
