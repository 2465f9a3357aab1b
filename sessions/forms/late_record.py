"""What is said when a record is begun on a later day than its visit."""

import datetime as dt
from dataclasses import replace

from django import forms
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from patients.forms import PlainForm

from ..models import Booking, Resource, TreatmentSession
from ..services.late import GONE, MAY_BE_ENTERED, Entry, people_at, people_of
from .booking import DayField
from .clock_time import A_DAY, Clock, ClockTime, after

NOTHING = "none"  # of a list: it was none of these


class LateRecordForm(PlainForm):
    """A time of the clock is read for the day of the visit, past midnight for the next."""

    began = ClockTime(label=gettext_lazy("Needles in the skin from"))
    treated_by = forms.ChoiceField(
        label=gettext_lazy("Who treated"),
        error_messages={"required": gettext_lazy("Choose who treated"), "invalid_choice": gettext_lazy("Choose who treated from the list")},
    )
    source = forms.ChoiceField(
        label=gettext_lazy("Entered from"),
        error_messages={"required": gettext_lazy("Choose what it is entered from"), "invalid_choice": gettext_lazy("Choose from the list")},
    )
    reason = forms.CharField(
        label=gettext_lazy("Why it was not recorded at the visit"),
        max_length=300,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={
            "required": gettext_lazy("Say why it was not recorded at the visit"),
            "max_length": gettext_lazy("The reason must be 300 letters or fewer"),
        },
    )

    def __init__(self, *args, booking: Booking, user, **kwargs):
        self.booking = booking
        self.people = self._people()
        planned = booking.clinician.user if booking.clinician_id else None
        mine = user if user in self.people and planned is None else planned
        kwargs["initial"] = {"treated_by": str(mine.pk) if mine in self.people else "", **(kwargs.get("initial") or {})}
        super().__init__(*args, **kwargs)
        self.fields["began"].widget.attrs |= {"inputmode": "numeric", "autocomplete": "off", "class": "w4"}
        self.fields["began"].help_text = gettext("On the clock of the site, such as 14:05")
        self.fields["treated_by"].choices = [("", gettext("Choose who treated")), *((str(one.pk), str(one)) for one in self.people)]
        sources = [(one.value, one.label) for one in MAY_BE_ENTERED.get(booking.status, ())]
        self.fields["source"].choices = sources if len(sources) == 1 else [("", gettext("Choose what it is entered from")), *sources]

    def _people(self) -> list:
        return people_of(self.booking)

    def clean_began(self) -> dt.datetime:
        clock: Clock | None = self.cleaned_data["began"]
        if clock is None:
            raise forms.ValidationError(gettext("Enter when the needles were in the skin, such as 14:05"))
        site, starts = self.booking.site, self.booking.starts_at
        found, refused = [], None
        for day in (site.day_of(starts), site.day_of(starts) + A_DAY, site.day_of(starts) - A_DAY):
            try:
                found.append(clock.on(day, site.zone))
            except forms.ValidationError as error:
                if day == site.day_of(starts):
                    refused = error
        if refused is not None:
            raise refused
        return min(found, key=lambda moment: abs(moment - starts))

    @property
    def entry(self) -> Entry:
        said = self.cleaned_data
        who = next(one for one in self.people if str(one.pk) == said["treated_by"])
        return Entry(said["began"], who, said["source"], " ".join(said["reason"].split()))


class HeldForm(LateRecordForm):
    """Of a visit that the diary does not have: also when the last needle was out, and what was really used."""

    ended = ClockTime(label=gettext_lazy("Last needle out at"))
    room = forms.ChoiceField(
        label=gettext_lazy("Room"),
        error_messages={
            "required": gettext_lazy("Choose in which room it was"),
            "invalid_choice": gettext_lazy("Choose the room from the list"),
        },
    )
    device = forms.ChoiceField(
        label=gettext_lazy("Device"),
        error_messages={
            "required": gettext_lazy("Choose with which device it was"),
            "invalid_choice": gettext_lazy("Choose the device from the list"),
        },
    )

    field_order = ("day", "began", "ended", "treated_by", "room", "device", "source", "reason")

    def __init__(self, *args, booking: Booking, **kwargs):
        planned = {name: str(getattr(booking, f"{name}_id") or "") for name in ("room", "device")}
        kwargs["initial"] = {**planned, **(kwargs.get("initial") or {})}
        super().__init__(*args, booking=booking, **kwargs)
        self.fields["ended"].widget.attrs |= {"inputmode": "numeric", "autocomplete": "off", "class": "w4"}
        self.fields["ended"].help_text = self.fields["began"].help_text
        self.used = {str(row.pk): row for row in Resource.objects.filter(site=booking.site, kind__in=("room", "device"))}
        lists = (
            ("room", gettext("Choose the room"), gettext("None of these rooms")),
            ("device", gettext("Choose the device"), gettext("Not known")),
        )
        for name, choose, nothing in lists:
            rows = [row for row in self.used.values() if row.kind == name]
            if name == "device" and booking.plan.device_kind:
                rows = [row for row in rows if row.device_kind == booking.plan.device_kind]
            named = [(str(row.pk), str(row)) for row in rows]
            self.fields[name].choices = [("", choose), *named, (NOTHING, nothing)]

    def clean(self):
        said = super().clean()
        began, clock = said.get("began"), said.get("ended")
        if clock is None and "ended" not in self.errors:
            self.add_error("ended", gettext("Enter when the last needle was out, such as 14:45"))
        elif began is not None and clock is not None:
            site = self.booking.site
            try:
                said["ended"] = after(clock, began, site.day_of(began), site.zone)
            except forms.ValidationError as error:
                self.add_error("ended", error)
                return said
            if said["ended"] is None:
                self.add_error("ended", gettext("The last needle was out after the first was in"))
            elif said["ended"] > timezone.now():
                self.add_error("ended", gettext("This is still to come. Enter when the last needle was out"))
        return said

    @property
    def entry(self) -> Entry:
        said = self.cleaned_data
        return replace(super().entry, ended=said["ended"], room=self.used.get(said["room"]), device=self.used.get(said["device"]))


class UnbookedForm(HeldForm):
    """Of a session that nobody booked: also on which day it was."""

    day = DayField(label=gettext_lazy("Day of the treatment"), error_messages={"required": gettext_lazy("Enter the day of the treatment")})

    def __init__(self, *args, booking: Booking, **kwargs):
        super().__init__(*args, booking=booking, **kwargs)
        self.fields["day"].today = booking.site.day_of(timezone.now())
        source = TreatmentSession.Source.PAPER
        self.fields["source"].choices = [(source.value, source.label)]

    def _people(self) -> list:
        return people_at(self.booking.site)

    def clean_began(self) -> dt.datetime:
        clock, day = self.cleaned_data["began"], self.cleaned_data.get("day")
        if clock is None:
            raise forms.ValidationError(gettext("Enter when the needles were in the skin, such as 14:05"))
        if day is None:
            return None  # said beside the day
        return clock.on(day, self.booking.site.zone)


def form_of(booking: Booking) -> type[LateRecordForm]:
    return HeldForm if booking.status in GONE else LateRecordForm
