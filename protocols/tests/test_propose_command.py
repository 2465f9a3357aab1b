"""`manage.py propose`: cases in, proposals out; exit 2 names every fault. No database unless a version is named."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from protocols.case_files import read_cases
from protocols.models import ProtocolVersion
from protocols.services import load_pack

CASE = {
    "visit_date": "2026-03-02",
    "patient": {"age": 29, "sex": "F", "phototype": "III"},
    "pregnancy_or_breastfeeding": "none",
    "screening_default": False,
    "requests": [{"indication": "acne_scars", "level": "grade_3", "zones": ["cheeks"], "morphology": "rolling"}],
    "devices": ["pen"],
}


def run(text: str, *options: str, tmp_path: Path) -> tuple[int, str, str]:
    path = tmp_path / "case.txt"
    path.write_text(text, encoding="utf-8")
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("propose", str(path), *options, stdout=out, stderr=err)
    except SystemExit as stop:
        return int(stop.code or 0), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


def test_one_case_gives_one_proposal(tmp_path):
    status, out, err = run(json.dumps(CASE), tmp_path=tmp_path)
    assert (status, err) == (0, "")
    said = json.loads(out)
    assert said["status"] == "plan"
    assert said["approved"] is False
    assert said["protocol"]["status"] == "draft"


def test_a_list_gives_a_list_in_order(tmp_path):
    young = {**CASE, "patient": {"age": 12, "sex": "F", "phototype": "III"}}
    status, out, _ = run(json.dumps([CASE, young, {"case": CASE, "expect": {"status": ["plan"]}}]), tmp_path=tmp_path)
    assert status == 0
    assert [said["status"] for said in json.loads(out)] == ["plan", "refuse", "plan"]


def test_an_empty_list_gives_an_empty_list(tmp_path):
    assert json.loads(run("[]", tmp_path=tmp_path)[1]) == []


def test_yaml_and_json_say_the_same(tmp_path):
    text = """
