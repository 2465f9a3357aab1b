"""What is typed at a step of a version's life, and when a pack is brought in."""

import datetime as dt

from django import forms
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ..documents import LARGEST_BYTES, read_bytes
from ..fault_words import said
from ..names import MAX_LENGTH, version_name_problem
from ..services.lifecycle import MAX_REASON

_MOST = _("{label} must have at most {most} characters")
_DATES = ["%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y", "%d %b %Y", "%d %B %Y"]


def _reason(label: str, missing: str, hint: str = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=MAX_REASON,
        error_messages={"required": missing, "max_length": format_lazy(_MOST, label=label, most=MAX_REASON)},
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
    seen = forms.CharField(widget=forms.HiddenInput, error_messages={"required": _("Open the page again, then hand the draft over.")})


class SendBackForm(StepForm):
    PREFIX = "back"
    reason = _reason(_("What has to be changed"), _("Enter what has to be changed"))


class ApproveForm(StepForm):
    """`replaces`: primary key of the approved version on the page, empty for none."""

    PREFIX = "approve"
    seen = forms.CharField(widget=forms.HiddenInput, error_messages={"required": _("Open the page again, then approve.")})
    replaces = forms.IntegerField(required=False, widget=forms.HiddenInput)
    reason = _reason(
        _("Why this version is approved"), _("Enter why this version is approved"), _("For example what was read, and against what.")
    )
    next_review_on = forms.DateField(
        label=_("Next review"),
        input_formats=_DATES,
        error_messages={
            "required": _("Enter the day of the next review"),
            "invalid": _("Next review must be a date, for example 10 Jan 2027"),
        },
        widget=forms.DateInput(attrs={"type": "date", "class": "w8"}, format="%Y-%m-%d"),
        help_text=_("By then a medical lead reads it again."),
    )

    def clean_next_review_on(self) -> dt.date:
        day = self.cleaned_data["next_review_on"]
        if day <= timezone.localdate():
            raise forms.ValidationError(_("Next review must be in the future"))
        if day > timezone.localdate() + dt.timedelta(days=5 * 366):
            raise forms.ValidationError(_("Next review must be within five years"))
        return day


class RetireForm(StepForm):
    PREFIX = "retire"
    reason = _reason(_("Why it is retired"), _("Enter why it is retired"))


class DeleteForm(StepForm):
    """`lock_version`: of the draft on the page; `typed`: its name, typed by hand."""

    PREFIX = "delete"
    lock_version = forms.IntegerField(widget=forms.HiddenInput, error_messages={"required": _("Open the page again, then delete.")})
    typed = forms.CharField(
        label=_("Name of the draft"),
        max_length=MAX_LENGTH,
        error_messages={"required": _("Type the name of the draft")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "class": "w8"}),
        help_text=_("Typed as it stands above, so that no other one goes."),
    )
    reason = _reason(_("Why it is deleted"), _("Enter why the draft is deleted"))

    def __init__(self, *args, named: str, **kwargs):
        super().__init__(*args, **kwargs)
        self.named = named

    def clean_typed(self) -> str:
        typed = self.cleaned_data["typed"].strip()
        if typed != self.named:
            raise forms.ValidationError(gettext("Type %(name)s to delete it") % {"name": self.named})
        return typed


class _NameMixin:
    def clean_name(self) -> str:
        name = self.cleaned_data["name"].strip()
        if name and (problem := version_name_problem(name)):
            raise forms.ValidationError(gettext("The name %(problem)s") % {"problem": said(problem.replace(", in quotes,", ","))})
        return name


def _name(label: str, hint: str, **kwargs) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=MAX_LENGTH,
        error_messages={
            "required": _("Enter a name for the new version"),
            "max_length": format_lazy(_MOST, label=_("The name"), most=MAX_LENGTH),
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
        error_messages={"max_length": format_lazy(_MOST, label=label, most=300)},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class DraftForm(_NameMixin, StepForm):
    """A draft with everything that another version holds."""

    PREFIX = "draft"
    name = _name(_("Name of the new version"), _("For example 2027.1"))
    note = _note(_("What it is to change"))


class ImportForm(_NameMixin, StepForm):
    """A pack as a file or as pasted text. `content` is the text of either; a file counts before what is in the box."""

    PREFIX = "import"
    file = forms.FileField(
        label=_("File"),
        required=False,
        allow_empty_file=True,
        error_messages={"invalid": _("Choose a file")},
        widget=forms.FileInput(attrs={"accept": ".yaml,.yml,.json,text/plain,application/yaml,application/json"}),
        help_text=format_lazy(_("YAML or JSON, at most {most} MB."), most=LARGEST_BYTES // 1_000_000),
    )
    text = forms.CharField(
        label=_("Or paste the pack"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 14, "spellcheck": "false", "autocomplete": "off", "class": "code"}),
    )
    name = _name(_("Name, if not the pack's own"), _("Leave empty to take pack_version from the text."), required=False)
    note = _note(_("Where it comes from"))

    @property
    def source(self) -> str:
        """What a fault calls the whole."""
        file = self.files.get(self.add_prefix("file"))
        return file.name if file else gettext("the text")

    def clean(self):
        given = super().clean()
        file, text = given.get("file"), given.get("text", "")
        if file is None and not text.strip():
            self.add_error("file", _("Choose a file or paste a pack"))
        elif file is not None and file.size > LARGEST_BYTES:
            text = gettext("The file is larger than %(most)s MB. A pack is smaller.")
            self.add_error("file", text % {"most": LARGEST_BYTES // 1_000_000})
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
