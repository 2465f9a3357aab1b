"""The task queue. Messages are JSON and carry ids only, never patient data."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "microneedle_clinic.settings")

app = Celery("microneedle_clinic")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
