"""What a medicine is: names while one types, a clinician's answer for an unknown one, dates that cannot be."""

import logging
import time

import pytest
from django.urls import reverse
from django.utils import timezone

from audit.models import AuditEvent
from patients import services
from patients.conversion import case_of
from patients.medicine_names import current_knowledge, offer
from patients.models import Medication, Patient
from planner.case import Case

pytestmark = pytest.mark.django_db


@pytest.fixture
def at_work(client, clinician, protocol):
    client.force_login(clinician)
    return client


@pytest.fixture
def unknown(patient, clinician):
    return services.add_medicine(patient, by=clinician, name="zorblaxin 10 mg daily")


def details(patient) -> str:
    return reverse("patients:details", args=[patient.number])


def say(client, medicine, **sent):
    return client.post(reverse("patients:say_what_it_is", args=[medicine.patient.number, medicine.pk]), sent)


# While one types


def typed(client, text: str) -> list[dict]:
    return client.post(reverse("patients:medicine_names"), {"typed": text}).json()["names"]


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        ("eliq", "Eliquis", "apixaban, anticoagulant"),
        ("ELIQUIS 5 mg", "Eliquis", "apixaban, anticoagulant"),
        ("roacc", "Roaccutane", "isotretinoin, oral retinoid"),
        ("warf", "Warfarin", "anticoagulant"),
        ("warfrin", "Warfarin", "anticoagulant"),
        ("wort", "St john's wort", "photosensitising drug"),
    ],
)
def test_a_name_comes_up_with_ingredient_and_class_in_words(at_work, text, name, words):
    assert {"name": name, "words": words} in typed(at_work, text)


@pytest.mark.parametrize("text", ["", "e", "5 mg", "qqqqq", "варфарин", "\x00"])
def test_nothing_comes_up_for_nothing(at_work, text):
    assert typed(at_work, text) == []


def test_names_come_quickly_and_never_more_than_eight(at_work):
    knowledge = current_knowledge()
    offer(knowledge, "a")
    spent = time.process_time()
    for text in ("ab", "in", "pr", "hydro", "x", "warfrin"):
        assert len(offer(knowledge, text)) <= 8
    assert time.process_time() - spent < 0.05 * 6


def test_what_is_typed_stands_in_no_address_and_no_log(at_work, caplog):
    before = AuditEvent.objects.count()
    with caplog.at_level(logging.DEBUG):
        typed(at_work, "eliquissecret")
    assert "eliquissecret" not in caplog.text
    assert AuditEvent.objects.count() == before
    assert at_work.get(reverse("patients:medicine_names")).status_code == 405


def test_the_field_is_plain_text_without_javascript(at_work, patient):
    page = at_work.get(details(patient)).content.decode()
    assert 'name="medicine-name"' in page
    assert "data-medicine-names" in page
    assert "role=combobox" not in page


# The clinician's answer


def test_a_known_name_is_shown_with_its_class_and_asks_nothing(at_work, patient, clinician):
    services.add_medicine(patient, by=clinician, name="Eliquis 5 mg bd")
    page = at_work.get(details(patient)).content.decode()
    assert "apixaban, anticoagulant" in page
    assert "What is it?" not in page


def test_an_unknown_name_is_asked_and_the_answer_is_kept_with_who_and_when(at_work, patient, clinician, unknown):
    assert "What is it?" in at_work.get(details(patient)).content.decode()
    assert say(at_work, unknown, classes=["anticoagulant"], ingredient="zorblaxone").status_code == 302
    unknown.refresh_from_db()
    assert (unknown.said_classes, unknown.said_ingredient, unknown.said_by) == (["anticoagulant"], "zorblaxone", clinician)
    assert unknown.said_key == "zorblaxin"
    assert AuditEvent.objects.filter(action="medicine.said").count() == 1
    page = at_work.get(details(patient)).content.decode()
    assert f"zorblaxone, anticoagulant, as said by {clinician}" in page
    case = case_of(patient, visit_date=timezone.localdate())
    (line,) = Case.parse({**case, "requests": []}).medications
    assert line.said.classes == ("anticoagulant",)
    assert line.said.by == str(clinician)


