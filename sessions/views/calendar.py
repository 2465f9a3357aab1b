"""The calendar: a day by people, rooms or devices, a week of one of them, and the day as a list."""

import datetime as dt

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop
from django.views.decorators.http import require_safe

from accounts.permissions import requires
from audit.services import note_nothing_new, note_read

from .. import calendar_page_html
from ..calendar_page import VIEWS
from ..calendar_page_address import SHAPES, Address, read_address
from ..calendar_page_days import WEEK, Reading, day_grid, rows_of, week_grid
from ..forms.booking import read_day, within_reach
from ..models import Booking
from ..services.hours import chosen, clinic_zone, sites_of
from .calendar_drawer import drawer_url

_NAMES = (
    gettext_noop("Day"),
    gettext_noop("Week"),
    gettext_noop("List"),
    gettext_noop("People"),
    gettext_noop("Rooms"),
    gettext_noop("Devices"),
)


@require_safe
@requires("bookings.view")
def day(request, date: str = ""):
    """
    `/calendar/2026-11-24/?by=rooms&view=list&open=12`. A day typed into the picker comes as ?day= and goes on to its own address.
    Asked for by the page itself it answers with the calendar alone, and with nothing where `seen` says that it shows just that.
    """
    sites = sites_of(request.user)
    site = chosen(sites, request.GET.get("site", ""))
    if site is None:
        return render(request, "sessions/booking/no_site.html", status=403)
    zone, now = clinic_zone(site), timezone.now()
    today = now.astimezone(zone).date()
    # Who works at one site never sees its name in an address.
    slug = site.slug if len(sites) > 1 else ""
    if "day" in request.GET:
        wanted = read_day(request.GET["day"], today)
        return redirect(read_address(request.GET, wanted or today, site=slug).url)
    try:
        shown = dt.date.fromisoformat(date) if date else today
    except ValueError as error:
        raise Http404 from error
    if not within_reach(shown, today):
        raise Http404
    with timezone.override(zone):  # every clock on it is the site's
        return _Page(request, site, sites if slug else [], read_address(request.GET, shown, site=slug), today, now).answer()


class _Page:
    def __init__(self, request, site, sites, address: Address, today: dt.date, now: dt.datetime):
        self.request, self.site, self.sites, self.address, self.today, self.now = request, site, sites, address, today, now
        week = address.shape == "week"
        self.first = address.day - dt.timedelta(days=address.day.weekday()) if week else address.day
        self.reading = Reading(Booking.objects.visible_to(request.user), site, self.first, WEEK if week else 1, now, address.kinds)
        self.here = self.reading.of_kind(address.by)
        self.rows = []
        if week:
            self.one = next((r for r in self.here if r.pk in address.show), self._own() or (self.here[0] if self.here else None))
            self.grid = week_grid(self.reading, address.by, self.one) if self.one else day_grid(self.reading, address.by)
            for column in self.grid.columns:
                column.url = address.but(day=column.day, view="day", open=()).url
        else:
            self.one = None
            self.grid = day_grid(self.reading, address.by, address.show)
            if address.shape == "list":
                self.rows = rows_of(self.reading, address.by, address.show)

    def _own(self):
        return next((r for r in self.here if r.user_id == self.request.user.pk), None)

    @property
    def seen(self) -> str:
        at = f"-{self.grid.now_at}" if self.grid.now_at is not None else ""
        return self.grid.seen + at

    def answer(self):
        asked = self.request.GET.get("seen", "")
        headers = {"X-Clinic-Time": f"{self.now.astimezone(self.reading.zone):%H:%M}"}
        detail = {"day": self.first.isoformat(), "by": self.address.by, "bookings": self.grid.count + len(self.grid.gone)}
        if "poll" in self.request.GET:
            if asked.partition("-")[0] == self.grid.seen:
                note_nothing_new()  # the same visits looked at for longer
            else:
                note_read("calendar.viewed", request=self.request, detail={**detail, "news": True})
            if asked == self.seen:
                return HttpResponse(status=204, headers=headers)
            response = render(self.request, "sessions/calendar/partials/board.html", self.context())
            response["X-Clinic-Time"] = headers["X-Clinic-Time"]
            return response
        note_read("calendar.viewed", request=self.request, detail=detail)
        part = self.request.htmx and self.request.htmx.target == "calendar" and not self.request.htmx.history_restore_request
        return render(self.request, "sessions/calendar/partials/calendar.html" if part else "sessions/calendar/page.html", self.context())

    def context(self) -> dict:
        address, step = self.address, dt.timedelta(days=WEEK if self.address.shape == "week" else 1)
        shut = address.but(open=())
        bookable = self.request.user.may("bookings.edit") and self.first + step > self.today
        if address.shape != "list":
            calendar_page_html.draw(self.grid, by=address.by, slug=address.site, bookable=bookable)
        return {
            "site": self.site,
            "slug": address.site,
            "sites": [(one, shut.but(site=one.slug, show=()).url) for one in self.sites],
            "address": address,
            "shape": address.shape,
            "by": address.by,
            "grid": self.grid,
            "rows": self.rows,
            "seen": self.seen,
            "one": self.one,
            "here": self.here,
            "day": address.day,
            "first": self.first,
            "last": self.first + step - dt.timedelta(days=1),
            "today": self.today,
            "now": self.now,
            "columns": [(name, gettext(name.capitalize()), address.but(by=name, show=()).url) for name in VIEWS],
            "shapes": [
                (name, gettext(name.capitalize()), address.but(view=name, show=() if name == "week" else address.show).url)
                for name in SHAPES
            ],
            "kinds": Booking.Kind.choices,
            "kinds_words": ", ".join(str(label) for value, label in Booking.Kind.choices if value in address.kinds),
            "before": address.but(day=address.day - step).url,
            "after": address.but(day=address.day + step).url,
            "to_today": address.but(day=self.today).url,
            "shut": shut.url,
            "drawer_url": drawer_url(address),
            "base": reverse("sessions:day_on", args=[address.day.isoformat()]),
            "iso": address.day.isoformat(),
        }
