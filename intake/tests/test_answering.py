"""What a patient answers: kept as it is given, nothing preset, nothing guessed, sent once."""

import pytest
from django.test import Client
from django.urls import reverse

from audit.models import AuditEvent
from intake.models import QuestionnaireResponse, ResponseItem
from intake.services import answering
from patients.models import Medication, ScreeningAnswer

pytestmark = pytest.mark.django_db
both = pytest.mark.both_engines

SCRIPT = {"X-Requested-With": "fetch"}
YES = {"q.retinoid_capsules": "yes", "rule.retinoid_capsules": ["isotretinoin_recent"]}
DATE = "rule.retinoid_capsules.isotretinoin_recent.date"


def stored() -> QuestionnaireResponse:
    return QuestionnaireResponse.objects.get()


def test_nothing_is_preset_on_any_page(tablet):
    for number in range(1, len(tablet.form.asked) + 3):
        page = tablet.get(reverse("intake:question", args=[number])).content.decode()
        assert " checked" not in page
        assert " selected" not in page


def test_the_questions_are_those_the_protocol_has_patients_asked(tablet, protocol):
    from plans.catalogue import catalogue_of

    of_patients = {one.id for one in catalogue_of(protocol).questions if one.asked_of == "patient"}
    assert set(tablet.form.asked) == of_patients


@both
def test_each_page_keeps_its_own_answers_and_leaves_the_others_alone(tablet, answer):
    answer("scars", {"q.scars": "no"})
    answer("reproduction", {"q.reproduction": "no", "q.scars": "yes", "phototype": "6", "zones.acne": "cheeks"})
    assert stored().inputs == {"q.scars": "no", "q.reproduction": "no"}


@both
def test_a_page_saves_itself_and_says_so(tablet, answer):
    assert answer("scars", {"q.scars": "no"}, **SCRIPT).json() == {"saved": True}
    assert stored().inputs == {"q.scars": "no"}
    row = AuditEvent.objects.get(action="intake.saved")
    assert (row.detail["by"], row.detail["questions"]) == ("patient", ["scars"])
    answer("scars", {"q.scars": "no"}, **SCRIPT)
    assert AuditEvent.objects.filter(action="intake.saved", outcome="done").count() == 1, "the same again is no change"


def test_a_date_that_cannot_be_read_comes_back_as_typed_and_is_kept(tablet, answer):
    page = answer("retinoid_capsules", {**YES, DATE: "31/31/2026"})
    assert page.status_code == 422
    text = page.content.decode()
    assert "31/31/2026" in text
    assert "Write a date that is today or earlier" in text
    assert stored().inputs[DATE] == "31/31/2026"


def test_a_yes_asks_which(tablet, answer):
    page = answer("retinoid_capsules", {"q.retinoid_capsules": "yes"})
    assert page.status_code == 422
    assert "Tick which of these apply" in page.content.decode()


def test_a_question_can_be_left_open(tablet, answer):
    answer("scars", {"q.scars": "no"})
    answer("scars", {"q.scars": "no", "go": "open"})
    assert stored().inputs == {}


@both
def test_it_goes_on_where_it_was_left(tablet, answer, patient, desk):
    answer("scars", {"q.scars": "no"})
    tablet.post(reverse("intake:staff"), {"typed": "correct horse battery"})
    again = Client()
    again.force_login(desk)
    again.post(reverse("intake:hand_over", args=[patient.number]), {"language": "es", "request_key": "again"})
    go_on = again.post(reverse("intake:tablet"), {"form": tablet.form.pk, "me": "yes"})
    first_open = next(number for number, code in enumerate(tablet.form.asked, start=1) if code != "scars")
    assert go_on["Location"] == reverse("intake:question", args=[first_open])
    assert stored().inputs == {"q.scars": "no"}
    assert stored().language == "es"


# Sending


def send(tablet):
    return tablet.post(reverse("intake:check"), {"form": tablet.form.pk})


