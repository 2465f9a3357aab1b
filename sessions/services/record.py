"""Starting, saving, closing and correcting the record of a session. Signing is in `signing`."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext

from audit.services import gathered, record
from consent.lock import hold
from consent.standing import WITHDRAWN, stands_for
from plans.models import TreatmentPlan

from ..forms.record import RecordForm, values_of
from ..lots import rule, uses
from ..models import Booking, SessionCorrection, SessionZone, TreatmentSession
from . import gate, opening, visit_status
from .canonical import canonical
from .drafts import Locked, for_writing
from .signing import on_signed
from .start_check import start_check_of
from .terms import Terms, terms_for

__all__ = ["CannotStart", "Locked", "Saved", "close_untreated", "correct", "on_corrected", "on_signed", "save", "start", "take_over"]

# callback(session, by), called inside the transaction of a correction.
on_corrected: list[Callable] = []
_STARTS_FROM = (Booking.Status.BOOKED, Booking.Status.ARRIVED, Booking.Status.IN_ROOM)


class CannotStart(Exception):
    """No record can be opened for this booking; the message says why and what to do."""


@dataclass(frozen=True)
class Saved:
    """session: as it now stands. form: bound to what was typed. changed: names of the fields this save changed."""

    session: TreatmentSession
    form: RecordForm
    changed: tuple[str, ...]


def start(booking: Booking, by) -> TreatmentSession:
    """
    Open the record of *booking*, or return the one that is open: a double click starts one. The booking goes to "in room".

    Raises:
        CannotStart: the visit is no session with an accepted plan, is not today's, or was cancelled, missed or is done.
    """
    existing = TreatmentSession.objects.filter(booking=booking).first()
    if existing is not None:
        return existing
    try:
        with transaction.atomic(), gathered():
            return _start(booking, by)
    except IntegrityError:
        # Two presses at once: one made the record, the other shows it. Any other refusal of the database is a fault.
        existing = TreatmentSession.objects.filter(booking=booking).first()
        if existing is None:
            raise
        return existing


def _start(booking: Booking, by) -> TreatmentSession:
    booking = opening.for_opening(booking)
    plan = booking.plan
    if booking.kind != Booking.Kind.SESSION or plan is None:
        raise CannotStart(gettext("This visit has no treatment plan. Accept a plan and book the session from it, then start."))
    if plan.status != TreatmentPlan.Status.ACCEPTED:
        raise CannotStart(
            gettext("Plan %(plan)s is %(status)s. Book the session from the plan that holds now.")
            % {"plan": plan.number, "status": plan.get_status_display().lower()}
        )
    if booking.status not in _STARTS_FROM:
        raise CannotStart(
            gettext("This visit is %(status)s. Open the calendar to book it anew.") % {"status": booking.get_status_display().lower()}
        )
    if words := visit_status.not_its_day(booking):
        raise CannotStart(words)
    hold(booking.patient)
    stands = stands_for(plan, booking.patient)
    if stands.state == WITHDRAWN:
        raise CannotStart(gettext("%(stands)s. Talk to the patient; sign anew, or cancel the visit.") % {"stands": stands.words})
    # A device that is not ready stays chosen: the record says what is to be done about it.
    session = opening.open_record(booking, clinician=by, started_at=timezone.now().replace(second=0, microsecond=0))
    visit_status.in_room(booking, by=by)
    record("record.started", actor=by, patient=booking.patient_id, obj=session, detail={"booking": booking.pk, "plan": plan.number})
    return session


def save(session: TreatmentSession, *, by, typed, version: int, page: str = "", turn: int = 0) -> Saved:
    """
    Keep what was typed, whole or not: values go to the rows, what cannot be read is kept as it stands.

    version: the record's version when the page was opened. page, turn: which page saves, for the how-manieth time; its own repeat
    after a lost answer is no clash, and a late one never undoes a newer one.

    Raises:
        StaleRow: somebody else saved meanwhile; nothing was written.
        Locked: the record is signed or closed.
    """
    with transaction.atomic():
        row = for_writing(session)
        if not row.has_begun:
            hold(row.patient)  # a withdrawal of consent comes before the first zone or after it, never beside it
        before = values_of(row)
        typed = _with_the_end_nobody_saw(typed, before)
        own = bool(page) and row.saved_page == page
        if own and turn <= row.saved_turn:
            return Saved(row, form_for(row, before), ())
        row.claim(row.version if own else version)
        with translation.override("en-gb"):  # it is kept with the first zone
            check = gate.day_check(row, numbing=(typed.get("numbing") or "").strip())
        form = form_for(row, typed, check=check)
        form.is_valid()
        _write(row, form, by)
        _keep_lots(row, form)
        now = timezone.now()
        if row.reaction and not before["reaction"] and not row.ended_at and not row.is_late and "ended" not in form.errors:
            # The reaction is looked at when the needling is over; the time stands on the screen and can be changed.
            ended = now.replace(second=0, microsecond=0)
            row.ended_at = ended if ended > row.started_at else None
        if (row.is_late or not row.start_check) and any(zone.state == SessionZone.State.DONE for zone in form.zones):
            row.start_check = start_check_of(row, check, by)
        row.saved_at, row.saved_by, row.saved_page, row.saved_turn = now, by, page, turn
        row.save()
        SessionZone.objects.bulk_update(
            form.zones, ["state", "done_depth_mm", "confirmed_mm", "passes", "endpoint", "bleeding", "reason", "note"]
        )
        after = values_of(TreatmentSession.objects.prefetch_related("zones").get(pk=row.pk))
        changed = tuple(name for name in {**before, **after} if before.get(name, "") != after.get(name, ""))
        record("record.saved", actor=by, patient=row.patient_id, obj=row, detail={"fields": sorted(changed)})
    return Saved(row, form, changed)


def _with_the_end_nobody_saw(typed, before: dict[str, str]):
    """
    The end is set here with the reaction, and the page hears of it with the answer. A page that sends again before it heard says
    so with an empty `ended_known`: its empty field clears nothing.
    """
    unheard = "ended_known" in typed and not typed["ended_known"].strip() and not typed.get("ended", "").strip()
    return {**typed, "ended": before["ended"]} if unheard and before["ended"] else typed


def form_for(session: TreatmentSession, typed=None, *, check: gate.DayCheck | None = None, terms: Terms | None = None) -> RecordForm:
    """The record's form bound to *typed*, or to what the rows hold."""
    check = check or gate.day_check(session)
    return RecordForm(
        values_of(session) if typed is None else typed,
        session=session,
        terms=terms or terms_for(session),
        at_hand=gate.devices_for(session),
        blocked=check.blocked,
        left_out=check.left_out,
        limits=check.limits,
        adjuvants_out=check.adjuvants_out,
        tubes=list(session.tube_checks.all()),
    )


