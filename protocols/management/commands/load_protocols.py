"""Store packs as protocol versions. Safe to run again: the same content changes nothing."""

import sys
from pathlib import Path

from django.core.management.base import BaseCommand

from planner.errors import KnowledgeFaults
from protocols.documents import packaged_paths, read_pack
from protocols.services import ProtocolRefused, load_pack


class Command(BaseCommand):
    help = "Store protocol packs (default: those that come with the project). A broken pack is refused whole; exit 2."

    def add_arguments(self, parser):
        parser.add_argument("files", nargs="*", type=Path, metavar="FILE")

    def handle(self, *args, files, **options):
        failed = False
        for path in files or packaged_paths():
            try:
                version, is_new = load_pack(read_pack(path))
            except KnowledgeFaults as error:
                failed = True
                count = len(error.faults)
                self.stderr.write(f"{path}: refused, {count} fault{'s' if count != 1 else ''}")
                for fault in error.faults:
                    self.stderr.write(f"  {fault.path or 'the pack'}: {fault.message}")
            except (ProtocolRefused, OSError) as error:
                failed = True
                self.stderr.write(f"{path}: {error}")
            else:
                state = "stored as a draft" if is_new else f"already there, {version.get_status_display().lower()}"
                self.stdout.write(f"Protocol {version.version} ({version.sha256[:12]}): {state}")
        if failed:
            sys.exit(2)
