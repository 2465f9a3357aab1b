"""Make an anchor of the audit log now and print where it lies. The sealer makes one each day by itself."""

from django.core.management import BaseCommand, CommandError

from audit.chain import anchors, folder
from audit.chain.sealing import Sealer


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser):
        parser.add_argument("--print", action="store_true", dest="to_screen", help="print the text as well, to be kept elsewhere")

    def handle(self, *, to_screen, **options):
        try:
            Sealer().all()
            with folder.alone():
                made = anchors.make(folder.make_key())
        except (folder.Unusable, OSError) as problem:
            raise CommandError(str(problem)) from problem
        if made is None:
            raise CommandError("No audit row has been sealed yet: there is nothing to anchor.")
        self.stdout.write(made.path.read_text() if to_screen else str(made.path))
