"""
Is the patient's own blood checked: the one rule. Two different people have each read the same label from the tube, and found the
patient's name and birth date on it. Asked when the record is saved, at the signature, and by the database as a last door.
"""

import datetime as dt

from ..lots.codes import key_of
from .models import TubeCheck

A_DAY = dt.timedelta(days=1)


def pair_of(checks: list[TubeCheck], adjuvant: str) -> tuple[TubeCheck, TubeCheck] | None:
    """The first two checks of one label by two people, in the order they were made."""
    first: dict[str, TubeCheck] = {}
    for check in checks:
        if check.adjuvant != adjuvant:
            continue
        earlier = first.setdefault(check.key, check)
        if earlier.by_id != check.by_id:
            return earlier, check
    return None


def waiting(checks: list[TubeCheck], adjuvant: str) -> TubeCheck | None:
    """The newest check that still waits for a second person; None where there is none, or two people have checked."""
    own = [check for check in checks if check.adjuvant == adjuvant]
    return own[-1] if own and pair_of(own, adjuvant) is None else None


def is_of_another(session, key: str) -> bool:
    """Whether this label was read for somebody else at the site, in a session within a day of this one."""
    near = (session.started_at - A_DAY, session.started_at + A_DAY)
    rows = TubeCheck.objects.filter(key=key, session__started_at__range=near, session__booking__site=session.booking.site_id)
    return rows.exclude(session__patient=session.patient).exists()


def key(label: str) -> str:
    return key_of(label)
