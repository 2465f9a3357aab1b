"""
The words of reminders, one file a language, each with how it writes days and times. A patient is written to in the own language where
there is a file, else in the clinic's, and the desk is told so.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from accounts.models import Site
from aftercare.dates import NBSP, calendar_of

FOLDER = Path(__file__).parent
OWN = "en"  # of the clinic: what a patient gets whose language nobody asked for, or in which there are no words


@dataclass(frozen=True)
class Message:
    """What goes out. *subject* is empty for a text message."""

    subject: str
    words: str


@lru_cache
def languages() -> dict[str, str]:
    """{code: its own name} of those there are words in, the clinic's first."""
    found = [(document["language"], document["label"]) for document in map(_read, FOLDER.glob("reminder.*.yaml"))]
    return dict(sorted(found, key=lambda one: (one[0] != OWN, one[1])))


def written_in(language: str) -> str:
    """The language of the words for a patient who speaks *language*: that one, or the one it is a kind of ("de-CH"), or the clinic's."""
    return next((code for code in (language, language.partition("-")[0]) if code in languages()), OWN)


def _read(path: Path) -> Mapping[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@lru_cache
def _words(language: str) -> Mapping[str, Any]:
    return _read(FOLDER / f"reminder.{language}.yaml")


def _when(words: Mapping[str, Any], site: Site, local: dt.datetime) -> tuple[str, str]:
    """Day and time as the language writes them; English as the site's country does."""
    if "dates" not in words:
        midday = words["terms"]["midday"]
        calendar = calendar_of(site.country, midday.get(site.country, midday["default"]))
        return calendar.long(local.date(), weekday=True).replace(NBSP, " "), calendar.clock(local)
    dates = words["dates"]
    day = dates["day"].format(
        weekday=dates["weekdays"][local.weekday()],
        day=dates.get("first", local.day) if local.day == 1 else local.day,
        month=dates["months"][local.month - 1],
        year=local.year,
    )
    return day, dates["clock" if local.minute else "full_hour"].format(hour=local.hour, minute=local.minute)


def _said(words: Mapping[str, Any], site: Site, starts_at: dt.datetime) -> dict[str, str]:
    day, time = _when(words, site, site.local(starts_at))
    # The hours are as the clinic has written them, in its own language: they stand in no other.
    with_hours = site.phone and site.phone_hours and "change_with_hours" in words
    change = "change_with_hours" if with_hours else "change" if site.phone else "change_without_phone"
    return {
        "clinic": site.name,
        "day": day,
        "time": time,
        "place": ", ".join(part for part in (site.name, site.address) if part),
        "change": words[change].format(phone=site.phone, hours=site.phone_hours),
    }


def email(site: Site, starts_at: dt.datetime, language: str, *, link: str) -> Message:
    """link: where the patient says "no more"; empty where the clinic has no address of its own."""
    words = _words(language)["email"]
    said = _said(_words(language), site, starts_at)
    stop = words["stop"].format(link=link) if link else words["stop_without_link"]
    return Message(words["subject"].format(**said), words["body"].format(**said, stop=stop))


def text(site: Site, starts_at: dt.datetime, language: str) -> Message:
    words = _words(language)
    return Message("", words["sms"].format(**_said(words, site, starts_at)))


def stop_page(language: str) -> Mapping[str, str]:
    """The words of the page behind the link to stop."""
    return _words(written_in(language))["page"]
