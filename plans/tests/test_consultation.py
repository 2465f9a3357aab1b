"""Opening, saving and closing a consultation."""

import datetime as dt

import pytest
from django.http import QueryDict

from accounts.versioning import StaleRow
from audit.models import AuditEvent
from patients.services import add_allergy, add_medicine
from plans import inputs, registry, services
from plans.models import Consultation
from plans.services import ConsultationClosed

pytestmark = pytest.mark.django_db


def test_starting_twice_opens_one_consultation(patient, clinician, protocol):
    first = services.start(patient, by=clinician)
    assert services.start(patient, by=clinician).pk == first.pk
    assert Consultation.objects.count() == 1


def test_two_clinicians_each_have_their_own(patient, clinician, medical_lead, protocol):
    assert services.start(patient, by=clinician).pk != services.start(patient, by=medical_lead).pk


def test_it_begins_with_what_is_on_file(patient, clinician, protocol):
    patient.phototype = 5
    patient.save()
    add_allergy(patient, by=clinician, substance="lidocaine", reaction="rash", year=2019)
    add_medicine(patient, by=clinician, name="apixaban 5 mg")
    found = services.start(patient, by=clinician).inputs
    assert found["phototype"] == "5"
    assert (found["allergy.0.substance"], found["allergy.0.year"]) == ("lidocaine", "2019")
    assert found["medicine.0.name"] == "apixaban 5 mg"
    assert not [name for name in found if name.startswith("q.")], "no safety check is preset"


def test_saving_proposes_and_keeps_everything(consultation, typed, keep):
    computed = keep(typed)
    stored = Consultation.objects.get(pk=consultation.pk)
    assert computed.proposal["status"] == "plan"
    assert stored.inputs == typed
    assert stored.proposal["protocol"]["status"] == "approved"
    assert stored.case["requests"][0]["zones"] == ["cheeks", "chin"]


def test_an_unreadable_value_is_kept_as_typed_and_never_breaks_the_proposal(consultation, typed, keep):
    typed |= {"visits": "abc", "event_date": "soon", "medicine.0.stopped": "x", "medicine.0.name": ""}
    computed = keep(typed)
    assert computed.proposal["status"] == "plan"
    assert set(computed.reading.faults) == {"visits", "event_date", "medicine.0.name"}
    assert Consultation.objects.get(pk=consultation.pk).inputs["visits"] == "abc"


def test_a_date_in_the_future_is_refused_beside_its_field(typed, keep, consultation):
    tomorrow = (consultation.visit_date + dt.timedelta(days=1)).isoformat()
    computed = keep(typed | {"medicine.0.name": "isotretinoin", "medicine.0.stopped": tomorrow})
    assert computed.reading.faults["medicine.0.stopped"] == "Last taken must not be in the future"


def test_nothing_answered_is_asked_and_never_assumed(typed, keep):
    for name in [name for name in typed if name.startswith("q.")]:
        del typed[name]
    proposal = keep(typed).proposal
    assert proposal["status"] == "ask"
    assert "zones" not in proposal
    assert {ask["question"] for ask in proposal["asks"] if ask["question"]}


def test_a_yes_without_a_mark_asks_which(typed, keep):
    computed = keep(typed | {"q.infections": "yes"})
    assert computed.reading.faults["q.infections"] == "Mark which of these apply"
    assert computed.proposal["status"] == "ask"


def test_no_is_recorded_for_each_rule_a_question_covers(typed, keep, consultation):
    case = keep(typed).reading.case
    question = consultation_question(consultation, "infections")
    assert {rule: case["screening"][rule]["answer"] for rule in question} == dict.fromkeys(question, False)


def consultation_question(consultation, name):
    from plans.catalogue import catalogue_of

    return [
        cover.rule for question in catalogue_of(consultation.protocol_version).questions if question.id == name for cover in question.covers
    ]


def test_a_second_page_cannot_overwrite(consultation, typed, keep, clinician):
    keep(typed)
    with pytest.raises(StaleRow):
        services.save(consultation, inputs={}, chosen={}, by=clinician, version=1, saved_from="page-2")
    assert Consultation.objects.get(pk=consultation.pk).inputs == typed


def test_the_same_page_may_save_again_when_its_answer_was_lost(consultation, typed, keep, clinician):
    keep(typed)
    services.save(consultation, inputs=typed | {"visits": "3"}, chosen={}, by=clinician, version=1, saved_from="page-1")
    assert Consultation.objects.get(pk=consultation.pk).inputs["visits"] == "3"


def test_keeping_mine_needs_the_version_that_was_shown(consultation, typed, keep, clinician):
    keep(typed)
    with pytest.raises(StaleRow):
        services.save(consultation, inputs={}, chosen={}, by=clinician, version=1, saved_from="")
    services.save(consultation, inputs={"visits": "2"}, chosen={}, by=clinician, version=consultation.version, saved_from="")
    assert Consultation.objects.get(pk=consultation.pk).inputs == {"visits": "2"}


def test_a_closed_one_takes_nothing_more(consultation, typed, keep, clinician):
    keep(typed)
    services.close(consultation, by=clinician, version=consultation.version)
    with pytest.raises(ConsultationClosed):
        keep(typed | {"visits": "1"})
    assert AuditEvent.objects.filter(action="consultation.closed").count() == 1


def test_each_save_leaves_one_audit_row_without_clinical_text(consultation, typed, keep):
    keep(typed | {"medicine.0.name": "secretol"})
    event = AuditEvent.objects.get(action="consultation.saved")
    assert event.patient_pk == consultation.patient_id
    assert "secretol" not in str(event.detail)


def test_lifting_and_history_come_from_their_own_doors(consultation, typed, keep, monkeypatch):
    monkeypatch.setattr(registry, "_history", [])
    day = consultation.visit_date - dt.timedelta(days=7)
    registry.register_history(
        lambda patient, on: [
            {"date": day.isoformat(), "zones": ["cheeks"], "depth_mm": {"cheeks": 1.0}, "healed": True, "pigmentation": False}
        ]
    )
    proposal = keep(typed).proposal
    assert "needling_recent" in {finding["id"] for finding in proposal["findings"]}


def test_unknown_form_fields_are_left_out_and_long_ones_cut():
    post = QueryDict(mutable=True)
    post.update({"phototype": "3", "is_admin": "1", "adjuvant_other": "x" * 999, "medicine.0.name": "a"})
    post.setlist("concern", ["acne_scars", "wrinkles"])
    read = inputs.read(post)
    assert set(read) == {"phototype", "adjuvant_other", "medicine.0.name", "concern"}
    assert len(read["adjuvant_other"]) == inputs.LONGEST
    assert read["concern"] == ["acne_scars", "wrinkles"]
