"""`manage.py bench_protocol DRAFT`: every case of the library whose proposal a version changes, and how."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from protocols.library import project_cases, whole_library
from protocols.regression import Bench, Row, against_of, bench
from protocols.sources import Named, UnknownProtocol, named, packaged_before


class Command(BaseCommand):
    help = (
        "Run the case library under DRAFT and under what it is compared with, and print every case whose proposal changes. "
        "Exit 1 while a case that must hold fails, 2 for an unknown or broken version, else 0."
    )
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("draft", help="a stored version, or the path of a pack (.yaml, .json): then no database is asked")
        parser.add_argument("--against", help="a stored version or a pack; else the approved version, or the one DRAFT was made from")
        parser.add_argument("--json", action="store_true", help="print JSON")
        parser.add_argument("--all", action="store_true", help="print the cases that stay the same too")

    def handle(self, *args: Any, draft: str, against: str | None, **options: Any) -> None:
        try:
            new = named(draft)
            old = named(against).knowledge if against else _compared_with(new)
        except UnknownProtocol as error:
            self.stderr.write(str(error), self.style.ERROR)
            sys.exit(2)
        found = bench(new.knowledge, old, project_cases() if new.stored is None else whole_library())
        if options["json"]:
            self.stdout.write(json.dumps(found.as_mapping(only_changed=not options["all"]), ensure_ascii=False, indent=2))
        else:
            self._print(found, everything=options["all"])
        if found.blocking:
            sys.exit(1)

    def _print(self, found: Bench, *, everything: bool) -> None:
        for row in found.rows:
            if everything or row.is_changed or row.is_failing:
                self.stdout.write("\n".join(_lines(row)) + "\n\n", ending="")
        compared = f"against {found.against}" if found.against else "compared with nothing"
        counts = f"{len(found.rows)} cases, {len(found.changed)} changed, {len(found.failing)} failing"
        self.stdout.write(f"Protocol {found.version} {compared}: {counts}.")
        for row in found.blocking:
            self.stdout.write(f"Blocked: “{row.case.name}” must hold and does not.", self.style.ERROR)


def _compared_with(new: Named) -> Any:
    if new.stored is None:
        return packaged_before(new.knowledge)
    other = against_of(new.stored)
    return named(other.version).knowledge if other is not None else None


def _lines(row: Row) -> list[str]:
    marks = [mark for mark, holds in (("must hold", row.case.must_hold), ("clinic's own", row.case.pk is not None)) if holds]
    lines = [f"{row.case.name} ({', '.join(marks)})" if marks else row.case.name]
    if not row.is_changed:
        lines.append(f"  the same: {row.status_after}" if row.status_before else f"  status: {row.status_after or 'not run'}")
    lines += [f"  {difference}" for difference in row.comparison.values]
    if row.comparison.in_words_only:
        lines += [f"  wording or source of {difference}" for difference in row.comparison.leaves]
    return lines + [f"  {'DOES NOT HOLD' if row.case.must_hold else 'expected otherwise'}: {fault}" for fault in row.faults]
