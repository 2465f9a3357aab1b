"""The diary of sessions.tests, and a visit that is reminded of."""

import datetime as dt

import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from followup.models import ReminderSettings
from followup.services import sending
from sessions.tests.conftest import book, diary, make_patient, make_plan, plan

__all__ = ["book", "diary", "make_patient", "make_plan", "plan"]


@pytest.fixture
def a_clinic_that_mails(settings):
    settings.MAIL_FROM = "clinic@clinic.example"
    settings.PUBLIC_URL = "https://clinic.example"


@pytest.fixture
def reminding(site):
    """48 hours before, nothing from 20:00 to 08:00."""
    return ReminderSettings.objects.create(
        site=site, is_on=True, by_email=True, by_sms=False, quiet_from=dt.time(20), quiet_until=dt.time(8)
    )


@pytest.fixture
def visit(diary, book, plan, patient, reminding):
    type(patient).objects.filter(pk=patient.pk).update(email="nadia@patient.example")
    return book(diary.at(diary.monday(2), 10), plan=plan)


@pytest.fixture
def travel(visit):
    """travel(hours) to so many hours before the visit; the clock stands."""
    with time_machine.travel(timezone.now(), tick=False) as clock:

        def to(hours=0.0, seconds=0.0):
            clock.move_to(visit.starts_at - dt.timedelta(hours=hours, seconds=-seconds))
            return timezone.now()

        yield to


@pytest.fixture
def link(visit, travel):
    travel(47)
    sending.send(visit.pk, "email")
    (letter,) = mail.outbox
    address = letter.extra_headers["List-Unsubscribe"].strip("<>")
    assert address in letter.body
    return address.removeprefix("https://clinic.example")
