"""A clinician goes through what was sent: what the record says beside it, one decision a line, and the planner asked again."""

import datetime as dt

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit import guards
from audit.models import AuditEvent
from intake.models import QuestionnaireResponse, ResponseItem
from intake.record_side import CHANGED, NEW, SAME, Record
from intake.services import reviewing
from intake.tests.answers import line, opened, sent
from patients import services as on_file
from patients.conversion import screening_of
from patients.models import Allergy, Asked, Medication, ScreeningAnswer
from plans import services as plans
from plans.models import Consultation

pytestmark = pytest.mark.django_db
both = pytest.mark.both_engines
ACCEPTED, DECLINED = "accepted", "declined"


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def said_before(patient, question, answer, on, rules=None) -> None:
    at = dt.datetime.combine(on, dt.time(10), tzinfo=dt.UTC)
    ScreeningAnswer.objects.create(
        patient=patient, question=question, protocol_version="2026.1", answer=answer, rules=rules or {}, answered_at=at
    )


@pytest.fixture
def send(patient, protocol, desk):
    """send(**fields): what the patient sent."""
    return lambda **inputs: sent(patient, protocol, by=desk, inputs={name.replace("__", "."): value for name, value in inputs.items()})


def side(response, **which):
    response = QuestionnaireResponse.objects.select_related("patient", "site", "protocol_version").get(pk=response.pk)
    return Record(response).beside(line(response, **which))


# Beside the record


@both
def test_a_changed_answer_is_shown_with_what_stood_and_when(patient, send):
    no = {"keloid": {"answer": False}, "keloid_family": {"answer": False}}
    said_before(patient, "scars", False, dt.date(2026, 3, 3), no)
    found = side(send(q__scars="yes", rule__scars=["keloid"]), code="scars")
    assert (plain(found.before), found.state) == ("No, 3 Mar 2026", CHANGED)


@pytest.mark.parametrize(
    ("answer", "rules", "state"),
    [
        (None, None, NEW),
        (False, {"keloid": {"answer": False}, "keloid_family": {"answer": False}}, SAME),
        (True, {"keloid": {"answer": True}, "keloid_family": {"answer": False}}, CHANGED),
    ],
)
def test_no_beside_each_thing_the_record_may_say(patient, send, answer, rules, state):
    if answer is not None:
        said_before(patient, "scars", answer, dt.date(2026, 3, 3), rules)
    assert side(send(q__scars="no"), code="scars").state == state


def test_a_medicine_is_the_one_on_file_whatever_its_dose(patient, clinician, send):
    on_file.add_medicine(patient, by=clinician, name="Apixaban 5 mg")
    response = send(medicines_asked="listed", medicine__0__name="apixaban", medicine__1__name="Zzyxol")
    same, unknown = (Record(response).beside(item) for item in response.items.all())
    assert (same.row.name, same.state, same.unknown) == ("Apixaban 5 mg", SAME, False)
    assert (unknown.row, unknown.state, unknown.unknown) == (None, CHANGED, True)


def test_what_is_on_file_and_was_not_named_is_asked_about_and_stays(client, patient, clinician, send):
    on_file.add_medicine(patient, by=clinician, name="Apixaban 5 mg")
    response = send(medicines_asked="listed", medicine__0__name="Zzyxol")
    client.force_login(clinician)
    page = client.get(reverse("intake:review", args=[response.pk])).content.decode()
    assert "On file and not named by the patient" in page
    assert "Apixaban 5 mg" in page
    reviewing.decide(response, response.items.get().pk, ACCEPTED, by=clinician)
    assert set(patient.medications.values_list("name", flat=True)) == {"Apixaban 5 mg", "Zzyxol"}


# Deciding


@both
def test_accepted_it_is_on_file_from_the_day_it_was_said_and_the_engine_reads_it(patient, clinician, send):
    response = send(q__scars="yes", rule__scars=["keloid"], rule__scars__keloid__note="Left ear")
    done = reviewing.decide(response, line(response, code="scars").pk, ACCEPTED, by=clinician)
    row = ScreeningAnswer.objects.get()
    assert (row.question, row.answer, row.answered_by, row.answered_at) == ("scars", True, clinician, response.sent_at)
    assert screening_of(patient)["keloid"] == {"answer": True, "note": "Left ear"}
    item = line(response, code="scars")
    assert (item.decision, item.decided_by, item.before) == (ACCEPTED, clinician, "Not asked so far")
    response.refresh_from_db()
    assert (done.left, response.status) == (0, "reviewed")
    logged = AuditEvent.objects.get(action="intake.accepted")
    assert logged.detail["told_by"] == "patient on the tablet"
    assert "Left ear" not in str(logged.detail)


@both
def test_declined_nothing_is_on_file_and_the_line_says_who_declined(patient, clinician, send):
    response = send(q__scars="yes", rule__scars=["keloid"])
    reviewing.decide(response, response.items.get().pk, DECLINED, by=clinician)
    assert not ScreeningAnswer.objects.exists()
    assert response.items.get().decided_by == clinician


