"""Everything the clinic keeps, as one archive in open formats."""

import os
from pathlib import Path

from django.core.management import BaseCommand, CommandError

from audit.services import record
from clinic.rights.exporting import of_everything


class Command(BaseCommand):
    help = "Write every patient's record, with files and checksums, and the clinic's own tables into a zip archive. It is not encrypted."

    def add_arguments(self, parser):
        parser.add_argument("--out", required=True, type=Path, help="the archive; overwrites nothing")

    def handle(self, *, out: Path, **options):
        half = out.with_name(f".{out.name}.part")
        if out.exists():
            raise CommandError(f"{out} exists already. Name another file.")
        record("clinic.exported", detail={"by": "export_all"})
        try:
            with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                for piece in of_everything(by="export_all"):
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
            half.rename(out)
        except OSError as error:
            raise CommandError(f"{out} cannot be written: {error.strerror}.") from error
        finally:
            half.unlink(missing_ok=True)
        self.stdout.write(f"{out}: {out.stat().st_size / 1e6:.1f} MB. It is not encrypted: keep it where only you can read it.")
