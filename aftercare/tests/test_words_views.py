"""The pages of the sheet's words: read beside the English, changed block by block, approved with a proof of who it is."""

import re
import time

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Site
from accounts.signing_in.session import PASSWORD, PROVED
from aftercare.blocks import wording_sha256
from aftercare.models import PhoneHours, Sheet, SheetTranslation
from aftercare.services import request_sheet, translations
from aftercare.tests import signed_record
from aftercare.translation import LANGUAGES, packaged
from audit.models import AuditEvent
from patients.models import Patient

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("queue_away", "storage")]


def as_user(user) -> Client:
    client = Client()
    client.force_login(user)
    session = client.session
    session[PROVED] = {PASSWORD: time.time()}
    session.save()
    return client


@pytest.fixture
def english(clinician):
    signed_record.version(clinician)
    return translations.english()


def page(user, language="pl", **asked):
    return as_user(user).get(reverse("aftercare:words_in", args=[language]), asked)


def send(user, name, language="pl", *more, **fields):
    return as_user(user).post(reverse(f"aftercare:{name}", args=[language, *more]), fields)


def seen(language, beside):
    return {"seen": translations.standing(language, beside).sha256, "english_seen": beside.sha256, "read": "yes"}


def test_each_language_says_how_it_stands(medical_lead, english):
    translations.approve("es", **{key: value for key, value in seen("es", english).items() if key != "read"}, by=medical_lead)
    text = as_user(medical_lead).get(reverse("aftercare:words")).content.decode()
    rows = dict(zip(LANGUAGES, re.findall(r'<tr><th scope="row">(.*?)</tr>', text, re.S), strict=True))
    assert "In use" in rows["es"]
    assert "Dr Iris Vance" in rows["es"]
    assert all("Not printed" in rows[name] and "Needs review" in rows[name] for name in ("fr", "pl", "ar"))


def test_without_a_protocol_the_page_says_what_to_do(medical_lead):
    assert "No protocol is in force yet" in as_user(medical_lead).get(reverse("aftercare:words")).content.decode()
    assert page(medical_lead).status_code == 302


def test_every_block_stands_beside_its_english_in_its_own_language_and_direction(desk, english):
    text = page(desk, "ar").content.decode()
    document = packaged("ar")
    blocks = len(translations.standing("ar", english).pairs)
    assert text.count('class="block"') == blocks + 2, "each block, the hours of the phone, and how dates are written"
    assert all(name in text for name in (*document["calendar"]["weekdays"], *document["calendar"]["months"]))
    assert f'lang="ar" dir="rtl">{document["blocks"]["keep"]["text"]}' in text
    assert "Change<" not in text, "the desk reads, and changes nothing"
    assert page(desk, "xx").status_code == 404


def test_a_lead_approves_what_was_read_and_says_so(medical_lead, english):
    unread = send(medical_lead, "approve_words", **(seen("pl", english) | {"read": ""}))
    assert (unread.status_code, SheetTranslation.objects.count()) == (422, 0)
    assert "have read every block" in unread.content.decode()
    assert send(medical_lead, "approve_words", **(seen("pl", english) | {"seen": "0" * 64})).status_code == 409
    assert send(medical_lead, "approve_words", **seen("pl", english)).status_code == 302
    row = SheetTranslation.objects.get()
    assert (row.status, row.approved_by) == ("approved", medical_lead)
    text = page(medical_lead).content.decode()
    assert "In use" in text
    assert "Approve Polish" not in text
    assert send(medical_lead, "retire_words", "pl", row.number).status_code == 302
    row.refresh_from_db()
    assert row.status == "retired"
    assert send(medical_lead, "retire_words", "pl", row.number).status_code == 409


def test_a_block_is_changed_in_the_draft_and_what_was_typed_comes_back(clinician, medical_lead, english):
    assert "<textarea" in page(clinician, block="red_flags.eye").content.decode()
    wrong = send(clinician, "change_words", block="red_flags.eye", version="0", **{"text.lines.1": "boli oko od 3 dni"})
    told = wrong.content.decode()
    assert wrong.status_code == 422
    assert "Figures come from the protocol" in told
    assert "boli oko od 3 dni</textarea>" in told
    saved = send(clinician, "change_words", block="red_flags.eye", version="0", **{"text.lines.1": "boli oko lub widzisz inaczej"})
    assert saved.status_code == 302
    row = SheetTranslation.objects.get()
    assert row.content["blocks"]["red_flags.eye"]["text"] == {"lines": ["boli oko lub widzisz inaczej"]}
    stale = send(clinician, "change_words", block="red_flags.eye", version="9", **{"text.lines.1": "boli oko"})
    assert (stale.status_code, "boli oko</textarea>" in stale.content.decode()) == (409, True)
    assert send(clinician, "change_words", block="red_flags.eye", version=str(row.version)).status_code == 422, "a text is missing"
    assert send(clinician, "change_words", block="nothing", version=str(row.version)).status_code == 422
    assert "Approve Polish" not in page(clinician).content.decode()
    assert "Approve Polish" in page(medical_lead).content.decode()
    assert send(clinician, "throw_away_words", "pl", row.number).status_code == 302
    assert not SheetTranslation.objects.exists()


