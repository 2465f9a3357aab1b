"""One encrypted backup of everything, while the clinic works."""

import signal
import sys

from django.core.management import BaseCommand, CommandError

from clinic.durability import key
from clinic.durability.backup import make_backup
from clinic.durability.problems import Problem


class Command(BaseCommand):
    requires_system_checks = ()  # it works where a page does not
    help = "Write one encrypted backup of the database, the files, the settings and the audit's heads into BACKUP_DIR, and read it back."

    def handle(self, **options):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was begun is taken away
        is_new = not key.key_path().exists()
        try:
            made = make_backup()
        except Problem as problem:
            raise CommandError(str(problem)) from problem
        if is_new and key.key_path().exists():
            self.stdout.write(f"A backup key was made: {key.key_path()}. Keep a copy in a safe: without it no backup can be read.")
        size = made.path.stat().st_size / 1e6
        self.stdout.write(f"{made.path}  {size:.1f} MB  {made.rows} rows  {made.files} files  {made.seconds:.1f} s")
        self.stdout.write("Read back whole." if made.verified else "Not read back: the key that reads it is not on this machine.")
        for problem in made.problems:
            self.stderr.write(f"Look at this: {problem}")
