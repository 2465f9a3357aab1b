"""What is typed at a step of a version's life, and when a pack is brought in."""

import datetime as dt

from django import forms
from django.utils import timezone

from ..documents import LARGEST_BYTES, read_bytes
from ..names import MAX_LENGTH, version_name_problem
from ..services.lifecycle import MAX_REASON

_DATES = ["%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y", "%d %b %Y", "%d %B %Y"]


def _reason(label: str, missing: str, hint: str = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=MAX_REASON,
        error_messages={"required": missing, "max_length": f"{label} must have at most {MAX_REASON} characters"},
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=hint,
    )


class StepForm(forms.Form):
    """Fields of one step; several stand on one page, so each has its prefix. Error texts stand beside the fields too."""

    use_required_attribute = False
    PREFIX = ""
    DONE = ""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, prefix=self.PREFIX, **kwargs)

    def full_clean(self):
        super().full_clean()
        for bound in self:
            if bound.errors:
                bound.field.widget.attrs["aria-invalid"] = "true"
                described = bound.field.widget.attrs.get("aria-describedby", "")
                bound.field.widget.attrs["aria-describedby"] = f"{described} {bound.auto_id}_error".strip()


class ReviewForm(StepForm):
    """Hand a draft over. `seen`: SHA-256 of the document on the page."""

    PREFIX = "submit"
    seen = forms.CharField(widget=forms.HiddenInput, error_messages={"required": "Open the page again, then hand the draft over."})


class SendBackForm(StepForm):
    PREFIX = "back"
    reason = _reason("What has to be changed", "Enter what has to be changed")


class ApproveForm(StepForm):
    """`replaces`: primary key of the approved version on the page, empty for none."""

    PREFIX = "approve"
    seen = forms.CharField(widget=forms.HiddenInput, error_messages={"required": "Open the page again, then approve."})
    replaces = forms.IntegerField(required=False, widget=forms.HiddenInput)
    reason = _reason("Why this version is approved", "Enter why this version is approved", "For example what was read, and against what.")
    next_review_on = forms.DateField(
        label="Next review",
        input_formats=_DATES,
        error_messages={
            "required": "Enter the day of the next review",
            "invalid": "Next review must be a date, for example 10 Jan 2027",
        },
        widget=forms.DateInput(attrs={"type": "date", "class": "w8"}, format="%Y-%m-%d"),
        help_text="By then a medical lead reads it again.",
    )

    def clean_next_review_on(self) -> dt.date:
        day = self.cleaned_data["next_review_on"]
        if day <= timezone.localdate():
            raise forms.ValidationError("Next review must be in the future")
        if day > timezone.localdate() + dt.timedelta(days=5 * 366):
            raise forms.ValidationError("Next review must be within five years")
        return day


class RetireForm(StepForm):
    PREFIX = "retire"
    reason = _reason("Why it is retired", "Enter why it is retired")


class DeleteForm(StepForm):
    """`lock_version`: of the draft on the page; `typed`: its name, typed by hand."""

    PREFIX = "delete"
    lock_version = forms.IntegerField(widget=forms.HiddenInput, error_messages={"required": "Open the page again, then delete."})
    typed = forms.CharField(
        label="Name of the draft",
        max_length=MAX_LENGTH,
        error_messages={"required": "Type the name of the draft"},
        widget=forms.TextInput(attrs={"autocomplete": "off", "class": "w8"}),
        help_text="Typed as it stands above, so that no other one goes.",
    )
    reason = _reason("Why it is deleted", "Enter why the draft is deleted")

    def __init__(self, *args, named: str, **kwargs):
        super().__init__(*args, **kwargs)
        self.named = named

    def clean_typed(self) -> str:
        typed = self.cleaned_data["typed"].strip()
        if typed != self.named:
            raise forms.ValidationError(f"Type {self.named} to delete it")
        return typed


class _NameMixin:
    def clean_name(self) -> str:
        name = self.cleaned_data["name"].strip()
        if name and (problem := version_name_problem(name)):
            raise forms.ValidationError(f"The name {problem.replace(', in quotes,', ',')}")
        return name


def _name(label: str, hint: str, **kwargs) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=MAX_LENGTH,
        error_messages={
            "required": "Enter a name for the new version",
            "max_length": f"The name must have at most {MAX_LENGTH} characters",
        },
        widget=forms.TextInput(attrs={"autocomplete": "off", "class": "w8"}),
        help_text=hint,
        **kwargs,
    )


def _note(label: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=300,
        required=False,
        error_messages={"max_length": f"{label} must have at most 300 characters"},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class DraftForm(_NameMixin, StepForm):
    """A draft with everything that another version holds."""

    PREFIX = "draft"
    name = _name("Name of the new version", "For example 2027.1")
    note = _note("What it is to change")


class ImportForm(_NameMixin, StepForm):
    """A pack as a file or as pasted text. `content` is the text of either; a file counts before what is in the box."""

    PREFIX = "import"
    file = forms.FileField(
        label="File",
        required=False,
        allow_empty_file=True,
        error_messages={"invalid": "Choose a file"},
        widget=forms.FileInput(attrs={"accept": ".yaml,.yml,.json,text/plain,application/yaml,application/json"}),
        help_text=f"YAML or JSON, at most {LARGEST_BYTES // 1_000_000} MB.",
    )
    text = forms.CharField(
        label="Or paste the pack",
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 14, "spellcheck": "false", "autocomplete": "off", "class": "code"}),
    )
    name = _name("Name, if not the pack's own", "Leave empty to take pack_version from the text.", required=False)
    note = _note("Where it comes from")

    @property
    def source(self) -> str:
        """What a fault calls the whole."""
        file = self.files.get(self.add_prefix("file"))
        return file.name if file else "the text"

    def clean(self):
        given = super().clean()
        file, text = given.get("file"), given.get("text", "")
        if file is None and not text.strip():
            self.add_error("file", "Choose a file or paste a pack")
        elif file is not None and file.size > LARGEST_BYTES:
            self.add_error("file", f"The file is larger than {LARGEST_BYTES // 1_000_000} MB. A pack is smaller.")
        elif file is not None:
            given["raw"] = file.read()
        return given

    def content(self) -> str:
        """
        The text of the file, or the pasted one.

        Raises:
            KnowledgeFaults: the file is not text.
        """
        raw = self.cleaned_data.get("raw")
        return self.cleaned_data["text"] if raw is None else read_bytes(raw, name=self.source)
