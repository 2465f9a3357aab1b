"""Background work on papers."""

from celery import shared_task

from . import storage


@shared_task
def sweep_papers() -> int:
    """Remove files of papers that no row names."""
    return storage.sweep()
