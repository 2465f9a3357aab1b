"""A worker that makes whatever a message names, without asking whether another has it or it is done."""

from celery.signals import worker_process_init
from django.db.models import F

from microneedle_clinic.celery import app

__all__ = ["app"]


@worker_process_init.connect
def claim_nothing(**kwargs) -> None:
    from aftercare.models import Sheet
    from aftercare.services import making

    def claim(sheet_id: int) -> Sheet:
        Sheet.objects.filter(pk=sheet_id).update(attempts=F("attempts") + 1)
        return Sheet.objects.get(pk=sheet_id)

    making._claim = claim
    making._still_mine = lambda sheet: Sheet.objects.filter(pk=sheet.pk)
