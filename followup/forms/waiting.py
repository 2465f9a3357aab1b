"""What is typed about somebody who would come at once if a time came free."""

import datetime as dt
import uuid

from django import forms

from patients.forms import PlainForm
from patients.models import Patient
from plans.models import TreatmentPlan
from sessions.forms.booking import ClockField, DayField
from sessions.models import Resource

from ..models import WaitingEntry

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class WaitingForm(PlainForm):
    request_key = forms.UUIDField(widget=forms.HiddenInput, error_messages={"required": "Reload the page, then send it again"})
    kind = forms.ChoiceField(label="For", error_messages={"required": "Choose what for", "invalid_choice": "Choose from the list"})
    clinician = forms.ChoiceField(label="With", required=False, error_messages={"invalid_choice": "Choose from the list"})
    weekdays = forms.MultipleChoiceField(
        label="On",
        choices=[(str(n), name) for n, name in enumerate(WEEKDAYS)],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose one or more weekdays", "invalid_choice": "Choose from the list"},
    )
    not_before = ClockField(label="Not before", required=False, help_text="Empty: from opening on")
    not_after = ClockField(label="Over by", required=False, help_text="Empty: until closing")
    until = DayField(label="Until", help_text="The last day on which a time is of use", error_messages={"required": "Enter the last day"})
    note = forms.CharField(
        label="Note for the desk",
        required=False,
        max_length=200,
        help_text="Nothing clinical, for example how soon the patient can be here",
        error_messages={"max_length": "Note for the desk must be 200 letters or fewer"},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args, patient: Patient, today: dt.date, **kwargs):
        super().__init__(*args, **kwargs)
        self.today = self.fields["until"].today = today
        self.initial.setdefault("request_key", uuid.uuid4())
        self.plans = list(patient.plans.filter(status=TreatmentPlan.Status.ACCEPTED).order_by("-number"))
        sessions = [(f"session-{plan.number}", f"A session of {str(plan).lower()}") for plan in self.plans]
        self.fields["kind"].choices = [*sessions, ("consultation", "A consultation"), ("review", "A review")]
        people = Resource.objects.at(patient.site).filter(kind=Resource.Kind.CLINICIAN, is_active=True).order_by("name")
        self.people = {str(one.pk): one for one in people}
        self.fields["clinician"].choices = [("", "Anyone"), *((pk, one.name) for pk, one in self.people.items())]

    def clean_until(self):
        until = self.cleaned_data["until"]
        if until < self.today:
            raise forms.ValidationError("Until must be today or later")
        return until

    def clean(self):
        data = super().clean()
        low, high = data.get("not_before"), data.get("not_after")
        if low is not None and high is not None and high <= low:
            self.add_error("not_after", "Over by must be later than not before")
        return data

    def values(self) -> dict:
        """Arguments for `services.waiting.add`; only after is_valid()."""
        data = self.cleaned_data
        kind, _, number = data["kind"].partition("-")
        return {
            "kind": kind,
            "plan": next((plan for plan in self.plans if str(plan.number) == number), None) if number else None,
            "request_key": f"wait-{data['request_key']}",
            "clinician": self.people.get(data["clinician"]),
            "weekdays": sum(1 << int(one) for one in data["weekdays"]),
            "not_before": data["not_before"],
            "not_after": data["not_after"],
            "until": data["until"],
            "note": data["note"],
        }


def weekdays_words(entry: WaitingEntry) -> str:
    """`Any day`, `Mon, Tue`, `Mon to Fri`."""
    chosen = [n for n in range(7) if entry.on_weekday(n)]
    if len(chosen) == 7:
        return "Any day"
    if len(chosen) > 2 and chosen == list(range(chosen[0], chosen[-1] + 1)):
        return f"{WEEKDAYS[chosen[0]]} to {WEEKDAYS[chosen[-1]]}"
    return ", ".join(WEEKDAYS[n] for n in chosen)


def hours_words(entry: WaitingEntry) -> str:
    """`Not before 14:00`, `over by 12:00`; empty where any hour will do."""
    parts = []
    if entry.not_before:
        parts.append(f"not before {entry.not_before:%H:%M}")
    if entry.not_after:
        parts.append(f"over by {entry.not_after:%H:%M}")
    return ", ".join(parts)
