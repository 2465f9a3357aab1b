"""Deciding on what the planner is more careful about today than the plan: by a clinician, with a named reason, before the needle."""

import datetime as dt
from collections.abc import Collection

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext

from audit.services import record

from ..models import TreatmentSession
from . import gate
from .drafts import for_writing


class NotDecided(Exception):
    """Nothing was written. `faults`: {field: words}."""

    def __init__(self, faults: dict[str, str]):
        super().__init__("; ".join(faults.values()))
        self.faults = faults


def decide(
    session: TreatmentSession, *, by, reason: str, note: str, shown: Collection[str], at: dt.datetime | None = None, request=None
) -> TreatmentSession:
    """
    Keep what *by* decided on everything that is open. shown: keys of the changes that stood before them; one that came since is
    not covered. Nothing open: the record is returned as it is, so that a double click decides once.

    Raises:
        NotDecided: no reason, no note where one is needed, or something came since. drafts.Locked: signed or closed.
    """
    at = at or timezone.now()
    with transaction.atomic():
        row = for_writing(session)
        with translation.override("en-gb"):  # kept with the decision
            changes = gate.day_check(row).undecided
        if not changes:
            return row
        note = " ".join(note.split())
        if faults := _faults(changes, reason, note, shown):
            raise NotDecided(faults)
        made = {
            "changes": [change.as_mapping() for change in changes],
            "reason": reason,
            "note": note,
            "by": by.pk,
            "by_name": by.display_name,
            "at": at.isoformat(timespec="seconds"),
        }
        row.claim(row.version)
        row.decided_today = [*row.decided_today, made]
        row.save(update_fields=["decided_today"])
        detail = {"reason": reason, "changes": [change.key for change in changes]}
        record("record.decided", actor=by, patient=row.patient_id, obj=row, detail=detail, request=request)
    return row


NOTE_LENGTH = 300


def _faults(changes, reason: str, note: str, shown: Collection[str]) -> dict[str, str]:
    if any(change.key not in shown for change in changes):
        return {"today": gettext("The planner has said more since this page was opened. Read it below, then decide")}
    faults = {}
    if reason not in TreatmentSession.Decided.values:
        faults["decided_reason"] = gettext("Choose what was decided")
    named = [change.what.lower() for change in changes if change.needs_note]
    if not note and reason == TreatmentSession.Decided.OTHER:
        faults["decided_note"] = gettext("Say what was decided")
    elif not note and named:
        faults["decided_note"] = gettext("Say what was decided about %(fromkeys)s, such as when it was done") % {
            "fromkeys": " and ".join(dict.fromkeys(named))
        }
    elif len(note) > NOTE_LENGTH:
        faults["decided_note"] = gettext("The note must be %(note_length)s letters or fewer") % {"note_length": NOTE_LENGTH}
    return faults
