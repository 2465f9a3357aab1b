import pytest
import yaml
from django.core.management import call_command

from protocols.models import ProtocolVersion

pytestmark = pytest.mark.django_db


def test_the_packs_of_the_project_are_stored_and_a_second_run_changes_nothing(capsys):
    call_command("load_protocols")
    assert "stored as a draft" in capsys.readouterr().out
    before = list(ProtocolVersion.objects.values())
    call_command("load_protocols")
    assert "already there, draft" in capsys.readouterr().out
    assert list(ProtocolVersion.objects.values()) == before


def test_a_broken_file_is_refused_with_every_path_and_exit_2(tmp_path, pack, capsys):
    pack["zones"][0]["max_depth_mm"] = "deep"
    pack["indications"][0]["levels"][0]["sessions"]["min"] = 99
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump(pack))
    with pytest.raises(SystemExit) as ended:
        call_command("load_protocols", str(file))
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert "zones[0].max_depth_mm" in said
    assert "indications[0].levels[0].sessions" in said
    assert not ProtocolVersion.objects.exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [1", "line"),
        ("zones: 1\nzones: 2\n", "the key zones stands twice"),
        ("- a list\n", "a mapping of names to values"),
        ("x: !!python/object:os.system {}\n", "line 1"),
        ("", "a mapping of names to values"),
    ],
)
def test_a_file_that_is_no_pack_is_refused_with_words(tmp_path, capsys, text, words):
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    with pytest.raises(SystemExit) as ended:
        call_command("load_protocols", str(file))
    assert ended.value.code == 2
    assert words in capsys.readouterr().err


def test_a_file_that_is_not_text_or_not_there_is_said(tmp_path, capsys):
    binary = tmp_path / "photo.yaml"
    binary.write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(SystemExit):
        call_command("load_protocols", str(binary), str(tmp_path / "nowhere.yaml"))
    said = capsys.readouterr().err
    assert "not UTF-8" in said or "special characters" in said
    assert "No such file" in said
