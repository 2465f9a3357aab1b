"""Takes each day's backup, tries it now and then, and finishes erasures. Its own process: it needs neither broker nor worker."""

import os
import signal
import subprocess
import sys
import threading

from django.conf import settings
from django.core.management import BaseCommand
from django.db import Error, connection
from django.utils import timezone

from audit import read_only
from audit.chain import Unusable
from clinic.durability import beside, schedule, status
from clinic.rights import finishing, journal

EVERY_SECONDS = 20
LIFT_EVERY = 30  # passes


class Command(BaseCommand):
    help = __doc__
    requires_system_checks = ()

    def handle(self, **options):
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        os.nice(10)
        self.stop, passes = stop, 0
        if stop.wait(schedule.FIRST_AFTER.total_seconds() if status.read().get("backup") is None else EVERY_SECONDS):
            return
        while not stop.is_set():
            self._pass(passes)
            passes += 1
            stop.wait(EVERY_SECONDS)

    def _pass(self, number: int) -> None:
        self._finish_erasures()
        try:
            beside.copy()
        except OSError as problem:
            self.stderr.write(f"The anchor and the journal of erasures were not copied to {settings.BACKUP_DIR}: {problem.strerror}.")
        if number % LIFT_EVERY == 0 and read_only.reason():
            try:
                read_only.lift()
            except Error:
                pass
            finally:
                connection.close()
        if schedule.backup_is_due(status.read(), timezone.now()):
            self._run("backup")
        if not self.stop.is_set() and schedule.drill_is_due(status.read(), timezone.now()):
            self._run("restore_drill")

    def _finish_erasures(self) -> None:
        """Files that a storage or a slow worker held back, and orders that the journal has not got yet."""
        try:
            finishing.finish()
        except (Error, OSError, Unusable, journal.Damaged) as problem:
            self.stderr.write(f"Erasures could not be finished: {type(problem).__name__}. They are tried again; see the health page.")
        finally:
            connection.close()

    def _run(self, command: str) -> None:
        """In a process of its own, which ends when this one is asked to stop."""
        process = subprocess.Popen([sys.executable, str(settings.BASE_DIR / "manage.py"), command], cwd=settings.BASE_DIR)  # noqa: S603
        while process.poll() is None:
            if self.stop.wait(0.5):
                process.terminate()
                process.wait()
