"""Which of two records is kept, and which values hold where they differ."""

import uuid

from django import forms

from .forms import PlainForm, TypedText
from .in_words import in_words
from .merge_services import ASKED, contradicting, differing
from .models import Patient

LABELS = {
    "surname": "Surname", "given": "Given name", "preferred_name": "Preferred name", "birth_date": "Date of birth",
    "sex": "Sex at birth", "language": "Language", "phone": "Phone", "email": "Email", "address": "Address",
}  # fmt: skip
_STALE_FORM = "Reload the page, then send it again"


def words(patient: Patient, name: str) -> str:
    """What *patient* says of one of `ASKED`."""
    return in_words(name, getattr(patient, name), empty="None" if name == "preferred_name" else "Not asked")


class MergeForm(PlainForm):
    """*one*, *two*: the records as they stand. A field for each thing in which they differ."""

    keep = forms.TypedChoiceField(
        label="Which record is kept?",
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose the record that is kept", "invalid_choice": "Choose one of the two"},
    )
    request_key = forms.UUIDField(widget=forms.HiddenInput, error_messages={"required": _STALE_FORM, "invalid": _STALE_FORM})

    def __init__(self, *args, one: Patient, two: Patient, **kwargs):
        super().__init__(*args, **kwargs)
        self.one, self.two = one, two
        self.initial.setdefault("request_key", uuid.uuid4())
        self.fields["keep"].choices = [(row.number, f"No. {row.number}, {row}") for row in (one, two)]
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
                choices=[(row.number, f"{words(row, name)} (no. {row.number})") for row in (one, two)],
                # Where only one of the two says something, that is what holds unless somebody says otherwise.
                initial=said[0].number if len(said) == 1 else None,
                error_messages={"required": f"{LABELS[name]}: choose which holds", "invalid_choice": "Choose one of the two"},
            )
        if contradicting(one, two):
            self.fields["reason"] = TypedText(
                label="How you know that they are one person",
                help_text="Stays with both records, with your name",
                max_length=300,
                error_messages={
                    "required": "Say how you know that they are one person",
                    "max_length": "The reason must be 300 letters or fewer",
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
