"""What is typed to open a record in an emergency, and to say afterwards that it was looked at."""

import uuid

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from .forms import BirthDateForm, PlainForm, TypedText

_STALE_FORM = _("Reload the page, then send it again")
LEAST_REASON = 10  # letters: "see above" or a full stop is no reason


class EmergencyForm(BirthDateForm):
    field_order = ("number", "birth_day", "birth_month", "birth_year", "reason")
    number = forms.CharField(
        label=_("Patient number"),
        max_length=10,
        error_messages={"required": _("Enter the patient number"), "max_length": _("Patient number must be 10 digits or fewer")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric", "class": "w8"}),
    )
    reason = TypedText(
        label=_("Why you need this record now"),
        help_text=_("Read by those who answer for that site, and by the auditor"),
        max_length=300,
        error_messages={"required": _("Say why you need this record now"), "max_length": _("The reason must be 300 letters or fewer")},
        widget=forms.Textarea(attrs={"rows": "3", "maxlength": "300"}),
    )
    request_key = forms.UUIDField(widget=forms.HiddenInput, error_messages={"required": _STALE_FORM, "invalid": _STALE_FORM})

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial.setdefault("request_key", uuid.uuid4())

    def clean_number(self) -> int:
        typed = self.cleaned_data["number"].strip()
        if not (typed.isdecimal() and typed.isascii() and int(typed) < 2**31):
            raise forms.ValidationError(gettext("Patient number must be digits, for example 10482"))
        return int(typed)

    def clean_reason(self) -> str:
        reason = " ".join(self.cleaned_data["reason"].split())
        if sum(letter.isalpha() for letter in reason) < LEAST_REASON:
            raise forms.ValidationError(gettext("Say in a few words why you need this record now"))
        return reason

    def clean(self):
        data = super().clean()
        data["birth_date"] = self._birth_date(data)
        return data


class ReviewForm(PlainForm):
    note = TypedText(
        label=_("What you found"),
        max_length=300,
        error_messages={"required": _("Say what you found"), "max_length": _("What you found must be 300 letters or fewer")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "maxlength": "300"}),
    )
