"""What the desk types about a visit, turned into days, clock times and resources. Messages say what to do."""

import datetime as dt
import re
import uuid

from django import forms
from django.utils.dates import WEEKDAYS as DAY_NAMES
from django.utils.translation import gettext, gettext_lazy, gettext_noop

from accounts.models import Site
from accounts.templatetags.clinic_format import in_words
from patients.forms import PatientForm, PlainForm
from patients.models import Patient
from patients.search import MONTHS
from plans.models import TreatmentPlan

from ..models import Booking, Resource
from ..services.hours import clinician_minutes, moments_at
from ..services.visit_steps import LATEST

YEARS_AROUND = 20
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_CLOCK = re.compile(r"(\d{1,2})(?:[:.h ]?(\d{2}))?\s*([ap])?\.?\s*(?:m\.?)?", re.IGNORECASE)
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_WORDED = re.compile(r"(?:[a-z]{2,9}[., ]+)?(\d{1,2})\.?[\s-]+([a-z]{3,9})\.?,?(?:[\s-]+(\d{4}))?", re.IGNORECASE)


def read_clock(text: str) -> dt.time | None:
    """`15:30`, `1530`, `15.30`, `3.30pm`, `3 pm`, `9`; None where it is no time of day. Nothing is guessed beyond that."""
    match = _CLOCK.fullmatch(" ".join(text.split()))
    if match is None:
        return None
    digits, minute, half = match.groups()
    hour = int(digits)
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half.lower() == "p" else 0)
    if hour > 23 or int(minute or 0) > 59:
        return None
    return dt.time(hour, int(minute or 0))


def read_day(text: str, today: dt.date) -> dt.date | None:
    """`2026-11-24`, `24 Nov 2026`, `Tue 24 November`; without a year the next such day. None where it is no such day."""
    text = " ".join(text.split())
    if match := _ISO.fullmatch(text):
        year, month, day = (int(part) for part in match.groups())
    elif match := _WORDED.fullmatch(text):
        month = MONTHS.get(match.group(2).lower(), 0)
        day, year = int(match.group(1)), int(match.group(3) or today.year)
        if not match.group(3) and month and (month, day) < (today.month, today.day):
            year += 1
    else:
        return None
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


def other_weekday(text: str, day: dt.date) -> bool:
    """Whether *text* names a weekday that *day* is not: one of the two was typed wrong, and nobody knows which."""
    named = re.match(r"[a-z]{2,9}", text.strip(), re.IGNORECASE)
    word = named.group().lower() if named else ""
    return any(name.startswith(word) for name in WEEKDAYS) and not f"{day:%A}".lower().startswith(word) if word else False


def within_reach(day: dt.date, today: dt.date) -> bool:
    """Near enough for sums with it to be sensible; whether it may be booked the door decides."""
    return abs(day.year - today.year) <= YEARS_AROUND


class ClockField(forms.CharField):
    def __init__(self, **kwargs):
        attrs = {"autocomplete": "off", "class": "w5"}
        super().__init__(widget=forms.TextInput(attrs=attrs), max_length=20, **kwargs)

    def clean(self, value):
        text = super().clean(value)
        if not text:
            return None
        clock = read_clock(text)
        if clock is None:
            raise forms.ValidationError(gettext("Time must be a time of day, like 15:30 or 3.30pm"))
        return clock


class DayField(forms.CharField):
    """A typed day or one picked from the browser's calendar."""

    today: dt.date

    def __init__(self, **kwargs):
        super().__init__(widget=forms.DateInput(attrs={"type": "date", "class": "w8"}, format="%Y-%m-%d"), max_length=40, **kwargs)

    def clean(self, value):
        text = super().clean(value)
        if not text:
            return None
        day = read_day(text, self.today)
        if day is None:
            raise forms.ValidationError(gettext("Day must be a date, like 24 Nov 2026"))
        if other_weekday(text, day):
            raise forms.ValidationError(
                gettext("%(day)s is a %(weekday)s: choose the day that is meant")
                % {"day": in_words(day), "weekday": DAY_NAMES[day.weekday()]}
            )
        if not within_reach(day, self.today):
            raise forms.ValidationError(gettext("Choose a day in the next two years"))
        return day


