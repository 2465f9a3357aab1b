"""Medicines on the consultation screen: what is unknown is asked, the answer is kept, long lists and impossible dates are said."""

import pytest
from django.urls import reverse

from patients import services as on_file
from plans import services
from plans.models import TreatmentPlan
from plans.services.consultation import digest

pytestmark = pytest.mark.django_db


@pytest.fixture
def here(client, clinician):
    client.force_login(clinician)
    return client


@pytest.fixture
def url(consultation):
    return reverse("plans:consultation", args=[consultation.patient.number, consultation.pk])


def post(here, url, consultation, typed, **more):
    consultation.refresh_from_db()
    sent = {**typed, "version": consultation.version, "saved_from": "page", **{k.replace("__", "."): v for k, v in more.items()}}
    sent.pop("medicines_asked", None)
    answer = here.post(url, sent, headers={"HX-Request": "true"})
    consultation.refresh_from_db()
    return answer.content.decode()


UNKNOWN = {"medicine__0__name": "zorblaxin 10 mg"}


def test_an_unknown_name_withholds_the_plan_until_somebody_says_what_it_is(here, url, consultation, typed, clinician):
    page = post(here, url, consultation, typed, **UNKNOWN)
    assert consultation.proposal["status"] == "ask"
    assert "which medicine is this" in page
    assert 'id="missing"' in page
    page = post(here, url, consultation, typed, **UNKNOWN, said="0", said_class__0=["nsaid"])
    assert consultation.proposal["status"] in ("plan", "caution")
    assert f"as said by {clinician.display_name}" in page
    assert consultation.case["medications"][0]["said"]["classes"] == ["nsaid"]
    # Taken back it is asked again.
    post(here, url, consultation, typed, **UNKNOWN, said="-0")
    assert consultation.proposal["status"] == "ask"


def test_who_said_it_comes_from_the_person_never_from_the_form(here, url, consultation, typed, clinician):
    post(here, url, consultation, typed, **UNKNOWN, said="0", said_class__0=["nsaid"], said_by="somebody else", by="somebody else")
    (answer,) = consultation.chosen["said"].values()
    assert (answer["by"], answer["by_name"]) == (clinician.pk, clinician.display_name)


@pytest.mark.parametrize("classes", [[], ["-", "nsaid"], ["moon_dust"]])
def test_an_answer_that_says_nothing_leaves_the_question(here, url, consultation, typed, classes):
    post(here, url, consultation, typed, **UNKNOWN, said="0", said_class__0=classes)
    assert consultation.proposal["status"] == "ask"
    assert consultation.chosen.get("said", {}) == {}


def test_the_answer_goes_on_file_with_the_plan_and_stands_in_the_next_consultation(here, url, consultation, typed, clinician):
    post(here, url, consultation, typed, **UNKNOWN, said="0", said_class__0=["-"], said_ingredient__0="zorblaxone")
    answer = here.post(
        reverse("plans:accept", args=[consultation.patient.number, consultation.pk]),
        {
            **{k: v for k, v in typed.items() if k != "medicines_asked"},
            "medicine.0.name": "zorblaxin 10 mg",
            "version": consultation.version,
            "saved_from": "page",
            "shown": digest(consultation.proposal),
        },
    )
    assert answer.status_code == 302, answer.content.decode()[:2000]
    assert TreatmentPlan.objects.count() == 1
    (row,) = consultation.patient.medications.all()
    assert (row.said_classes, row.said_ingredient, row.said_by) == ([], "zorblaxone", clinician)
    again = services.start(consultation.patient, by=clinician, on=consultation.visit_date.replace(year=consultation.visit_date.year + 1))
    assert again.chosen["said"]["zorblaxin"]["ingredient"] == "zorblaxone"


def test_a_line_on_file_keeps_the_answer_at_once(here, patient, protocol, clinician):
    on_file.add_medicine(patient, by=clinician, name="zorblaxin 10 mg")
    consultation = services.start(patient, by=clinician)
    url = reverse("plans:consultation", args=[patient.number, consultation.pk])
    post(here, url, consultation, dict(consultation.inputs), said="0", said_class__0=["nsaid"])
    assert patient.medications.get().said_classes == ["nsaid"]


def test_two_hundred_medicines_are_kept_and_one_more_is_said(here, url, consultation, typed):
    names = {f"medicine__{number}__name": f"paracetamol {number} mg" for number in range(200)}
    page = post(here, url, consultation, typed, **names)
    assert len(consultation.case["medications"]) == 200
    assert "At most" not in page
    page = post(here, url, consultation, typed, **names, medicine__200__name="warfarin")
    assert consultation.inputs["medicine.200.name"] == "warfarin"
    assert "At most 200 medicines" in page


@pytest.mark.parametrize(
    "fields",
    [
        {"medicine__0__name": "warfarin", "medicine__0__stopped": "1890-01-01"},
        {"medicine__0__name": "warfarin", "medicine__0__stopped": "1950-01-01"},
        {"procedure__0__what": "filler", "procedure__0__date": "1950-01-01"},
        {"lab__0__name": "INR", "lab__0__value": "2", "lab__0__date": "1950-01-01"},
    ],
)
def test_a_date_before_birth_is_said_beside_its_field(here, url, consultation, typed, fields):
    assert "must be after the patient was born" in post(here, url, consultation, typed, **fields)


def test_a_stop_date_to_come_is_said_and_counts_as_taken(here, url, consultation, typed):
    page = post(here, url, consultation, typed, medicine__0__name="warfarin", medicine__0__stopped="2099-01-01")
    assert "Last taken must not be in the future" in page
    assert consultation.case["medications"][0]["stopped"] is None
