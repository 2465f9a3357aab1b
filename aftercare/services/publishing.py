"""
Handing a sheet's id to the queue, and again where it was lost.

The row is the truth: a message that never arrives costs a moment, not a sheet. So publishing gives up fast, is never
repeated by the request, and a dead or frozen queue is left alone for a while.
"""

import logging
import time
from datetime import datetime, timedelta

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from kombu.exceptions import OperationalError

from audit.services import record

from ..models import Sheet
from . import files

try:
    from redis.exceptions import RedisError
except ImportError:  # another broker than Redis

    class RedisError(Exception):
        pass


log = logging.getLogger(__name__)
AWAY = (OperationalError, RedisError, OSError)
# Seconds that one web request may lose to a queue that does not answer, and for which it is then left alone.
LONGEST_WAIT = 0.5
LEFT_ALONE = 5.0
A_SWEEP = 200
CLOCKS_DIFFER = timedelta(minutes=1)  # between two hosts of one clinic, at most
LONGEST_TO_COME = timedelta(hours=1)  # until a failed sheet is tried again; what lies further ahead was set by a clock since put back
MOST_ATTEMPTS = 5
_away_until = 0.0


def publish(sheet_id: int) -> bool:
    """Tell the queue about *sheet_id*. Returns False where it could not be told; the sweep does it then."""
    global _away_until
    if time.monotonic() < _away_until:
        return False
    try:
        _send(sheet_id)
    except AWAY as error:
        _away_until = time.monotonic() + LEFT_ALONE
        log.warning("The queue did not take sheet %s: %s. It is offered again by the sweep.", sheet_id, type(error).__name__)
        return False
    Sheet.objects.filter(pk=sheet_id, state=Sheet.State.REQUESTED).update(published_at=timezone.now())
    return True


def _send(sheet_id: int) -> None:
    options = {
        **current_app.conf.broker_transport_options,
        "socket_timeout": LONGEST_WAIT,
        "socket_connect_timeout": LONGEST_WAIT,
        "retry_on_timeout": False,
        "max_retries": 0,
        "interval_start": 0,
        "interval_step": 0,
    }
    with current_app.connection_for_write(connect_timeout=LONGEST_WAIT, transport_options=options) as connection:
        current_app.send_task("aftercare.tasks.render_sheet", (sheet_id,), connection=connection, retry=False, ignore_result=True)


def sweep() -> int:
    """
    Offer again what the queue lost: sheets never handed over, handed over long ago, or begun by a worker that died; and those
    whose time has come to be tried again. Returns how many were offered.
    """
    now = timezone.now()

    def before(name: str, moment: datetime) -> Q:
        """Also what lies in the future: the clock was put back since, and nobody waits for it to come there again."""
        return Q(**{f"{name}__lt": moment}) | Q(**{f"{name}__gt": now + CLOCKS_DIFFER})

    lease_over = now - timedelta(seconds=settings.SHEET_LEASE_SECONDS)
    stranded = Sheet.objects.filter(before("started_at", lease_over), state=Sheet.State.RENDERING)
    for sheet in stranded.filter(attempts__gte=MOST_ATTEMPTS).select_related("session"):
        _give_up(sheet, now)
    stranded.filter(attempts__lt=MOST_ATTEMPTS).update(state=Sheet.State.REQUESTED, published_at=None)
    due = Sheet.objects.filter(Q(again_at__lte=now) | Q(again_at__gt=now + LONGEST_TO_COME), state=Sheet.State.FAILED)
    due.update(state=Sheet.State.REQUESTED, published_at=None, attempts=0, rounds=F("rounds") + 1)
    lost = now - timedelta(seconds=settings.SHEET_REPUBLISH_SECONDS)
    # A request publishes its own sheet right after the commit: the sweep leaves it that moment.
    fresh = now - timedelta(seconds=1)
    overdue = Sheet.objects.filter(before("requested_at", fresh), state=Sheet.State.REQUESTED).filter(
        Q(published_at=None) | before("published_at", lost)
    )
    offered = 0
    for sheet_id in overdue.order_by("requested_at").values_list("pk", flat=True)[:A_SWEEP]:
        if not publish(sheet_id):
            break
        offered += 1
    return offered


def _give_up(sheet: Sheet, now: datetime) -> None:
    """A sheet that ended its worker each time: it stands still and is seen, and whatever it left in the storage goes."""
    problem = f"Making this sheet stopped {MOST_ATTEMPTS} times. Choose Make again, or tell whoever looks after the system."
    with transaction.atomic():
        mine = Sheet.objects.filter(pk=sheet.pk, state=Sheet.State.RENDERING, attempts=sheet.attempts)
        if mine.update(state=Sheet.State.FAILED, finished_at=now, problem=problem):
            record("sheet.failed", patient=sheet.session.patient_id, obj=sheet, detail={"attempts": sheet.attempts})
            files.drop_all(sheet.pk)
