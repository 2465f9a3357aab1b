"""What the desk types before the dates of a course are found: from when, with whom, and what the patient asked for."""

import datetime as dt

from django import forms
from django.utils.translation import gettext, gettext_lazy

from accounts.models import Site
from accounts.permissions import may, who
from patients.forms import PlainForm
from plans.models import TreatmentPlan

from ..models import Resource
from ..services import gap
from ..services.course_dates import Wishes
from .booking import ClockField, DayField

WEEKDAYS = (
    gettext_lazy("Mon"),
    gettext_lazy("Tue"),
    gettext_lazy("Wed"),
    gettext_lazy("Thu"),
    gettext_lazy("Fri"),
    gettext_lazy("Sat"),
    gettext_lazy("Sun"),
)


class CourseForm(PlainForm):
    """How the dates of a course are to be found, and why they may be sooner than healing allows."""

    first_day = DayField(label=gettext_lazy("First session on or after"), error_messages={"required": gettext_lazy("Enter the first day")})
    time = ClockField(label=gettext_lazy("Time"), error_messages={"required": gettext_lazy("Enter the time")})
    clinician = forms.ChoiceField(label=gettext_lazy("With"), required=False)
    same_person = forms.BooleanField(label=gettext_lazy("The same person every time"), required=False)
    weekday = forms.MultipleChoiceField(
        label=gettext_lazy("Days that suit"),
        required=False,
        choices=[(str(number), name) for number, name in enumerate(WEEKDAYS)],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": gettext_lazy("Choose days from Mon to Sun")},
    )
    earliest = ClockField(label=gettext_lazy("Not before"), required=False)
    latest = ClockField(label=gettext_lazy("Not after"), required=False)
    weeks = forms.IntegerField(
        label=gettext_lazy("Weeks between sessions"),
        required=False,
        min_value=1,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "class": "w4"}),
        error_messages={
            "invalid": gettext_lazy("Weeks between sessions must be a whole number, like 5"),
            "min_value": gettext_lazy("Weeks between sessions must be 1 or more"),
        },
    )
    gap_reason = forms.CharField(
        label=gettext_lazy("Why it may be sooner"),
        required=False,
        max_length=300,
        help_text=gettext_lazy("Kept with your name"),
        error_messages={"max_length": gettext_lazy("Why it may be sooner must be 300 letters or fewer")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    ASKED = ("first_day", "time", "clinician", "same_person", "weekday", "earliest", "latest", "weeks")

    def __init__(self, *args, site: Site, today: dt.date, plan: TreatmentPlan, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.plan, self.user = plan, user
        self.fields["first_day"].today = today
        self.people = list(Resource.objects.at(site).filter(is_active=True, kind=Resource.Kind.CLINICIAN).select_related("user"))
        self.fields["clinician"].choices = [("", gettext("Anyone who is free")), *((str(r.pk), r.name) for r in self.people)]
        self.fields["clinician"].error_messages["invalid_choice"] = gettext("Choose one from the list")
        self.fields["weeks"].help_text = gettext("The plan allows %(plan)s") % {"plan": gap.allowed(plan)}
        if plan.sessions_count < 2:
            del self.fields["weeks"]

    @property
    def may_say_sooner(self) -> bool:
        return may(self.user, gap.OVERRIDE)

    def clean(self):
        data = super().clean()
        earliest, latest, weeks = data.get("earliest"), data.get("latest"), data.get("weeks")
        if earliest and latest and latest < earliest:
            self.add_error("latest", gettext("Not after must be later than not before"))
        if weeks and weeks > self.plan.interval_weeks_max:
            self.add_error("weeks", gettext("The plan allows %(plan)s between sessions") % {"plan": gap.allowed(self.plan)})
        if weeks and weeks < self.plan.interval_weeks_min and not self.may_say_sooner:
            words = gettext("The plan allows %(plan)s between sessions. Only %(who)s may book it sooner") % {
                "plan": gap.allowed(self.plan),
                "who": who(gap.OVERRIDE),
            }
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
