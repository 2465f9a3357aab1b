"""`manage.py propose FILE`: cases in, proposals out, as JSON. No database unless `--version` names a stored version."""

import argparse
import datetime as dt
import gc
import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import connections

from planner.errors import CaseFaults, KnowledgeFaults, PlannerError, PolicyFaults
from planner.knowledge import Knowledge
from planner.propose import propose
from protocols.case_files import read_cases

LONG_LIST = 200  # cases; below it a second process costs more than it saves


class Command(BaseCommand):
    help = (
        "Propose a plan for each case in FILE (JSON or YAML; - reads standard input). Exit 2 names every fault of the file with its path."
    )
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """`--version` here names a protocol version, not Django's."""
        return super().create_parser(prog_name, subcommand, conflict_handler="resolve", **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="one case, a list of cases, or a library file with case and expect; - for standard input")
        parser.add_argument("--version", dest="protocol", help="a stored protocol version instead of the packaged one")
        parser.add_argument("--on", type=_day, help="judge as on this day (ISO date) instead of the visit date")
        parser.add_argument("--policy", action="append", default=[], metavar="SETTING=OPTION", help="a setting of the clinic")

    def handle(self, *args: Any, file: str, protocol: str | None, on: dt.date | None, policy: list[str], **options: Any) -> None:
        try:
            cases = read_cases(_text(file))
            knowledge, stamp = _stored(protocol) if protocol else (_packaged(), None)
            policies = dict(_pair(item) for item in policy)
            layout = {"separators": (",", ":")} if cases.is_list else {"indent": 2}
            gc.freeze()  # the protocol stays for good: not looked at again while the cases come and go

            def answer(case: Any) -> str:
                proposal = propose(case, knowledge, on=on, policies=policies, protocol=stamp)
                return json.dumps(proposal.as_mapping(), ensure_ascii=False, **layout)

            proposals = _in_order(answer, cases.cases)
        except (CaseFaults, KnowledgeFaults, PolicyFaults) as error:
            self._refuse([str(fault) for fault in error.faults])
        except PlannerError as error:
            self._refuse([str(error)])
        if cases.is_list:
            self.stdout.write("[\n" + ",\n".join(proposals) + "\n]" if proposals else "[]")
        else:
            self.stdout.write(proposals[0])

    def _refuse(self, faults: list[str]) -> None:
        for fault in faults:
            self.stderr.write(fault, self.style.ERROR)
        sys.exit(2)


def _in_order(answer: Callable[[Any], str], cases: Sequence[Any]) -> list[str]:
    """
    The answers in the order of the cases. A long list is halved between this process and a copy of it, where the system
    can copy one; what the copy cannot answer is answered here, so that its faults are told in the usual way.
    """
    if len(cases) < LONG_LIST or sys.platform != "linux":
        return [answer(case) for case in cases]
    connections.close_all()  # a connection must not be shared with the copy
    half = len(cases) // 2
    with tempfile.TemporaryFile() as out:
        copy = os.fork()
        if copy == 0:
            status = 1
            try:
                out.write("\n".join(answer(case) for case in cases[half:]).encode())
                out.flush()
                status = 0
            finally:
                os._exit(status)  # never back into the caller, whatever happened
        try:
            first = [answer(case) for case in cases[:half]]
        finally:
            _, ended = os.waitpid(copy, 0)
        if ended:
            return first + [answer(case) for case in cases[half:]]
        out.seek(0)
        return first + out.read().decode().split("\n")  # compact JSON has no line ends of its own


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text} is not a date like 2026-03-02") from error


def _pair(text: str) -> tuple[str, str]:
    name, equals, option = text.partition("=")
    if not equals:
        raise PlannerError(f"--policy {text}: write SETTING=OPTION")
    return name, option


def _text(file: str) -> str:
    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PlannerError(f"{file}: is not UTF-8 text") from error
    except OSError as error:
        raise PlannerError(f"{file}: {error.strerror or error}") from error


def _packaged() -> Knowledge:
    from protocols.knowledge import packaged

    try:
        return packaged()
    except FileNotFoundError as error:
        raise PlannerError(str(error)) from error


def _stored(name: str) -> tuple[Knowledge, dict[str, str]]:
    """A version from the database, with its own status and hash."""
    from django.db import DatabaseError

    from protocols.knowledge import DocumentChanged, knowledge_of
    from protocols.models import ProtocolVersion

    try:
        version = ProtocolVersion.objects.get(version=name)
        return knowledge_of(version), {"version": version.version, "status": version.status, "sha256": version.sha256}
    except ProtocolVersion.DoesNotExist as error:
        raise PlannerError(f"--version {name}: there is no such protocol version in the database") from error
    except DocumentChanged as error:
        raise PlannerError(str(error)) from error
    except DatabaseError as error:
        raise PlannerError(f"--version {name}: the database cannot be read ({error})") from error
