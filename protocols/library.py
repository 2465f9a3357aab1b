"""
The case library: what a clinician would say about each case, kept with the project (`protocols/cases`) and by the clinic
(`ProtocolCase`). A case that cannot be read is kept in the list with its faults, so that nobody misses it in silence.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from planner.case import Case
from planner.errors import CaseFaults, Fault
from planner.expectations import expectation_faults

from .case_files import parse_text

CASES = Path(__file__).resolve().parent / "cases"
NEEDED = ("name", "why", "must_hold", "case", "expect")
KEYS = (*NEEDED, "exact")


@dataclass(frozen=True)
class LibraryCase:
    """
    One case with what it expects. `case`: the mapping as written; `parsed`: None where it has `faults`;
    `exact`: what the protocol that comes with the project says today; another protocol may differ and the bench shows it;
    `pk`: of the clinic's own row; `where`: the file of one that comes with the project.
    """

    name: str
    why: str
    must_hold: bool
    case: Mapping[str, Any]
    expect: Mapping[str, Any]
    parsed: Case | None
    faults: tuple[str, ...] = ()
    exact: Mapping[str, Any] = field(default_factory=dict)
    pk: int | None = None
    where: str = ""

    @property
    def key(self) -> str:
        """What the bench's address and page name it by."""
        return f"clinic-{self.pk}" if self.pk else f"project-{hashlib.sha256(self.name.encode()).hexdigest()[:10]}"

    @property
    def policies(self) -> Mapping[str, str]:
        """The clinic's settings under which the expectation holds; where none are named, the protocol's defaults."""
        named = self.expect.get("policies", {})
        return named if isinstance(named, Mapping) else {}


def library_case(
    name: str,
    case: Any,
    expect: Any,
    *,
    must_hold: bool,
    why: str = "",
    exact: Any = None,
    pk: int | None = None,
    where: str = "",
) -> LibraryCase:
    """The case with every fault of its halves in words."""
    exact = {} if exact is None else exact
    faults: list[str] = [*expectation_faults(expect), *(f"exact {fault}" for fault in expectation_faults(exact))]
    parsed = None
    try:
        parsed = Case.parse(case)
    except CaseFaults as error:
        faults = [f"case.{fault.path}: {fault.message}" if fault.path else f"case: {fault.message}" for fault in error.faults] + faults
    whole, today = (part if isinstance(part, Mapping) else {} for part in (expect, exact))
    return LibraryCase(name, why, must_hold, case if isinstance(case, Mapping) else {}, whole, parsed, tuple(faults), today, pk, where)


def read_library(path: Path) -> list[LibraryCase]:
    """
    The cases of one file: a single entry or a list of them.

    Raises:
        CaseFaults: the file is not YAML, or an entry is not in the library's format.
    """
    content = parse_text(path.read_text(encoding="utf-8"))
    faults: list[Fault] = []
    found = []
    for index, entry in enumerate(content if isinstance(content, list) else [content]):
        place = f"{path.name}[{index}]" if isinstance(content, list) else path.name
        if not isinstance(entry, Mapping):
            faults.append(Fault(place, "must be a mapping of name, why, must_hold, case and expect"))
            continue
        faults += [Fault(f"{place}.{key}", "is not a key of the library") for key in entry if key not in KEYS]
        faults += [Fault(f"{place}.{key}", "is missing") for key in NEEDED if key not in entry]
        if not all(isinstance(entry.get(key), str) and entry[key].strip() for key in ("name", "why")):
            faults.append(Fault(place, "name and why must be text"))
        if not isinstance(entry.get("must_hold"), bool):
            faults.append(Fault(f"{place}.must_hold", "must be true or false"))
        found.append(
            library_case(
                str(entry.get("name")),
                entry.get("case"),
                entry.get("expect"),
                must_hold=entry.get("must_hold") is True,
                why=str(entry.get("why", "")),
                exact=entry.get("exact"),
                where=path.name,
            )
        )
    if faults:
        raise CaseFaults(faults)
    return found


@lru_cache(maxsize=1)
def project_cases() -> tuple[LibraryCase, ...]:
    """
    The cases that come with the project, in the order of their files; read once per process.

    Raises:
        CaseFaults: a file is broken, or a name stands twice.
    """
    found = [case for path in sorted(CASES.glob("*.yaml")) for case in read_library(path)]
    names = [case.name for case in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise CaseFaults([Fault("protocols/cases", f"the name {name} stands twice") for name in twice])
    return tuple(found)


def of_row(row: Any) -> LibraryCase:
    return library_case(row.name, row.case, row.expect, must_hold=row.must_hold, why=row.note, pk=row.pk)


def whole_library() -> list[LibraryCase]:
    """
    The project's cases, then the clinic's. A case of the clinic under the name of one of the project stands in its place,
    and one that is switched off leaves it out: the medical lead answers for that, and the bench lists it.
    """
    from .models import ProtocolCase

    rows = list(ProtocolCase.objects.all())
    own = {row.name for row in rows}
    return [case for case in project_cases() if case.name not in own] + [of_row(row) for row in rows if row.is_active]


def digest(cases: Iterable[LibraryCase]) -> str:
    """One name for exactly these cases with exactly these expectations: equal digests give an equal bench."""
    parts = [[case.key, case.name, case.why, case.must_hold, case.case, case.expect, case.exact] for case in cases]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()
