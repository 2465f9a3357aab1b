"""Each use of a photo is asked on its own; nothing is preset; the newest answer holds."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from consent.models import PhotoPermission
from consent.photos import may_use

pytestmark = [pytest.mark.both_engines, pytest.mark.django_db]


@pytest.fixture
def page(client, desk, patient):
    client.force_login(desk)
    return reverse("consent:photos", args=[patient.number])


def say(client, page, key="a", **answers):
    return client.post(page, {"request_key": key, "said_by": "patient", **answers})


def test_not_asked_is_no(patient):
    assert [may_use(patient, use) for use in PhotoPermission.Use.values] == [False, False, False]
    with pytest.raises(ValueError, match="television"):
        may_use(patient, "television")


def test_each_use_is_answered_alone(client, page, patient):
    assert " checked" not in client.get(page).content.decode()
    assert say(client, page, record="yes", marketing="no").status_code == 302
    assert [may_use(patient, use) for use in PhotoPermission.Use.values] == [True, False, False]
    assert not PhotoPermission.objects.filter(use="teaching").exists()


def test_taken_back_it_holds_at_once_with_who_and_why(client, page, patient, desk):
    say(client, page, record="yes", teaching="yes")
    say(client, page, "b", teaching="no", reason="A colleague recognised me")
    assert (may_use(patient, "record"), may_use(patient, "teaching")) == (True, False)
    row = PhotoPermission.objects.filter(use="teaching").first()
    assert (row.reason, row.said_by, row.recorded_by) == ("A colleague recognised me", str(patient), desk)
    assert "A colleague recognised me" in client.get(reverse("consent:patient", args=[patient.number])).content.decode()


def test_a_double_press_answers_once(client, page, patient):
    say(client, page, record="yes")
    say(client, page, "b", record="no")
    say(client, page, record="yes")  # the first form again, sent late
    assert not may_use(patient, "record")
    assert PhotoPermission.objects.count() == 2


@pytest.mark.parametrize(
    ("fields", "words"),
    [({}, "Answer at least one"), ({"record": "maybe"}, "Select a valid choice"), ({"record": "yes", "said_by": ""}, "Choose who says so")],
)
def test_what_is_missing_is_said(client, page, fields, words):
    answer = say(client, page, **fields)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not PhotoPermission.objects.exists()


def test_what_was_answered_is_never_changed(client, page, patient):
    say(client, page, record="no")
    for statement in ("UPDATE consent_photopermission SET allowed = NOT allowed", "DELETE FROM consent_photopermission"):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert not may_use(patient, "record")
