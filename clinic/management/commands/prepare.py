"""Everything between an empty folder and a clinic that can open; quick and harmless when all is done already."""

import hashlib
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import BaseCommand, CommandError, call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from accounts.models import User
from audit import guards
from clinic import starting
from clinic.demo import sign_ins
from clinic.durability import places


class Command(BaseCommand):
    help = "Migrate, load the protocols, collect static files; with --demo or --first-manager also fill an empty database."

    def add_arguments(self, parser):
        first = parser.add_mutually_exclusive_group()
        first.add_argument("--demo", action="store_true", help="make the demo clinic where nobody can sign in yet")
        first.add_argument("--first-manager", action="store_true", help="make a first manager where nobody can sign in yet")

    def handle(self, *, demo, first_manager, **options):
        if places.half_restored_mark().exists():
            raise CommandError(starting.refusal())
        self._migrate()
        call_command("load_protocols", stdout=self.stdout)
        if not User.objects.exists():
            if demo:
                call_command("demo_clinic", sign_ins=False, stdout=self.stdout)
            elif first_manager:
                call_command("make_manager", stdout=self.stdout)
        elif first_manager and sign_ins.is_demo():
            raise CommandError(
                f"{settings.CLINIC_DATA} holds the demo clinic. Name another folder for yours: make clinic CLINIC_DATA=/path/to/folder"
            )
        self._collect_static()
        self._leave_sign_ins()
        self._look()

    def _migrate(self) -> None:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()) or guards.missing():
            self.stdout.write("Preparing the database ...")
            call_command("migrate", verbosity=0, interactive=False)

    def _look(self) -> None:
        said = starting.refusal()
        if said:
            raise CommandError(said)
        said = starting.look()
        if said:
            self.stdout.write(f"The clinic opens read-only. {said}")

    def _collect_static(self) -> None:
        """Copy and fingerprint static files, only where one of them changed."""
        seen = hashlib.sha256()
        for finder in get_finders():
            for name, storage in finder.list(None):
                state = Path(storage.path(name)).stat()
                seen.update(f"{name}\0{state.st_size}\0{state.st_mtime_ns}\n".encode())
        stamp = settings.STATIC_ROOT / ".collected"
        if not stamp.exists() or stamp.read_text() != seen.hexdigest():
            call_command("collectstatic", verbosity=0, interactive=False)
            stamp.write_text(seen.hexdigest())

    def _leave_sign_ins(self) -> None:
        """For the supervisor's closing lines; only a demo clinic has sign-ins that may be shown."""
        path = settings.CLINIC_DATA / "run" / "sign-ins.txt"
        path.parent.mkdir(mode=0o700, exist_ok=True)
        if sign_ins.is_demo():
            path.write_text(sign_ins.as_text())
        else:
            path.unlink(missing_ok=True)
