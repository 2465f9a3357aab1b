"""What is signed is kept word for word, hashed and locked; what is no signature is refused in words, and what was typed comes back."""

import json

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from audit import guards
from audit.models import AuditEvent
from consent import ink
from consent.content import sha256
from consent.models import Consent, ConsentItem, ConsentText
from consent.services.signing import TextsChanged

from .signed import STROKES, sign, text_in_use

pytestmark = pytest.mark.django_db
GUARDS = ("consent_signed", "consent_item_signed", "consent_item_of_signed", "consent_withdrawn")


def run(statement):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def posted(texts, **changes):
    return {
        "texts": ",".join(str(text.pk) for text in texts),
        "request_key": "one-form",
        "signer": "patient",
        "witness": "other",
        "witness_name": "Walter Witness",
        "strokes": json.dumps(STROKES),
        **changes,
    }


@pytest.fixture
def page(client, clinician, patient, plan):
    client.force_login(clinician)
    return reverse("consent:sign", args=[patient.number])


def test_the_page_shows_the_texts_in_the_patients_language_and_presets_nothing(client, page, patient, texts, clinician):
    text_in_use(by=clinician, language="de", title="Einwilligung: Aknenarben", body="Es kann bluten.")
    shown = client.get(page).content.decode()
    assert "Consent to acne_scars" in shown
    assert "It may bleed." in shown
    assert " checked" not in shown
    patient.language = "de-CH"
    patient.save()
    shown = client.get(page).content.decode()
    assert "Es kann bluten." in shown
    assert "No text in use: Hyaluronic acid, Deutsch" in shown


@pytest.mark.both_engines
def test_signed_the_exact_words_are_kept_with_their_hash(client, page, patient, texts, clinician):
    answer = client.post(page, posted(texts))
    consent = Consent.objects.get()
    assert answer.url == reverse("consent:document", args=[consent.pk])
    signed = json.loads(consent.content)
    assert [one["body"] for one in signed["texts"]] == [text.body for text in texts]
    assert signed["signer"] == {"who": "patient", "name": str(patient), "relation": ""}
    assert signed["witness"]["name"] == "Walter Witness"
    assert signed["taken_by"]["id"] == clinician.pk
    assert consent.sha256 == sha256(consent.content)
    assert consent.signature_svg == ink.svg(consent.strokes)
    assert AuditEvent.objects.get(action="consent.signed").detail["sha256"] == consent.sha256
    shown = client.get(answer.url).content.decode()
    assert "It may bleed." in shown
    assert '<path d="M' in shown
    call_command("verify_consents")


@pytest.mark.both_engines
def test_a_double_press_signs_once(client, page, texts):
    client.post(page, posted(texts))
    client.post(page, posted(texts))
    assert Consent.objects.count() == 1


@pytest.mark.parametrize(
    ("strokes", "words"),
    [
        ("", "There is no signature yet"),
        ("[]", "There is no signature yet"),
        ("[[[10,10]]]", "too little for a signature"),
        (json.dumps([[[10 + one, 10] for one in range(12)]]), "too little for a signature"),
        ("[[[1,1", "could not be read"),
        ("{}", "could not be read"),
        ('[[["a","b"]]]', "could not be read"),
        ("[[[1e400,1]]]", "could not be read"),
        ("[[[NaN,1]]]", "could not be read"),
        ("[" * 5000, "could not be read"),
        (json.dumps([[[1, 1]] * 9000]), "could not be read"),
        ("1" * 200_001, "too long"),
    ],
    ids=range(12),
)
def test_no_ink_no_consent(client, page, texts, strokes, words):
    answer = client.post(page, posted(texts, strokes=strokes))
    shown = answer.content.decode()
    assert answer.status_code == 422
    assert words in shown
    assert 'href="#signature"' in shown
    assert "Walter Witness" in shown  # what was typed comes back
    assert not Consent.objects.exists()
    assert AuditEvent.objects.filter(action="consent.signed", outcome="refused").exists()


@pytest.mark.both_engines
def test_a_fault_elsewhere_keeps_the_drawing(client, page, texts):
    shown = client.post(page, posted(texts, witness="")).content.decode()
    assert "Choose who saw the signature." in shown
    assert json.dumps(STROKES).replace('"', "&quot;") in shown


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"signer": ""}, "Choose who signs."),
        ({"signer": "parent"}, "Enter the name of who signs for the patient."),
        ({"signer": "guardian", "signer_name": "Gerda Guard"}, "Say how they are related to the patient."),
        ({"witness_name": ""}, "Enter the name of the witness."),
        ({"strokes": "", "typed_name": "7"}, "Type the whole name."),
        ({"typed_name": "Nadia Rahman"}, "It is drawn and typed."),
    ],
)
def test_what_is_missing_is_said(client, page, texts, changes, words):
    answer = client.post(page, posted(texts, **changes))
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Consent.objects.exists()


