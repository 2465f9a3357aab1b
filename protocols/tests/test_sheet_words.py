"""Words of the sheet by skin and season come with the program, and a draft may be given them."""

import pytest
from django.urls import reverse

from protocols.knowledge import knowledge_of
from protocols.services import create_draft
from protocols.services.additions import add_sheet_words, sheet_words_that_come_along
from protocols.services.refusals import ProtocolRefused

pytestmark = pytest.mark.django_db
BEFORE = "**Tell us before you come** if you have a cold sore"


@pytest.fixture
def draft(protocol, clinician):
    return create_draft(protocol, name="2099.1", by=clinician, note="Words by skin and season")


def words_of(version) -> dict:
    return knowledge_of(version).document["patient_wording"]


def test_a_draft_is_given_what_it_has_not_and_only_once(draft, clinician):
    saved = add_sheet_words(draft, lock_version=draft.lock_version, by=clinician)
    words = words_of(saved)
    assert words["season"] == sheet_words_that_come_along()["patient_wording"]["season"]
    assert {skin for entry in words["normal_by_phototype"] for skin in entry["phototypes"]} == {"I", "II", "III", "IV", "V", "VI"}
    assert words["next_visit"]["before"].count(".") == 2, "in easier words"
    with pytest.raises(ProtocolRefused, match="already"):
        add_sheet_words(saved, lock_version=saved.lock_version, by=clinician)


def test_what_the_clinic_said_in_words_of_its_own_stays(draft, clinician):
    from protocols.services import Change, edit

    def own_words(document):
        before = document["patient_wording"]["next_visit"]["before"]
        document["patient_wording"]["next_visit"]["before"] = "Ring us if you are ill."
        return [Change("patient_wording.next_visit.before", before, "Ring us if you are ill.")]

    saved = edit(draft, lock_version=draft.lock_version, section="Words of the sheet", by=clinician, apply=own_words)
    saved = add_sheet_words(saved, lock_version=saved.lock_version, by=clinician)
    assert words_of(saved)["next_visit"]["before"] == "Ring us if you are ill."


def test_an_approved_version_is_never_given_any(protocol, clinician):
    with pytest.raises(ProtocolRefused):
        add_sheet_words(protocol, lock_version=protocol.lock_version, by=clinician)


def test_the_page_offers_them_until_they_are_there(client, draft, clinician):
    client.force_login(clinician)
    page = reverse("protocols:edit_section", args=[draft.version, "wording"])
    assert "Words by skin and season that come with the program" in client.get(page).content.decode()
    sent = client.post(reverse("protocols:edit_add_sheet_words", args=[draft.version]), {"lock_version": draft.lock_version})
    assert sent.status_code == 302
    text = client.get(page).content.decode()
    assert "Words by skin and season that come with the program" not in text
    assert "Cold wind dries your skin." in text
