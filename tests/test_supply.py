"""Wheels with hashes only, a whole bill of materials, and an advisory check that fails where it could not look something up."""

import datetime as dt
import json
import re
import sys

import pytest

from scripts import environment, supply

TODAY = dt.date(2026, 11, 22)
HOLE = {"id": "PYSEC-2026-1", "aliases": ["CVE-2026-1"], "fix_versions": ["2.0"]}


def _report(**vulns) -> dict:
    """What pip-audit says of every pinned package, and of those named something else."""
    found = []
    for name, version in supply.pins(*supply.LOCKS).items():
        said = vulns.get(name.replace("-", "_"), [])
        found.append({"name": name, "version": version, "vulns": said} if isinstance(said, list) else {"name": name, **said})
    return {"dependencies": found, "fixes": []}


@pytest.fixture
def auditor(tmp_path, monkeypatch):
    """A program in pip-audit's place that says what a test gives it, and ends as it would."""

    def stand_in(report: str | None, status: int = 0):
        lines = ["#!" + sys.executable, "import sys, pathlib"]
        if report is not None:
            lines.append(f"pathlib.Path(sys.argv[sys.argv.index('-o') + 1]).write_text({report!r})")
        lines += ["listed = pathlib.Path(sys.argv[sys.argv.index('-r') + 1]).read_text().split()"]
        lines += [f"pathlib.Path({str(tmp_path / 'asked')!r}).write_text(' '.join(listed))"]
        lines.append(f"print('no route to the index', file=sys.stderr); sys.exit({status})")
        program = tmp_path / "pip-audit"
        program.write_text("\n".join(lines))
        program.chmod(0o755)
        monkeypatch.setattr(supply, "BIN", tmp_path)
        return tmp_path / "asked"

    return stand_in


def test_every_pin_of_every_platform_is_looked_up(auditor, capsys):
    asked = auditor(json.dumps(_report()))
    assert supply.advisories() == 0
    pinned = {f"{name}=={version}" for name, version in supply.pins(*supply.LOCKS).items()}
    assert set(asked.read_text().split()) == pinned
    assert f"{len(pinned)} packages looked up; no known advisory." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("report", "status", "words"),
    [
        (None, 1, "could not be read"),
        ("", 0, "could not be read"),
        ("{}", 0, "could not be looked up"),
        (json.dumps({"dependencies": []}), 0, "could not be looked up"),
        (json.dumps(_report(django={"skip_reason": "Dependency not found and could not be audited"})), 0, "django 5.2"),
        (json.dumps(_report(django={"version": "1.0", "vulns": []})), 0, "django 5.2"),
        (json.dumps(_report(django=[HOLE])), 1, "CVE-2026-1, PYSEC-2026-1; mended in 2.0"),
    ],
    ids=["nothing said", "an empty file", "no packages", "an empty list", "one skipped", "another version", "a hole"],
)
def test_it_fails_where_it_could_not_look_or_found_something(auditor, capsys, report, status, words):
    auditor(report, status)
    assert supply.advisories() == 1
    assert words in capsys.readouterr().err


def test_a_package_pinned_to_two_versions_is_looked_up_in_both(monkeypatch, tmp_path, capsys):
    """One for each Python, as a lock for all of them may have it: the hole of either is found, and either alone is missed."""
    (tmp_path / "lock.txt").write_text("numbers==1.0 ; python_version < '3.12'\nnumbers==2.0 ; python_version >= '3.12'\nwords==3.0\n")
    monkeypatch.setattr(supply, "ROOT", tmp_path)
    monkeypatch.setattr(supply, "LOCKS", ("lock.txt",))
    asked, odd = [], {}

    def report(wanted):
        asked.append(wanted)
        vulns = {name: [HOLE] if version == odd["bad"] else [] for name, version in wanted.items()}
        known = [{"name": name, "version": wanted[name], "vulns": vulns[name]} for name in wanted if wanted[name] != odd["unknown"]]
        return {"dependencies": known}

    monkeypatch.setattr(supply, "_asked", report)
    for odd["bad"], odd["unknown"], code, words in (
        ("", "", 0, "3 packages looked up"),
        ("1.0", "", 1, "numbers 1.0: CVE-2026-1"),
        ("2.0", "", 1, "numbers 2.0: CVE-2026-1"),
        ("", "1.0", 1, "1 of 3 packages could not be looked up"),
        ("", "2.0", 1, "1 of 3 packages could not be looked up"),
    ):
        asked.clear()
        assert supply.advisories() == code
        assert words in "".join(capsys.readouterr())
        assert asked == [{"numbers": "1.0", "words": "3.0"}, {"numbers": "2.0"}]


