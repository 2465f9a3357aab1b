"""The PIN for one's own locked screen."""

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from .services import PIN_DIGITS, easily_guessed

LEAST, MOST = PIN_DIGITS


class PinForm(forms.Form):
    pin = forms.CharField(label=_("New PIN"), max_length=40, strip=True, error_messages={"required": _("Enter a PIN.")})
    again = forms.CharField(
        label=_("New PIN once more"), max_length=40, strip=True, error_messages={"required": _("Enter the PIN once more.")}
    )
    password = forms.CharField(
        label=_("Your password"), max_length=200, strip=False, error_messages={"required": _("Enter your password.")}
    )

    def clean_pin(self) -> str:
        pin = self.cleaned_data["pin"]
        if not (pin.isascii() and pin.isdecimal() and LEAST <= len(pin) <= MOST):
            raise forms.ValidationError(gettext("New PIN must be %(least)s to %(most)s figures.") % {"least": LEAST, "most": MOST})
        if easily_guessed(pin):
            raise forms.ValidationError(gettext("New PIN must be harder to guess: not one figure, not a run, not a part repeated."))
        return pin

    def clean(self) -> dict:
        pin, again = self.cleaned_data.get("pin"), self.cleaned_data.get("again")
        if pin and again and pin != again:
            self.add_error("again", gettext("New PIN once more must be the same as the new PIN."))
        return self.cleaned_data