visit_date: 2026-03-02
patient: {age: 29, sex: F, phototype: III}
pregnancy_or_breastfeeding: none
screening_default: false
requests: [{indication: acne_scars, level: grade_3, zones: [cheeks], morphology: rolling}]
devices: [pen]
"""
    assert run(text, tmp_path=tmp_path)[1] == run(json.dumps(CASE), tmp_path=tmp_path)[1]


def test_every_fault_is_named_with_its_path_and_nothing_is_proposed(tmp_path):
    broken = {**CASE, "visit_date": "2026-02-30", "patient": {"age": -1, "phototype": "IX"}, "surprise": 1}
    status, out, err = run(json.dumps([CASE, broken]), tmp_path=tmp_path)
    assert (status, out) == (2, "")
    for path in ("[1].visit_date:", "[1].patient.age:", "[1].patient.phototype:", "[1].surprise:"):
        assert path in err
    assert "[0]" not in err


def test_a_fault_in_a_library_file_names_the_case(tmp_path):
    status, _, err = run(json.dumps({"case": {**CASE, "patient": {"age": "x"}}, "expect": {}, "notes": 1}), tmp_path=tmp_path)
    assert status == 2
    assert "case.patient.age:" in err
    assert "notes:" in err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("visit_date: [2026-03-02\npatient: {", "line 2"),
        ('{"visit_date": ', "JSON"),
        ("visit_date: 2026-02-30", "visit_date: must be a date"),
        ("a: 1\na: 2", "stands twice"),
        ('{"a": 1, "a": 2}', "stands twice"),
        ('{"patient": {"age": NaN}}', "NaN"),
        ("", "a case is a mapping"),
        ("just words", "a case is a mapping"),
        ("[" * 100_000, "nested too deeply"),
        ("? [1, 2]\n: 3", ""),
        ("!!python/object/apply:os.system ['true']", "YAML"),
        ('{"patient": {"age": ' + "9" * 5000 + "}}", "digits"),
        ("patient: {age: 0x" + "f" * 6000 + "}", "digits"),
        ('{"allergies": ["\\ud800"]}', "surrogate"),
        ('visit_date: "2026-W10-1"', "visit_date: must be a date"),
        ("patient: {age: .inf}", "patient.age: must be a number, not inf"),
        ("requests: [{indication: acne_scars, zones: ['']}]", "requests[0].zones[0]: must not be empty"),
    ],
    ids=[
        "open bracket",
        "cut off",
        "no such day",
        "key twice",
        "key twice in JSON",
        "NaN",
        "empty",
        "words",
        "deep",
        "odd key",
        "object",
        "5000 digits",
        "long hex",
        "surrogate",
        "week",
        "inf",
        "no zone",
    ],
)
def test_malformed_text_exits_2_and_says_where(tmp_path, text, says):
    status, out, err = run(text, tmp_path=tmp_path)
    assert (status, out) == (2, "")
    assert says in err
    assert "Traceback" not in err


def test_a_file_that_is_not_there(tmp_path):
    out, err = io.StringIO(), io.StringIO()
    with pytest.raises(SystemExit) as stop:
        call_command("propose", str(tmp_path / "nowhere.yaml"), stdout=out, stderr=err)
    assert stop.value.code == 2
    assert "nowhere.yaml" in err.getvalue()


def test_a_policy_and_a_day_can_be_given(tmp_path):
    case = {**CASE, "medications": [{"name": "isotretinoin", "stopped": "2026-02-20"}]}
    text = json.dumps(case)
    assert json.loads(run(text, tmp_path=tmp_path)[1])["status"] == "defer"
    assert json.loads(run(text, "--policy", "isotretinoin_policy=consensus", tmp_path=tmp_path)[1])["status"] == "caution"
    assert json.loads(run(text, "--on", "2026-12-01", tmp_path=tmp_path)[1])["status"] == "plan"
    status, _, err = run(text, "--policy", "moon=full", tmp_path=tmp_path)
    assert status == 2
    assert "policies.moon" in err


@pytest.mark.django_db
def test_a_stored_version_stamps_its_own_name_and_status(tmp_path):
    from protocols.documents import packaged_paths, read_pack

    load_pack(read_pack(packaged_paths()[-1]))
    version = ProtocolVersion.objects.get()
    status, out, _ = run(json.dumps(CASE), "--version", version.version, tmp_path=tmp_path)
    assert status == 0
    assert json.loads(out)["protocol"] == {"version": version.version, "status": version.status, "sha256": version.sha256}
    status, _, err = run(json.dumps(CASE), "--version", "1999.1", tmp_path=tmp_path)
    assert status == 2
    assert "1999.1" in err


def test_it_works_from_standard_input_without_a_database(tmp_path):
    """A data folder without a database stays without one."""
    result = subprocess.run(
        [sys.executable, "manage.py", "propose", "-"],
        input=json.dumps([CASE]),
        capture_output=True,
        text=True,
        cwd=settings.BASE_DIR,
        env={"CLINIC_DATA": str(tmp_path), "PATH": ""},
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert json.loads(result.stdout)[0]["status"] == "plan"
    assert list(tmp_path.rglob("*.sqlite3*")) == []


def test_a_file_of_cases_is_read_once():
    found = read_cases(json.dumps([CASE] * 3))
    assert (len(found.cases), found.is_list) == (3, True)


def test_a_long_list_says_what_its_cases_say_alone_in_the_same_order(tmp_path):
    ages = [age for _ in range(15) for age in range(10, 27)]  # below 18 the answer is another one
    cases = [{**CASE, "patient": {"age": age, "sex": "F", "phototype": "III"}} for age in ages]
    path = tmp_path / "cases.json"
    path.write_text(json.dumps(cases), encoding="utf-8")
    command = [sys.executable, "manage.py", "propose", str(path)]
    long = json.loads(subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, text=True, check=True).stdout)
    _, out, _ = run(json.dumps(cases[:17]), tmp_path=tmp_path)
    assert long == json.loads(out) * 15
    assert len({proposal["status"] for proposal in long}) > 1


def test_a_setting_nobody_knows_is_refused_for_a_long_list_too(tmp_path):
    path = tmp_path / "cases.json"
    path.write_text(json.dumps([CASE] * 250), encoding="utf-8")
    command = [sys.executable, "manage.py", "propose", str(path), "--policy", "no_such_setting=never"]
    done = subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "no_such_setting" in done.stderr
    assert "Traceback" not in done.stderr
