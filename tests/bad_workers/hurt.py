"""A worker to whom the sheets of some people do harm: they kill its process, never end, end for no warning, or want all memory."""

import os
import signal
import time

from celery.exceptions import SoftTimeLimitExceeded
from celery.signals import worker_process_init

from microneedle_clinic.celery import app

__all__ = ["app"]


def _kill(_):
    os.kill(os.getpid(), signal.SIGKILL)


def _never_end(_):
    while True:
        time.sleep(0.01)


def _end_for_no_warning(_):
    while True:
        try:
            _never_end(_)
        except SoftTimeLimitExceeded:
            continue


def _want_everything(_):
    held = []
    while True:
        held.append(bytearray(20_000_000))


HARM = {"Poison": _kill, "Endless": _never_end, "Deaf": _end_for_no_warning, "Huge": _want_everything}


@worker_process_init.connect
def hurt(**kwargs) -> None:
    from aftercare.services import making

    whole = making.content_of

    def content_of(sheet):
        for name, harm in HARM.items():
            if sheet.session.patient.surname.startswith(name):
                harm(sheet)
        return whole(sheet)

    making.content_of = content_of
