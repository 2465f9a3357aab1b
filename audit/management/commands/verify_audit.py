"""Check the audit log against its chain. Exit status 0: whole; 1: something is wrong, named on the first line; 2: it cannot be checked."""

import sys
from pathlib import Path

from django.core.management import BaseCommand

from audit.chain import anchors, folder
from audit.chain.findings import Report
from audit.chain.verifying import verify

SAID_EVERY = 100_000  # rows


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser):
        parser.add_argument("--since-anchor", action="store_true", help="only what was sealed since this machine's last anchor")
        parser.add_argument("--anchor", type=Path, metavar="FILE", help="also hold the log against a copy of an anchor kept elsewhere")

    def handle(self, *, since_anchor, anchor, verbosity, **options):
        try:
            since = anchors.last_anchor() if since_anchor else None
            if since_anchor and since is None:
                self.stdout.write("There is no anchor yet: all of the log is checked.")
            against = anchors.read(anchor) if anchor else None
            report = verify(since=since, against=against, progress=self._progress if verbosity > 1 else None)
        except (folder.Unusable, anchors.NoAnchor) as problem:
            self.stderr.write(f"Cannot be checked. {problem}")
            sys.exit(2)
        self._tell(report, since, against)
        sys.exit(1 if report.count else 0)

    def _tell(self, report: Report, since, against) -> None:
        for finding in report.findings:
            self.stdout.write(finding.words)
        if report.count > len(report.findings):
            self.stdout.write(f"... and {report.count - len(report.findings)} more.")
        for finding in report.known:
            self.stdout.write(f"Told in a resume record: {finding.words}")
        for note in report.notes:
            self.stdout.write(note)
        if report.waiting:
            self.stdout.write(
                f"{report.waiting} rows wait to be sealed: is the sealer running?" if report.waiting > 1 else "1 row waits to be sealed."
            )
        begun = f" since anchor {since.number} of {since.made_at:%Y-%m-%d}" if since else ""
        rate = f", {report.checked / report.seconds * 60:,.0f} a minute" if report.seconds > 1 else ""
        verdict = f"{report.count} wrong" if report.count else "whole"
        held = f" It holds what anchor {against.number} of {against.made_at:%Y-%m-%d} says." if against and not report.count else ""
        self.stdout.write(f"{report.checked:,} sealed rows checked{begun} in {report.seconds:.1f} s{rate}: {verdict}.{held}")

    def _progress(self, checked: int) -> None:
        if checked % SAID_EVERY < 1000:
            self.stderr.write(f"{checked:,} rows ...")
