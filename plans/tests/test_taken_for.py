"""A no that a medicine contradicts: what the medicine is taken for is asked beside it, settles it, and is kept."""

import pytest
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from patients.conversion import case_of
from plans import services, taken_for
from plans.catalogue import catalogue_of
from plans.inputs import read
from plans.services.consultation import digest

pytestmark = pytest.mark.django_db

OZEMPIC = {"medicine.0.name": "Ozempic 1 mg weekly"}
METFORMIN = {"medicine.1.name": "Metformin 500 mg"}
QUESTION = "illnesses"  # the protocol's question about diabetes


@pytest.fixture
def here(client, clinician):
    client.force_login(clinician)
    return client


@pytest.fixture
def url(consultation):
    return reverse("plans:consultation", args=[consultation.patient.number, consultation.pk])


@pytest.fixture
def knowledge(consultation):
    return catalogue_of(consultation.protocol_version).knowledge


@pytest.fixture
def field(knowledge):
    return lambda name: taken_for.field_of(knowledge, name)


@pytest.fixture
def post(here, url, consultation, typed):
    def send(fields, *, live=True):
        consultation.refresh_from_db()
        sent = {**typed, "version": consultation.version, "saved_from": "page", **fields}
        sent.pop("medicines_asked", None)
        answer = here.post(url, sent, headers={"HX-Request": "true"} if live else {})
        consultation.refresh_from_db()
        return answer.content.decode()

    return send


def test_the_field_stands_beside_the_no_and_in_the_list_of_what_is_missing_and_answering_it_gives_a_plan(post, consultation, field):
    name = field("Ozempic")
    page = post(OZEMPIC)
    assert consultation.proposal["status"] == "ask"
    beside = page.split(f'id="taken-for-{QUESTION}"')[1].split("</div></div>")[0]
    assert "Ozempic 1 mg weekly" in beside
    assert f'id="f-{name}"' in beside
    assert f'href="#f-{name}"' in page
    assert "What is Ozempic 1 mg weekly taken for?" in page
    page = post(OZEMPIC | {name: "weight"})
    assert consultation.proposal["status"] in ("plan", "caution")
    assert f'href="#f-{name}"' not in page
    assert 'value="weight"' in page
    no = consultation.case["screening"]["diabetes_controlled"]
    assert no == {"answer": False, "note": "Ozempic 1 mg weekly: weight", "medicines": ["Ozempic 1 mg weekly"]}


def test_the_page_without_javascript_has_it_too(post, here, url, field):
    post(OZEMPIC, live=False)
    page = here.get(url).content.decode()
    assert f'name="{field("Ozempic")}"' in page
    assert '<details class="fold" id="checks" open>' in page


def test_what_one_medicine_is_for_says_nothing_of_another(post, consultation, field):
    page = post(OZEMPIC | METFORMIN | {field("Ozempic"): "weight"})
    assert consultation.proposal["status"] == "ask"
    assert f'href="#f-{field("Metformin")}"' in page
    assert f'href="#f-{field("Ozempic")}"' not in page
    post(OZEMPIC | METFORMIN | {field("Ozempic"): "weight", field("Metformin"): "polycystic ovaries; nothing else"})
    assert consultation.proposal["status"] in ("plan", "caution")


def test_a_yes_and_a_medicine_that_is_no_longer_taken_have_nothing_to_explain(post, consultation, field):
    page = post(OZEMPIC | {f"q.{QUESTION}": "yes", f"rule.{QUESTION}": ["diabetes_controlled"]})
    assert field("Ozempic") not in page
    page = post(OZEMPIC | {"medicine.0.stopped": "2020-01-01"})
    assert field("Ozempic") not in page


def test_a_yes_about_something_else_of_the_same_question_leaves_the_field(post, consultation, field):
    page = post(OZEMPIC | {f"q.{QUESTION}": "yes", f"rule.{QUESTION}": ["smoker"]})
    assert f'href="#f-{field("Ozempic")}"' in page


def test_it_is_kept_on_file_and_stands_ready_next_time(post, consultation, field, clinician, knowledge):
    told = {field("Ozempic"): "weight", field("Metformin"): "polycystic ovaries; nothing else"}
    post(OZEMPIC | METFORMIN | told)
    services.accept(
        consultation, by=clinician, version=consultation.version, shown=digest(consultation.proposal), saved_from="page", send=False
    )
    patient = consultation.patient
    patient.refresh_from_db()
    kept = case_of(patient, visit_date=timezone.localdate())["screening"]["diabetes_controlled"]
    assert kept["medicines"] == ["Ozempic 1 mg weekly", "Metformin 500 mg"]
    again = services.start(patient, by=clinician)
    assert {name: again.inputs[name] for name in told} == told


@pytest.mark.parametrize("name", ["Ozempic 1 mg", "глюкофаж 500", "", "a; b: c"])
def test_the_field_of_a_medicine_is_a_plain_name_whatever_its_script(field, name):
    sent = QueryDict(mutable=True)
    sent[field(name)] = "for weight"
    assert read(sent) == {field(name): "for weight"}
