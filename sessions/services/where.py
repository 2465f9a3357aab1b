"""Who and what a visit takes, given to many visits at once: a day has few people, rooms and devices, and many visits."""

from collections.abc import Iterable, Mapping

from ..models import Booking, Resource

ROLES = ("clinician", "room", "device")


def taken_by(visits: Iterable[Booking]) -> set[int]:
    """The resources of *visits*, by pk."""
    return {getattr(visit, f"{role}_id") for visit in visits for role in ROLES} - {None}


def say_where(visits: Iterable[Booking], known: Mapping[int, Resource]) -> None:
    """Give each of *visits* its people, room and device out of *known*; what is not there is read, all in one query."""
    wanted = taken_by(visits)
    if not wanted <= known.keys():
        known = {**known, **Resource.objects.in_bulk(wanted - known.keys())}
    for visit in visits:
        for role in ROLES:
            setattr(visit, role, known.get(getattr(visit, f"{role}_id")))
