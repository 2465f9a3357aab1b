"""What is typed about people, rooms and devices of the diary, their hours, leave and closed days, and the lengths of visits."""

import datetime as dt
import re
from zoneinfo import ZoneInfo

from django import forms
from django.utils.functional import lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext, gettext_lazy

from patients.forms import PlainForm

from ..models import Resource, ServiceTime
from ..services.equipment import LENGTHS, Week
from ..services.hours import day_bounds
from .booking import ClockField, DayField, read_clock
from .clock_time import Clock, read_which

WEEKDAYS = (
    gettext_lazy("Monday"),
    gettext_lazy("Tuesday"),
    gettext_lazy("Wednesday"),
    gettext_lazy("Thursday"),
    gettext_lazy("Friday"),
    gettext_lazy("Saturday"),
    gettext_lazy("Sunday"),
)
_SPAN = re.compile(r"^(.+?)\s*(?:-|\u2013|\bto\b)\s*(.+)$", re.IGNORECASE)


def _words(label: str, most: int, missing: str = "", **kwargs) -> forms.CharField:
    messages = {"max_length": format_lazy(gettext_lazy("{label} must be {most} letters or fewer"), label=label, most=most)} | (
        {"required": missing} if missing else {}
    )
    widget = forms.TextInput(attrs={"autocomplete": "off", "maxlength": str(most)})
    return forms.CharField(label=label, max_length=most, required=bool(missing), error_messages=messages, widget=widget, **kwargs)


_lowered = lazy(lambda label: f"{label[0].lower()}{label[1:]}", str)


def _minutes(label: str, most: int, least: int = 0, **kwargs) -> forms.IntegerField:
    words = format_lazy(gettext_lazy("{label} must be {least} to {most}"), label=label, least=least, most=most)
    messages = {
        "required": format_lazy(gettext_lazy("Enter {label}"), label=_lowered(label)),
        "invalid": words,
        "min_value": words,
        "max_value": words,
    }
    widget = forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric", "class": "w4"})
    return forms.IntegerField(label=label, min_value=least, max_value=most, error_messages=messages, widget=widget, **kwargs)


class ResourceForm(PlainForm):
    """A room, bay or device, or the diary side of a clinician."""

    name = _words(gettext_lazy("Name"), 80, gettext_lazy("Enter the name"))
    device_kind = forms.ChoiceField(
        label=gettext_lazy("Kind of device"),
        choices=[("", gettext_lazy("Choose")), ("pen", gettext_lazy("Pen")), ("roller", gettext_lazy("Roller"))],
        required=False,
    )
    device_brand = _words(gettext_lazy("Brand"), 80, help_text=gettext_lazy("As the protocol names it; empty where it names none"))
    cleaning_minutes = _minutes(gettext_lazy("Minutes to make it ready after each use"), 120, required=False)
    retired_on = DayField(
        label=gettext_lazy("Out of service from"), required=False, help_text=gettext_lazy("Takes no visit from that day on")
    )
    is_active = forms.BooleanField(label=gettext_lazy("Takes bookings"), required=False)
    trained = forms.MultipleChoiceField(
        label=gettext_lazy("Used by"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Nobody ticked means everybody"),
    )
    was = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)

    def __init__(self, *args, kind: str, today: dt.date, people: list[Resource] = (), is_new: bool = False, **kwargs):
        super().__init__(*args, **kwargs)
        self.kind, self.people = kind, people
        self.fields["retired_on"].today = today
        self.fields["trained"].choices = [(str(one.pk), one.name) for one in people]
        unused = {
            Resource.Kind.CLINICIAN: ("name", "device_kind", "device_brand", "cleaning_minutes", "trained"),
            Resource.Kind.DEVICE: (),
        }.get(kind, ("device_kind", "device_brand", "trained"))
        for name in (*unused, *(("retired_on", "is_active", "trained", "was") if is_new else ())):
            self.fields.pop(name, None)

    def clean(self):
        data = super().clean()
        if "device_kind" in self.fields and not data.get("device_kind") and "device_kind" not in self.errors:
            self.add_error("device_kind", gettext("Choose whether it is a pen or a roller"))
        if "cleaning_minutes" in self.fields and data.get("cleaning_minutes") is None and "cleaning_minutes" not in self.errors:
            data["cleaning_minutes"] = 0
        return data

    def values(self) -> dict:
        return {name: value for name, value in self.cleaned_data.items() if name not in ("was", "trained")}

    def chosen_people(self) -> list[Resource] | None:
        if "trained" not in self.fields:
            return None
        return [one for one in self.people if str(one.pk) in self.cleaned_data["trained"]]


def read_spans(text: str) -> list[tuple[dt.time, dt.time]] | None:
    """`9:00 to 12:30, 13:30 to 17:00`; empty is no hours. None where it cannot be read, or where spans run into each other."""
    spans = []
    for part in re.split(r",|;|\band\b", text):
        if not part.strip():
            continue
        match = _SPAN.match(part.strip())
        opens, closes = (read_clock(side.strip()) for side in match.groups()) if match else (None, None)
        if opens is None or closes is None or closes <= opens or (spans and opens < spans[-1][1]):
            return None
        spans.append((opens, closes))
    return spans


def spans_words(spans: list[tuple[dt.time, dt.time]]) -> str:
    return ", ".join(
        gettext("%(opens)s to %(closes)s") % {"opens": f"{opens:%H:%M}", "closes": f"{closes:%H:%M}"} for opens, closes in spans
    )


