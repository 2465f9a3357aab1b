"""A case of the clinic's own as it is typed: YAML or JSON in the case format, and what it expects."""

from typing import Any

import yaml
from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from planner.errors import CaseFaults

from ..case_files import parse_text
from ..fault_words import said
from ..library import library_case

MOST = 20_000  # characters; a case is a page or two


class _Dumper(yaml.SafeDumper):
    """Lists of short things in one line, as in the project's own cases."""


def as_text(value: Any) -> str:
    """A case or an expectation as somebody would type it."""
    if not value:
        return ""
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=None, width=100)
    return text


def _area(label: str, rows: int, missing: str, **kwargs) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=MOST,
        required=bool(missing),
        error_messages={
            "required": missing,
            "max_length": format_lazy(_("{label} must have at most {most} characters"), label=label, most=f"{MOST:,}"),
        },
        widget=forms.Textarea(attrs={"rows": rows, "spellcheck": "false", "autocomplete": "off", "class": "code"}),
        **kwargs,
    )


class CaseForm(forms.Form):
    use_required_attribute = False
    name = forms.CharField(
        label=_("Name"),
        max_length=120,
        error_messages={"required": _("Enter a name for the case"), "max_length": _("The name must have at most 120 characters")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_("What it is about. No name of a patient."),
    )
    note = forms.CharField(
        label=_("Why it is kept"),
        max_length=300,
        required=False,
        error_messages={"max_length": _("Why it is kept must have at most 300 characters")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    case = _area(_("Case"), 18, _("Paste a case"), help_text=_("Case format, as YAML or JSON."))
    expect = _area(_("What must come out"), 8, "", help_text=_("One expectation a line. Empty: the bench only shows what changes."))
    must_hold = forms.BooleanField(label=_("Must hold"), required=False)
    lock_version = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=1)

    def __init__(self, *args, may_decide: bool, held: bool = False, **kwargs):
        """may_decide: whether this person says which cases must hold; held: whether the stored case does."""
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        self.held = held
        self.pasted: Any = None
        self.fields["must_hold"].help_text = (
            _("While it fails, no protocol can be approved.")
            if may_decide
            else _("While it fails, no protocol can be approved. A medical lead decides.")
        )
        self.fields["must_hold"].disabled = not may_decide

    def _parsed(self, name: str) -> Any:
        try:
            return parse_text(self.cleaned_data[name])
        except CaseFaults as error:
            raise forms.ValidationError([said(str(fault)) for fault in error.faults]) from error

    def clean_case(self) -> Any:
        case = self._parsed("case")
        if isinstance(case, dict) and "case" in case:
            self.pasted = case.get("expect")  # a whole entry of a library was pasted
            case = case["case"]
        faults = list(library_case("", case, {}, must_hold=False).faults)
        if faults:
            raise forms.ValidationError([said(fault) for fault in faults])
        return case

    def clean_expect(self) -> Any:
        expect = self._parsed("expect") if self.cleaned_data["expect"] else self.pasted
        expect = {} if expect is None else expect
        faults = [fault for fault in library_case("", {}, expect, must_hold=False).faults if not fault.startswith("case")]
        if faults:
            raise forms.ValidationError([said(fault) for fault in faults])
        return expect

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("must_hold") and cleaned.get("expect") == {}:
            self.add_error("expect", _("Say what must come out, or take the mark “Must hold” away"))
        return cleaned


class SwitchForm(forms.Form):
    use_required_attribute = False
    reason = forms.CharField(
        label=_("Why"), max_length=300, error_messages={"required": _("Enter why"), "max_length": _("Use at most 300 characters")}
    )
    lock_version = forms.IntegerField(min_value=1, error_messages={"required": _("Reload the page, then send it again")})
    on = forms.BooleanField(required=False)
