"""What is typed about somebody who would come at once if a time came free."""

import datetime as dt
import uuid

from django import forms
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from patients.forms import PlainForm
from patients.models import Patient
from plans.models import TreatmentPlan
from sessions.forms.booking import ClockField, DayField
from sessions.models import Resource

from ..models import WaitingEntry

WEEKDAYS = tuple(WEEKDAYS_ABBR[n] for n in range(7))


class WaitingForm(PlainForm):
    request_key = forms.UUIDField(widget=forms.HiddenInput, error_messages={"required": _("Reload the page, then send it again")})
    kind = forms.ChoiceField(label=_("For"), error_messages={"required": _("Choose what for"), "invalid_choice": _("Choose from the list")})
    clinician = forms.ChoiceField(label=_("With"), required=False, error_messages={"invalid_choice": _("Choose from the list")})
    weekdays = forms.MultipleChoiceField(
        label=pgettext_lazy("weekdays", "On"),
        choices=[(str(n), name) for n, name in enumerate(WEEKDAYS)],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose one or more weekdays"), "invalid_choice": _("Choose from the list")},
    )
    not_before = ClockField(label=_("Not before"), required=False, help_text=_("Empty: from opening on"))
    not_after = ClockField(label=_("Over by"), required=False, help_text=_("Empty: until closing"))
    until = DayField(
        label=_("Until"), help_text=_("The last day on which a time is of use"), error_messages={"required": _("Enter the last day")}
    )
    note = forms.CharField(
        label=_("Note for the desk"),
        required=False,
        max_length=200,
        help_text=_("Nothing clinical, for example how soon the patient can be here"),
        error_messages={"max_length": _("Note for the desk must be 200 letters or fewer")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args, patient: Patient, today: dt.date, **kwargs):
        super().__init__(*args, **kwargs)
        self.today = self.fields["until"].today = today
        self.initial.setdefault("request_key", uuid.uuid4())
        self.plans = list(patient.plans.filter(status=TreatmentPlan.Status.ACCEPTED).order_by("-number"))
        sessions = [(f"session-{plan.number}", gettext("A session of %(plan)s") % {"plan": str(plan).lower()}) for plan in self.plans]
        self.fields["kind"].choices = [*sessions, ("consultation", gettext("A consultation")), ("review", gettext("A review"))]
        people = Resource.objects.at(patient.site).filter(kind=Resource.Kind.CLINICIAN, is_active=True).order_by("name")
        self.people = {str(one.pk): one for one in people}
        self.fields["clinician"].choices = [("", gettext("Anyone")), *((pk, one.name) for pk, one in self.people.items())]

    def clean_until(self):
        until = self.cleaned_data["until"]
        if until < self.today:
            raise forms.ValidationError(gettext("Until must be today or later"))
        return until

    def clean(self):
        data = super().clean()
        low, high = data.get("not_before"), data.get("not_after")
        if low is not None and high is not None and high <= low:
            self.add_error("not_after", gettext("Over by must be later than not before"))
        return data

    def values(self) -> dict:
        """Arguments for `services.waiting.add`; only after is_valid()."""
        data = self.cleaned_data
        kind, _dash, number = data["kind"].partition("-")
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
        return gettext("Any day")
    if len(chosen) > 2 and chosen == list(range(chosen[0], chosen[-1] + 1)):
        return gettext("%(first)s to %(last)s") % {"first": WEEKDAYS[chosen[0]], "last": WEEKDAYS[chosen[-1]]}
    return ", ".join(str(WEEKDAYS[n]) for n in chosen)


def hours_words(entry: WaitingEntry) -> str:
    """`Not before 14:00`, `over by 12:00`; empty where any hour will do."""
    parts = []
    if entry.not_before:
        parts.append(gettext("not before %(time)s") % {"time": f"{entry.not_before:%H:%M}"})
    if entry.not_after:
        parts.append(gettext("over by %(time)s") % {"time": f"{entry.not_after:%H:%M}"})
    return ", ".join(parts)
