"""A backup onto an empty machine, with proof."""

import signal
import sys
from pathlib import Path

from django.core.management import BaseCommand, CommandError

from clinic.durability import key
from clinic.durability.problems import Problem
from clinic.durability.restore import restore


class Command(BaseCommand):
    requires_system_checks = ()  # it works where a page does not
    help = "Bring a backup back into an empty place and prove that it is whole: rows, files, guards, audit chain."

    def add_arguments(self, parser):
        parser.add_argument("file", type=lambda text: Path(text).expanduser(), help="the backup, clinic-....age")
        parser.add_argument("--key", type=Path, help="the backup key; without it the one on this machine")
        parser.add_argument("--anchor", type=Path, help="an audit anchor that was kept elsewhere, to hold the chain against")
        parser.add_argument("--replace-what-is-here", action="store_true", help="give up the clinic that is in this place now")

    def handle(self, *, file, **options):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was begun is taken away
        try:
            identities = key.read_identities(options["key"]) if options["key"] else key.own_identities()
            if not identities:
                raise Problem(f"There is no backup key at {key.key_path()}. Name yours: --key FILE")
            done = restore(
                file,
                identities,
                replace=options["replace_what_is_here"],
                anchor=options["anchor"],
                tell=self.stdout.write,
            )
        except Problem as problem:
            raise CommandError(f"{problem} Nothing was brought back.") from problem
        for proof in done.proofs:
            self.stdout.write(f"  {proof}")
        for note in done.notes:
            self.stdout.write(note)
        self.stdout.write(f"Restored in {done.seconds:.1f} s.")
        if done.problems:
            raise CommandError("The clinic is back, and this is not as it should be: " + "; ".join(done.problems))
