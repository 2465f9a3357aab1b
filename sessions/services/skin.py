"""What earlier sessions left behind: which to look at before a session, and what was seen, added and never changed."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext

from accounts.templatetags.clinic_format import in_words as day_words
from audit.services import record
from patients.models import Patient

from ..models import SessionZone, SkinSeen, TreatmentSession
from .drafts import Locked, for_writing

NOTHING_LEFT = (SkinSeen.Seen.YES, SkinSeen.Seen.NO)  # healed, and no dark marks
THREE_WAY = {SkinSeen.Seen.YES: True, SkinSeen.Seen.NO: False, SkinSeen.Seen.UNKNOWN: None}


@dataclass(frozen=True)
class Earlier:
    """A signed session, the zones it needled, and what was seen of the skin since, newest last."""

    session: TreatmentSession
    zones: tuple[SessionZone, ...]
    seen: tuple[SkinSeen, ...]

    @property
    def last(self) -> SkinSeen | None:
        return self.seen[-1] if self.seen else None

    @property
    def words(self) -> str:
        """`session 2 on 3 Nov 2026`."""
        return gettext("session %(session_number)s on %(day)s") % {
            "session_number": self.session.session_number,
            "day": day_words(self.session.day),
        }

    @property
    def where(self) -> str:
        return ", ".join(zone.zone_label for zone in self.zones)

    @property
    def is_open(self) -> bool:
        """Whether something of it is still not known."""
        return self.last is None or SkinSeen.Seen.UNKNOWN in (self.last.healed, self.last.dark_marks)

    @property
    def is_clear(self) -> bool:
        return self.last is not None and (self.last.healed, self.last.dark_marks) == NOTHING_LEFT

    def looked_at_on(self, day: dt.date) -> bool:
        """Whether somebody said on *day*, or since, how its skin is."""
        return self.last is not None and self.session.site.day_of(self.last.seen_at) >= day

    def as_history(self) -> dict:
        """In the case format."""
        depths = {zone.zone: float(zone.done_depth_mm) for zone in self.zones}
        entry = {"date": self.session.day.isoformat(), "zones": list(depths), "depth_mm": depths}
        if self.last is not None:
            entry |= {"healed": THREE_WAY[self.last.healed], "pigmentation": THREE_WAY[self.last.dark_marks]}
        return entry


def earlier_of(patient: Patient, day: dt.date) -> list[Earlier]:
    """Every signed session of *patient* up to *day* that needled anything, newest first. Three queries."""
    rows = TreatmentSession.objects.filter(patient=patient, status=TreatmentSession.Status.SIGNED)
    rows = rows.without_documents().select_related("booking__site").prefetch_related("zones", "skin_seen__seen_by")
    found = []
    for row in rows.order_by("-started_at"):
        done = tuple(zone for zone in row.zones.all() if zone.state == SessionZone.State.DONE)
        if done and row.day <= day:
            found.append(Earlier(row, done, tuple(row.skin_seen.all())))
    return found


def newest_in(earlier: Iterable[Earlier], zones: Iterable[str]) -> list[Earlier]:
    """The newest of *earlier*, which are newest first, in each of *zones*; each once."""
    left, found = set(zones), []
    for row in earlier:
        here = {zone.zone for zone in row.zones} & left
        if here:
            found.append(row)
            left -= here
    return found


def to_answer(earlier: list[Earlier]) -> list[Earlier]:
    """
    What a consultation may say something of: the newest session in every zone, and those before it of which something is not
    known and no later look at healed skin without marks answers for all of their zones.
    """
    newest = newest_in(earlier, {zone.zone for row in earlier for zone in row.zones})
    found, clear = [], set()
    for row in earlier:
        if row in newest or (row.is_open and not {zone.zone for zone in row.zones} <= clear):
            found.append(row)
        if row.is_clear:
            clear |= {zone.zone for zone in row.zones}
    return found


def see(
    patient: Patient,
    said: Mapping[int, tuple[str, str]],
    *,
    by,
    key: str,
    at: dt.datetime | None = None,
    before: TreatmentSession | None = None,
    request=None,
) -> None:
    """
    Keep what *by* saw: {pk of a signed session of *patient*: (healed, dark marks)}. The same form sent twice adds once. before: the
    draft at whose gate it was said; where that was of every zone it plans, its skin was looked at today, and is ticked so.

    Raises:
        ValueError: a session that is not a signed one of this patient, or an answer that is none.
    """
    known = set(
        TreatmentSession.objects.filter(patient=patient, status=TreatmentSession.Status.SIGNED, pk__in=said).values_list("pk", flat=True)
    )
    if not said or set(said) - known or {answer for pair in said.values() for answer in pair} - set(SkinSeen.Seen.values):
        raise ValueError("no signed session of this patient, or no answer")
    at = at or timezone.now()
    rows = [
        SkinSeen(session_id=pk, healed=healed, dark_marks=marks, seen_by=by, seen_at=at, request_key=key)
        for pk, (healed, marks) in sorted(said.items())
    ]
    try:
        with transaction.atomic():
            SkinSeen.objects.bulk_create(rows)
            detail: dict = {"sessions": sorted(said)}
            if before is not None and _ticked(before, said):
                detail["ticked"] = before.pk
            record("skin.seen", actor=by, patient=patient.pk, obj=rows[0].session, detail=detail, request=request)
    except IntegrityError:
        if not SkinSeen.objects.filter(session__in=said, request_key=key).exists():
            raise


def _ticked(session: TreatmentSession, said: Collection[int]) -> bool:
    """Tick "skin looked at today" where what was *said* is of every planned zone; whether it was done now."""
    try:
        row = for_writing(session)
    except Locked:
        return False
    spoken = SessionZone.objects.filter(session__in=said, state=SessionZone.State.DONE).values_list("zone", flat=True)
    if row.skin_checked or not {zone.zone for zone in row.plan.zones.all()} <= set(spoken):
        return False
    row.claim(row.version)
    row.skin_checked = True
    row.save(update_fields=["skin_checked"])
    return True