@both
def test_decided_twice_the_same_way_is_decided_once(clinician, send):
    response = send(q__scars="no")
    pk = response.items.get().pk
    for _ in range(2):
        reviewing.decide(response, pk, ACCEPTED, by=clinician)
    assert ScreeningAnswer.objects.count() == 1


@both
def test_the_second_of_two_who_decide_differently_is_told_who_was_first(clinician, medical_lead, send):
    response = send(q__scars="no", q__blood="no")
    item = line(response, code="scars")
    reviewing.decide(response, item.pk, ACCEPTED, by=clinician)
    client = Client()
    client.force_login(medical_lead)
    answer = client.post(reverse("intake:decide", args=[response.pk]), {"do": f"declined:{item.pk}"})
    assert answer.status_code == 409
    assert "Dr Amara Osei accepted this line meanwhile" in answer.content.decode()
    assert line(response, code="scars").decision == ACCEPTED


@both
def test_all_unchanged_and_all_first_no_are_one_press_each(patient, clinician, send):
    said_before(patient, "scars", False, dt.date(2026, 3, 3), {"keloid": {"answer": False}, "keloid_family": {"answer": False}})
    response = send(q__scars="no", q__blood="no", q__defences="yes", rule__defences=["immunosuppression"])
    reviewing.decide_all(response, reviewing.UNCHANGED, by=clinician)
    assert [item.code for item in response.items.filter(decision=ACCEPTED)] == ["scars"]
    reviewing.decide_all(response, reviewing.FIRST_NO, by=clinician)
    assert [item.code for item in response.items.filter(decision="")] == ["defences"], "a yes is looked at by itself"


def test_a_line_of_another_submission_is_not_decided_from_here(client, patient, protocol, clinician, send):
    one, two = send(q__scars="no"), send(q__blood="no")
    client.force_login(clinician)
    answer = client.post(reverse("intake:decide", args=[one.pk]), {"do": f"accepted:{two.items.get().pk}"})
    assert answer.status_code == 404
    assert not ScreeningAnswer.objects.exists()


@pytest.mark.parametrize("do", ["", "accepted", "accepted:", "accepted:x", "eaten:1", "accepted:99999999999999999999"])
def test_a_press_that_names_no_line_says_so(client, clinician, send, do):
    response = send(q__scars="no")
    client.force_login(clinician)
    assert client.post(reverse("intake:decide", args=[response.pk]), {"do": do}).status_code == 422


# Lists


@both
def test_lists_are_completed_and_never_emptied_by_themselves(patient, clinician, send):
    on_file.add_medicine(patient, by=clinician, name="Apixaban 5 mg")
    response = send(
        medicines_asked="listed", medicine__0__name="apixaban", medicine__0__stopped="2026-02-01",
        allergies_asked="listed", allergy__0__substance="Latex", allergy__0__reaction="Rash", allergy__0__year="2019",
    )  # fmt: skip
    for item in response.items.all():
        reviewing.decide(response, item.pk, ACCEPTED, by=clinician)
    medicine = Medication.objects.get()
    assert (medicine.name, medicine.stopped_on) == ("Apixaban 5 mg", dt.date(2026, 2, 1))
    assert str(Allergy.objects.get()) == "Latex (Rash, 2019)"


@both
def test_none_is_not_accepted_while_the_list_holds_something(client, patient, clinician, send):
    on_file.add_allergy(patient, by=clinician, substance="Latex")
    response = send(allergies_asked="none", medicines_asked="none")
    client.force_login(clinician)
    item = response.items.get(code="allergies")
    answer = client.post(reverse("intake:decide", args=[response.pk]), {"do": f"accepted:{item.pk}"})
    assert answer.status_code == 422
    assert "Take back what is wrong" in answer.content.decode()
    assert Allergy.objects.filter(patient=patient).exists()
    reviewing.decide(response, response.items.get(code="medicines").pk, ACCEPTED, by=clinician)
    patient.refresh_from_db()
    assert (patient.medicines_asked, patient.allergies_asked) == (Asked.NONE, Asked.LISTED)


# The consultation


@both
def test_a_consultation_begun_that_day_holds_what_was_accepted_and_asks_the_rest(patient, clinician, send):
    response = send(q__scars="yes", rule__scars=["keloid"], q__blood="no")
    reviewing.decide(response, line(response, code="scars").pk, ACCEPTED, by=clinician)
    reviewing.decide(response, line(response, code="blood").pk, DECLINED, by=clinician)
    inputs = plans.start(patient, by=clinician).inputs
    assert (inputs["q.scars"], inputs["rule.scars"]) == ("yes", ["keloid"])
    assert {"q.blood", "q.defences"}.isdisjoint(inputs), "unanswered stays unanswered"


def test_what_was_told_another_day_is_asked_anew(patient, clinician, send):
    response = send(q__scars="no")
    reviewing.decide(response, response.items.get().pk, ACCEPTED, by=clinician)
    assert "q.scars" not in plans.start(patient, by=clinician, on=timezone.localdate() + dt.timedelta(days=1)).inputs


