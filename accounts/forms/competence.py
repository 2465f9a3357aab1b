"""What is typed about somebody's sign-off. Messages say what to do."""

import re
import uuid
from decimal import Decimal

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ..vocabulary import Vocabulary

_MM = re.compile(r"\d{0,1}([.,]\d{1,2})?$|\d{1}$", re.ASCII)
DATE_FORMATS = ["%Y-%m-%d", "%d %b %Y", "%d %B %Y", "%d/%m/%Y"]


class _Plain(forms.Form):
    """No marks of the browser's own: the server says what to mend, in the same words every time."""

    use_required_attribute = False

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **{"label_suffix": "", "auto_id": "id_%s", **kwargs})


def _text(label: str, *, most: int, missing: str = "", **kwargs) -> forms.CharField:
    messages = {"max_length": format_lazy(_("{label} must be {most} letters or fewer"), label=label, most=most)} | (
        {"required": missing} if missing else {}
    )
    widget = forms.TextInput(attrs={"autocomplete": "off", "maxlength": str(most)})
    return forms.CharField(label=label, max_length=most, required=bool(missing), error_messages=messages, widget=widget, **kwargs)


def _day(label: str, *, missing: str = "", **kwargs) -> forms.DateField:
    messages = {"invalid": format_lazy(_("{label} must be a date such as 17 Nov 2026"), label=label)} | (
        {"required": missing} if missing else {}
    )
    widget = forms.DateInput(format="%d %b %Y", attrs={"autocomplete": "off", "class": "w-day"})
    return forms.DateField(
        label=label, input_formats=DATE_FORMATS, required=bool(missing), error_messages=messages, widget=widget, **kwargs
    )


class CompetenceForm(_Plain):
    certificate = _text(_("Certificate"), most=120, missing=_("Enter the name of the certificate"))
    issuer = _text(_("Issued by"), most=120)
    number = _text(_("Certificate number"), most=60)
    valid_from = _day(_("Valid from"), missing=_("Enter the first day of the certificate"))
    valid_until = _day(_("Last day"), help_text=_("Leave empty where the certificate has no end"))
    device = forms.ChoiceField(label=_("Device"), required=False)
    max_depth_mm = forms.CharField(
        label=_("Deepest setting, mm"),
        required=False,
        max_length=10,
        help_text=_("Leave empty where only the protocol limits the depth"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "decimal", "class": "w-mm"}),
    )
    zones = forms.MultipleChoiceField(label=_("Zones"), required=False, widget=forms.CheckboxSelectMultiple)
    request_key = forms.CharField(max_length=40, widget=forms.HiddenInput)

    def __init__(self, *args, words: Vocabulary, **kwargs):
        super().__init__(*args, **kwargs)
        self.words = words
        self.fields["device"].choices = [("", _("Any device")), *words.devices]
        self.fields["zones"].choices = [(ident, label) for _, zones in words.zones for ident, label in zones]
        self.fields["request_key"].initial = uuid.uuid4().hex
        self.fields["request_key"].error_messages["required"] = _("Reload the page, then send it again")
        for name in ("device", "zones"):
            self.fields[name].error_messages["invalid_choice"] = format_lazy(
                _("{label} must be chosen from the list"), label=self.fields[name].label
            )

    @property
    def zone_groups(self) -> list[tuple[str, list[tuple[str, str, bool]]]]:
        """(region, [(zone id, words, ticked)])."""
        ticked = set(self["zones"].value() or [])
        return [(region, [(ident, label, ident in ticked) for ident, label in zones]) for region, zones in self.words.zones]

    def clean_max_depth_mm(self):
        text = self.cleaned_data["max_depth_mm"].removesuffix("mm").strip()
        if not text:
            return None
        if not _MM.fullmatch(text):
            raise forms.ValidationError(gettext("Deepest setting must be a number such as 1.25"))
        depth = Decimal("0" + text.replace(",", "."))
        if depth <= 0:
            raise forms.ValidationError(gettext("Deepest setting must be more than 0 mm. Leave it empty where there is no limit"))
        return depth

    def clean(self):
        values = super().clean()
        first, last = values.get("valid_from"), values.get("valid_until")
        if first and last and last < first:
            self.add_error("valid_until", gettext("Last day must not be before the first"))
        return values


class EndForm(_Plain):
    reason = _text(_("Why it ends"), most=300, missing=_("Say why it ends"))


class PrescriberForm(_Plain):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **{"auto_id": "mark_%s", **kwargs})

    is_prescriber = forms.BooleanField(label=_("Prescriber"), required=False)
    number = _text(_("Registration number"), most=60)
    until = _day(_("Registered until"), help_text=_("Leave empty where no end is known"))

    def clean(self):
        values = super().clean()
        if values.get("is_prescriber") and not values.get("number") and "number" not in self.errors:
            self.add_error("number", gettext("Enter the registration number"))
        return values
