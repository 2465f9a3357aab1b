"""
The demo's time of day. Four weeks of the clinic's life are made in a few seconds by the services that make it from day to
day, and those read Django's clock: so that clock is set, in this process and for the length of a block.
"""

import datetime as dt
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.utils import timezone

_one_at_a_time = threading.Lock()


@contextmanager
def shown(moment: dt.datetime, zone: dt.tzinfo) -> Iterator[None]:
    """Run a block at *moment* in the clinic's *zone*. Never to be used where other people work in the same process."""
    with _one_at_a_time, timezone.override(zone):
        real = timezone.now
        timezone.now = lambda: moment
        try:
            yield
        finally:
            timezone.now = real
