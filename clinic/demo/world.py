"""What every story of the demo shares: the place, its people, the calendar, and chance that falls the same way each time."""

import datetime as dt
import random
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from accounts.models import Site, User
from patients.models import Patient
from plans.models import TreatmentPlan
from sessions.models import Booking, Resource
from sessions.services.booking import book
from sessions.services.free_time import free_times
from sessions.services.hours import at_clock
from sessions.services.party import FreeTime

NOON_OF_THE_DEMO = dt.time(11, 0)  # the story of today stops here, whatever the time when the demo is made


@dataclass
class World:
    site: Site
    staff: dict[str, User]
    resources: dict[str, Resource]
    today: dt.date
    chance: random.Random

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.site.time_zone)

    @property
    def now(self) -> dt.datetime:
        return self.at(0, NOON_OF_THE_DEMO)

    @property
    def desk(self) -> User:
        return self.staff[self.chance.choice(["june", "ravi"])]

    def day(self, offset: int) -> dt.date:
        return self.today + dt.timedelta(days=offset)

    def at(self, offset: int, clock: dt.time | str) -> dt.datetime:
        """The moment at which the clinic's clock shows *clock*, *offset* days from the demo's date."""
        clock = dt.time.fromisoformat(clock) if isinstance(clock, str) else clock
        return at_clock(self.day(offset), clock, self.zone)

    def book(
        self,
        *,
        patient: Patient,
        kind: str,
        day: dt.date,
        clinician: str,
        slot: str = "",
        back: bool = False,
        plan: TreatmentPlan | None = None,
        number: int | None = None,
    ) -> Booking:
        """
        Book at the free time nearest to *slot*, or at any free time of that day. Where the clinician has none, the days after
        it are tried (*back*: the days before).
        """
        person = self.resources[clinician]
        for step in range(12):
            tried = day + dt.timedelta(days=-step if back else step)
            times = free_times(site=self.site, kind=kind, first_day=tried, patient=patient, clinician=person, plan=plan)
            if times:
                chosen = self._pick(times, tried, slot)
                return self._write(patient=patient, kind=kind, chosen=chosen, plan=plan, number=number)
        raise LookupError(f"no free time for {patient} from {day} with {person}")

    def _pick(self, times: list[FreeTime], day: dt.date, slot: str) -> FreeTime:
        if not slot:
            return self.chance.choice(times)
        wanted = at_clock(day, dt.time.fromisoformat(slot), self.zone)
        return min(times, key=lambda free: abs(free.starts_at - wanted))

    def _write(self, *, patient, kind: str, chosen: FreeTime, plan, number) -> Booking:
        return book(
            patient=patient,
            kind=kind,
            starts_at=chosen.starts_at,
            by=self.desk,
            request_key=f"demo-{self.chance.getrandbits(96):024x}",
            clinician=chosen.clinician,
            room=chosen.room,
            device=chosen.device,
            plan=plan,
            session_number=number,
        )
