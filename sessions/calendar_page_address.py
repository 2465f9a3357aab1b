"""The state of the calendar as an address: day, view, columns, filters and the open drawer. What it says survives every save."""

import datetime as dt
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlencode, urlsplit

from django.http import QueryDict
from django.urls import reverse

from .calendar_page import VIEWS
from .models import Booking

SHAPES = ("day", "week", "list")
MOST_SHOWN = 40


@dataclass(frozen=True)
class Address:
    """`/calendar/2026-11-24/?by=rooms&view=list&open=12`."""

    day: dt.date
    by: str = "people"
    view: str = ""  # empty: nobody has chosen one, a grid at a desk and a list on a phone
    site: str = ""  # empty where the reader works at one site only
    show: tuple[int, ...] = ()
    kinds: tuple[str, ...] = ()
    open: tuple[tuple[str, str], ...] = ()  # ("open", "12"), or ("open", "new"), ("time", "10:00")

    @property
    def shape(self) -> str:
        return self.view or "day"

    @property
    def url(self) -> str:
        query: list[tuple[str, str]] = [("by", self.by)]
        query += [("view", self.view)] if self.view else []
        query += [("site", self.site)] if self.site else []
        query += [("show", str(pk)) for pk in self.show] + [("kind", kind) for kind in self.kinds]
        return f"{reverse('sessions:day_on', args=[self.day.isoformat()])}?{urlencode([*query, *self.open])}"

    def but(self, **changes) -> "Address":
        return replace(self, **changes)

    @property
    def opened(self) -> dict[str, str]:
        return dict(self.open)


OPENERS = ("open", "time", "clinician", "room", "patient", "kind_of", "plan")


def read_address(query, day: dt.date, *, site: str = "") -> Address:
    """The state that *query* (a QueryDict) asks for; what cannot be read counts as not asked."""
    by, view = query.get("by", ""), query.get("view", "")
    show = tuple(dict.fromkeys(int(pk) for pk in query.getlist("show")[:MOST_SHOWN] if pk.isascii() and pk.isdigit() and len(pk) < 10))
    kinds = tuple(dict.fromkeys(kind for kind in query.getlist("kind") if kind in Booking.Kind.values))
    if query.get("all"):  # "Show all", which a form without a script sends with its ticks; a week is of one whatever is chosen
        show, kinds = (show if view == "week" else ()), ()
    opened = tuple((name, query[name][:40]) for name in OPENERS if query.get("open") and query.get(name))
    return Address(day, by if by in VIEWS else "people", view if view in SHAPES else "", site, show, kinds, opened)


def address_before(request, today: dt.date) -> Address | None:
    """The calendar that the reader has on the screen while a part of it is asked for; None where it is another page."""
    parts = urlsplit((getattr(request, "htmx", None) and request.htmx.current_url) or "")
    base = reverse("sessions:day")
    if not parts.path.startswith(base):
        return None
    query = QueryDict(parts.query)
    slug = (parse_qs(parts.query).get("site") or [""])[0][:80]
    try:
        day = dt.date.fromisoformat(parts.path.removeprefix(base).strip("/") or today.isoformat())
    except ValueError:
        return None
    return read_address(query, day, site=slug)
