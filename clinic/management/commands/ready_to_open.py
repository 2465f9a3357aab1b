"""Asked by the web server before it starts."""

import sys

from django.core.management import BaseCommand

from clinic import starting


class Command(BaseCommand):
    help = "Say in one sentence why the clinic may not open (exit status 1), or that it opens read-only; silent where all stands."
    requires_system_checks = ()

    def handle(self, **options):
        said = starting.refusal()
        if said:
            sys.exit(said)
        said = starting.look()
        if said:
            self.stderr.write(f"The clinic opens read-only. {said}")
