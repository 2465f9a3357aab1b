"""Allergies, medicines and earlier procedures: asked or not asked is always known, nothing is ever lost."""

import datetime as dt

import pytest
from django.urls import reverse

from audit.models import AuditEvent
from patients import services
from patients.models import Allergy, Asked, Patient

pytestmark = pytest.mark.django_db


@pytest.fixture
def at_work(client, clinician):
    client.force_login(clinician)
    return client


def page(patient):
    return reverse("patients:details", args=[patient.number])


def test_an_allergy_is_added_with_reaction_and_year(at_work, patient):
    url = reverse("patients:add_allergy", args=[patient.number])
    at_work.post(url, {"allergy-substance": "Lidocaine", "allergy-reaction": "rash", "allergy-year": "2019"})
    patient.refresh_from_db()
    assert str(patient.allergies.get()) == "Lidocaine (rash, 2019)"
    assert patient.allergies_asked == Asked.LISTED
    assert "Lidocaine" in at_work.get(page(patient)).content.decode()


def test_the_same_substance_twice_is_one_line(at_work, patient):
    url = reverse("patients:add_allergy", args=[patient.number])
    for _ in range(2):
        at_work.post(url, {"allergy-substance": "Lidocaine"})
    assert patient.allergies.count() == 1


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"allergy-substance": ""}, "Enter what the allergy is to"),
        ({"allergy-substance": "Nickel", "allergy-year": "1850"}, "Year must be between"),
        ({"allergy-substance": "Nickel", "allergy-year": "soon"}, "Year must be between"),
    ],
)
def test_a_wrong_allergy_is_explained_and_kept(at_work, patient, fields, said):
    answer = at_work.post(reverse("patients:add_allergy", args=[patient.number]), fields)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Allergy.objects.exists()


def test_none_known_is_an_answer(at_work, patient):
    at_work.post(reverse("patients:none_known", args=[patient.number, "allergies"]))
    patient.refresh_from_db()
    assert patient.allergies_asked == Asked.NONE
    assert "None known" in at_work.get(page(patient)).content.decode()


def test_none_known_is_refused_while_something_is_listed(at_work, patient, clinician):
    services.add_medicine(patient, by=clinician, name="Apixaban")
    answer = at_work.post(reverse("patients:none_known", args=[patient.number, "medicines"]), follow=True)
    assert "Take each back first" in answer.content.decode()
    assert Patient.objects.get().medicines_asked == Asked.LISTED


def test_a_line_taken_back_is_out_of_sight_and_still_there(at_work, patient, clinician):
    line = services.add_allergy(patient, by=clinician, substance="Nickel")
    at_work.post(reverse("patients:take_back", args=[patient.number, "allergy", line.pk]))
    patient.refresh_from_db()
    assert not patient.allergies.exists()
    assert patient.allergies_asked == Asked.NOT_ASKED
    kept = Allergy.all_rows.get()
    assert (kept.substance, kept.removed_by) == ("Nickel", clinician)


def test_a_line_of_another_patient_is_not_here(at_work, patient, clinician, site):
    other = Patient.objects.create(number=1, site=site, surname="Other", birth_date=dt.date(1980, 1, 1))
    line = services.add_allergy(other, by=clinician, substance="Nickel")
    assert at_work.post(reverse("patients:take_back", args=[patient.number, "allergy", line.pk])).status_code == 404


def test_a_medicine_is_taken_until_it_is_stopped(at_work, patient):
    at_work.post(reverse("patients:add_medicine", args=[patient.number]), {"medicine-name": "Isotretinoin 20 mg"})
    medicine = patient.medications.get()
    assert medicine.stopped_on is None
    at_work.post(reverse("patients:stop_medicine", args=[patient.number, medicine.pk]), {"stopped_on": "2026-01-10"})
    medicine.refresh_from_db()
    assert medicine.stopped_on == dt.date(2026, 1, 10)


@pytest.mark.parametrize(("day", "said"), [("2999-01-01", "today or earlier"), ("soon", "must be a date"), ("", "Enter the day")])
def test_a_stop_date_must_be_a_day_that_was(at_work, patient, clinician, day, said):
    medicine = services.add_medicine(patient, by=clinician, name="Apixaban")
    answer = at_work.post(reverse("patients:stop_medicine", args=[patient.number, medicine.pk]), {"stopped_on": day}, follow=True)
    medicine.refresh_from_db()
    assert said in answer.content.decode()
    assert medicine.stopped_on is None


def test_a_procedure_needs_its_day_and_is_kept_once(at_work, patient):
    url = reverse("patients:add_procedure", args=[patient.number])
    assert at_work.post(url, {"procedure-what": "Filler"}).status_code == 422
    for _ in range(2):
        at_work.post(url, {"procedure-what": "Filler", "procedure-performed_on": "2026-02-10"})
    assert patient.procedures.get().performed_on == dt.date(2026, 2, 10)


def test_the_desk_sees_and_changes_no_clinical_detail(client, desk, patient):
    client.force_login(desk)
    assert client.get(page(patient)).status_code == 403
    assert client.post(reverse("patients:add_allergy", args=[patient.number]), {"allergy-substance": "Nickel"}).status_code == 403
    assert "Details" not in client.get(reverse("patients:detail", args=[patient.number])).content.decode()


def test_every_write_is_logged_without_clinical_text(at_work, patient):
    at_work.post(reverse("patients:add_allergy", args=[patient.number]), {"allergy-substance": "Lidocaine"})
    row = AuditEvent.objects.get(action="allergy.recorded")
    assert row.patient_pk == patient.pk
    assert "idocaine" not in str(row.detail)


def test_figures_of_another_script_are_no_patient_number(at_work, patient):
    strange = "".join(chr(0x0660 + int(figure)) for figure in str(patient.number))
    assert at_work.post(f"/patients/{strange}/allergies/none/").status_code == 404


def test_a_page_that_comes_back_is_a_read_and_logged_once(at_work, patient):
    assert at_work.post(f"/patients/{patient.number}/allergies/", {"allergy-substance": ""}).status_code == 422
    row = AuditEvent.objects.get(patient_pk=patient.pk)
    assert (row.action, row.outcome) == ("allergy.recorded", "refused")
    assert row.detail == {"status": 422, "shown": "patient.viewed", "part": "details"}


def test_marks_that_turn_the_line_are_not_kept_in_what_is_typed(at_work, patient):
    """Copied along with a name they would show its letters, or the note beside it, in another order."""
    at_work.post(reverse("patients:add_medicine", args=[patient.number]), {"medicine-name": "War\u202efarin\u202c \u20665 mg\u2069"})
    at_work.post(
        reverse("patients:add_allergy", args=[patient.number]), {"allergy-substance": "\u202elatex", "allergy-reaction": "ra\u202dsh"}
    )
    assert patient.medications.get().name == "Warfarin 5 mg"
    assert [(line.substance, line.reaction) for line in patient.allergies.all()] == [("latex", "rash")]
    answer = at_work.post(reverse("patients:add_medicine", args=[patient.number]), {"medicine-name": " \u202e "})
    assert answer.status_code == 422