def test_none_of_these_classes_is_kept_as_an_answer(at_work, unknown):
    say(at_work, unknown, classes=["-"])
    unknown.refresh_from_db()
    assert unknown.said_classes == []


@pytest.mark.parametrize("classes", [[], ["-", "nsaid"], ["moon_dust"]])
def test_no_answer_two_contrary_ones_or_an_unknown_class_is_refused_in_words(at_work, unknown, classes):
    page = at_work.post(
        reverse("patients:say_what_it_is", args=[unknown.patient.number, unknown.pk]), {"classes": classes}, follow=True
    ).content.decode()
    assert any(words in page for words in ("Choose a class", "not both", "Choose from the list"))
    unknown.refresh_from_db()
    assert unknown.said_classes is None


def test_the_next_patient_is_offered_the_answer_and_nothing_is_applied(at_work, patient, clinician, unknown, site):
    say(at_work, unknown, classes=["anticoagulant"])
    other = Patient.objects.create(number=20001, site=site, surname="Quill", given="Ida", birth_date="1980-01-01", phone="020 7946 0201")
    services.add_medicine(other, by=clinician, name="Zorblaxin 20mg")
    page = at_work.get(details(other)).content.decode()
    assert "Answered before for this name: anticoagulant" in page
    assert patient.surname not in page.split("<main", 1)[1]
    assert other.medications.get().said_classes is None


def test_an_answer_of_another_site_is_not_offered(at_work, clinician, unknown, make_user, client):
    from accounts.models import Site

    say(at_work, unknown, classes=["anticoagulant"])
    elsewhere = Site.objects.create(name="Elsewhere")
    colleague = make_user("else", "clinician")
    colleague.sites.set([elsewhere])
    other = Patient.objects.create(number=20002, site=elsewhere, surname="Reed", given="Jo", birth_date="1980-01-01", phone="020 7946 0202")
    services.add_medicine(other, by=colleague, name="zorblaxin")
    client.force_login(colleague)
    assert "Answered before" not in client.get(details(other)).content.decode()


def test_a_line_that_says_it_was_stopped_is_asked_until_its_date_is_there(at_work, patient, clinician):
    medicine = services.add_medicine(patient, by=clinician, name="warfarin stopped")
    assert "is it taken?" in at_work.get(details(patient)).content.decode()
    services.stop_medicine(medicine, by=clinician, stopped_on=timezone.localdate())
    assert "is it taken?" not in at_work.get(details(patient)).content.decode()


def test_going_through_a_list_is_dated_and_a_list_never_asked_cannot_be_gone_through(at_work, patient):
    url = reverse("patients:confirm_list", args=[patient.number, "medicines"])
    Patient.objects.filter(pk=patient.pk).update(medicines_asked="not_asked", medicines_asked_at=None)
    assert "Nobody has asked" in at_work.post(url, follow=True).content.decode()
    patient.refresh_from_db()
    assert patient.medicines_asked_at is None
    services.say_none_known(patient, "medicines_asked", by=None)
    Patient.objects.filter(pk=patient.pk).update(medicines_asked_at=None)
    at_work.post(url)
    patient.refresh_from_db()
    assert patient.medicines_asked_at is not None


# Bad input


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("add_medicine", {"medicine-name": "warfarin", "medicine-stopped_on": "1950-01-01"}),
        ("add_procedure", {"procedure-what": "filler", "procedure-performed_on": "1950-01-01"}),
    ],
)
def test_a_date_before_birth_is_said_beside_the_field_and_kept(at_work, patient, name, fields):
    answer = at_work.post(reverse(f"patients:{name}", args=[patient.number]), fields)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "must be after the patient was born" in page
    assert 'value="1950-01-01"' in page


def test_a_name_in_any_script_is_kept_as_typed_and_asked(at_work, patient):
    names = ["варфарин 5 мг", "华法林", "وارفارين", "वारफरीन", "ワルファリン"]
    for name in names:
        at_work.post(reverse("patients:add_medicine", args=[patient.number]), {"medicine-name": name})
    assert list(Medication.objects.filter(patient=patient).values_list("name", flat=True)) == names
    page = at_work.get(details(patient)).content.decode()
    assert page.count("What is it?") == len(names)
