"""Is the newest backup one that can be restored? Tried, in a place of its own."""

import signal
import sys
from pathlib import Path

from django.core.management import BaseCommand, CommandError

from clinic.durability.drill import drill
from clinic.durability.problems import Problem


class Command(BaseCommand):
    help = "Restore the newest backup, or FILE, into a scratch place with every proof, note the result, and take the place away again."
    requires_system_checks = ()

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path, nargs="?", help="a backup; the newest one where it is left out")

    def handle(self, *, file, **options):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was begun is taken away
        try:
            done = drill(file)
        except Problem as problem:
            raise CommandError(str(problem)) from problem
        for line in done.said:
            self.stdout.write(f"  {line}")
        if done.problem:
            raise CommandError(f"The drill with {done.file} did not pass: {done.problem}")
        self.stdout.write(f"The drill with {done.file} passed in {done.seconds:.1f} s, restored into {done.where}.")
