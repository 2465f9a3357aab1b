"""A version goes out as YAML and comes back as the same document; what is no pack is refused whole, in words."""

import json

import pytest
import yaml
from django.core.management import call_command

from audit.models import AuditEvent
from planner.errors import KnowledgeFaults
from protocols.documents import canonical, packaged_paths, read_pack, read_text
from protocols.exchange import as_yaml
from protocols.models import ProtocolVersion
from protocols.services import ProtocolRefused, VersionTaken, import_pack, load_pack
from protocols.services.drafts import create_draft

pytestmark = pytest.mark.django_db


def _renamed(text, old, new):
    return text.replace(f"pack_version: '{old}'", f"pack_version: '{new}'", 1)


@pytest.mark.parametrize("path", packaged_paths(), ids=lambda path: path.stem)
def test_out_and_in_again_is_the_same_document(path, clinician):
    version, _ = load_pack(read_pack(path))
    text = as_yaml(version)
    assert canonical(read_text(text)) == version.document
    again, is_new = import_pack(_renamed(text, version.version, "copy"), by=clinician)
    assert is_new
    there, here = json.loads(again.document), json.loads(version.document)
    assert there.pop("pack_version") == "copy"
    here.pop("pack_version")
    assert there == here


def test_it_reads_like_the_packs_of_the_project(draft_protocol, pack):
    text = as_yaml(draft_protocol)
    written = yaml.safe_load(text)
    assert list(written) == list(pack)
    assert list(written["zones"][0]) == list(pack["zones"][0])
    assert list(written["contraindications"][5]) == list(pack["contraindications"][5])
    assert "décolleté" in text
    assert "&id" not in text


def test_words_that_look_like_other_things_stay_words(pack, clinician):
    pack["pack_version"] = "2030.1"
    for place, word in enumerate(["yes", "null", "1e3", "2026-01-01", "12:30", " a: b #c", "- x", "\u00a0é", "'", "~", "0x1F", "皮膚"]):
        pack["zones"][place]["note"] = word
    version, _ = load_pack(pack)
    assert canonical(read_text(as_yaml(version))) == version.document


def test_an_imported_pack_is_a_draft_of_who_brought_it(draft_protocol, clinician):
    version, is_new = import_pack(as_yaml(draft_protocol), by=clinician, name="2030.1", note="From the other site")
    assert is_new
    assert (version.version, version.status, version.created_by, version.note) == ("2030.1", "draft", clinician, "From the other site")
    assert json.loads(version.document)["pack_version"] == "2030.1"
    assert AuditEvent.objects.filter(action="protocol.loaded", actor=clinician).count() == 1


def test_the_same_again_changes_nothing_and_other_content_needs_a_name(draft_protocol, clinician):
    text = as_yaml(draft_protocol)
    assert import_pack(text, by=clinician) == (draft_protocol, False)
    with pytest.raises(VersionTaken, match="other content"):
        import_pack(text.replace("Forehead", "Brow", 1), by=clinician)
    assert ProtocolVersion.objects.count() == 1


def test_two_versions_whose_names_read_the_same_do_not_stand_side_by_side(draft_protocol, clinician):
    import_pack(as_yaml(draft_protocol), by=clinician, name="2030-a")
    with pytest.raises(VersionTaken, match="2030-a already"):
        import_pack(as_yaml(draft_protocol), by=clinician, name="2030-A")
    with pytest.raises(VersionTaken, match="2030-a already"):
        create_draft(draft_protocol, name="2030-A", by=clinician)


@pytest.mark.parametrize("role", ["front_desk", "manager"])
def test_who_may_not_edit_may_not_import(draft_protocol, make_user, role):
    with pytest.raises(ProtocolRefused, match="Only a clinician or a medical lead"):
        import_pack(as_yaml(draft_protocol), by=make_user("one", role), name="2030.1")


def _bomb():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    return "\n".join(lines + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "holds nothing"),
        ("   \n", "holds nothing"),
        ("- a list", "a mapping of names"),
        ("only words", "a mapping of names"),
        ("a: [1", "line"),
        ("zones: 1\nzones: 2\n", "the key zones stands twice"),
        ("x: !!python/object:os.system {}\n", "line 1"),
        ("[" * 100_000, "nested more than"),
        ("{a: " * 50_000, "nested more than"),
        ("- " * 100_000, "nested more than"),
        (_bomb(), "holds more than"),
        ("a: &a [*a]", "comes back to itself"),
        ("a: \x07", "not plain text"),
        ("a: \ud800", "no text"),
        ("a" * 2_000_001, "larger than 2 MB"),
        ("a: 1\n---\nb: 2", "line"),
        ("schema: something/1\npack_version: x\n", "schema"),
    ],
    ids=lambda value: repr(value[:20]),
)
def test_what_is_no_pack_is_refused_in_words(clinician, text, words):
    with pytest.raises(KnowledgeFaults) as caught:
        import_pack(text, by=clinician)
    assert words in str(caught.value)
    assert not ProtocolVersion.objects.exists()


@pytest.mark.parametrize("name", ["import", "Compare", "cases", "a/b", "..", "x\ny"])
def test_a_name_that_is_a_word_of_an_address_is_refused(draft_protocol, clinician, name):
    with pytest.raises(KnowledgeFaults, match="pack_version"):
        import_pack(as_yaml(draft_protocol), by=clinician, name=name)


def test_an_indication_named_like_a_page_is_refused(pack):
    pack["pack_version"] = "2030.1"
    pack["indications"][0]["id"] = "send_back"
    with pytest.raises(KnowledgeFaults) as caught:
        load_pack(pack)
    assert "indications[0].id: cannot be send_back: another page has that address" in str(caught.value)


# The command


def test_the_command_writes_what_the_page_gives(draft_protocol, tmp_path, capsys):
    call_command("export_protocol", draft_protocol.version)
    assert capsys.readouterr().out == as_yaml(draft_protocol)
    file = tmp_path / "mine.yaml"
    call_command("export_protocol", draft_protocol.version, "--out", str(file))
    assert canonical(read_pack(file)) == draft_protocol.document


def test_the_command_overwrites_nothing_and_names_what_there_is(draft_protocol, tmp_path, capsys):
    file = tmp_path / "mine.yaml"
    file.write_text("mine")
    for arguments in (["1999.1"], [draft_protocol.version, "--out", str(file)]):
        with pytest.raises(SystemExit) as ended:
            call_command("export_protocol", *arguments)
        assert ended.value.code == 2
    said = capsys.readouterr().err
    assert f"There is no protocol 1999.1. Stored: {draft_protocol.version}." in said
    assert "File exists" in said
    assert file.read_text() == "mine"
