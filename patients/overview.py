"""What the patient page shows beyond the patient: higher apps add their part in AppConfig.ready."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field

from django.template.loader import render_to_string
from django.utils import timezone

from .models import Patient


@dataclass(frozen=True)
class Entry:
    """One line of the timeline (see `timeline`): what happened when, and the two facts that matter. *icon* is a symbol of the sprite."""

    at: dt.datetime | dt.date
    title: str
    facts: str = ""
    url: str = ""
    icon: str = "i-info"
    tag: str = ""
    tag_tone: str = "mute"  # stop, defer, caut, clear, info or mute
    on: dt.date | None = None  # the day where it happens, where that may be another one than on this page's clock

    @property
    def day(self) -> dt.date:
        if self.on is not None:
            return self.on
        return timezone.localtime(self.at).date() if isinstance(self.at, dt.datetime) else self.at

    @property
    def order(self) -> dt.datetime:
        if isinstance(self.at, dt.datetime):
            return self.at
        return timezone.make_aware(dt.datetime.combine(self.at, dt.time.min))


@dataclass(frozen=True)
class Step:
    """One session of a course. state: done, booked, open (to book), missed or passed (over). text: 'done', 'Tue 16 Feb 2027', 'to book'."""

    number: int
    text: str
    state: str
    url: str = ""


@dataclass(frozen=True)
class Action:
    """One next thing to do. method 'post' makes a small form with a hidden field for each of *fields*."""

    label: str
    url: str
    method: str = "get"
    primary: bool = False
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Course:
    """The strip on top of the page: one plan with its sessions."""

    title: str
    facts: str
    steps: tuple[Step, ...]
    url: str = ""
    action: Action | None = None


@dataclass(frozen=True)
class Panel:
    """A part of the page that another app draws: a template and what it needs. The template is given `patient` as well."""

    template: str
    context: dict = field(default_factory=dict)


@dataclass
class Section:
    """What an app adds on top and beside; the lines of the timeline come from its sources (see `timeline`)."""

    courses: list[Course] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)


# provider(patient, user) -> Section | None. It must ask `user.may(...)`: the desk sees bookings, never clinical facts.
_providers: list[Callable[[Patient, object], "Section | None"]] = []
# provider(patient, user) -> Panel | None. It asks `user.may(...)` as well.
_panels: list[Callable[[Patient, object], "Panel | None"]] = []


def register_section(provider: Callable[[Patient, object], "Section | None"]) -> None:
    if provider not in _providers:
        _providers.append(provider)


def register_panel(provider: Callable[[Patient, object], "Panel | None"]) -> None:
    if provider not in _panels:
        _panels.append(provider)


def panels_of(patient: Patient, request) -> list[str]:
    """Every panel for the person who asks, made into HTML."""
    found = [panel for provider in _panels if (panel := provider(patient, request.user)) is not None]
    return [render_to_string(panel.template, {"patient": patient, **panel.context}, request) for panel in found]


def overview_of(patient: Patient, user) -> Section:
    """Return everything the apps add for *user*: courses and actions, in the order given."""
    whole = Section()
    for provider in _providers:
        part = provider(patient, user)
        if part is not None:
            whole.courses += part.courses
            whole.actions += part.actions
    return whole
