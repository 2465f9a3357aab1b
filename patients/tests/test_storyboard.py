"""The patient header: unknown and none are words, the desk sees alert words only, long and odd names stay whole."""

import datetime as dt

import pytest
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import translation

from patients import services, storyboard
from patients.models import Asked, Patient

pytestmark = pytest.mark.django_db


@pytest.fixture
def header(clinician):
    def render(patient, user=clinician, compact=False):
        request = RequestFactory().get("/")
        request.user = user
        text = "{% load storyboard %}{% storyboard patient compact=compact %}"
        return Template(text).render(Context({"request": request, "patient": patient, "compact": compact}))

    return render


def facts(patient, user):
    return {label: fact.text for label, fact in storyboard.facts_of(patient, user)}


def test_header_names_the_patient(header, patient):
    patient.preferred_name = "Nadi"
    html = header(patient)
    assert "<bdi>RAHMAN, <span>Nadia</span></bdi>" in html  # one piece, so that a name written from the right stays in its order
    assert "“<bdi>Nadi</bdi>”" in html
    assert "4\xa0Mar\xa01991" in html
    assert "10482" in html


def test_age_is_in_whole_years_on_the_day(patient):
    assert patient.age_on(dt.date(2026, 3, 3)) == 34
    assert patient.age_on(dt.date(2026, 3, 4)) == 35


def test_nothing_asked_says_not_asked_never_blank(patient, clinician):
    shown = facts(patient, clinician)
    assert shown["Allergies"] == "Not asked"
    assert shown["Phototype"] == "Not asked"
    assert shown["Watch for"] == "Not asked"
    assert shown["Consent"] == "Not asked"
    assert shown["Next booking"] == "None booked"


def test_asked_and_none_says_none_known(patient, clinician):
    patient.allergies_asked = Asked.NONE
    assert facts(patient, clinician)["Allergies"] == "None known"


def test_allergies_stand_out_with_reaction_and_year(header, patient, clinician):
    services.add_allergy(patient, by=clinician, substance="Lidocaine", reaction="rash", year=2019)
    html = header(patient)
    assert "Lidocaine (rash, 2019)" in html
    assert 'class="alg' in html


def test_phototype_has_its_number_and_a_swatch(header, patient):
    patient.phototype = 5
    html = header(patient)
    assert "5 (V)" in html
    assert storyboard.SWATCHES[4] in html
    assert "style=" not in html


def test_desk_sees_alert_words_and_no_clinical_facts(header, patient, clinician, desk):
    services.add_allergy(patient, by=clinician, substance="Lidocaine", reaction="collapse", year=2019)
    patient.phototype = 5
    html = header(patient, user=desk)
    assert "Lidocaine" in html
    assert "collapse" not in html
    assert "Phototype" not in html
    assert "Watch for" not in html


def test_surname_alone_has_no_comma(header, site):
    html = header(Patient.objects.create(number=1, site=site, surname="Suharto", birth_date=dt.date(1975, 2, 28)))
    assert "SUHARTO</bdi>" in html


@pytest.mark.parametrize("surname", ["Featherstonehaugh-Wolfeschlegelsteinhaus", "الحسيني", "Щербакова"])
def test_long_and_right_to_left_names_are_whole_and_isolated(header, site, surname):
    html = header(Patient.objects.create(number=2, site=site, surname=surname, given="X", birth_date=dt.date(1975, 2, 28)))
    assert f"<bdi>{surname.upper()}, <span>" in html


def test_names_are_escaped(header, site):
    html = header(Patient.objects.create(number=3, site=site, surname="<script>", given="&", birth_date=dt.date(1975, 2, 28)))
    assert "<script>" not in html.lower()


def test_compact_form_names_the_patient_only(header, patient):
    html = header(patient, compact=True)
    assert "RAHMAN," in html
    assert "1991" in html
    assert "Allergies" not in html


def test_providers_of_one_label_are_joined_and_a_new_label_comes_last(patient, clinician, monkeypatch):
    monkeypatch.setattr(storyboard, "_facts", {label: list(providers) for label, providers in storyboard._facts.items()})
    monkeypatch.setitem(storyboard._facts, "Watch for", [])
    storyboard.register_fact("Watch for", lambda p, u: ["cold sores"])
    storyboard.register_fact("Watch for", lambda p, u: ["dark marks", "cold sores"])
    storyboard.register_fact("Recall", lambda p, u: "lot B24")
    shown = facts(patient, clinician)
    assert shown["Watch for"] == "Cold sores, dark marks"
    assert list(shown)[-1] == "Recall"


def test_asked_for_with_nothing_to_watch_says_none_known(patient, clinician, monkeypatch):
    monkeypatch.setattr(storyboard, "_facts", {"Watch for": [lambda p, u: []]})
    assert facts(patient, clinician) == {"Watch for": "None known"}


def test_header_speaks_the_language_of_the_page(header, patient):
    with translation.override("es"):
        html = header(patient)
    assert ("Alergias" in html, "No preguntado" in html, "4\xa0mar\xa01991" in html) == (True, True, True)
    assert ("Allergies" in html, "Not asked" in html) == (False, False)
