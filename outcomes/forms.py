"""What is answered on the scales. Nothing is preset: what is left alone stays "Not recorded"."""

import secrets
from decimal import Decimal, InvalidOperation

from django import forms
from django.core import signing
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from patients.forms import PlainForm, past_only

from .asked import Asked
from .models import OutcomeAnswer
from .scales import Scale
from .services.recording import Given

NOT_RECORDED = ("", gettext_lazy("Not recorded"))
IN_ERROR = "in-error"
_SALT = "outcomes.patient"
_ANOTHER = gettext_lazy("This form was opened for another patient. Nothing was kept: open it again from this patient's page.")


def whose(patient) -> str:
    """The patient a form was opened for, so that a form of one tab never answers for the patient of another."""
    return signing.dumps(patient.pk, salt=_SALT)


def grade_field(scale: Scale, label: str, **kwargs) -> forms.Field:
    """A list of the scale's grades, or a field for a score."""
    if scale.grades:
        choices = [
            NOT_RECORDED,
            *(
                (f"{grade.value:f}", gettext(grade.words) if scale.kind == OutcomeAnswer.Kind.GAIS else grade.words)
                for grade in scale.grades
            ),
        ]
        return forms.ChoiceField(
            label=label,
            choices=choices,
            required=False,
            error_messages={"invalid_choice": gettext("Choose a grade from the list")},
            **kwargs,
        )
    return ScoreField(scale, label, **kwargs)


class ScoreField(forms.CharField):
    """A number within the scale, with a decimal point or comma."""

    def __init__(self, scale: Scale, label: str, **kwargs):
        attrs = {"inputmode": "decimal", "autocomplete": "off", "class": "w5"}
        hint = gettext("%(lowest)s to %(highest)s, one decimal at most. Empty is not recorded") % {
            "lowest": f"{scale.lowest:f}",
            "highest": f"{scale.highest:f}",
        }
        super().__init__(label=label, required=False, max_length=10, help_text=hint, widget=forms.TextInput(attrs=attrs), **kwargs)
        self.scale = scale

    def clean(self, value):
        text = super().clean(value)
        if not text:
            return ""
        try:
            number = Decimal(text.replace(",", ".")) if text.isascii() else None
        except InvalidOperation:
            number = None
        if number is None or not number.is_finite() or self.scale.words_of(number) is None:
            raise forms.ValidationError(
                gettext("Score must be a number from %(lowest)s to %(highest)s, like 7.5")
                % {"lowest": f"{self.scale.lowest:f}", "highest": f"{self.scale.highest:f}"}
            )
        return f"{number:f}"


class _OfPatient(PlainForm):
    whose = forms.CharField(widget=forms.HiddenInput, max_length=200, error_messages={"required": _ANOTHER})
    request_key = forms.CharField(widget=forms.HiddenInput, max_length=40)

    def __init__(self, *args, patient, **kwargs):
        initial = {"whose": whose(patient), "request_key": secrets.token_urlsafe(16), **kwargs.pop("initial", {})}
        super().__init__(*args, initial=initial, **kwargs)
        self.patient = patient

    def clean_whose(self):
        try:
            opened_for = signing.loads(self.cleaned_data["whose"], salt=_SALT)
        except signing.BadSignature as fault:
            raise forms.ValidationError(_ANOTHER) from fault
        if opened_for != self.patient.pk:
            raise forms.ValidationError(_ANOTHER)
        return opened_for


class AnswersForm(_OfPatient):
    """One field for each scale and rater; GAIS is asked at a review only."""

    moment = forms.ChoiceField(
        label=gettext_lazy("When in the course"),
        choices=OutcomeAnswer.Moment.choices,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose whether this is before treatment or a review.")},
    )
    rated_on = forms.DateField(
        label=gettext_lazy("Day"),
        input_formats=["%Y-%m-%d", "%d/%m/%Y", "%d %b %Y", "%d %B %Y"],
        widget=forms.DateInput(attrs={"type": "date", "class": "w8"}, format="%Y-%m-%d"),
        error_messages={"required": gettext_lazy("Enter the day"), "invalid": gettext_lazy("Day must be a date, for example 10 Jan 2026")},
    )

    def __init__(self, *args, patient, asked: list[Asked], moment: str = "", **kwargs):
        initial = {"rated_on": timezone.localdate(), "moment": moment, **kwargs.pop("initial", {})}
        super().__init__(*args, patient=patient, initial=initial, **kwargs)
        self.asked = asked
        for _, scale, rater, name in self._places():
            self.fields[name] = grade_field(scale, OutcomeAnswer.Rater(rater).label)

    def _places(self):
        for one in self.asked:
            for scale in one.of.scales:
                for rater in OutcomeAnswer.Rater.values:
                    yield one, scale, rater, f"{one.indication}-{scale.kind}-{rater}"

    @property
    def groups(self) -> list[dict]:
        """For the page: each indication with its scales, each with a field for the clinician and one for the patient."""
        return [
            {
                "label": one.of.label,
                "version": one.version,
                "scales": [
                    {"scale": scale, "fields": [self[f"{one.indication}-{scale.kind}-{rater}"] for rater in OutcomeAnswer.Rater.values]}
                    for scale in one.of.scales
                ],
            }
            for one in self.asked
        ]

    def clean_rated_on(self):
        return past_only(gettext_lazy("Day"), self.cleaned_data["rated_on"], self.patient.birth_date)

    def clean(self):
        said = super().clean()
        if said.get("moment") == OutcomeAnswer.Moment.BASELINE:
            for _, scale, _, name in self._places():
                if scale.kind == OutcomeAnswer.Kind.GAIS and said.get(name):
                    self.add_error(name, gettext("Change is judged at a review. Leave it as not recorded, or choose review above."))
        if not self.errors and not self.given:
            self.add_error(None, gettext("Nothing is answered yet: choose at least one grade."))
        return said

    @property
    def given(self) -> list[Given]:
        said = self.cleaned_data
        return [Given(one, scale, rater, Decimal(said[name])) for one, scale, rater, name in self._places() if said.get(name)]


class CorrectForm(_OfPatient):
    """What is right instead, or that it was recorded in error."""

    reason = forms.CharField(
        label=gettext_lazy("Why it is corrected"),
        max_length=300,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={
            "required": gettext_lazy("Enter why it is corrected"),
            "max_length": gettext_lazy("The reason must be 300 letters or fewer"),
        },
    )
    in_error = forms.BooleanField(label=gettext_lazy("It was recorded in error and counts no more"), required=False)

    def __init__(self, *args, patient, scale: Scale, **kwargs):
        super().__init__(*args, patient=patient, **kwargs)
        self.fields["value"] = grade_field(scale, gettext("What is right"))
        if scale.grades:
            self.fields["value"].choices = [("", gettext("Choose a grade")), *self.fields["value"].choices[1:]]
        self.order_fields(["value", "in_error", "reason"])

    def clean(self):
        said = super().clean()
        if "value" not in self.errors and bool(said.get("value")) == bool(said.get("in_error")):
            self.add_error("value", gettext("Choose the right grade, or tick that it was recorded in error."))
        return said

    @property
    def value(self) -> Decimal | None:
        return None if self.cleaned_data["in_error"] else Decimal(self.cleaned_data["value"])
