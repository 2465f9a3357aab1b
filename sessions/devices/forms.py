"""What is typed about a device: its serial number and label, and each line of its log."""

import datetime as dt
import secrets

from django import forms
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext, gettext_lazy

from patients.forms import PlainForm
from planner.knowledge import Knowledge
from planner.wording import number

from ..forms.clock_time import Clock, ClockTime
from ..forms.record import Millimetres, PrintedDate
from .models import DeviceFile, DeviceLog

What = DeviceLog.What
DEEPEST_MM = 10  # beyond what any needling device can be set to
MOST_MONTHS = 120


def _words(label: str, most: int, missing: str = "", **kwargs) -> forms.CharField:
    messages = {"max_length": format_lazy(gettext_lazy("{label} must be {most} letters or fewer"), label=label, most=most)} | (
        {"required": missing} if missing else {}
    )
    widget = forms.TextInput(attrs={"autocomplete": "off", "maxlength": str(most)})
    return forms.CharField(label=label, max_length=most, required=bool(missing), error_messages=messages, widget=widget, **kwargs)


def _whole(label: str, least: int, most: int, **kwargs) -> forms.IntegerField:
    words = format_lazy(gettext_lazy("{label} must be a whole number, {least} to {most}"), label=label, least=least, most=most)
    widget = forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric", "class": "w4"})
    messages = {"invalid": words, "min_value": words, "max_value": words}
    return forms.IntegerField(
        label=label, min_value=least, max_value=most, required=False, error_messages=messages, widget=widget, **kwargs
    )