class HoursForm(PlainForm):
    """One line for each weekday."""

    from_day = DayField(
        label=gettext_lazy("From"), required=False, help_text=gettext_lazy("Days before keep their hours; empty means always")
    )
    was = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)

    def __init__(self, *args, today: dt.date, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["from_day"].today = today
        for number, weekday in enumerate(WEEKDAYS):
            self.fields[f"day_{number}"] = _words(weekday, 80)

    def clean(self):
        data = super().clean()
        for number, weekday in enumerate(WEEKDAYS):
            spans = read_spans(data.get(f"day_{number}") or "")
            if spans is None:
                self.add_error(
                    f"day_{number}",
                    gettext("%(weekday)s must be times like 9:00 to 12:30, 13:30 to 17:00, or empty where closed") % {"weekday": weekday},
                )
            data[f"spans_{number}"] = spans
        return data

    def week(self) -> Week:
        return {number: self.cleaned_data[f"spans_{number}"] for number in range(7)}

    @property
    def lines(self):
        return [self[f"day_{number}"] for number in range(7)]


class MomentField(ClockField):
    """A time of a day that another field names: `01:30 second` where it comes twice on it."""

    def clean(self, value) -> Clock | None:
        text, which = read_which(value or "")
        clock = super().clean(text)
        return Clock(clock, which) if clock is not None else None


class AbsenceForm(PlainForm):
    day = DayField(label=gettext_lazy("From"), error_messages={"required": gettext_lazy("Enter the first day")})
    time = MomentField(label="at", required=False, help_text=gettext_lazy("Empty: from the start of the day"))
    until = DayField(label=gettext_lazy("Until"), error_messages={"required": gettext_lazy("Enter the last day")})
    until_time = MomentField(label="at", required=False, help_text=gettext_lazy("Empty: to the end of the day"))
    reason = _words(
        gettext_lazy("Reason"),
        120,
        gettext_lazy("Enter the reason"),
        help_text=gettext_lazy("As the desk sees it, for example Annual leave or Service"),
    )

    def __init__(self, *args, today: dt.date, zone: ZoneInfo, **kwargs):
        super().__init__(*args, **{"auto_id": "id_away_%s", **kwargs})
        self.fields["day"].today = self.fields["until"].today = today
        self.zone = zone

    def clean(self):
        data = super().clean()
        data["starts_at"], data["ends_at"] = self._moment("day", "time", 0), self._moment("until", "until_time", 1)
        return data

    def _moment(self, day: str, clock: str, edge: int) -> dt.datetime | None:
        """What is typed, on the clock of the site; *edge* of the day where no time is. None: it is refused."""
        data = self.cleaned_data
        if data.get(day) is None or clock in self.errors:
            return None
        if data.get(clock) is None:
            return day_bounds(data[day], self.zone)[edge]
        try:
            return data[clock].on(data[day], self.zone)
        except forms.ValidationError as refused:
            self.add_error(clock, refused)
            return None


class HolidayForm(PlainForm):
    day = DayField(label=gettext_lazy("Day"), error_messages={"required": gettext_lazy("Enter the day")})
    name = _words(gettext_lazy("What it is"), 80, gettext_lazy("Enter what day it is"))

    def __init__(self, *args, today: dt.date, **kwargs):
        super().__init__(*args, **{"auto_id": "id_holiday_%s", **kwargs})
        self.fields["day"].today = today


class LengthsForm(PlainForm):
    """Minutes by kind of visit, and of each numbing product, one a line: `Numbing cream 45`."""

    MOST = {"numbing_minutes": (0, 240), "needling_minutes": (5, 480), "clean_down_minutes": (0, 120)}
    LABELS = {
        "numbing_minutes": gettext_lazy("Numbing"),
        "needling_minutes": gettext_lazy("With the clinician"),
        "clean_down_minutes": gettext_lazy("Clean-down"),
    }

    zones_included = _minutes(gettext_lazy("Zones within the usual length"), 20, 1)
    minutes_per_zone = _minutes(gettext_lazy("Minutes more for each further zone"), 60)
    products = forms.CharField(
        label=gettext_lazy("Minutes of a numbing product"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off"}),
        help_text=gettext_lazy("One a line, as the plan names it, for example: Numbing cream 45"),
    )
    was = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for kind, label in ServiceTime.Kind.choices:
            for name, (least, most) in self.MOST.items():
                words = f"{label}, {self.LABELS[name].lower()}"
                if kind != ServiceTime.Kind.SESSION and name == "numbing_minutes":
                    continue
                self.fields[f"{kind}-{name}"] = _minutes(words, most, least)

    def clean_products(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for line in self.cleaned_data["products"].splitlines():
            if not line.strip():
                continue
            name, _, minutes = line.strip().removesuffix("min").strip().rpartition(" ")
            name = name.strip(" :,")
            if not name or len(name) > 60 or not (minutes.isascii() and minutes.isdigit()) or int(minutes) > 240:
                raise forms.ValidationError(
                    gettext("%(line)s: write the product and its minutes, 0 to 240, like Numbing cream 45") % {"line": line.strip()[:60]}
                )
            if name.lower() in {known.lower() for known in found}:
                raise forms.ValidationError(gettext("%(name)s stands there twice") % {"name": name})
            found[name] = int(minutes)
        return found

    def lengths(self) -> dict[str, dict[str, int]]:
        lengths = {kind: {name: self.cleaned_data.get(f"{kind}-{name}", 0) for name in self.MOST} for kind in ServiceTime.Kind.values}
        lengths[ServiceTime.Kind.SESSION] |= {name: self.cleaned_data[name] for name in LENGTHS if name not in self.MOST}
        return lengths

    @property
    def rows(self):
        """(label, fields) by kind of visit."""
        return [
            (label, [self[f"{kind}-{name}"] for name in self.MOST if f"{kind}-{name}" in self.fields])
            for kind, label in ServiceTime.Kind.choices
        ]