def sooner_field() -> forms.CharField:
    return forms.CharField(
        label=gettext_lazy("Why it may be sooner"),
        required=False,
        max_length=300,
        help_text=gettext_lazy("Kept with your name"),
        error_messages={"max_length": gettext_lazy("Why it may be sooner must be 300 letters or fewer")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class _SlotForm(PlainForm):
    """Day, time and resources of one visit at one site."""

    day = DayField(label=gettext_lazy("Day"), error_messages={"required": gettext_lazy("Enter the day")})
    time = ClockField(
        label=gettext_lazy("Time"),
        help_text=gettext_lazy("For example 1530, 15:30 or 3.30pm"),
        error_messages={"required": gettext_lazy("Enter the time")},
    )
    clinician = forms.ChoiceField(label=gettext_lazy("With"), required=False)
    room = forms.ChoiceField(label=gettext_lazy("Room"), required=False)
    device = forms.ChoiceField(label=gettext_lazy("Device"), required=False)
    which = forms.ChoiceField(
        label=gettext_lazy("Which of the two"),
        required=False,
        choices=[
            ("", gettext_lazy("Choose")),
            ("first", gettext_lazy("Before the clocks go back")),
            ("second", gettext_lazy("After the clocks go back")),
        ],
        error_messages={"invalid_choice": gettext_lazy("Choose one from the list")},
    )

    gap_reason = sooner_field()

    ANY = {
        "clinician": gettext_lazy("Anyone who is free"),
        "room": gettext_lazy("Any free room"),
        "device": gettext_lazy("Any free device that fits"),
    }

    def __init__(self, *args, site: Site, today: dt.date, **kwargs):
        super().__init__(*args, **kwargs)
        self.site, self.zone = site, site.zone
        self.fields["day"].today = today
        self.resources = list(Resource.objects.at(site).filter(is_active=True).order_by("name"))
        for role, words in self.ANY.items():
            field = self.fields[role]
            mine = [(str(r.pk), r.name) for r in self.resources if r.kind == role]
            field.choices = [("", words), *mine]
            field.error_messages["invalid_choice"] = gettext("Choose one from the list")

    def resource(self, role: str) -> Resource | None:
        chosen = self.cleaned_data.get(role)
        return next((r for r in self.resources if str(r.pk) == chosen), None) if chosen else None

    def clean(self):
        data = super().clean()
        day, clock = data.get("day"), data.get("time")
        if day is None or clock is None:
            return data
        moments = moments_at(day, clock, self.zone)
        if not moments:
            self.add_error(
                "time",
                gettext("There is no %(clock)s on %(day)s: the clocks go forward over it")
                % {"clock": f"{clock:%H:%M}", "day": in_words(day, weekday=True)},
            )
        elif len(moments) == 2 and not data.get("which"):
            self.asks_which = True
            words = gettext("%(clock)s comes twice on %(day)s, as the clocks go back: choose which") % {
                "clock": f"{clock:%H:%M}",
                "day": in_words(day, weekday=True),
            }
            self.add_error("which", words)
        else:
            self.asks_which = len(moments) == 2
            data["starts_at"] = moments[-1 if data.get("which") == "second" else 0]
        return data

    # Whether the time comes twice that day, so that the page has to ask which is meant.
    asks_which = False
    # Whether the healing gap stands against it, and whoever is at the screen may say why it may be sooner.
    asks_sooner = False

    def refused(self, refusal, user) -> None:
        """Put what the door said beside its field; where a reason would let it through, ask for that."""
        self.asks_sooner = getattr(refusal, "may_be_overridden", False) and user.may("bookings.sooner")
        self.add_error(refusal.field if refusal.field in self.fields else None, refusal.message)

    @property
    def starts_at(self) -> dt.datetime:
        return self.cleaned_data["starts_at"]

    def slot_typed(self) -> dict:
        """Arguments for the door; only after is_valid()."""
        return {"starts_at": self.starts_at, **{role: self.resource(role) for role in self.ANY}}


class Radios(forms.RadioSelect):
    """Only the first choice takes the focus where the field is to have it."""

    def create_option(self, name, value, label, selected, index, subindex=None, attrs=None):
        option = super().create_option(name, value, label, selected, index, subindex=subindex, attrs=attrs)
        if index:
            option["attrs"].pop("autofocus", None)
        return option


class BookingForm(_SlotForm):
    """
    A new visit. `plan` is the number of one of the patient's accepted plans, for a session of it.
    """

    request_key = forms.UUIDField(widget=forms.HiddenInput)
    patient = forms.IntegerField(required=False, widget=forms.HiddenInput)
    kind = forms.ChoiceField(
        label=gettext_lazy("Visit"),
        choices=Booking.Kind.choices,
        widget=Radios,
        error_messages={"required": gettext_lazy("Choose the kind of visit"), "invalid_choice": gettext_lazy("Choose the kind of visit")},
    )
    plan = forms.ChoiceField(
        label=gettext_lazy("Plan"), required=False, error_messages={"invalid_choice": gettext_lazy("Choose one of this patient's plans")}
    )
    note = forms.CharField(
        label=gettext_lazy("Note for the desk"),
        required=False,
        max_length=300,
        help_text=gettext_lazy("Nothing clinical"),
        error_messages={"max_length": gettext_lazy("Note for the desk must be 300 letters or fewer")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    field_order = ["request_key", "patient", "kind", "plan", "clinician", "day", "time", "room", "device", "note"]

    def __init__(self, *args, who: Patient | None = None, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial.setdefault("request_key", uuid.uuid4())
        self.who = who
        self.plans = list(who.plans.filter(status=TreatmentPlan.Status.ACCEPTED)) if who else []
        self.fields["plan"].choices = [("", gettext("Not part of a plan")), *((str(p.number), str(p)) for p in self.plans)]

    @property
    def plan_row(self) -> TreatmentPlan | None:
        return next((p for p in self.plans if str(p.number) == self.cleaned_data.get("plan")), None)

    def clean(self):
        data = super().clean()
        if data.get("kind") == Booking.Kind.SESSION and not data.get("plan") and not self.errors.get("plan"):
            if len(self.plans) == 1:
                data["plan"] = str(self.plans[0].number)
            elif self.plans:
                self.add_error("plan", gettext("Choose the plan this session belongs to"))
            else:
                self.add_error("kind", gettext("A session needs an accepted plan. Book a consultation first"))
        return data

    def visit(self) -> dict:
        plan = self.plan_row if self.cleaned_data["kind"] != Booking.Kind.CONSULTATION else None
        slot = self.slot_typed()
        if self.cleaned_data["kind"] != Booking.Kind.SESSION:
            slot["device"] = None
        return {
            "kind": self.cleaned_data["kind"],
            "plan": plan,
            "note": self.cleaned_data["note"],
            "gap_reason": self.cleaned_data["gap_reason"],
            "request_key": str(self.cleaned_data["request_key"]),
            **slot,
        }


class WalkInForm(BookingForm):
    """Somebody who stands at the desk: a visit that begins now, so neither day nor time is asked."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in ("day", "time", "which"):
            del self.fields[name]

    def slot_typed(self) -> dict:
        return {role: self.resource(role) for role in self.ANY}


class CallerForm(PatientForm):
    """A new patient on the phone: surname, birth date and phone are enough."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, prefix="new", **kwargs)
        for name in ("preferred_name", "email", "address", "sex", "language"):
            self.fields[name].required = False
        self.fields["phone"].required = True
        self.fields["phone"].error_messages["required"] = gettext("Enter the phone number")

    @property
    def shown(self):
        return [self["surname"], self["given"], self["phone"]]

    @property
    def is_empty(self) -> bool:
        return not any(
            (self.data.get(self.add_prefix(name)) or "").strip() for name in ("surname", "given", "birth_day", "birth_year", "phone")
        )

    @property
    def seen_pks(self) -> set[int]:
        return {int(pk) for pk in self.cleaned_data["seen"].split(",") if pk.isdecimal()}


class MoveForm(_SlotForm):
    version = forms.IntegerField(widget=forms.HiddenInput)
    minutes = forms.IntegerField(
        label=gettext_lazy("Minutes with the clinician"),
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "class": "w4"}),
        error_messages={"invalid": gettext_lazy("Minutes must be a whole number, like 45")},
    )

    def __init__(self, *args, booking: Booking, **kwargs):
        local = booking.on_site(booking.starts_at)
        kwargs["initial"] = {
            "day": local.date(),
            "time": f"{local:%H:%M}",
            "version": booking.version,
            "which": ("second" if local.fold else "first") if len(moments_at(local.date(), local.time(), local.tzinfo)) == 2 else "",
            "minutes": clinician_minutes(booking),
            **{role: str(getattr(booking, f"{role}_id") or "") for role in self.ANY},
            **(kwargs.get("initial") or {}),
        }
        super().__init__(*args, site=booking.site, **kwargs)
        for role in self.ANY:
            # A move keeps what it does not name, so "any" has no place in the list; unless what stands is out of service.
            known = str(getattr(booking, f"{role}_id") or "") in [pk for pk, _ in self.fields[role].choices[1:]]
            self.fields[role].choices = (
                self.fields[role].choices[1:] if known else [("", gettext("As it is")), *self.fields[role].choices[1:]]
            )
        if booking.device_id is None:
            del self.fields["device"]

    def resource(self, role):
        return super().resource(role) if role in self.fields else None

    def changes_place(self, booking: Booking) -> bool:
        """Whether another time, person, room or device is asked for; only after is_valid()."""
        wanted = self.slot_typed()
        named = any(wanted[role] is not None and wanted[role].pk != getattr(booking, f"{role}_id") for role in self.ANY)
        return named or wanted["starts_at"] != booking.starts_at


class CancelForm(PlainForm):
    REASONS = (  # kept in English
        gettext_noop("Patient asked"),
        gettext_noop("Patient is ill"),
        gettext_noop("Clinician away"),
        gettext_noop("Not ready for treatment"),
        gettext_noop("Booked by mistake"),
    )

    version = forms.IntegerField(widget=forms.HiddenInput)
    reason = forms.ChoiceField(
        label=gettext_lazy("Why"),
        choices=[("", gettext_lazy("Choose a reason")), *((words, gettext_lazy(words)) for words in REASONS)],
        error_messages={
            "required": gettext_lazy("Choose why the visit is cancelled"),
            "invalid_choice": gettext_lazy("Choose a reason from the list"),
        },
    )


class ReturnForm(PlainForm):
    """A visit brought back to its old time, where its healing gap asks for a reason."""

    gap_reason = sooner_field()


class LateForm(PlainForm):
    """How late a patient said to be; empty takes it back."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    late = forms.IntegerField(
        label=gettext_lazy("Minutes late"),
        required=False,
        min_value=1,
        max_value=LATEST,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "class": "w4"}),
        error_messages={
            "invalid": gettext_lazy("Minutes late must be a whole number, like 20"),
            "min_value": gettext_lazy("Minutes late must be 1 or more"),
            "max_value": gettext_lazy("Minutes late must be %(limit_value)s or less"),
        },
    )
