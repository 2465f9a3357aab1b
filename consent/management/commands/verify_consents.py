"""manage.py verify_consents: recompute the hash of every signed consent and approved text. Exit 1 where one does not hold."""

from django.core.management.base import BaseCommand, CommandError

from consent.services.verifying import changed_texts, verify


class Command(BaseCommand):
    help = "Check that every consent and every approved text still says what was signed, and name the first that does not."

    def handle(self, *args, **options):
        checked, faults = verify()
        found = [*map(str, faults), *(f"Consent text {text.pk}: its words are not the ones that were approved" for text in changed_texts())]
        if found:
            more = f" ({len(found)} faults in all)" if len(found) > 1 else ""
            raise CommandError(f"{found[0]}{more}")
        self.stdout.write(f"{checked} consents checked, all as signed.")
