"""The key that reads the backups: made once, shown to be kept."""

from django.core.management import BaseCommand, CommandError

from clinic.durability import key
from clinic.durability.problems import Problem


class Command(BaseCommand):
    requires_system_checks = ()  # it works where a page does not
    help = "Make the backup key where there is none, and say where it lies; --show prints it to be kept in a safe."

    def add_arguments(self, parser):
        parser.add_argument("--show", action="store_true", help="print the secret key itself")

    def handle(self, *, show, **options):
        try:
            made = key.make_key()
            recipients = key.recipients()
        except Problem as problem:
            raise CommandError(str(problem)) from problem
        path = key.key_path()
        if path.exists():
            self.stdout.write(
                f"{'Made' if made else 'The backup key lies at'} {path}. Keep a copy in a safe: without it no backup can be read."
            )
        self.stdout.write("Backups are encrypted to: " + ", ".join(str(one) for one in recipients))
        if show and path.exists():
            self.stdout.write(path.read_text().rstrip())
