"""Write a stored version as YAML."""

import sys
from pathlib import Path

from django.core.management.base import BaseCommand

from protocols.exchange import as_yaml
from protocols.models import ProtocolVersion


class Command(BaseCommand):
    help = "Write a stored protocol version as YAML, to the screen or to a file that is not there yet. Exit 2 where it cannot."

    def add_arguments(self, parser):
        parser.add_argument("version", metavar="VERSION")
        parser.add_argument("--out", type=Path, metavar="FILE")

    def handle(self, *args, version, out, **options):
        stored = ProtocolVersion.objects.filter(version=version).first()
        if stored is None:
            names = ", ".join(ProtocolVersion.objects.values_list("version", flat=True)) or "none"
            self.stderr.write(f"There is no protocol {version}. Stored: {names}.")
            sys.exit(2)
        text = as_yaml(stored)
        if out is None:
            self.stdout.write(text, ending="")
            return
        try:
            with out.open("x", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            self.stderr.write(f"{out}: {error.strerror or error}. Nothing was written.")
            sys.exit(2)
        self.stdout.write(f"Protocol {stored.version} ({stored.sha256[:12]}) written to {out}")
