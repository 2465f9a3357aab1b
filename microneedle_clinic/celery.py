"""The task queue. Messages are JSON and carry ids only, never patient data."""

import os

from celery import Celery
from celery.signals import setup_logging

from .logs import say_no_words_of_faults

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "microneedle_clinic.settings")

app = Celery("microneedle_clinic")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def log_as_django_does(**kwargs) -> None:
    """Celery then keeps its own handlers away, which write what a task's exception says. Django's stand since its set-up."""
    say_no_words_of_faults()