_PLAIN = {
    "identity_checked": "identity_checked",
    "skin_checked": "skin_checked",
    "needle_lot": "needle_lot",
    "needle_expires_on": "needle_expires_on",
    "numbing": "numbing",
    "numbing_on": "numbing_on_at",
    "numbing_off": "numbing_off_at",
    "device_reason": "device_reason",
    "late_said": "late_said",
    "reaction": "reaction",
    "reaction_note": "reaction_note",
    "note": "note",
    "ended": "ended_at",
}


def _write(row: TreatmentSession, form: RecordForm, by) -> None:
    """Put the form's values on *row* and on `form.zones`; a field that could not be read leaves its column empty."""
    values = form.cleaned_data
    for name, column in _PLAIN.items():
        empty = row._meta.get_field(column).get_default()
        setattr(row, column, values.get(name, empty))
    if values.get("started"):
        row.started_at = values["started"]
    if row.ended_at and row.ended_at <= row.started_at:
        row.ended_at = None
    row.device_id = int(values["device"]) if values.get("device") else None
    row.pain = int(values["pain"]) if values.get("pain") else None
    _write_gap(row, values.get("gap_reason", ""), by)
    _write_consent(row, values.get("consent_reason", ""), by)
    marks = {used["id"]: used["added"] for used in row.adjuvants if used.get("added")}
    row.adjuvants = [
        {
            "id": adjuvant.id,
            "label": adjuvant.label,
            "used": values.get(f"adj-{adjuvant.id}-used", False),
            "product": values.get(f"adj-{adjuvant.id}-product", ""),
            "lot": values.get(f"adj-{adjuvant.id}-lot", ""),
            **({"reason": reason} if (reason := values.get(f"adj-{adjuvant.id}-reason", "")) else {}),
            **({"added": marks[adjuvant.id]} if adjuvant.id in marks else {}),
        }
        for adjuvant in form.terms.adjuvants
    ]
    for zone in form.zones:
        name = f"z{zone.pk}"
        depth = values.get(f"{name}-depth")
        zone.reason, zone.note = values.get(f"{name}-reason", ""), values.get(f"{name}-note", "")
        if values.get(f"{name}-skip"):
            zone.state, zone.done_depth_mm, zone.passes, zone.endpoint = SessionZone.State.NOT_TREATED, None, None, ""
            zone.bleeding, zone.confirmed_mm = "", None
            continue
        zone.state = SessionZone.State.NOT_RECORDED if depth is None else SessionZone.State.DONE
        zone.done_depth_mm, zone.passes, zone.endpoint = depth, values.get(f"{name}-passes"), values.get(f"{name}-endpoint", "")
        zone.bleeding = values.get(f"{name}-bleeding", "")
        zone.confirmed_mm = depth if depth is not None and zone.zone in form.asked else None
    _write_unread(row, form)


def _write_unread(row: TreatmentSession, form: RecordForm) -> None:
    """What stands in a field with a fault is kept as it was typed; of a lot that was scanned, the scan."""
    row.unread = {name: form.data.get(name, "") for name in form.errors if name in form.fields}
    for place, known in form.known.items():
        name = rule.field(place, "lot")
        if known.raw and row.unread.get(name) == known.number:
            row.unread[name] = known.raw


