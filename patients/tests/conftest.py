"""Somebody who was registered twice."""

import datetime as dt
import uuid

import pytest

from patients import merge_services as service
from patients.models import Patient


@pytest.fixture
def other(site):
    return Patient.objects.create(
        number=10490,
        site=site,
        surname="Rahmann",
        given="Nadja",
        birth_date=dt.date(1991, 3, 4),
        phone="020 7946 0999",
        email="n@example.org",
    )


@pytest.fixture
def merge(patient, other, desk):
    """Merge *other* into *patient*; whatever differs holds as the kept one has it, unless said otherwise."""

    def make(kept=patient, away=other, *, by=desk, holds=None, **fields):
        kept, away = Patient.objects.get(pk=kept.pk), Patient.objects.get(pk=away.pk)
        chosen = dict.fromkeys(service.differing(kept, away), kept.number) | (holds or {})
        versions = {kept.pk: kept.version, away.pk: away.version}
        return service.merge(kept, away, by=by, **{"versions": versions, "holds": chosen, "request_key": uuid.uuid4(), **fields})

    return make