@both
def test_an_open_consultation_takes_it_in_is_planned_again_and_a_page_of_it_is_told(patient, clinician, send):
    open_one = plans.start(patient, by=clinician)
    page_version = open_one.version
    response = send(q__scars="yes", rule__scars=["keloid"], medicines_asked="listed", medicine__0__name="Apixaban")
    for item in response.items.all():
        reviewing.decide(response, item.pk, ACCEPTED, by=clinician)
    stored = Consultation.objects.get()
    assert (stored.inputs["q.scars"], stored.inputs["medicine.0.name"], stored.inputs["medicines_asked"]) == ("yes", "Apixaban", "listed")
    assert stored.case["screening"]["keloid"] == {"answer": True}, "the planner was asked again"
    client = Client()
    client.force_login(clinician)
    address = reverse("plans:consultation", args=[patient.number, stored.pk])
    late = client.post(address, {"version": page_version, "saved_from": "page", "phototype": "3"}, headers={"HX-Request": "true"})
    assert late.status_code == 409, "what the clinician typed meanwhile stands beside it, and nothing is lost"
    assert Consultation.objects.get().inputs["q.scars"] == "yes"


def test_the_consultation_of_a_colleague_is_left_alone(patient, clinician, medical_lead, send):
    plans.start(patient, by=medical_lead)
    response = send(q__scars="no")
    reviewing.decide(response, response.items.get().pk, ACCEPTED, by=clinician)
    assert "q.scars" not in Consultation.objects.get().inputs


# Who sees what


def test_the_desk_sees_how_far_it_is_and_no_answer(client, desk, patient, send):
    send(q__scars="yes", rule__scars=["keloid"], rule__scars__keloid__note="Left ear")
    client.force_login(desk)
    page = client.get(reverse("intake:patient", args=[patient.number])).content.decode()
    assert "1 of" in page
    assert "Waiting for a clinician" in page
    assert "Left ear" not in page
    assert "/intake/" in page
    assert "keloid" not in page.lower()
    assert "Left ear" not in client.get(reverse("patients:detail", args=[patient.number])).content.decode()


def test_it_waits_on_today_and_in_the_header_until_it_is_gone_through(client, clinician, patient, send):
    response = send(q__scars="no")
    client.force_login(clinician)
    address = reverse("intake:review", args=[response.pk])
    for page in (reverse("clinic:today"), reverse("patients:detail", args=[patient.number])):
        assert address in client.get(page).content.decode()
    reviewing.decide(response, response.items.get().pk, ACCEPTED, by=clinician)
    assert "to go through" not in client.get(reverse("clinic:today")).content.decode()


def test_today_asks_once_however_many_wait(client, clinician, patient, protocol, desk, send, django_assert_max_num_queries):
    client.force_login(clinician)
    send(q__scars="no")
    client.get(reverse("clinic:today"))
    with django_assert_max_num_queries(40) as one:
        client.get(reverse("clinic:today"))
    for _ in range(4):
        send(q__scars="no")
    with django_assert_max_num_queries(len(one.captured_queries)):
        client.get(reverse("clinic:today"))


def test_the_newer_of_two_is_pointed_to(client, clinician, send):
    older, newer = send(q__scars="no"), send(q__scars="yes", rule__scars=["keloid"])
    client.force_login(clinician)
    assert reverse("intake:review", args=[newer.pk]) in client.get(reverse("intake:review", args=[older.pk])).content.decode()
    assert "answered again" not in client.get(reverse("intake:review", args=[newer.pk])).content.decode()


# What the database refuses


@both
def test_what_was_sent_and_decided_is_never_changed(clinician, send):
    response = send(q__scars="no", q__blood="no")
    reviewing.decide(response, line(response, code="scars").pk, ACCEPTED, by=clinician)
    rows, items = QuestionnaireResponse.objects.filter(pk=response.pk), ResponseItem.objects.filter(response=response)
    for change in (
        lambda: rows.update(inputs={}),
        lambda: rows.update(language="es"),
        lambda: rows.update(status="in-progress", sent_at=None),
        lambda: rows.delete(),
        lambda: items.update(said="Yes"),
        lambda: items.filter(code="scars").update(decision="declined"),
        lambda: items.filter(code="blood").delete(),
        lambda: ResponseItem.objects.create(response=response, position=9, kind="question", inputs={}, asked="x", said="x"),
    ):
        with pytest.raises((IntegrityError, DatabaseError)), transaction.atomic():
            change()
    assert line(response, code="scars").decision == ACCEPTED


@both
def test_without_the_guards_it_would_be(send):
    """The control: it is the guards that refuse."""
    response = send(q__scars="no")
    with guards.suspended():
        assert ResponseItem.objects.filter(response=response).update(said="Yes") == 1


@both
def test_one_form_is_open_for_a_patient_at_a_time(patient, protocol, desk):
    opened(patient, protocol, by=desk)
    with pytest.raises(IntegrityError), transaction.atomic():
        opened(patient, protocol, by=desk)
