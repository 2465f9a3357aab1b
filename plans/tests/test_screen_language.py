"""What a consultation stores is the same, whatever language the screen speaks; what it shows follows the screen."""

from decimal import Decimal

import pytest
from django.utils import translation

from plans import services
from plans.catalogue import catalogue_of
from plans.decisions import SUBJECTS, subject_said
from plans.panel import field_words
from plans.references import References
from plans.said import days, said, span
from plans.settled import settle

from .conftest import depth


@pytest.fixture
def nurse(make_user, signed_off):
    user = make_user("lena", "clinician", title="Nurse", last_name="Holm")
    signed_off(user, device="pen", zones=["cheeks", "chin"], max_depth_mm=Decimal("1"))
    return user


def test_what_is_stored_is_said_in_the_language_of_the_page():
    stored = "Cheeks 1.5 mm, above the 1 mm the clinician is signed off for"
    assert (said("Numbing cream"), subject_said(stored), said("")) == ("Numbing cream", stored, "")
    with translation.override("es"):
        assert said("Numbing cream") == "Crema anestésica"
        assert subject_said(stored).startswith("Cheeks 1.5 mm, por encima de los 1 mm")
        assert said("Whatever was typed", *SUBJECTS) == "Whatever was typed"
        assert said("") == "", "not the head of the catalogue"


def test_figures_are_joined_in_the_language_of_the_page():
    low, high = Decimal("0.5"), Decimal("1")
    assert (span(low, high, "mm"), span(2, 2, "weeks"), days(1)) == ("0.5 to 1\u00a0mm", "2\u00a0weeks", "1 day")
    with translation.override("es"):
        assert (span(low, high, "mm"), span(2, 2, "weeks"), days(3)) == ("0.5 a 1\u00a0mm", "2\u00a0semanas", "3 días")


@pytest.mark.django_db
def test_a_plan_that_is_accepted_in_spanish_is_stored_in_english(patient, nurse, protocol, typed_of_nurse):
    consultation = services.start(patient, by=nurse)
    chosen = {"values": depth("cheeks", "1.5", told=True), "numbing": "cream"}
    computed = services.save(consultation, inputs=typed_of_nurse, chosen=chosen, by=nurse, version=consultation.version, saved_from="page")

    def judged():
        settled = settle(consultation, computed, by=nurse)
        stored = [decision.as_need for decision in settled.decisions], settled.numbing_words, settled.decided
        return stored, [decision.wanted for decision in settled.decisions]

    stored, shown = judged()
    assert "Numbing cream" in [need["subject"] for need in stored[0]]
    with translation.override("es"):
        in_spanish = judged()
    assert in_spanish[0] == stored
    assert all(one != other for one, other in zip(in_spanish[1], shown, strict=True)), "the control: what is shown does follow"


@pytest.fixture
def typed_of_nurse(protocol):
    from .conftest import plain

    return plain(protocol)


@pytest.mark.django_db
def test_references_that_were_drawn_for_one_language_are_not_shown_in_another(protocol):
    catalogue = catalogue_of(protocol)
    first = next(iter(catalogue.references))

    def listed():
        references = References({"refs": [first]}, catalogue, "/protocol/")
        return references.listed + references.marks([first])

    assert "In the protocol" in listed()
    with translation.override("es"):
        assert "En el protocolo" in listed()
        assert "Source" not in listed()
    assert "In the protocol" in listed()


@pytest.mark.django_db
def test_the_names_of_fields_follow_the_page(protocol):
    catalogue = catalogue_of(protocol)
    assert field_words("medicine.0.name", catalogue) == "Medicine 1, name"
    with translation.override("es"):
        assert field_words("medicine.0.name", catalogue) == "Medicamento 1, nombre"
        assert field_words("phototype", catalogue) == "Fototipo"
