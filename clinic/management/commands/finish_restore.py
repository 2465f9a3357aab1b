"""The last step of `restore`, which calls it in a process of its own. Prints one line of JSON."""

import io
import json
from contextlib import redirect_stdout
from dataclasses import asdict
from pathlib import Path

from django.core.management import BaseCommand

from clinic.durability.finishing import finish


class Command(BaseCommand):
    help = "The last step of a restore; `manage.py restore` calls it."
    requires_system_checks = ()

    def add_arguments(self, parser):
        parser.add_argument("backup", type=Path)
        parser.add_argument("--made-at", required=True)
        parser.add_argument("--rows", type=int, required=True)
        parser.add_argument("--files", type=int, required=True)
        parser.add_argument("--anchor", type=Path)

    def handle(self, *, backup, made_at, rows, anchor, **options):
        with redirect_stdout(io.StringIO()):
            done = finish(backup, made_at=made_at, rows=rows, stored=options["files"], anchor=anchor)
        self.stdout.write(json.dumps(asdict(done)))