@both
def test_what_is_sent_is_a_line_each_and_nothing_is_on_file(tablet, answer, patient):
    answer("scars", {"q.scars": "no"})
    answer("retinoid_capsules", {**YES, DATE: "2026-03-03"})
    answer(
        "list medicines",
        {"medicines_asked": "listed", "medicine.0.name": "Zzyxol 3", "medicine.1.name": "Apixaban", "medicine.1.stopped": "2026-02-01"},
    )
    answer("list allergies", {"allergies_asked": "none"})
    assert "Thank you" in send(tablet).content.decode()
    lines = [(item.kind, item.code, item.said.replace("\u00a0", " ")) for item in ResponseItem.objects.all()]
    assert lines == [
        ("question", "scars", "No"),
        ("question", "retinoid_capsules", "Yes: I have stopped it (Last capsule on 3 Mar 2026)"),
        ("medicine", "", "Zzyxol 3, still taken"),
        ("medicine", "", "Apixaban, last taken 1 Feb 2026"),
        ("none", "allergies", "None known"),
    ], stored().inputs
    assert not ScreeningAnswer.objects.exists()
    assert not Medication.objects.exists()
    assert AuditEvent.objects.get(action="intake.sent", outcome="done").detail["by"] == "patient"


@both
def test_sent_twice_it_is_sent_once(tablet, answer):
    answer("scars", {"q.scars": "no"})
    send(tablet)
    assert "Thank you" in send(tablet).content.decode()
    assert ResponseItem.objects.count() == 1
    assert AuditEvent.objects.filter(action="intake.sent", outcome="done").count() == 1
    assert "Thank you" in answer("scars", {"q.scars": "yes"}).content.decode(), "and changes no more"
    assert stored().inputs == {"q.scars": "no"}


def test_nothing_answered_is_not_sent(tablet):
    page = send(tablet)
    assert page.status_code == 422
    assert "Answer at least one question" in page.content.decode()


def test_what_cannot_be_read_is_mended_first(tablet, answer):
    answer("retinoid_capsules", {**YES, DATE: "31/31/2026"})
    page = send(tablet)
    assert page.status_code == 422
    assert "To be completed" in page.content.decode()
    assert stored().is_open


def test_a_form_another_browser_holds_is_not_written(tablet):
    with pytest.raises(answering.NotHeld):
        answering.send(tablet.form, browser=tablet.session.row.pk + 1, request=None)


# Languages


def test_a_question_that_was_not_translated_says_so(tablet, step_of):
    QuestionnaireResponse.objects.update(language="es")
    page = tablet.get(step_of("scars")).content.decode()
    assert "Esta pregunta solo está en inglés" in page
    assert 'lang="en"><h1>Have you' in page
    assert 'lang="es"' in page


def test_a_translated_question_is_asked_in_that_language(pack, tablet, step_of, monkeypatch):
    from intake.asking import asked_in
    from planner.knowledge import Knowledge

    scars = next(one for one in pack["questions"] if one["id"] == "scars")
    scars["translations"] = [
        {
            "language": "es",
            "text": "¿Ha tenido una cicatriz gruesa?",
            "help": "También después de un pendiente.",
            "covers": [
                {"rule": "keloid", "label": "Yo", "note": "Dónde"},
                {"rule": "keloid_family", "label": "Mi familia", "note": "Quién"},
            ],
        }
    ]
    question = next(one for one in Knowledge.parse(pack).questions if one.id == "scars")
    shown = asked_in(question, "es")
    assert (shown.text, shown.translated, shown.language) == ("¿Ha tenido una cicatriz gruesa?", True, "es")
    assert [cover.note_label for cover in shown.covers] == ["Dónde", "Quién"]
    assert not asked_in(question, "fr").translated


def test_half_a_translation_is_refused(pack):
    from planner.errors import KnowledgeFaults
    from planner.knowledge import Knowledge

    scars = next(one for one in pack["questions"] if one["id"] == "scars")
    scars["translations"] = [{"language": "es", "text": "¿Cicatriz?", "covers": [{"rule": "keloid", "label": "Yo"}]}]
    with pytest.raises(KnowledgeFaults) as refused:
        Knowledge.parse(pack)
    said = " ".join(map(str, refused.value.faults))
    assert "keloid_family" in said
    assert "note" in said
    assert "help" in said


def test_names_of_medicines_go_out_and_nothing_about_them(tablet):
    names = tablet.post(reverse("intake:medicine_names"), {"typed": "apix"}).json()["names"]
    assert names
    assert {one["words"] for one in names} == {""}


def test_the_same_words_stand_in_both_languages():
    from intake.wording import words_in

    assert set(words_in("en")) == set(words_in("es"))
