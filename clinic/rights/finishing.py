"""What an erasure leaves to be done after its commit, tried again until it is, and how far it is behind."""

import datetime as dt

from django.utils import timezone

from audit import read_only
from audit.models import ErasedFile

from ..durability.schedule import last_hour
from . import journal, leftovers

PATIENCE = dt.timedelta(minutes=15)
DATABASE_PATIENCE = dt.timedelta(days=2)  # a large one waits for the night
NIGHT = dt.timedelta(hours=4)  # after the hour of the backup


def finish() -> None:
    """Remove files that are still there and bring the journal up to date. Safe to run twice, and at any time."""
    if read_only.reason():
        return
    if ErasedFile.objects.filter(gone_at=None).exists():
        leftovers.clear()
        leftovers.write_anew(at_night=timezone.now() - last_hour(timezone.now()) < NIGHT)
    journal.write()


def behind() -> tuple[int, int]:
    """(files that should be gone for a while, orders that the journal lacks). Raises journal.Damaged, audit.chain.Unusable."""
    now, waiting = timezone.now(), ErasedFile.objects.filter(gone_at=None)
    late = waiting.exclude(name=leftovers.DATABASE).filter(order__ordered_at__lt=now - PATIENCE).count()
    late += waiting.filter(name=leftovers.DATABASE, order__ordered_at__lt=now - DATABASE_PATIENCE).count()
    return late, journal.carried_out().count() - journal.count()