class FileForm(PlainForm):
    """Serial number, label, service. Limits may only be narrower than the protocol's: a wider one never counts."""

    serial = _words(gettext_lazy("Serial number"), 60, help_text=gettext_lazy("As on the device"))
    max_depth = Millimetres(
        label=gettext_lazy("Deepest setting on the label, mm"),
        ceiling=DEEPEST_MM,
        max_length=20,
        help_text=gettext_lazy("Empty where the label says none"),
    )
    label_min_age = _whole(
        gettext_lazy("Youngest age of the label"), 0, 120, help_text=gettext_lazy("Years; empty where the label says none")
    )
    label_indications = forms.MultipleChoiceField(
        label=gettext_lazy("Indications of the label"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Nothing ticked: not limited"),
    )
    label_zones = forms.MultipleChoiceField(
        label=gettext_lazy("Zones of the label"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Nothing ticked: not limited"),
    )
    label_source = _words(
        gettext_lazy("Where the label says so"), 200, help_text=gettext_lazy("Such as instructions for use, edition 4, page 7")
    )
    single_use = forms.BooleanField(label=gettext_lazy("Single use: thrown away after one session"), required=False)
    service_months = _whole(
        gettext_lazy("Months between services"), 1, MOST_MONTHS, help_text=gettext_lazy("Empty where it is never serviced")
    )
    was = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)

    def __init__(self, *args, file: DeviceFile, knowledge: Knowledge | None, **kwargs):
        super().__init__(*args, **kwargs)
        zones = {zone.id: zone.short_label for zone in knowledge.zones.values()} if knowledge else {}
        indications = {one.id: one.label for one in knowledge.indications.values()} if knowledge else {}
        # What was ticked once stays to be seen, also where the protocol in use no longer knows it.
        for name, known in (("label_zones", zones), ("label_indications", indications)):
            gone = {one: one.replace("_", " ").capitalize() for one in getattr(file, name) if one not in known}
            self.fields[name].choices = list((known | gone).items())
            self.fields[name].error_messages["invalid_choice"] = gettext(
                "This is no longer in the protocol. Reload the page and choose again"
            )

    def clean(self):
        values = super().clean()
        limits = [values.get(name) for name in ("max_depth", "label_zones", "label_indications")]
        if (any(limits) or values.get("label_min_age") is not None) and not values.get("label_source"):
            self.add_error("label_source", gettext("Say where the label says so, such as instructions for use, page 7"))
        return values

    def values(self) -> dict:
        data = {name: value for name, value in self.cleaned_data.items() if name not in ("was", "max_depth")}
        return data | {"max_depth_mm": self.cleaned_data["max_depth"]}


def start_of(file: DeviceFile) -> dict:
    names = ("serial", "label_min_age", "label_indications", "label_zones", "label_source", "single_use", "service_months")
    depth = number(file.max_depth_mm) if file.max_depth_mm is not None else ""
    return {name: getattr(file, name) for name in names} | {"max_depth": depth}


class LogForm(PlainForm):
    """One line of the log. what: which kind; only its own fields are asked."""

    day = PrintedDate(
        label=gettext_lazy("Day"),
        max_length=30,
        widget=forms.DateInput(attrs={"type": "date", "class": "w8"}),
        error_messages={"required": gettext_lazy("Enter the day")},
    )
    time = ClockTime(
        label=gettext_lazy("Time"),
        help_text=gettext_lazy("Empty means now"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric", "class": "w4"}),
    )
    done_by = _words(gettext_lazy("Done by"), 120, gettext_lazy("Say who did it"), help_text=gettext_lazy("A person, or the firm"))
    agent = _words(
        gettext_lazy("Cleaned with"),
        120,
        gettext_lazy("Say what it was cleaned with"),
        help_text=gettext_lazy("The product, as on its label"),
    )
    next_due = PrintedDate(
        label=gettext_lazy("Next service due by"),
        max_length=30,
        required=False,
        help_text=gettext_lazy("The last day, such as 31 Mar 2028"),
    )
    note = _words(gettext_lazy("Note"), 300)
    request_key = forms.CharField(
        max_length=60, initial=lambda: secrets.token_urlsafe(16), widget=forms.HiddenInput,
        error_messages=dict.fromkeys(("required", "max_length"), gettext_lazy("Reload the page, then send it again")),
    )  # fmt: skip

    ASKED = {
        What.CLEANED: ("day", "time", "agent", "done_by", "note"),
        What.SERVICED: ("day", "time", "done_by", "next_due", "note"),
        What.OUT: ("note",),
        What.BACK: ("note",),
    }
    NOTES = {
        What.CLEANED: (gettext_lazy("Note"), ""),
        What.SERVICED: (gettext_lazy("Report"), gettext_lazy("Number of the report and where the paper is")),
        What.OUT: (gettext_lazy("Reason"), gettext_lazy("For example: display cracked, recalled by the maker")),
        What.BACK: (gettext_lazy("What was done"), gettext_lazy("For example: display replaced, report 4711")),
    }

    def __init__(self, *args, what: str, site, months: int | None = None, **kwargs):
        super().__init__(*args, auto_id=f"f-{what}-%s", **kwargs)
        self.what, self.site, self.months = what, site, months
        for name in [name for name in self.fields if name not in (*self.ASKED[what], "request_key")]:
            del self.fields[name]
        if "day" in self.fields:
            self.fields["day"].initial = site.day_of(timezone.now()).isoformat()
        label, help_text = self.NOTES[what]
        self.fields["note"].label, self.fields["note"].help_text = label, help_text
        if what == What.CLEANED:
            self.fields["agent"].widget.attrs["list"] = "agents"
        if what in (What.OUT, What.BACK):
            self.fields["note"].required = True
            words = gettext("Say why it goes out of service") if what == What.OUT else gettext("Say what was done")
            self.fields["note"].error_messages["required"] = words
        if what == What.SERVICED and months:
            self.fields["next_due"].required = True
            self.fields["next_due"].error_messages["required"] = gettext("Enter by when the next service is due")

    def clean(self):
        values = super().clean()
        values["done_at"] = now = timezone.now()
        day, clock = values.get("day"), values.get("time")
        if day is None or "time" in self.errors or (clock is None and day == self.site.day_of(now)):
            return values
        if clock is None and self.what == What.CLEANED:
            self.add_error("time", gettext("Enter when it was cleaned, such as 14:05"))
        try:
            # Of a service the day is enough.
            values["done_at"] = (clock or Clock(dt.time(12))).on(day, self.site.zone)
        except forms.ValidationError as error:
            self.add_error("time", error)
        if values["done_at"] > now:
            self.add_error("day", gettext("This is still to come. Enter when it was done"))
        return values

    def line(self) -> dict:
        """What `setup.add` takes."""
        return {name: value for name, value in self.cleaned_data.items() if name not in ("day", "time")} | {"what": self.what}
