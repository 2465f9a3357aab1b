"""Visits that stand although somebody or something they need is away: an absence entered after they were booked."""

from collections.abc import Iterable

from django.db.models import prefetch_related_objects

from ..models import Absence, Booking

WAITING = (Booking.Status.BOOKED, Booking.Status.ARRIVED)


def away_words(visits: Iterable[Booking]) -> dict[int, str]:
    """
    `Room 2 away: repair` for each of *visits* that has not begun and holds what is away at that time, by the visit's pk.
    One query, and one more where somebody is away and the holds are not loaded yet.
    """
    waiting = [visit for visit in visits if visit.status in WAITING]
    if not waiting:
        return {}
    start, end = min(visit.starts_at for visit in waiting), max(visit.ends_at for visit in waiting)
    absences: dict[int, list[Absence]] = {}
    for absence in Absence.objects.filter(starts_at__lt=end, ends_at__gt=start).select_related("resource"):
        absences.setdefault(absence.resource_id, []).append(absence)
    if not absences:
        return {}
    words: dict[int, str] = {}
    prefetch_related_objects(waiting, "holds")
    for visit in waiting:
        for hold in visit.holds.all():
            away = next((a for a in absences.get(hold.resource_id, ()) if a.starts_at < hold.ends_at and a.ends_at > hold.starts_at), None)
            if away is not None:
                words[visit.pk] = f"{away.resource} away: {away.reason}"
                break
    return words
