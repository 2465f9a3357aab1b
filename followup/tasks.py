"""Tasks carry ids and call one service. All are safe to run twice."""

import logging

from celery import shared_task
from kombu.exceptions import OperationalError

from audit import read_only

log = logging.getLogger(__name__)


@shared_task(name="followup.tasks.sweep_reminders", ignore_result=True)
def sweep_reminders() -> None:
    """Hand on what may be due. Nothing is decided here: between now and the sending a visit may be cancelled."""
    from .services.sending import due

    if read_only.reason():
        return
    try:
        for booking, channel in due():
            send_reminder.apply_async((booking, channel), retry=False, expires=300)
    except (OperationalError, OSError) as error:
        log.warning("The queue took no reminders: %s. They are offered again.", type(error).__name__)


@shared_task(name="followup.tasks.settle_waiting", ignore_result=True)
def settle_waiting() -> None:
    """End entries of the waiting list that were booked by another way or have run out."""
    from .services.waiting import settle

    if not read_only.reason():
        settle()


@shared_task(name="followup.tasks.send_reminder", ignore_result=True)
def send_reminder(booking: int, channel: str) -> None:
    from .services.sending import send

    if not read_only.reason():
        send(booking, channel)
