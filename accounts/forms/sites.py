"""What a manager types about a place. It is printed on every sheet of that place."""

import re
import zoneinfo

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from .competence import _Plain, _text

_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)


class SiteForm(_Plain):
    name = _text(_("Name"), most=120, missing=_("Enter the name of the site"))
    address = _text(_("Address"), most=300, help_text=_("As printed"))
    phone = _text(
        _("Phone"), most=40, help_text=_("As printed on the sheet: whom patients ring"), missing=_("Enter the phone number patients ring")
    )
    phone_hours = _text(_("When it is answered"), most=120, help_text=_("As printed, for example Every day, 8am to 8pm"))
    emergency_number = _text(
        _("Emergency number"), most=20, help_text=_("As printed, for example 999, 112 or 911"), missing=_("Enter the emergency number")
    )
    country = _text(
        _("Country"), most=2, help_text=_("Two letters, for example GB or US: spelling and dates on paper"), missing=_("Enter the country")
    )
    time_zone = _text(_("Time zone"), most=60, help_text=_("For example Europe/London"), missing=_("Enter the time zone"))
    paper = forms.ChoiceField(
        label=_("Paper"),
        choices=[("A4", "A4"), ("Letter", _("US Letter"))],
        error_messages={"invalid_choice": _("Choose one from the list")},
    )
    was = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)

    FIELDS = ("name", "address", "phone", "phone_hours", "emergency_number", "country", "time_zone", "paper")

    def clean_country(self) -> str:
        country = self.cleaned_data["country"].strip().upper()
        if not _COUNTRY.fullmatch(country):
            raise forms.ValidationError(gettext("Country must be two letters, for example GB"))
        return country

    def clean_time_zone(self) -> str:
        zone = self.cleaned_data["time_zone"].strip()
        if zone not in zoneinfo.available_timezones():
            raise forms.ValidationError(gettext("Time zone must be one such as Europe/London or America/New_York"))
        return zone

    def values(self) -> dict:
        return {name: self.cleaned_data[name] for name in self.FIELDS}
