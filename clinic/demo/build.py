"""Makes the demo clinic: the house first, then all stories side by side in the order of time."""

import datetime as dt
import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.utils import timezone

from accounts.models import Site, User
from patients.models import Patient
from protocols.knowledge import knowledge_of

from . import calls, clock, consenting, passwords, staff
from .answering import answer_in_the_waiting_room
from .equipment import enter_papers
from .follow_up import follow_up
from .people import PEOPLE
from .pricing import enter_prices, give_quotes
from .protocol_story import open_with_the_oldest, protocol_story
from .second_site import open_second_site
from .stock import fill_the_cupboard, recall_one
from .stories import story_of
from .world import World

WEEKS_BEFORE = 18  # the clinic was there before its first patient


class NotEmpty(Exception):
    """The database holds a clinic already."""


@dataclass(frozen=True)
class Made:
    patients: int
    staff: int


def build(*, seed: int, today: dt.date, progress: Callable[[str], None] = lambda words: None) -> Made:
    """
    Make the demo clinic as it stands late in the morning of *today*. The same seed and date give the same clinic.

    Raises:
        NotEmpty: there is a site, a person of staff or a patient already.
    """
    if Site.objects.exists() or User.objects.exists() or Patient.objects.exists():
        raise NotEmpty
    ContentType.objects.clear_cache()
    opening = dt.datetime.combine(today - dt.timedelta(weeks=WEEKS_BEFORE), dt.time(8), tzinfo=dt.UTC)
    # All or nothing: a demo that failed half way would be neither empty nor a clinic.
    with transaction.atomic():
        with passwords.hashed_lightly():
            with clock.shown(opening, ZoneInfo(settings.CLINIC_TIME_ZONE)):
                world = _house(seed, today)
            progress(f"{len(PEOPLE)} people and what happens to them ...")
            _live(world)
            with clock.shown(world.now, world.zone):
                open_second_site(world.site, world.staff)
                consenting.afterwards(world)
                follow_up(world)
                recall_one(world)
                give_quotes(world)
                answer_in_the_waiting_room(world)
            calls.ring_round(world)
        passwords.hash_for_good()
    return Made(patients=Patient.objects.count(), staff=User.objects.count())


def _house(seed: int, today: dt.date) -> World:
    site = staff.open_clinic()
    people = staff.hire(site)
    version = open_with_the_oldest(by=people["iris"], at=timezone.now())
    consenting.write_texts(people)
    staff.certify(people, knowledge_of(version), today=today)
    resources = staff.equip(site, people, knowledge_of(version), today=today)
    enter_papers(resources, knowledge_of(version), by=people["omar"], today=today)
    enter_prices(site, by=people["omar"])
    fill_the_cupboard(site, by=people["omar"], today=today)
    return World(site=site, staff=people, resources=resources, today=today, chance=random.Random(seed))  # noqa: S311 - not a secret


def _live(world: World) -> None:
    """Let every story go on until its next step would lie after the demo's present."""
    waiting = []
    protocol = protocol_story(world)
    heapq.heappush(waiting, (next(protocol), -1, protocol))
    for position, person in enumerate(PEOPLE):
        story = story_of(world, person, position)
        waiting.append((next(story), position, story))
    heapq.heapify(waiting)
    while waiting:
        moment, position, story = heapq.heappop(waiting)
        if moment > world.now:
            continue
        with clock.shown(moment, world.zone):
            following = next(story, None)
        if following is not None:
            heapq.heappush(waiting, (max(following, moment), position, story))
