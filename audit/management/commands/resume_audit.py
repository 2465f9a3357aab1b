"""Let the audit chain go on after a restore or a break, with a record that says what was wrong, who decided it and why."""

from django.contrib.auth import get_user_model
from django.core.management import BaseCommand, CommandError

from audit import read_only
from audit.chain import folder, resume


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser):
        parser.add_argument("--reason", required=True, help="why, in a few words; no patient data")
        parser.add_argument("--by", metavar="USERNAME", help="who decides it; left out, the record says 'system'")
        parser.add_argument("--source", default="", help="the backup the clinic was restored from")

    def handle(self, *, reason, by, source, **options):
        actor = None
        if by:
            actor = get_user_model().objects.filter(username=by).first()
            if actor is None:
                raise CommandError(f"Nobody here signs in as {by}.")
        if not reason.strip():
            raise CommandError("Say why: --reason 'restored after the disk failed'.")
        try:
            row = resume(reason.strip()[:300], actor=actor, source=source)
        except (folder.Unusable, OSError) as problem:
            raise CommandError(str(problem)) from problem
        if said := read_only.lift():
            raise CommandError(f"The chain goes on from row {row.pk}, and the clinic stays read-only: {said}")
        wrong = row.detail["findings"]
        told = f"{wrong} findings are in the record" if wrong else "nothing was wrong"
        self.stdout.write(f"The chain goes on from row {row.pk}; {told}.")
