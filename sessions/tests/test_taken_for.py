"""Before a session: a no that a medicine on file contradicts is due until somebody who sees the medicines says what it is for."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from patients import services as on_file
from plans.taken_for import field_of
from protocols.knowledge import packaged
from sessions.services import gate
from sessions.services.due import due_of

from .record_case import RecordCase

pytestmark = pytest.mark.django_db

QUESTION = "illnesses"  # the protocol's question about diabetes


@pytest.fixture
def case(site, clinician, patient):
    case = RecordCase(site, clinician, patient)
    on_file.add_medicine(patient, by=clinician, name="Ozempic 1 mg weekly")
    patient.refresh_from_db()
    return case


@pytest.fixture
def field():
    return field_of(packaged(), "Ozempic")


def test_the_question_is_due_for_a_clinician_and_not_asked_of_the_desk(case, client, make_user):
    due = due_of(case.patient, case.version, timezone.localdate())
    assert [question.id for question in due.questions] == [QUESTION]
    assert due.contradicted == {QUESTION}
    desk = make_user("june", "front_desk")
    client.force_login(desk)
    page = client.get(reverse("sessions:ask", args=[case.booking().pk]), follow=True).content.decode()
    assert "Ozempic" not in page


def test_the_needle_waits_until_it_is_said_and_what_was_said_is_kept(case, client, clinician, field):
    session = case.started()
    assert gate.day_check(session).due == (QUESTION,)
    assert gate.day_check(session).blocked
    client.force_login(clinician)
    url = reverse("sessions:record_answers", args=[session.pk])
    page = client.get(reverse("sessions:record", args=[session.pk])).content.decode()
    assert f'name="{field}"' in page
    assert "Ozempic 1 mg weekly" in page
    refused = client.post(url, {f"q.{QUESTION}": "no"})
    assert refused.status_code == 422
    assert f'href="#{field}"' in refused.content.decode()
    assert "Say what Ozempic 1 mg weekly is taken for, or answer yes" in refused.content.decode()
    assert client.post(url, {f"q.{QUESTION}": "no", field: "weight"}).status_code == 302
    session.refresh_from_db()
    assert gate.day_check(session).blocked == ""
    kept = case.patient.screening_answers.filter(question=QUESTION).order_by("-pk").first()
    assert kept.rules["diabetes_controlled"] == {
        "answer": False,
        "note": "Ozempic 1 mg weekly: weight",
        "medicines": ["Ozempic 1 mg weekly"],
    }
    # Another medicine is another question; what is known of the first stands ready.
    on_file.add_medicine(case.patient, by=clinician, name="Metformin 500 mg")
    session.refresh_from_db()
    assert gate.day_check(session).due == (QUESTION,)
    page = client.get(reverse("sessions:record", args=[session.pk])).content.decode()
    assert 'value="weight"' in page
    assert f'name="{field_of(packaged(), "Metformin")}"' in page


def test_a_no_the_desk_writes_down_again_keeps_what_was_said(case, client, clinician, make_user, field):
    session = case.started()
    client.force_login(clinician)
    client.post(reverse("sessions:record_answers", args=[session.pk]), {f"q.{QUESTION}": "no", field: "weight"})
    case.patient.screening_answers.update(answered_at=timezone.now() - dt.timedelta(days=400))
    client.force_login(make_user("june", "front_desk"))
    asked = [question.id for question in due_of(case.patient, case.version, timezone.localdate()).questions]
    sent = {f"q.{name}": "no" for name in asked} | {field: "made up"}
    client.post(reverse("sessions:ask", args=[session.booking_id]), sent)
    kept = case.patient.screening_answers.filter(question=QUESTION).order_by("-pk").first()
    assert kept.rules["diabetes_controlled"]["note"] == "Ozempic 1 mg weekly: weight"


def test_a_yes_needs_no_more(case, client, clinician):
    session = case.started()
    client.force_login(clinician)
    url = reverse("sessions:record_answers", args=[session.pk])
    client.post(url, {f"q.{QUESTION}": "yes", f"rule.{QUESTION}": ["diabetes_controlled"]})
    assert due_of(case.patient, case.version, timezone.localdate()).contradicted == frozenset()
