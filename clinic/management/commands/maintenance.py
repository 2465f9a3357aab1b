"""Close the clinic's pages for a while, with a calm page, and open them again."""

from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "`on` shows a calm page instead of every page, `off` ends that. Work already begun is finished; the processes keep running."

    def add_arguments(self, parser):
        parser.add_argument("state", choices=["on", "off"])
        parser.add_argument("--why", default="", help='one sentence for the page, for example "We are back at 14:30."')

    def handle(self, *, state, why, **options):
        notice = Path(settings.MAINTENANCE_NOTICE)
        if state == "off":
            notice.unlink(missing_ok=True)
            self.stdout.write("The pages are open.")
            return
        notice.write_text(why.strip()[:300])
        self.stdout.write("Every page now says that the system cannot be used just now. Open them with: manage.py maintenance off")
