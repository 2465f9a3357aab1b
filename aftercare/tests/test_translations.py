"""Words of the sheet in other languages: whole beside the English, approved by name, not printed before that nor once stale."""

import copy
import datetime as dt
from types import SimpleNamespace

import pytest
from django.db import IntegrityError, transaction

from aftercare.blocks import blocks_of, wording_sha256
from aftercare.content import content
from aftercare.conversion import content_of
from aftercare.facts import SheetCannotBeMade, SheetFacts, TranslationFacts
from aftercare.models import Sheet, SheetTranslation
from aftercare.services import phone_hours, request_sheet, sheet_of, translations
from aftercare.tests import signed_record
from aftercare.tests.test_content import APPROVED, DOCUMENT, SITE, facts
from aftercare.translation import LANGUAGES, State, faults_of, packaged, pairs
from aftercare.words import wording_of
from audit import guards
from audit.models import AuditEvent
from patients.models import Patient
from protocols.documents import canonical, sha256
from protocols.services.additions import give_sheet_words

WORDING = wording_of(DOCUMENT, "en")
READ = dt.date(2026, 9, 3)


def approved(language: str, document=None, on=READ) -> TranslationFacts:
    return TranslationFacts(document or packaged(language), "Dr Iris Vance", on)


def make(language: str, *, document=DOCUMENT, translation=None, site=SITE, large=False, paper="A4", **fields):
    return content(
        facts(**fields),
        SimpleNamespace(document=document),
        site=site,
        approval=APPROVED,
        sheet=SheetFacts("AC-02117", 1, paper, large),
        language=language,
        translation=translation or (approved(language) if language != "en" else None),
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_comes_with_the_program_is_whole_and_marked_as_not_reviewed(language):
    document = packaged(language)
    assert (document["language"], document["status"]) == (language, "needs review")
    english = copy.deepcopy(DOCUMENT)
    give_sheet_words(english)
    beside = pairs(document, wording_of(english, "en"))
    assert {pair.id: pair.faults for pair in beside if pair.state is not State.WHOLE} == {}
    assert document["blocks"].keys() == {pair.id for pair in beside}, "a block that the English does not have"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_line_is_said_and_steering_stays_the_english_ones(language):
    sheet, english = make(language), content(
        facts(), SimpleNamespace(document=DOCUMENT), site=SITE, approval=APPROVED, sheet=SheetFacts("AC-02117", 1, "A4")
    )  # fmt: skip
    assert {block.id for block in sheet.blocks} == {block.id for block in english.blocks}
    assert [len(step.do) for step in sheet.steps] == [len(step.do) for step in english.steps]
    assert [(row.closed, row.open) for row in sheet.days.rules] == [(row.closed, row.open) for row in english.days.rules]
    assert {(block.approved_by, block.approved_on) for block in sheet.blocks} == {("Dr Iris Vance", READ)}
    assert "Dr Iris Vance" in sheet.checked[-1].text
    assert sheet.language == language
    assert sheet.direction == ("rtl" if language == "ar" else "ltr")


@pytest.mark.parametrize(
    ("english", "said", "fault"),
    [
        ("From {when}", "Desde {cuando}", "exactly {when}"),
        ("From {when}", "Desde", "exactly {when}"),
        ("**Call** us", "Llame", "stars"),
        ("Wait", "Espere 3 días", "figure"),
        ("Wait", "انتظر ٣ أيام", "figure"),
        ("Wait", "  ", "Write the text"),
        ("Wait {n}", "Espere {n", "brace"),
        ("Wait", "Espe\u202ere", "not seen"),
        ("Wait", "x" * 501, "500"),
    ],
)
def test_a_translation_loses_no_name_and_brings_no_figure(english, said, fault):
    from aftercare.blocks import Block

    assert any(fault in told for told in faults_of(Block("keep", said), Block("keep", english)))


def test_a_translation_nobody_approved_is_not_printed():
    with pytest.raises(SheetCannotBeMade, match="Nobody has approved"):
        make("pl", translation=approved("pl", on=None))
    with pytest.raises(SheetCannotBeMade, match="not approved"):
        make("pl", translation=approved("fr"))


def test_a_change_of_the_english_makes_the_translation_stale_and_it_is_not_printed():
    other = copy.deepcopy(DOCUMENT)
    other["patient_wording"]["red_flags"]["eye"]["lines"] = ["your eye hurts at all"]
    with pytest.raises(SheetCannotBeMade, match=r"red_flags\.eye"):
        make("pl", document=other)
    assert [pair.id for pair in pairs(packaged("pl"), wording_of(other, "en")) if pair.state is State.CHANGED] == ["red_flags.eye"]


def test_a_block_that_only_steers_differently_is_the_same_words():
    other = copy.deepcopy(DOCUMENT)
    other["patient_wording"]["normal_course"]["spots"]["quiet"] = False
    assert wording_sha256(wording_of(other, "en")) == wording_sha256(WORDING)
    other["patient_wording"]["normal_course"]["spots"]["feel"] = "A few spots"
    assert wording_sha256(wording_of(other, "en")) != wording_sha256(WORDING)


def test_a_versions_blocks_have_ids_that_hold_every_text_once():
    known = blocks_of(WORDING)
    assert len({block.id for block in known.values()}) == len(known)
    assert all(len(block.version) == 8 and any(text for _, text in block.lines()) for block in known.values())


# In the database

db = pytest.mark.django_db
quiet = pytest.mark.usefixtures("queue_away", "storage")


@pytest.fixture
def lead(medical_lead):
    return medical_lead


@pytest.fixture
def polish_reader(signed):
    session = signed()
    Patient.objects.filter(pk=session.patient_id).update(language="pl-PL")
    return type(session).objects.select_related("booking__site", "patient", "plan").get(pk=session.pk)


def approve(language, by):
    beside = translations.english()
    standing = translations.standing(language, beside)
    return translations.approve(language, seen=standing.sha256, english_seen=beside.sha256, by=by)


@db
@quiet
def test_the_patients_language_picks_the_sheet_once_its_words_are_approved(polish_reader, clinician, lead):
    first = request_sheet(polish_reader, by=clinician)
    assert first.language == "en"
    assert first.language_note == (
        "The patient reads Polish. The Polish words need review: no medical lead has approved them yet. So it is in English."
    )
    row = approve("pl", lead)
    assert (row.status, row.approved_by, row.written_by, row.is_demo) == ("approved", lead, None, True)
    second = request_sheet(polish_reader, by=clinician)
    assert (second.language, second.translation, second.language_note) == ("pl", row, "")
    assert content_of(second).title.text == packaged("pl")["blocks"]["title"]["text"]
    assert sheet_of(polish_reader) == second
    assert Sheet.objects.count() == 2, "the English one stays as it was handed out"
    assert AuditEvent.objects.filter(action="sheet_words.approved", actor=lead).count() == 1


@db
@quiet
def test_a_sheet_says_when_the_phone_is_answered_in_its_own_language_or_not_at_all(polish_reader, clinician, lead):
    site = polish_reader.booking.site
    approve("pl", lead)
    sheet = request_sheet(polish_reader, by=clinician)
    assert site.phone_hours
    assert content_of(sheet).help.phone_hours == "", "the number alone"
    phone_hours.keep("pl", [site], {site.pk: "Codziennie, 8:00\u201320:00"}, was=phone_hours.seen_of("pl", [site]), by=lead)
    assert content_of(sheet).help.phone_hours == "Codziennie, 8:00\u201320:00"
    Patient.objects.filter(pk=polish_reader.patient_id).update(language="en")
    reader = type(polish_reader).objects.select_related("booking__site", "patient", "plan").get(pk=polish_reader.pk)
    assert content_of(request_sheet(reader, by=clinician)).help.phone_hours == site.phone_hours


@db
@quiet
def test_retired_words_are_not_printed_and_the_queue_says_so(polish_reader, clinician, lead):
    row = approve("pl", lead)
    waiting = request_sheet(polish_reader, by=clinician)
    translations.retire(row, by=lead)
    with pytest.raises(SheetCannotBeMade, match="retired"):
        content_of(Sheet.objects.get(pk=waiting.pk))
    assert "The Polish words were retired" in request_sheet(polish_reader, by=clinician).language_note


@db
@quiet
@pytest.mark.parametrize(("language", "note"), [("", ""), ("en", ""), ("de", "no words in German"), ("ar", "need review")])
def test_where_there_is_none_it_is_english_and_says_why(signed, clinician, language, note):
    session = signed()
    Patient.objects.filter(pk=session.patient_id).update(language=language)
    sheet = request_sheet(type(session).objects.get(pk=session.pk), by=clinician)
    assert sheet.language == "en"
    assert (note in sheet.language_note) if note else not sheet.language_note


@db
@quiet
def test_words_approved_beside_a_newer_version_serve_an_older_record_that_says_the_same(polish_reader, clinician, lead):
    """What was approved is block for block: another figure, or a block more, in the version since changes nothing for these."""
    row = approve("pl", lead)
    with guards.suspended("sheet_translation_approved"):
        SheetTranslation.objects.filter(pk=row.pk).update(english_sha256="0" * 64)
    assert request_sheet(polish_reader, by=clinician).language == "pl"


@db
@quiet
def test_words_approved_beside_other_english_are_stale(polish_reader, clinician, lead):
    row = approve("pl", lead)
    other = row.content
    other["blocks"]["red_flags.eye"]["of"] = "00000000"
    with guards.suspended("sheet_translation_approved"):
        SheetTranslation.objects.filter(pk=row.pk).update(document=canonical(other), sha256=sha256(canonical(other)))
    assert "approved beside other English words" in request_sheet(polish_reader, by=clinician).language_note


@db
def test_who_wrote_a_block_does_not_approve_it_and_nothing_is_approved_unread(site, clinician, lead):
    signed_record.version(clinician)
    beside = translations.english()
    before = translations.standing("es", beside)
    draft = translations.change("es", "page", {"": "Hoja"}, version=0, by=lead)
    with pytest.raises(translations.Refused, match="changed since"):
        translations.approve("es", seen=before.sha256, english_seen=beside.sha256, by=lead)
    with pytest.raises(translations.Refused, match="Somebody else"):
        approve("es", lead)
    with pytest.raises(translations.Refused, match="figure"):
        translations.change("es", "page", {"": "Hoja 1"}, version=draft.version, by=clinician)
    translations.change("es", "page", {"": "Página"}, version=draft.version, by=clinician)
    row = approve("es", lead)
    assert (row.pk, row.status, row.content["blocks"]["page"]["text"]) == (draft.pk, "approved", "Página")


@db
def test_the_next_words_take_the_place_of_those_in_use(site, clinician, lead):
    signed_record.version(clinician)
    first = approve("fr", lead)
    with pytest.raises(translations.Refused, match="in use already"):
        approve("fr", lead)
    translations.change("fr", "page", {"": "Feuille"}, version=0, by=clinician)
    second = approve("fr", lead)
    first.refresh_from_db()
    assert (first.status, first.retired_by, second.number) == ("retired", lead, 2)


@db
def test_words_beside_a_draft_of_the_english_are_not_approved(site, clinician, lead):
    signed_record.version(clinician, approved=False)
    with pytest.raises(translations.Refused, match="approve the protocol first"):
        approve("fr", lead)


@db
def test_the_database_keeps_approved_words(site, clinician, lead):
    signed_record.version(clinician)
    row = approve("ar", lead)
    rows = SheetTranslation.objects.filter(pk=row.pk)
    for change in ({"document": "{}"}, {"approved_by": clinician}, {"status": "draft"}, {"english_sha256": "1" * 64}):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.delete()
    with pytest.raises(IntegrityError), transaction.atomic():
        SheetTranslation.objects.create(
            language="es", number=9, document="{}", sha256="1" * 64, english_sha256="1" * 64, status="approved",
            written_at=row.written_at, approved_by=lead, approved_at=row.approved_at,
        )  # fmt: skip
