"""Many invented people for the benches, written in bulk: they go through no service, because nobody will treat them."""

import datetime as dt
import itertools
import random
import uuid

from django.utils import timezone

from accounts.models import Site, User
from patients.models import Patient, SurnameSlip
from sessions.models import Booking, Resource

_STARTS = (
    "Al",
    "Bra",
    "Cor",
    "Dun",
    "El",
    "Fair",
    "Gar",
    "Hol",
    "Ing",
    "Jar",
    "Kel",
    "Lin",
    "Mar",
    "Nor",
    "Os",
    "Pem",
    "Quin",
    "Ros",
    "Sal",
    "Tor",
)
_MIDDLES = ("", "ber", "den", "fi", "gan", "la", "mer", "ri", "sha", "ven")
_ENDS = ("ton", "sen", "ley", "wick", "ard", "ova", "ski", "mann", "ell", "ford", "ini", "escu")
SURNAMES = tuple("".join(parts) for parts in itertools.product(_STARTS, _MIDDLES, _ENDS))
GIVEN = (
    "Ada",
    "Bruno",
    "Clara",
    "Daniel",
    "Elif",
    "Farid",
    "Greta",
    "Hugo",
    "Ines",
    "Jonas",
    "Kemal",
    "Lucia",
    "Mina",
    "Noor",
    "Oskar",
    "Petra",
)
BATCH = 5000
FIRST_NUMBER = 100_001  # above those of the demo clinic


def fill(count: int, *, site: Site, seed: int = 7) -> None:
    """Add *count* patients of *site*, and the slips of their surnames."""
    chance = random.Random(seed)  # noqa: S311 - names, not secrets
    first = max(FIRST_NUMBER, (Patient.objects.order_by("-number").values_list("number", flat=True).first() or 0) + 1)
    for start in range(0, count, BATCH):
        rows = []
        for number in range(first + start, first + min(start + BATCH, count)):
            patient = Patient(
                number=number,
                site=site,
                surname=chance.choice(SURNAMES),
                given=chance.choice(GIVEN),
                birth_date=dt.date(1935, 1, 1) + dt.timedelta(days=chance.randrange(25_000)),
                sex=chance.choice("FM"),
                phone=f"07700 9{chance.randrange(100_000):05d}",
                request_key=uuid.UUID(int=chance.getrandbits(128)),
                is_demo=True,
            )
            patient.fill_keys()
            rows.append(patient)
        Patient.objects.bulk_create(rows, batch_size=500)
    SurnameSlip.keep(set(Patient.objects.values_list("surname_key", flat=True).distinct()))


def fill_diary(count: int, *, site: Site, by: User, seed: int = 11) -> None:
    """Add *count* visits of the past, about sixty a day, so that the diary's indexes have something to skip."""
    chance = random.Random(seed)  # noqa: S311 - as above
    patients = list(Patient.objects.values_list("pk", flat=True)[:20_000])
    clinicians = list(Resource.objects.filter(site=site, kind=Resource.Kind.CLINICIAN))
    rooms = list(Resource.objects.filter(site=site, kind=Resource.Kind.ROOM))
    first_day = timezone.now().replace(hour=9, minute=0, second=0, microsecond=0) - dt.timedelta(days=200 + count // 60)
    for start in range(0, count, BATCH):
        rows = []
        for number in range(start, min(start + BATCH, count)):
            begins = first_day + dt.timedelta(days=number // 60, minutes=(number % 60) * 9)
            rows.append(
                Booking(
                    site=site,
                    patient_id=chance.choice(patients),
                    kind=Booking.Kind.CONSULTATION,
                    status=Booking.Status.DONE,
                    starts_at=begins,
                    ends_at=begins + dt.timedelta(minutes=30),
                    clinician=chance.choice(clinicians),
                    room=chance.choice(rooms),
                    created_by=by,
                    request_key=f"bench-{number}",
                )
            )
        Booking.objects.bulk_create(rows, batch_size=500)
