"""What is typed into a call, an acknowledgement and the file of an event. Nothing is preset; messages say what to do."""

import datetime as dt
import secrets

from django import forms
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.templatetags.clinic_format import in_words
from patients.forms import PlainForm
from protocols.follow_up import Question

from .models import AdverseEvent, EventAddition, FollowUpCall

EARLIEST = dt.date(1990, 1, 1)
AGAIN = _("Reload the page, then send it again")


def _key() -> forms.CharField:
    words = {"required": AGAIN, "max_length": AGAIN}
    return forms.CharField(max_length=60, initial=lambda: secrets.token_urlsafe(16), widget=forms.HiddenInput, error_messages=words)


def _text(label: str, most: int, *, missing: str = "", rows: int = 4, **kwargs) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=most,
        required=bool(missing),
        error_messages={
            "required": missing,
            "max_length": format_lazy(_("{label} must be {most} letters or fewer"), label=label, most=f"{most:,}"),
        },
        widget=forms.Textarea(attrs={"rows": rows}) if rows else forms.TextInput(attrs={"autocomplete": "off"}),
        **kwargs,
    )


def _one_of(label: str, choices, missing: str, **kwargs) -> forms.ChoiceField:
    words = {"required": missing, "invalid_choice": missing}
    return forms.ChoiceField(label=label, choices=choices, widget=forms.RadioSelect, error_messages=words, **kwargs)


class CallForm(PlainForm):
    """One call with the questions of the day. A question that is left open stays open: it is no answer, and never "normal"."""

    session = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=2**63 - 1)
    protocol = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=2**63 - 1)
    day = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=32_000)
    check_in = forms.CharField(widget=forms.HiddenInput, max_length=60, required=False)
    outcome = _one_of(_("Was the patient reached?"), FollowUpCall.Outcome.choices, _("Say whether the patient was reached"))
    remark = _text(
        _("In the patient's own words"),
        300,
        rows=2,
        help_text=_("What the patient said beyond the answers. Clinicians read it; no advice of yours."),
    )
    as_it_stands = forms.BooleanField(required=False, label=_("The open questions cannot be answered: keep the call as it stands"))
    request_key = _key()

    def __init__(self, *args, questions: tuple[Question, ...], **kwargs):
        super().__init__(*args, **kwargs)
        self.questions = questions
        for one in questions:
            self.fields[f"q-{one.id}"] = forms.ChoiceField(
                label=one.text,
                help_text=one.help,
                choices=list(one.answers.items()),
                required=False,
                widget=forms.RadioSelect,
                error_messages={"invalid_choice": gettext("Choose one of the answers")},
            )

    @property
    def asked(self):
        return [self[f"q-{one.id}"] for one in self.questions]

    def answers(self) -> dict[str, str]:
        return {one.id: given for one in self.questions if (given := self.cleaned_data.get(f"q-{one.id}"))}

    def say_open(self, unanswered) -> None:
        """Beside each question that was left open."""
        for name in unanswered:
            self.add_error(f"q-{name}", gettext("Not answered yet. Ask it, or say below that it cannot be answered"))


class AcknowledgeForm(PlainForm):
    decision = _text(_("What was decided"), 500, missing=_("Write what was decided"), rows=3)


class EventForm(PlainForm):
    """The file of one event. zones: those done in the session it is about. now, began: on the clock of the site, now and of the session."""

    title = _text(
        _("What it is"), 120, missing=_("Say in a few words what it is"), rows=0, help_text=_("For example: blisters on the upper lip")
    )
    onset_on = forms.DateField(
        label=_("Began on"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": _("Enter the day on which it began"), "invalid": _("Enter the day as a date, for example 17.11.2026")},
    )
    onset_at = forms.TimeField(
        label=pgettext_lazy("time", "At"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text=_("Where the time is known"),
        error_messages={"invalid": _("Enter the time like 14:30, or leave it empty")},
    )
    zones = forms.MultipleChoiceField(label=_("Where"), required=False, widget=forms.CheckboxSelectMultiple)
    description = _text(_("What is seen and felt"), 4000, missing=_("Describe what is seen and felt"), rows=6)
    actions = _text(_("What was done about it so far"), 4000, rows=4)
    outcome = _one_of(_("How it stands"), AdverseEvent.Outcome.choices, _("Choose how it stands"))
    request_key = _key()

    def __init__(self, *args, zones: list[str], now: dt.datetime, began: dt.datetime | None = None, **kwargs):
        super().__init__(*args, **kwargs)
        self.now, self.began = now, began
        self.fields["zones"].choices = [(name, name) for name in zones]
        self.fields["zones"].error_messages["invalid_choice"] = gettext("Choose among the zones of the session")

    def clean_onset_on(self) -> dt.date:
        day = self.cleaned_data["onset_on"]
        if day > self.now.date():
            raise forms.ValidationError(gettext("It cannot have begun in the future. Enter today or an earlier day"))
        if day < EARLIEST:
            raise forms.ValidationError(gettext("Enter a day from %(day)s on") % {"day": in_words(EARLIEST)})
        if self.began is not None and day < self.began.date():
            words = gettext("That is before the session of %(day)s. Choose another session, or none, or another day")
            raise forms.ValidationError(words % {"day": in_words(self.began.date())})
        return day

    def clean_onset_at(self) -> dt.time | None:
        day, clock = self.cleaned_data.get("onset_on"), self.cleaned_data["onset_at"]
        if day is None or clock is None:
            return clock
        moment = dt.datetime.combine(day, clock)
        if moment > self.now:
            raise forms.ValidationError(gettext("It cannot have begun in the future. Enter when it began, or leave the time empty"))
        if self.began is not None and moment < self.began.replace(second=0, microsecond=0):
            words = gettext("The session began at %(clock)s. Enter a later time, or leave it empty")
            raise forms.ValidationError(words % {"clock": f"{self.began:%H:%M}"})
        return clock


class AdditionForm(PlainForm):
    kind = _one_of(_("What is added"), EventAddition.Kind.choices, _("Choose what is added"))
    text = _text(_("Text"), 4000, missing=_("Write what is to be added"), rows=4)
    outcome = forms.ChoiceField(label=_("How it stands now"), required=False, choices=[("", _("As before")), *AdverseEvent.Outcome.choices])
    request_key = _key()


class DayForm(PlainForm):
    """Which day the list shows; what is no day is today."""

    day = forms.DateField(required=False)

    def chosen(self) -> dt.date:
        return (self.cleaned_data.get("day") if self.is_valid() else None) or timezone.localdate()
