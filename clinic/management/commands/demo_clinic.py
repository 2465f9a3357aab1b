"""Fill an empty database with the demo clinic."""

import datetime as dt
import time
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from clinic.demo.build import NotEmpty, build
from clinic.demo.sign_ins import as_text


class Command(BaseCommand):
    help = "Fill an empty database with an invented clinic: four weeks back and four ahead. The same seed and date make the same clinic."

    def add_arguments(self, parser):
        parser.add_argument("--seed", type=int, default=1, help="another number makes another diary of the same people (default 1)")
        parser.add_argument("--date", type=dt.date.fromisoformat, metavar="YYYY-MM-DD", help="the day the clinic lives in (default today)")

        parser.add_argument("--no-sign-ins", dest="sign_ins", action="store_false", help="leave out the list of sign-ins at the end")

    def handle(self, *, seed, date, sign_ins, **options):
        began = time.monotonic()
        self.stdout.write("Making the demo clinic ...")
        today = date or timezone.localdate(timezone=ZoneInfo(settings.CLINIC_TIME_ZONE))
        try:
            made = build(seed=seed, today=today, progress=self.stdout.write)
        except NotEmpty:
            raise CommandError("This database holds a clinic already. The demo needs an empty one: name another CLINIC_DATA.") from None
        self.stdout.write(f"{made.patients} invented patients, {made.staff} members of staff, in {time.monotonic() - began:.0f} s.")
        if sign_ins:
            self.stdout.write(as_text())
