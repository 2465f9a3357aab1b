"""What the desk types before the dates of a course are found: from when, with whom, and what the patient asked for."""

import datetime as dt

from django import forms

from accounts.models import Site
from accounts.permissions import may, who
from patients.forms import PlainForm
from plans.models import TreatmentPlan

from ..models import Resource
from ..services import gap
from ..services.course_dates import Wishes
from .booking import ClockField, DayField

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class CourseForm(PlainForm):
    """How the dates of a course are to be found, and why they may be sooner than healing allows."""

    first_day = DayField(label="First session on or after", error_messages={"required": "Enter the first day"})
    time = ClockField(label="Time", error_messages={"required": "Enter the time"})
    clinician = forms.ChoiceField(label="With", required=False)
    same_person = forms.BooleanField(label="The same person every time", required=False)
    weekday = forms.MultipleChoiceField(
        label="Days that suit",
        required=False,
        choices=[(str(number), name) for number, name in enumerate(WEEKDAYS)],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "Choose days from Mon to Sun"},
    )
    earliest = ClockField(label="Not before", required=False)
    latest = ClockField(label="Not after", required=False)
    weeks = forms.IntegerField(
        label="Weeks between sessions",
        required=False,
        min_value=1,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "class": "w4"}),
        error_messages={
            "invalid": "Weeks between sessions must be a whole number, like 5",
            "min_value": "Weeks between sessions must be 1 or more",
        },
    )
    gap_reason = forms.CharField(
        label="Why it may be sooner",
        required=False,
        max_length=300,
        help_text="Kept with your name",
        error_messages={"max_length": "Why it may be sooner must be 300 letters or fewer"},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    ASKED = ("first_day", "time", "clinician", "same_person", "weekday", "earliest", "latest", "weeks")

    def __init__(self, *args, site: Site, today: dt.date, plan: TreatmentPlan, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.plan, self.user = plan, user
        self.fields["first_day"].today = today
        self.people = list(Resource.objects.at(site).filter(is_active=True, kind=Resource.Kind.CLINICIAN).select_related("user"))
        self.fields["clinician"].choices = [("", "Anyone who is free"), *((str(r.pk), r.name) for r in self.people)]
        self.fields["clinician"].error_messages["invalid_choice"] = "Choose one from the list"
        self.fields["weeks"].help_text = f"The plan allows {gap.allowed(plan)}"
        if plan.sessions_count < 2:
            del self.fields["weeks"]

    @property
    def may_say_sooner(self) -> bool:
        return may(self.user, gap.OVERRIDE)

    def clean(self):
        data = super().clean()
        earliest, latest, weeks = data.get("earliest"), data.get("latest"), data.get("weeks")
        if earliest and latest and latest < earliest:
            self.add_error("latest", "Not after must be later than not before")
        if weeks and weeks > self.plan.interval_weeks_max:
            self.add_error("weeks", f"The plan allows {gap.allowed(self.plan)} between sessions")
        if weeks and weeks < self.plan.interval_weeks_min and not self.may_say_sooner:
            words = f"The plan allows {gap.allowed(self.plan)} between sessions. Only {who(gap.OVERRIDE)} may book it sooner"
            self.add_error("weeks", words)
        return data

    @property
    def with_whom(self) -> Resource | None:
        return next((r for r in self.people if str(r.pk) == self.cleaned_data.get("clinician")), None)

    @property
    def wishes(self) -> Wishes:
        """Only after is_valid()."""
        data = self.cleaned_data
        return Wishes(
            weekdays=frozenset(int(number) for number in data["weekday"]),
            earliest=data["earliest"],
            latest=data["latest"],
            weeks=data.get("weeks"),
            same_person=data["same_person"],
            sooner=bool(data.get("weeks")) and self.may_say_sooner,
        )

    @property
    def is_fold_open(self) -> bool:
        """Whether something is asked for that stands in the fold, so that it is not hidden."""
        return any(self.data.get(name) for name in ("same_person", "weekday", "earliest", "latest", "weeks"))

    @property
    def asked(self) -> list[tuple[str, str]]:
        """What was asked, to be sent along with the dates: (name, value)."""
        found = []
        for name in self.ASKED:
            if name in self.fields:
                value = self[name].value()
                found += [(name, str(one)) for one in (value if isinstance(value, list) else [value]) if one not in (None, "", False)]
        return found
