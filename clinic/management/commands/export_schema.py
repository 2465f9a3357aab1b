"""The documented form of an exported record."""

from django.core.management import BaseCommand

from clinic.rights import schema


class Command(BaseCommand):
    help = "Print the JSON Schema of an exported patient record; docs/patient-record.schema.json is this."

    def handle(self, **options):
        self.stdout.write(schema.as_text(), ending="")
