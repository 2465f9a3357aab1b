"""After a restore: whoever was erased since that backup is erased again."""

from pathlib import Path

from django.core.management import BaseCommand, CommandError

from clinic.rights import journal, leftovers


class Command(BaseCommand):
    help = "Erase again whoever is in this database though the erasure journal (AUDIT_DIR/erasures.log) names them. Safe to run twice."

    def add_arguments(self, parser):
        parser.add_argument("--journal", type=Path, action="append", default=[], help="a journal kept elsewhere, newer than the backup's")

    def handle(self, *, journal: list[Path], **options):
        self.report(again(*journal))

    def report(self, done) -> None:
        if done.erased:
            self.stdout.write(f"Erased again: {', '.join(f'patient {number}' for number in done.erased)}.")
        if done.noted:
            self.stdout.write(f"{done.noted} erased earlier and not in this database; their numbers are not given again.")
        if done.problems:
            raise CommandError(" ".join(done.problems))
        if not done.erased and not done.noted:
            self.stdout.write(f"Nothing to erase again; {done.known} orders known.")


def again(*more: Path):
    done = journal.reapply(*more)
    leftovers.clear()
    return done