@pytest.mark.both_engines
def test_a_parent_signs_with_a_typed_name_and_it_is_marked_as_typed(client, page, texts):
    changes = {"signer": "parent", "signer_name": "Rosa  Rahman", "signer_relation": "mother", "strokes": "", "typed_name": "Rosa Rahman"}
    answer = client.post(page, posted(texts, **changes))
    consent = Consent.objects.get()
    assert (consent.way, consent.signer_name, consent.signer_relation, consent.strokes) == ("typed", "Rosa Rahman", "mother", [])
    assert "Typed, not drawn" in client.get(answer.url).content.decode()
    call_command("verify_consents")


def test_staff_may_witness(client, page, texts, desk):
    client.post(page, posted(texts, witness=str(desk.pk), witness_name=""))
    assert (Consent.objects.get().witness, Consent.objects.get().witness_name) == (desk, desk.display_name)


def test_somebody_of_another_site_is_no_witness_of_ours(client, page, texts, make_user):
    elsewhere = make_user("petra", "clinician")
    elsewhere.sites.clear()
    assert client.post(page, posted(texts, witness=str(elsewhere.pk))).status_code == 422


@pytest.mark.both_engines
def test_words_that_changed_meanwhile_are_read_again_before_anything_is_signed(client, page, texts, clinician):
    text_in_use(by=clinician, body="It may also bruise.")
    answer = client.post(page, posted(texts))
    shown = answer.content.decode()
    assert answer.status_code == 409
    assert "The words changed" in shown
    assert "It may also bruise." in shown
    assert "Walter Witness" in shown
    assert "[[[" not in shown  # the signature belongs to the words it stood under
    assert not Consent.objects.exists()


@pytest.mark.parametrize("sent", ["", "0", "x", "1,1", "99999999999999999999", "-1"])
def test_texts_that_are_none_sign_nothing(client, page, texts, sent):
    assert client.post(page, {**posted(texts), "texts": sent}).status_code == 409
    assert not Consent.objects.exists()


@pytest.mark.both_engines
def test_two_languages_are_not_signed_at_once(patient, texts, clinician):
    with pytest.raises(TextsChanged):
        sign(patient, [texts[0], text_in_use("adjuvant", "prp", by=clinician, language="de")], by=clinician)


@pytest.mark.both_engines
def test_a_draft_is_never_signed(patient, texts, clinician):
    ConsentText.objects.filter(pk=texts[0].pk).update(status="retired", retired_at=texts[0].approved_at)
    with pytest.raises(TextsChanged):
        sign(patient, texts, by=clinician)


STATEMENTS = [
    "UPDATE consent_consent SET content = '{}'",
    "UPDATE consent_consent SET signer_name = 'x'",
    "UPDATE consent_consent SET strokes = '[]'",
    "UPDATE consent_consent SET sha256 = 'x'",
    "DELETE FROM consent_consentitem",
    "UPDATE consent_consentitem SET code = 'prp'",
    "DELETE FROM consent_consent",
]


@pytest.mark.both_engines
@pytest.mark.parametrize("statement", STATEMENTS)
def test_the_database_refuses_every_change_of_what_was_signed(patient, texts, clinician, statement):
    sign(patient, texts, by=clinician)
    with pytest.raises(IntegrityError):
        run(statement)
    call_command("verify_consents")


@pytest.mark.both_engines
def test_nobody_is_made_to_have_consented_to_more(patient, texts, clinician):
    consent = sign(patient, texts[:1], by=clinician)
    more = {"consent": consent, "kind": texts[1].kind, "code": texts[1].code, "signed_at": consent.signed_at}
    with pytest.raises(IntegrityError), transaction.atomic():
        ConsentItem.objects.create(text=texts[1], **more)
    with pytest.raises(IntegrityError), transaction.atomic():
        ConsentItem.objects.create(text=texts[0], **more)  # its own text under the other's name


@pytest.mark.both_engines
@pytest.mark.parametrize(
    ("statement", "what"),
    [
        (STATEMENTS[0], "does not have the hash"),
        (STATEMENTS[1], "the stored values are not the ones"),
        (STATEMENTS[2], "the stored values are not the ones"),
        ("UPDATE consent_consent SET signature_svg = '<svg/>'", "the picture of the signature"),
        ("DELETE FROM consent_consentitem WHERE kind = 'adjuvant'", "its items are not the texts"),
    ],
)
def test_a_change_behind_the_guards_is_found_and_named(patient, texts, clinician, statement, what):
    """And the control of the guards: without them the change goes through."""
    sign(patient, texts, by=clinician)
    with guards.suspended(*GUARDS):
        run(statement)
    with pytest.raises(CommandError, match=what):
        call_command("verify_consents")


@pytest.mark.both_engines
def test_a_consent_outlives_a_new_name(patient, texts, clinician):
    consent = sign(patient, texts, by=clinician)
    patient.surname = "Rahman-Osei"
    patient.save()
    call_command("verify_consents")
    assert "Rahman-Osei".upper() not in consent.content
