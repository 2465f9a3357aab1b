"""Settings for the negative control of the clock that is put back: beat is Celery's own."""

from microneedle_clinic.settings import *  # noqa: F403

CELERY_BEAT_SCHEDULER = "celery.beat:PersistentScheduler"
