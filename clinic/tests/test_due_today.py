"""What is due before the sessions of a whole day, read at once, is what each of them would say alone."""

import datetime as dt

import pytest
from django.utils import timezone

from clinic.today import checks_due
from patients import services as on_file
from sessions.models import Booking
from sessions.services.due import due_among, due_of
from sessions.tests.record_case import RecordCase

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(site, clinician, patient):
    return RecordCase(site, clinician, patient)


def visits():
    return list(Booking.objects.filter(kind="session").for_lists())


def alone(case, on):
    case.patient.refresh_from_db()
    return due_of(case.patient, case.version, on)


def among(on):
    return {pk: due for pk, (_, due) in due_among(visits(), on).items()}


@pytest.mark.parametrize("days", [0, 30, 120, 400])
def test_old_answers_and_lists_are_due_on_the_same_day(case, days):
    visit = case.booking()
    on = timezone.localdate() + dt.timedelta(days=days)
    expected = alone(case, on)
    assert bool(expected) is (days > 0)
    assert among(on) == ({visit.pk: expected} if expected else {})


def test_somebody_nobody_asked_has_everything_due(site, clinician, patient):
    case = RecordCase(site, clinician, patient, answered=False)
    case.booking()
    on = timezone.localdate()
    (found,) = among(on).values()
    assert found == alone(case, on)
    assert len(found.questions) > 5


def test_a_medicine_that_contradicts_a_no_is_noticed_here_as_well(case, clinician, make_user):
    on_file.add_medicine(case.patient, by=clinician, name="Ozempic 1 mg weekly")
    visit, on = case.booking(), timezone.localdate()
    expected = alone(case, on)
    assert expected.contradicted
    assert among(on) == {visit.pk: expected}
    # It is not for the desk to ask, so the desk's day carries no mark for it; the clinician's does.
    assert checks_due(visits(), clinician, on) == {visit.pk}
    assert checks_due(visits(), make_user("june", "front_desk"), on) == set()


def test_a_day_costs_four_queries(case, django_assert_max_num_queries):
    case.booking()
    on = timezone.localdate() + dt.timedelta(days=400)
    rows = visits()
    due_among(rows, on)  # what a process reads once
    with django_assert_max_num_queries(4):
        assert due_among(rows * 5, on)


def test_nothing_booked_costs_nothing(case, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert due_among([], timezone.localdate()) == {}
