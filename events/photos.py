"""Photos that belong to an event. The app that keeps photos registers where they are; without one a file has none, and says so."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Photo:
    """title: what it shows. url: a page that asks its own permission. sha256: of the original, so that a report names just this one."""

    title: str
    taken_at: dt.datetime
    url: str
    sha256: str


# provider(event, user) -> photos of that patient and session that *user* may see.
_providers: list[Callable[[object, object], list[Photo]]] = []


def register(provider: Callable[[object, object], list[Photo]]) -> None:
    if provider not in _providers:
        _providers.append(provider)


def photos_of(event, user) -> list[Photo]:
    found = [photo for provider in _providers for photo in provider(event, user)]
    return sorted(found, key=lambda photo: photo.taken_at)


def is_there() -> bool:
    """Whether anything keeps photos at all."""
    return bool(_providers)
