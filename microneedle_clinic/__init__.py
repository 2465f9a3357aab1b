"""Wiring of the clinic: settings, addresses, task queue. No rules live here."""

from .celery import app as celery_app

__all__ = ["celery_app"]
