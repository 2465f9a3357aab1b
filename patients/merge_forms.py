"""Which of two records is kept, and which values hold where they differ."""

import uuid

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from .forms import PlainForm, TypedText
from .in_words import in_words
from .merge_services import ASKED, contradicting, differing
from .models import Patient

LABELS = {
    "surname": _("Surname"), "given": _("Given name"), "preferred_name": _("Preferred name"), "birth_date": _("Date of birth"),
    "sex": _("Sex at birth"), "language": _("Language"), "phone": _("Phone"), "email": _("Email"), "address": _("Address"),
}  # fmt: skip
_STALE_FORM = _("Reload the page, then send it again")


def words(patient: Patient, name: str) -> str:
    """What *patient* says of one of `ASKED`."""
    return in_words(name, getattr(patient, name), empty=gettext("None") if name == "preferred_name" else gettext("Not asked"))


def _of_record(said: str, patient: Patient) -> str:
    return gettext("%(said)s (no. %(number)s)") % {"said": said, "number": patient.number}


class MergeForm(PlainForm):
    """*one*, *two*: the records as they stand. A field for each thing in which they differ."""

    keep = forms.TypedChoiceField(
        label=_("Which record is kept?"),
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose the record that is kept"), "invalid_choice": _("Choose one of the two")},
    )
    request_key = forms.UUIDField(widget=forms.HiddenInput, error_messages={"required": _STALE_FORM, "invalid": _STALE_FORM})

    def __init__(self, *args, one: Patient, two: Patient, **kwargs):
        super().__init__(*args, **kwargs)
        self.one, self.two = one, two
        self.initial.setdefault("request_key", uuid.uuid4())
        self.fields["keep"].choices = [
            (row.number, gettext("No. %(number)s, %(patient)s") % {"number": row.number, "patient": row}) for row in (one, two)
        ]
        for row in (one, two):
            name = f"version_{row.number}"
            errors = {"required": _STALE_FORM, "invalid": _STALE_FORM}
            self.fields[name] = forms.IntegerField(widget=forms.HiddenInput, initial=row.version, error_messages=errors)
        for name in differing(one, two):
            said = [row for row in (one, two) if getattr(row, name)]
            self.fields[name] = forms.TypedChoiceField(
                label=LABELS[name],
                coerce=int,
                widget=forms.RadioSelect,
                choices=[(row.number, _of_record(words(row, name), row)) for row in (one, two)],
                # Where only one of the two says something, that is what holds unless somebody says otherwise.
                initial=said[0].number if len(said) == 1 else None,
                error_messages={
                    "required": gettext("%(label)s: choose which holds") % {"label": LABELS[name]},
                    "invalid_choice": _("Choose one of the two"),
                },
            )
        if contradicting(one, two):
            self.fields["reason"] = TypedText(
                label=_("How you know that they are one person"),
                help_text=_("Stays with both records, with your name"),
                max_length=300,
                error_messages={
                    "required": _("Say how you know that they are one person"),
                    "max_length": _("The reason must be 300 letters or fewer"),
                },
                widget=forms.TextInput(attrs={"autocomplete": "off", "maxlength": "300"}),
            )

    @property
    def choices_to_make(self) -> list:
        return [self[name] for name in ASKED if name in self.fields]

    @property
    def versions(self) -> dict[int, int]:
        return {row.pk: self.cleaned_data[f"version_{row.number}"] for row in (self.one, self.two)}

    @property
    def holds(self) -> dict[str, int]:
        return {name: self.cleaned_data[name] for name in ASKED if name in self.fields}

    @property
    def kept_and_other(self) -> tuple[Patient, Patient]:
        return (self.one, self.two) if self.cleaned_data["keep"] == self.one.number else (self.two, self.one)
