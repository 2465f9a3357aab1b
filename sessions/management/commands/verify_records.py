"""manage.py verify_records: recompute the hash of every signed record and correction. Exit 1 where one does not hold."""

from django.core.management.base import BaseCommand, CommandError

from sessions.services.verifying import verify


class Command(BaseCommand):
    help = "Check that every signed record still says what was signed, and name the first that does not."

    def handle(self, *args, **options):
        checked, faults = verify()
        if faults:
            more = f" ({len(faults)} faults in all)" if len(faults) > 1 else ""
            raise CommandError(f"{faults[0]}{more}")
        self.stdout.write(f"{checked} signed records checked, all as signed.")