def test_without_the_program_or_a_pin_it_fails(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(supply, "BIN", tmp_path)
    assert supply.advisories() == 1
    assert "pip-audit cannot be run" in capsys.readouterr().err
    monkeypatch.setattr(supply, "LOCKS", ())
    assert supply.advisories() == 1
    assert "No package is pinned" in capsys.readouterr().err


def test_an_advisory_is_accepted_until_its_day(monkeypatch):
    monkeypatch.setattr(supply, "ACCEPTED", {"CVE-2026-1": ("not used here", TODAY)})
    report = {"dependencies": [{"name": "x", "version": "1", "vulns": [HOLE]}]}
    assert supply.holes(report, TODAY) == []
    assert len(supply.holes(report, TODAY + dt.timedelta(days=1))) == 1


@pytest.mark.parametrize("name", supply.LOCKS)
def test_every_line_of_a_lock_is_one_version_with_hashes(name):
    text = (supply.ROOT / name).read_text()
    entries = re.split(r"\n(?=\S)", text.strip())
    assert len(entries) > (1 if "heic" in name else 40)
    assert [one.splitlines()[0] for one in entries if not re.match(r"[\w.\[\],-]+==\S+", one) or "--hash=sha256:" not in one] == []


def test_installing_takes_hashed_wheels_only(monkeypatch, tmp_path):
    ran = []

    class Done:
        returncode = 0

    monkeypatch.setattr(environment, "VENV", tmp_path)
    monkeypatch.setattr(environment, "_make_venv", lambda: (tmp_path / "pyvenv.cfg").write_text("x"))
    monkeypatch.setattr(environment.subprocess, "run", lambda command, **more: ran.append(command) or Done)
    environment.install(quiet=True)
    [command] = ran
    assert "--require-hashes" in command
    assert command[command.index("--only-binary") + 1] == ":all:"


def test_the_bill_of_materials_holds_every_pin_with_its_hashes(monkeypatch, tmp_path):
    monkeypatch.setattr(supply, "BILL", supply.ROOT / "test-output" / f"sbom-{tmp_path.name}.json")
    try:
        assert supply.sbom() == 0
        bill = json.loads(supply.BILL.read_text())
    finally:
        supply.BILL.unlink(missing_ok=True)
    assert bill["bomFormat"] == "CycloneDX"
    listed = {supply.plain(one["name"]): one["version"] for one in bill["components"]}
    assert listed == supply.pins("requirements.txt")
    assert all(one.get("hashes") or one.get("externalReferences") for one in bill["components"])


def test_the_lowest_versions_are_not_above_the_pins():
    """The table in docs/supply.md is of what is used, not of what was once."""
    text, pins = (supply.ROOT / "docs" / "supply.md").read_text(), supply.pins("requirements.txt")
    told = re.findall(r"^\| ([\w.,\- ]+) \| ([\d., ]+) \|", text, re.M)
    seen = 0
    for names, versions in told:
        for name, version in zip(names.split(", "), versions.split(", "), strict=False):
            pinned = pins.get(supply.plain(name))
            if pinned:
                seen += 1
                assert _numbers(version) <= _numbers(pinned), name
    assert seen > 10


def _numbers(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version.partition("post")[0])]
