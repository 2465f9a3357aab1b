"""For staff: handing over, putting away, paper, two records of one person, and two at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.models import AuditEvent
from intake.asking import asked_in
from intake.models import QuestionnaireResponse, ResponseItem
from intake.one_person import obstacles, stays
from intake.paper import Paper
from intake.services import answering, reviewing
from intake.tests.answers import line, opened, sent
from patients.models import Patient, ScreeningAnswer

pytestmark = pytest.mark.django_db
both = pytest.mark.both_engines


@pytest.fixture
def june(client, desk):
    client.force_login(desk)
    return client


def test_the_language_is_the_patients_where_the_form_has_it(june, patient, protocol):
    Patient.objects.filter(pk=patient.pk).update(language="es-MX")
    page = june.get(reverse("intake:patient", args=[patient.number])).content.decode()
    assert 'value="es" checked' in page


@pytest.mark.parametrize("language", ["", "de", "xx", "<b>"])
def test_another_language_hands_nothing_over_and_says_so(june, patient, protocol, language):
    answer = june.post(reverse("intake:hand_over", args=[patient.number]), {"language": language, "request_key": "one"})
    assert answer.status_code == 422
    assert "Choose" in answer.content.decode()
    assert june.get("/today/").status_code == 200
    assert not QuestionnaireResponse.objects.exists()


def test_without_a_protocol_there_is_nothing_to_ask(june, patient):
    answer = june.post(reverse("intake:hand_over", args=[patient.number]), {"language": "en", "request_key": "one"})
    assert answer.status_code == 422
    assert "No protocol is loaded" in answer.content.decode()
    assert june.get("/today/").status_code == 200


@both
def test_what_was_begun_is_put_away_and_goes_nowhere(june, patient, protocol, desk):
    form = opened(patient, protocol, by=desk, inputs={"q.scars": "no"})
    for _ in range(2):
        june.post(reverse("intake:put_away", args=[form.pk]))
    form.refresh_from_db()
    assert (form.status, form.closed_by, form.inputs) == ("stopped", desk, {"q.scars": "no"})
    assert AuditEvent.objects.filter(action="intake.put_away", outcome="done").count() == 1
    assert not ResponseItem.objects.exists()


@both
def test_what_was_sent_is_not_put_away(june, patient, protocol, desk):
    form = sent(patient, protocol, by=desk, inputs={"q.scars": "no"})
    june.post(reverse("intake:put_away", args=[form.pk]))
    form.refresh_from_db()
    assert form.is_waiting


def test_the_log_says_who_handed_over_who_answered_and_who_accepted(tablet, answer, clinician, patient):
    answer("scars", {"q.scars": "no"})
    tablet.post(reverse("intake:check"), {"form": tablet.form.pk})
    other = Client()
    other.force_login(clinician)
    other.post(reverse("intake:decide", args=[tablet.form.pk]), {"do": f"accepted:{line(tablet.form, code='scars').pk}"})
    rows = AuditEvent.objects.filter(action__startswith="intake.", outcome="done", patient_pk=patient.pk).order_by("pk")
    said = {row.action: (row.actor_name, row.detail.get("by") or row.detail.get("told_by")) for row in rows}
    assert said["intake.handed_over"] == ("June Park", None)
    assert said["intake.sent"] == ("June Park", "patient")
    assert said["intake.accepted"] == ("Dr Amara Osei", "patient on the tablet")


# Paper


def test_paper_asks_what_the_tablet_asks_and_nothing_of_the_record(patient, protocol, desk):
    page = Paper(patient, protocol, "en")
    form = opened(patient, protocol, by=desk)
    assert [asked.id for asked in page.questions] == form.asked
    assert all(asked.translated for asked in page.questions)
    assert not any(asked.translated for asked in Paper(patient, protocol, "es").questions)


def test_paper_is_drawn_with_name_date_and_pages(june, patient, protocol):
    answer = june.get(reverse("intake:paper", args=[patient.number]))
    if answer.status_code == 503:
        pytest.skip("nothing on this machine draws PDFs")
    assert answer.content.startswith(b"%PDF-1.")
    assert AuditEvent.objects.filter(action="intake.printed", outcome="done").exists()


def test_a_question_keeps_its_own_language_where_it_has_no_other(protocol):
    from plans.catalogue import catalogue_of

    question = catalogue_of(protocol).questions[0]
    assert asked_in(question, "es").language == "en"


# Two records of one person


@both
def test_what_was_sent_under_the_other_record_goes_on_the_file_of_the_kept_one(patient, site, protocol, desk, clinician):
    other = Patient.objects.create(number=10999, site=site, surname="Rahman", given="Nadia", birth_date=patient.birth_date, sex="F")
    form = sent(other, protocol, by=desk, inputs={"q.scars": "no"})
    Patient.objects.filter(pk=other.pk).update(merged_into=patient, merged_at=timezone.now())
    assert QuestionnaireResponse.objects.filter(patient=patient).get() == form
    form = QuestionnaireResponse.objects.get(pk=form.pk)
    reviewing.decide(form, form.items.get().pk, "accepted", by=clinician)
    assert ScreeningAnswer.objects.get().patient == patient


@both
def test_a_form_that_is_open_is_settled_before_two_become_one(patient, site, protocol, desk):
    other = Patient.objects.create(number=10999, site=site, surname="Rahman", given="Nadia", birth_date=patient.birth_date, sex="F")
    form = opened(other, protocol, by=desk)
    assert "no. 10999 are being answered" in obstacles(patient, other)[0]
    QuestionnaireResponse.objects.filter(pk=form.pk).update(status="stopped", closed_at=timezone.now(), closed_by=desk)
    assert obstacles(patient, other) == []
    sent(patient, protocol, by=desk, inputs={"q.scars": "no"})
    assert stays(patient, other, timezone.now() - timezone.timedelta(minutes=1)) == ["1 set of answers from the tablet"]


# Two at once


def at_once(*todo):
    def run(one):
        try:
            return one()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(todo)) as pool:
        return list(pool.map(run, todo))


@both
@pytest.mark.django_db(transaction=True)
def test_sent_and_decided_by_several_at_the_same_moment_it_happens_once(patient, protocol, desk, clinician, medical_lead):
    form = opened(patient, protocol, by=desk, inputs={"q.scars": "no", "q.blood": "no"}, browser=1)
    found = at_once(*[lambda: answering.send(form, browser=1, request=None)] * 4)
    assert not [one for one in found if isinstance(one, Exception)]
    assert ResponseItem.objects.count() == 2
    form.refresh_from_db()
    scars = line(form, code="scars").pk
    found = at_once(
        *[lambda: reviewing.decide(form, scars, "accepted", by=clinician)] * 2,
        *[lambda: reviewing.decide(form, scars, "declined", by=medical_lead)] * 2,
    )
    refused = [one for one in found if isinstance(one, Exception)]
    assert {type(one) for one in refused} <= {reviewing.DecidedMeanwhile}
    assert len(refused) == 2, "one side won, and both of the other side were told"
    accepted = line(form, code="scars").decision == "accepted"
    assert ScreeningAnswer.objects.count() == int(accepted)
