"""
What the calendar asks for in parts. A page of a visit, a new booking or a course answers with itself; asked for by the
calendar's drawer, with what the drawer holds; asked for by its toasts, with one line and the way back.
"""

import datetime as dt
import json
import re
from dataclasses import dataclass, field
from urllib.parse import urlencode

from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from ..calendar_page_address import OPENERS, Address, address_before
from ..services.booking import UNDO

DRAWER, TOASTS = "drawer", "toasts"
UNDO_SECONDS = int(UNDO.total_seconds())
_COURSE = re.compile(r"course-(\d{1,9})-(\d{1,4})", re.ASCII)


@dataclass(frozen=True)
class Undo:
    """The way back for three minutes: what is sent where."""

    url: str
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Toast:
    """What was just done, in words that stay until they are dismissed. *show*: (words, address) of where it is to be seen."""

    words: str
    undo: Undo | None = None
    show: tuple[str, str] | None = None
    failed: bool = False


def part_of(request, *, target: str = "") -> str:
    """`drawer` or `toasts` (or *target*) where the calendar asked for that part of itself, else nothing: a whole page is wanted."""
    wanted = request.htmx.target if getattr(request, "htmx", None) else ""
    return wanted if wanted in (target or DRAWER, target or TOASTS) and before(request) is not None else ""


def before(request) -> Address | None:
    """The calendar that is on the reader's screen."""
    return address_before(request, timezone.localdate())


def drawer_reply(
    request, template: str, context: dict, *, status: int = 200, open: dict[str, str], toast: Toast | None = None, changed: int = 0
):
    """
    What the drawer shows from now on, under the address that shows it again. *changed*: the visit whose change the columns are to
    draw. An answer to a press that stands in a toast goes into the drawer too, where it needs one: what was refused is said there.
    """
    where = before(request)
    # An undo that was refused: what the toast said of the change it belongs to has not been true since, so it goes.
    undone = request.htmx.target == TOASTS and toast is None and "of_toast" in request.POST
    context = {**context, "drawer": {"template": template}, "shut": where.but(open=()).url, "toast": toast, "undo_seconds": UNDO_SECONDS}
    context["toast_is_over"] = undone
    response = render(request, "sessions/calendar/drawer.html", context, status=status)
    if request.htmx.target != DRAWER:
        response["HX-Retarget"], response["HX-Reswap"] = f"#{DRAWER}", "innerHTML show:none"
    opened = tuple((name, open[name]) for name in OPENERS if open.get(name))
    if opened != where.open:
        # Going on to something else is a step that "back" undoes; an answer about the same is not.
        other = opened[:1] != where.open[:1]
        response["HX-Push-Url" if other else "HX-Replace-Url"] = where.but(open=opened).url
    return _told(response, toast, changed)


def toast_reply(request, toast: Toast, *, changed: int = 0):
    context = {"toast": toast, "undo_seconds": UNDO_SECONDS}
    return _told(render(request, "sessions/calendar/partials/toast.html", context), toast, changed)


def _told(response, toast: Toast | None, changed: int):
    told: dict[str, object] = {"say": toast.words} if toast else {}
    if changed:
        told["diaryChanged"] = {"visit": changed}
    if told:
        response["HX-Trigger"] = json.dumps(told)
    return response


def drawer_url(address: Address) -> str:
    """What the drawer that *address* has open is filled from; empty where none is open, or nothing by that name."""
    opened = address.opened
    what = opened.get("open", "")
    if what.isascii() and what.isdigit() and len(what) < 10:
        return reverse("sessions:booking", args=[int(what)])
    if what == "new":
        typed = {name: opened[name] for name in ("time", "clinician", "room", "patient", "plan") if name in opened}
        typed |= {"kind": opened["kind_of"]} if "kind_of" in opened else {}
        typed |= {"site": address.site} if address.site else {}
        return f"{reverse('sessions:book')}?{urlencode({'day': address.day.isoformat(), **typed})}"
    if what == "walk-in":
        typed = {"site": address.site} if address.site else {}
        typed |= {"patient": opened["patient"]} if "patient" in opened else {}
        return f"{reverse('sessions:walk_in')}?{urlencode(typed)}"
    if what == "place":
        return reverse("sessions:to_place")
    if course := _COURSE.fullmatch(what):
        return reverse("sessions:book_course", args=[int(course[1]), int(course[2])])
    return ""


def on_the_calendar(request, booking) -> tuple[str, str] | None:
    """The way to the day of *booking*, where that is not the one on the screen."""
    where, day = before(request), timezone.localtime(booking.starts_at).date()
    if where is None or where.day == day or (where.shape == "week" and _monday(where.day) == _monday(day)):
        return None
    return gettext("Show that day"), where.but(day=day, open=(("open", str(booking.pk)),)).url


def _monday(day: dt.date) -> dt.date:
    return day - dt.timedelta(days=day.weekday())
