"""
What the clinic is made of: a bill of materials, and whether anything in it has a known hole.

An advisory check that could not look something up has found nothing, and says so by failing.
"""

import datetime as dt
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from scripts.environment import ROOT

BIN = Path(sys.executable).parent
LOCKS = ("requirements.txt", "requirements-dev.txt", "requirements-heic.txt")
BILL = ROOT / "test-output" / "sbom.cdx.json"
SECONDS = 600
# Known, looked at, and of no consequence here until the day named: {advisory: (why, last day)}. Past its day it counts again.
ACCEPTED: dict[str, tuple[str, dt.date]] = {}

_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;\\]+)", re.M)


def pins(*locks: str) -> dict[str, str]:
    """{package: version} of everything the lock files pin, for every platform."""
    return {plain(name): version for lock in locks for name, version in _PIN.findall((ROOT / lock).read_text())}


def rounds(*locks: str) -> list[dict[str, str]]:
    """The same, and where a package is pinned to another version for another Python or in another file, that one in a further round."""
    versions: dict[str, list[str]] = {}
    for lock in locks:
        for name, version in _PIN.findall((ROOT / lock).read_text()):
            known = versions.setdefault(plain(name), [])
            known += [version] if version not in known else []
    most = max(map(len, versions.values()), default=0)
    return [{name: known[at] for name, known in versions.items() if len(known) > at} for at in range(most)]


def plain(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def unlooked(wanted: dict[str, str], report: dict) -> list[str]:
    """What of *wanted* a report of pip-audit says nothing about."""
    seen = {
        plain(one["name"]): one["version"]
        for one in report.get("dependencies", [])
        if "skip_reason" not in one and isinstance(one.get("vulns"), list)
    }
    return sorted(f"{name} {version}" for name, version in wanted.items() if seen.get(name) != version)


def holes(report: dict, today: dt.date) -> list[str]:
    """Each advisory as a line: what has it, and in which version it is mended."""
    found = []
    for one in report.get("dependencies", []):
        for hole in one.get("vulns", []):
            names = {hole["id"], *hole.get("aliases", [])}
            if any(name in ACCEPTED and today <= ACCEPTED[name][1] for name in names):
                continue
            mended = ", ".join(hole.get("fix_versions", [])) or "no version yet"
            found.append(f"{one['name']} {one['version']}: {', '.join(sorted(names))}; mended in {mended}")
    return found


def _asked(wanted: dict[str, str]) -> dict | str:
    """What pip-audit reports of *wanted*; a sentence where it could not be asked."""
    with tempfile.TemporaryDirectory(prefix="clinic-supply-") as folder:
        # Without the markers of the lock, so that what only other systems install is looked up as well.
        listed, answer = Path(folder) / "all.txt", Path(folder) / "report.json"
        listed.write_text("".join(f"{name}=={version}\n" for name, version in sorted(wanted.items())))
        command = [BIN / "pip-audit", "-r", listed, "--no-deps", "--disable-pip", "--progress-spinner", "off"]
        command += ["-f", "json", "--desc", "off", "--aliases", "on", "-o", answer]
        try:
            ran = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            return f"The advisories were not read within {SECONDS} s."
        except OSError as error:
            return f"pip-audit cannot be run: {error.strerror}. Run make install."
        try:
            return json.loads(answer.read_text())
        except (FileNotFoundError, ValueError):
            said = [line for line in ran.stderr.splitlines() if "WARNING" not in line][-3:]
            return "\n    ".join(["The advisories could not be read.", *said])


def advisories() -> int:
    missing, found, looked = [], [], 0
    for wanted in rounds(*LOCKS):
        report = _asked(wanted)
        if isinstance(report, str):
            return _failed(report)
        missing += unlooked(wanted, report)
        found += holes(report, dt.datetime.now(dt.UTC).date())
        looked += len(wanted)
    if not looked:
        return _failed(f"No package is pinned in {', '.join(LOCKS)}.")
    if missing:
        _failed(f"{len(missing)} of {looked} packages could not be looked up:", *missing)
    if found:
        _failed(f"{len(found)} known advisories:", *found)
    if missing or found:
        return 1
    print(f"{looked} packages looked up; no known advisory.")
    return 0


def _failed(*lines: str) -> int:
    print("\n    ".join(lines), file=sys.stderr)
    return 1


def sbom() -> int:
    """The run set as CycloneDX, each component with version and hashes."""
    BILL.parent.mkdir(exist_ok=True)
    command = [BIN / "cyclonedx-py", "requirements", ROOT / "requirements.txt", "--pyproject", ROOT / "pyproject.toml"]
    command += ["--of", "JSON", "--output-reproducible", "-o", BILL]
    ran = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if ran.returncode:
        return _failed("The bill of materials was not made.", *ran.stderr.strip().splitlines()[-3:])
    listed = {plain(one["name"]): one.get("version") for one in json.loads(BILL.read_text()).get("components", [])}
    absent = sorted(name for name, version in pins("requirements.txt").items() if listed.get(name) != version)
    if absent:
        return _failed("The bill of materials lacks:", *absent)
    print(f"{len(listed)} components in {BILL.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit({"sbom": sbom, "advisories": advisories}[sys.argv[1]]())
