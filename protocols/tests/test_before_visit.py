"""The words before a visit in the editor: added to a draft, shown, changed, and growing with the entries they say."""

import copy
import json

import pytest
from django.urls import reverse

from protocols.comparison_words import Comparison
from protocols.documents import ADDITIONS, canonical, read_pack, read_text
from protocols.editing import SECTIONS, rows_of
from protocols.editing.changes import changes, typed
from protocols.editing.naming import address
from protocols.editing.rows import taken_out
from protocols.exchange import as_yaml
from protocols.knowledge import before_visit_of
from protocols.services import ProtocolRefused, create_draft, load_pack
from protocols.services.additions import add_before_visit
from protocols.tests.test_editing_pages import as_sent
from tests import made

PACK = made.pack() | read_pack(ADDITIONS / "before_visit.yaml")
PAGE = "before-visit"


@pytest.fixture
def draft(protocol, medical_lead):
    return create_draft(protocol, name="2026.9", by=medical_lead)


@pytest.fixture
def worded(draft, medical_lead):
    return add_before_visit(draft, lock_version=draft.lock_version, by=medical_lead)


@pytest.mark.django_db
def test_a_draft_is_given_the_words_once_and_they_go_out_and_come_back(worded, medical_lead):
    assert worded.is_whole
    assert before_visit_of(worded).title == PACK["before_visit"]["title"]
    with pytest.raises(ProtocolRefused, match="already"):
        add_before_visit(worded, lock_version=worded.lock_version, by=medical_lead)
    text = as_yaml(worded).replace("pack_version: '2026.9'", "pack_version: '2026.10'")
    again, _ = load_pack(json.loads(canonical(read_text(text))), by=medical_lead)
    assert json.loads(again.document)["before_visit"] == json.loads(worded.document)["before_visit"]


@pytest.mark.django_db
def test_a_version_without_them_has_none(protocol):
    assert before_visit_of(protocol) is None


@pytest.mark.django_db
def test_the_editor_adds_them_and_shows_every_value(client, draft, medical_lead):
    client.force_login(medical_lead)
    page = reverse("protocols:edit_section", args=[draft.version, PAGE])
    assert b"Add them to this draft" in client.get(page).content
    answer = client.post(reverse("protocols:edit_add_before_visit", args=[draft.version]), {"lock_version": draft.lock_version})
    assert answer.status_code == 302
    shown = client.get(page).content.decode()
    assert "Come with clean skin, without make-up." in shown
    assert "Add them to this draft" not in shown
    version = client.get(reverse("protocols:version", args=[draft.version])).content.decode()
    assert "As the patient reads it" in version
    assert "Come with clean skin, without make-up." in version


@pytest.mark.django_db
def test_a_figure_in_the_words_is_refused_beside_its_field(client, worded, medical_lead):
    client.force_login(medical_lead)
    page = reverse("protocols:edit_section", args=[worded.version, PAGE])
    sent = {"lock_version": worded.lock_version, "first_lock": worded.lock_version, "before_visit.intro": "Begin 3 days before."}
    answer = client.post(page, sent)
    assert answer.status_code == 422
    assert "holds a figure" in answer.content.decode()


def test_every_value_comes_back_from_the_editor_as_it_went_in():
    document = json.loads(canonical(PACK))
    page = SECTIONS[PAGE].page(document, "")
    found, mistakes = typed(page, as_sent(page))
    assert (changes(page, found), mistakes) == ([], {})
    fields = list(page.fields)
    assert len({one.path for one in fields}) == len({one.ident for one in fields}) == len(fields)
    assert {address(document, one.path) for one in fields} == {(PAGE, "")}
    assert {one.path for one in fields} >= {f"before_visit.lines.{row['id']}" for row in document["precare"]}


def test_an_entry_that_goes_takes_its_words_with_it():
    document = json.loads(canonical(PACK))
    rows = next(one for one in rows_of("care") if one.path == "precare")
    gone = [change["path"] for change in taken_out(rows, document, "stop_retinoids")]
    assert "before_visit.lines.stop_retinoids" in gone


def test_the_comparison_names_what_changed():
    before, after = copy.deepcopy(PACK), copy.deepcopy(PACK)
    after["before_visit"]["intro"] = "Please read this today."
    assert [group.title for group in Comparison(before, after).groups()] == ["Words before a visit"]
