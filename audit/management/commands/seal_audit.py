"""The sealer: seals audit rows into the chain every second, and makes the anchor of the day. Needs the database and nothing else."""

import datetime as dt
import signal
import threading

from django.core.management import BaseCommand, CommandError
from django.db import Error, connection

from audit.chain import anchors, folder
from audit.chain.sealing import BATCH, Sealer

EVERY_SECONDS = 1.0
AFTER_TROUBLE_SECONDS = 3.0


class Command(BaseCommand):
    help = __doc__
    requires_system_checks = ()

    def add_arguments(self, parser):
        parser.add_argument("--once", action="store_true", help="seal what waits and end; exit status 1 where it cannot")

    def handle(self, *, once, **options):
        self.said = ""
        if once:
            try:
                sealed = Sealer().all()
                self._anchor()
            except (folder.Unusable, OSError, Error) as problem:
                raise CommandError(str(problem)) from problem
            self.stdout.write(f"{sealed} rows sealed.")
            return
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        sealer = Sealer()
        while not stop.is_set():
            stop.wait(self._pass(sealer))
        self._pass(sealer)  # what was written while it was asked to stop

    def _pass(self, sealer: Sealer) -> float:
        """Seal once and return for how many seconds to wait. What stands in the way is said once, and looked at again."""
        try:
            sealed = sealer.once()
            if sealed < BATCH:
                self._anchor()
        except folder.Unusable as problem:
            return self._say(str(problem))
        except OSError as problem:
            return self._say(f"The audit folder {folder.place()} cannot be written: {problem.strerror or problem}. Rows wait to be sealed.")
        except Error as problem:
            connection.close()
            return self._say(f"The database does not answer the sealer ({type(problem).__name__}). Rows wait to be sealed.")
        if self.said:
            self.stderr.write("The sealer goes on.")
            self.said = ""
        return 0.0 if sealed >= BATCH else EVERY_SECONDS

    def _say(self, words: str) -> float:
        if words != self.said:
            self.stderr.write(words)
            self.said = words
        return AFTER_TROUBLE_SECONDS

    def _anchor(self) -> None:
        if anchors.is_due(dt.datetime.now(dt.UTC)):
            with folder.alone():
                secret = folder.key()
                if secret is not None:
                    anchors.make(secret)
