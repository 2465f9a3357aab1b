"""`manage.py coverage_protocol [VERSION|FILE]`: which entries of a protocol the case library and other cases reach."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from planner.sampling import case_of, words_of
from protocols.coverage import SECTIONS, Coverage, coverage
from protocols.knowledge import packaged
from protocols.library import project_cases, whole_library
from protocols.sources import Named, UnknownProtocol, named


class Command(BaseCommand):
    help = (
        "Run the case library, cases made from the protocol's own rows and names, and generated ones, and say which entries "
        "were at work. Exit 1 where one that computes was not, 2 for an unknown or broken version, else 0."
    )
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("protocol", nargs="?", help="a stored version or the path of a pack; else the packaged one, without a database")
        parser.add_argument("--json", action="store_true", help="print JSON")
        parser.add_argument("--generated", type=int, default=0, metavar="N", help="run N generated cases too (default: none)")

    def handle(self, *args: Any, protocol: str | None, generated: int, **options: Any) -> None:
        try:
            found = named(protocol) if protocol else Named(packaged())
        except UnknownProtocol as error:
            self.stderr.write(str(error), self.style.ERROR)
            sys.exit(2)
        library = project_cases() if found.stored is None else whole_library()
        words = words_of(found.knowledge)
        report = coverage(found.knowledge, library, generated=(case_of(seed, words) for seed in range(generated)))
        if options["json"]:
            self.stdout.write(json.dumps(report.as_mapping(), ensure_ascii=False, indent=2))
        else:
            self._print(report)
        if not report.is_whole:
            sys.exit(1)

    def _print(self, report: Coverage) -> None:
        cases = ", ".join(f"{count} {name}" for name, count in report.cases.items() if count)
        self.stdout.write(f"Protocol {report.version}. Cases: {cases}.\n")
        for name, reached, every in report.by_section():
            self.stdout.write(f"  {name:<22} {reached:>5} of {every:>5} reached")
        self.stdout.write("\nWithout effect on a proposal:")
        for name in report.sections:
            if name in SECTIONS:
                self.stdout.write(f"  {name}: {SECTIONS[name]}")
        for path, reason in report.declared.items():
            self.stdout.write(f"  {path}: {reason}")
        for title, paths in (
            ("Not reached by any case:", [f"{path} ({report.entries[path]})" for path in report.missing]),
            ("Said to be without effect, and reached:", report.wrongly_declared),
            ("Sections nobody accounts for:", report.unaccounted),
        ):
            if paths:
                self.stdout.write(f"\n{title}", self.style.ERROR)
                for path in paths:
                    self.stdout.write(f"  {path}")
        total = len(report.entries) - len(report.declared)
        self.stdout.write(f"\n{total - len(report.missing)} of {total} entries that compute were at work.")