def test_approving_asks_who_it_is(medical_lead, english):
    client = as_user(medical_lead)
    session = client.session
    session[PROVED] = {PASSWORD: time.time() - 7 * 3600}
    session.save()
    answer = client.post(reverse("aftercare:approve_words", args=["pl"]), seen("pl", english))
    assert reverse("accounts:confirm") in answer["Location"]
    assert not SheetTranslation.objects.exists()


def test_who_wrote_the_draft_is_told_that_somebody_else_approves(medical_lead, english):
    send(medical_lead, "change_words", block="page", version="0", **{"text.": "Kartka"})
    assert "You wrote the draft" in page(medical_lead).content.decode()
    assert send(medical_lead, "approve_words", **seen("pl", english)).status_code == 409


def test_what_is_typed_is_never_markup(clinician, english):
    send(clinician, "change_words", block="page", version="0", **{"text.": "<script>x</script>"})
    assert "<script>x" not in page(clinician).content.decode()


def hours(user, site, words, language="pl"):
    """The page as it is, with *words* typed for *site*, sent."""
    was = re.search(r'name="was" value="([^"]*)"', page(user, language).content.decode()).group(1)
    return send(user, "change_hours", language, was=was, **{f"site.{site.pk}": words})


def test_when_the_phone_is_answered_is_said_in_each_language_for_each_own_site(clinician, desk, site, english):
    other = Site.objects.create(name="Elsewhere", slug="elsewhere", phone="020 7946 0299", phone_hours="Weekdays")
    shown = page(clinician).content.decode()
    assert f"{site.name}: {site.phone_hours}" in shown
    assert "Elsewhere" not in shown
    was = re.search(r'name="was" value="([^"]*)"', shown).group(1)
    send(clinician, "change_hours", was=was, **{f"site.{site.pk}": " Codziennie,  8:00\u201320:00 ", f"site.{other.pk}": "Nigdy"})
    assert [(row.site, row.words, row.written_by) for row in PhoneHours.objects.all()] == [(site, "Codziennie, 8:00\u201320:00", clinician)]
    told = AuditEvent.objects.get(action="sheet_words.hours_written")
    assert (told.object_pk, told.detail) == (str(site.pk), {"language": "pl"})
    assert 'value="Codziennie, 8:00\u201320:00"' in page(clinician).content.decode()
    read = page(desk).content.decode()
    assert "Codziennie" in read
    assert 'name="was"' not in read
    hours(clinician, site, "")
    assert not PhoneHours.objects.exists()


def test_hours_that_somebody_else_changed_meanwhile_are_refused_and_what_was_typed_stays(clinician, medical_lead, site, english):
    was = re.search(r'name="was" value="([^"]*)"', page(clinician).content.decode()).group(1)
    hours(medical_lead, site, "Codziennie")
    answer = send(clinician, "change_hours", was=was, **{f"site.{site.pk}": "Zawsze"})
    assert answer.status_code == 409
    assert "Somebody else changed these hours" in answer.content.decode()
    assert 'value="Zawsze"' in answer.content.decode()
    assert PhoneHours.objects.get().words == "Codziennie"


def test_hours_that_are_too_long_come_back(clinician, site, english):
    answer = hours(clinician, site, "o" * 121)
    assert answer.status_code == 422
    assert "must be 120 letters or fewer" in answer.content.decode()
    assert "o" * 121 in answer.content.decode()
    assert not PhoneHours.objects.exists()


def test_a_changed_english_block_is_listed_and_cannot_be_approved(medical_lead, english):
    row = translations.approve("pl", seen=seen("pl", english)["seen"], english_seen=english.sha256, by=medical_lead)
    other = {**english.wording, "keep": "Keep this sheet with you."}
    changed = translations.English(english.version, other, wording_sha256(other))
    standing = translations.standing("pl", changed)
    assert (standing.in_use, standing.row, [pair.id for pair in standing.open_pairs]) == (None, row, ["keep"])


def test_the_queue_says_why_a_sheet_is_in_english(signed, clinician):
    session = signed()
    Patient.objects.filter(pk=session.patient_id).update(language="pl")
    sheet = request_sheet(type(session).objects.get(pk=session.pk), by=clinician)
    text = as_user(clinician).get(reverse("aftercare:queue")).content.decode()
    assert "no medical lead has approved them yet. So it is in English." in text
    Sheet.objects.filter(pk=sheet.pk).update(state="ready")
    assert "So it is in English." in as_user(clinician).get(reverse("aftercare:sheet", args=[sheet.pk])).content.decode()


def test_large_print_is_asked_for_beside_the_usual_sheet(signed, clinician):
    session = signed()
    request_sheet(session, by=clinician)
    answer = as_user(clinician).post(reverse("aftercare:request", args=[session.pk]), {"variant": "A4-large"})
    assert answer.status_code == 302
    assert sorted(Sheet.objects.values_list("variant", flat=True)) == ["A4", "A4-large"]
    assert Sheet.objects.get(variant="A4-large").is_large
