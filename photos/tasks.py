"""Background work on photos."""

from celery import shared_task

from . import storage


@shared_task
def sweep_photos() -> int:
    """Remove files of photos that no row names."""
    return storage.sweep()
