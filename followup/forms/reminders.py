"""What is typed about reminders: the site's settings, and what a patient wants."""

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from patients.forms import PlainForm
from sessions.forms.booking import ClockField

from ..models import Channel

_HOURS = _("Hours before the visit must be 4 to 336")


class SettingsForm(PlainForm):
    is_on = forms.BooleanField(label=_("Remind patients of their visits"), required=False)
    by_email = forms.BooleanField(label=_("By email"), required=False)
    by_sms = forms.BooleanField(label=_("By text message"), required=False)
    hours_before = forms.IntegerField(
        label=_("Hours before the visit"),
        min_value=4,
        max_value=336,
        help_text=_("48 is two days"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric", "class": "w4"}),
        error_messages={"required": _("Enter the hours before the visit"), "invalid": _HOURS, "min_value": _HOURS, "max_value": _HOURS},
    )
    quiet_from = ClockField(label=_("Nothing is sent from"), error_messages={"required": _("Enter when the quiet hours begin")})
    quiet_until = ClockField(label=_("Until"), error_messages={"required": _("Enter when the quiet hours end")})
    was = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)

    def clean(self):
        data = super().clean()
        if data.get("is_on") and not data.get("by_email") and not data.get("by_sms"):
            self.add_error("by_email", gettext("Choose email, text message, or both"))
        return data

    def values(self) -> dict:
        return {name: value for name, value in self.cleaned_data.items() if name != "was"}


class ContactForm(PlainForm):
    email = forms.BooleanField(label=_("Reminders by email"), required=False)
    sms = forms.BooleanField(label=_("Reminders by text message"), required=False)
    was = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)

    def wanted(self) -> dict[str, bool]:
        return {Channel.EMAIL: self.cleaned_data["email"], Channel.SMS: self.cleaned_data["sms"]}