def _keep_lots(row: TreatmentSession, form: RecordForm) -> None:
    """Write what was used. Where another record had the same cartridge a moment earlier, that is said beside its field."""
    while True:
        try:
            with transaction.atomic():
                return uses.keep(row, form.uses)
        except IntegrityError:
            taken = [place for place, use in form.uses.items() if use.kind == use.Kind.NEEDLE and use.serial]
            if not taken:
                raise
            for place in taken:
                if rule.stands_elsewhere(form.uses[place]):
                    form.refuse(place, rule.used_words(None))
            if all(place in form.uses for place in taken):
                raise
            _write_unread(row, form)
            row.needle_lot = "" if "needle" not in form.uses else row.needle_lot


def _write_gap(row: TreatmentSession, reason: str, by) -> None:
    if reason == row.gap_reason:
        return
    row.gap_reason = reason
    row.gap_by, row.gap_at = (by, timezone.now()) if reason else (None, None)


def _write_consent(row: TreatmentSession, reason: str, by) -> None:
    if reason == row.consent_reason:
        return
    row.consent_reason = reason
    row.consent_by, row.consent_at = (by, timezone.now()) if reason else (None, None)


def take_over(session: TreatmentSession, *, by, version: int) -> TreatmentSession:
    """*by* is who treats from now on, and so who signs; of a late record, who enters it. Raises StaleRow, Locked."""
    with transaction.atomic():
        row = for_writing(session)
        if by.pk in (row.entered_by_id, row.clinician_id) if row.is_late else row.clinician_id == by.pk:
            return row
        row.claim(version)
        _give_to(row, by, by=by, action="record.taken_over")
    return row


def hand_over(session: TreatmentSession, *, to, by) -> TreatmentSession:
    """*to* is who treats from now on, and so who signs, because who began it has left. *by* saw to it. Raises Locked."""
    with transaction.atomic():
        row = for_writing(session)
        row.claim(row.version)
        _give_to(row, to, by=by, action="record.handed_over")
    return row


def _give_to(row: TreatmentSession, to, *, by, action: str) -> None:
    """Who treated stays who treated: a late record changes the hand that enters it."""
    column = "entered_by" if row.is_late else "clinician"
    earlier = getattr(row, f"{column}_id")
    setattr(row, column, to)
    row.saved_by, row.saved_at, row.saved_page = by, timezone.now(), ""
    row.save(update_fields=[column, "saved_by", "saved_at", "saved_page"])
    record(action, actor=by, patient=row.patient_id, obj=row, detail={"from": earlier, "to": to.pk})


def close_untreated(session: TreatmentSession, *, by, version: int, reason: str) -> TreatmentSession:
    """
    Lock a record in which no zone was treated, with the reason; the visit is cancelled and its times are free again.

    Raises:
        StaleRow, Locked; ValueError: a zone was treated, or no reason was given.
    """
    reason = reason.strip()
    with transaction.atomic(), gathered():
        row = for_writing(session)
        if not reason:
            raise ValueError(gettext("Say why nothing was treated"))
        if row.zones.filter(state=SessionZone.State.DONE).exists():
            raise ValueError(gettext("A zone was treated: sign the record instead"))
        row.claim(version)
        row.status, row.closed_reason, row.saved_by, row.saved_at = TreatmentSession.Status.CLOSED, reason[:300], by, timezone.now()
        row.save()
        visit_status.untreated(row.booking, by=by)
        record("record.closed", actor=by, patient=row.patient_id, obj=row, detail={"booking": row.booking_id})
    return row


def correct(session: TreatmentSession, *, by, text: str, reason: str, request_key: str) -> SessionCorrection:
    """
    Add a dated correction to a signed record, above the original, which stays. The same *request_key* adds once.

    Raises:
        ValueError: the record is not signed.
    """
    request_key = f"{session.pk}-{request_key}"  # a key of one record's form says nothing about another record
    with transaction.atomic():
        row = TreatmentSession.objects.select_for_update(of=("self",)).get(pk=session.pk)
        # Asked behind the lock: the second press of a double click waits there for the first.
        existing = row.corrections.filter(request_key=request_key).first()
        if existing is not None:
            return existing
        if not row.is_signed:
            raise ValueError(gettext("Only a signed record is corrected; a draft is changed"))
        last = row.corrections.order_by("-number").first()
        correction = SessionCorrection(
            session=row,
            number=last.number + 1 if last else 1,
            text=text,
            reason=reason,
            made_by=by,
            made_at=timezone.now(),
            request_key=request_key,
        )
        correction.sha256 = correction_hash(correction, before=last.sha256 if last else row.signed_sha256)
        correction.save(force_insert=True)
        record(
            "record.corrected", actor=by, patient=row.patient_id, obj=row, detail={"number": correction.number, "sha256": correction.sha256}
        )
        for callback in on_corrected:
            callback(row, by)
    return correction


def correction_hash(correction: SessionCorrection, *, before: str) -> str:
    """SHA-256 over the correction and *before*: the hash of what stood above it."""
    content = {
        "before": before,
        "session": correction.session_id,
        "number": correction.number,
        "text": correction.text,
        "reason": correction.reason,
        "by": correction.made_by_id,
        "at": correction.made_at.isoformat(),
    }
    return hashlib.sha256(canonical(content).encode()).hexdigest()
