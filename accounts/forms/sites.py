"""What a manager types about a place. It is printed on every sheet of that place."""

import re
import zoneinfo

from django import forms

from ..models import Site
from .competence import _Plain, _text

_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)


class SiteForm(_Plain):
    name = _text("Name", most=120, missing="Enter the name of the site")
    address = _text("Address", most=300, help_text="As printed")
    phone = _text("Phone", most=40, help_text="As printed on the sheet: whom patients ring", missing="Enter the phone number patients ring")
    phone_hours = _text("When it is answered", most=120, help_text="As printed, for example Every day, 8am to 8pm")
    emergency_number = _text(
        "Emergency number", most=20, help_text="As printed, for example 999, 112 or 911", missing="Enter the emergency number"
    )
    country = _text(
        "Country", most=2, help_text="Two letters, for example GB or US: spelling and dates on paper", missing="Enter the country"
    )
    time_zone = _text("Time zone", most=60, help_text="For example Europe/London", missing="Enter the time zone")
    paper = forms.ChoiceField(
        label="Paper", choices=Site._meta.get_field("paper").choices, error_messages={"invalid_choice": "Choose one from the list"}
    )
    was = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)

    FIELDS = ("name", "address", "phone", "phone_hours", "emergency_number", "country", "time_zone", "paper")

    def clean_country(self) -> str:
        country = self.cleaned_data["country"].strip().upper()
        if not _COUNTRY.fullmatch(country):
            raise forms.ValidationError("Country must be two letters, for example GB")
        return country

    def clean_time_zone(self) -> str:
        zone = self.cleaned_data["time_zone"].strip()
        if zone not in zoneinfo.available_timezones():
            raise forms.ValidationError("Time zone must be one such as Europe/London or America/New_York")
        return zone

    def values(self) -> dict:
        return {name: self.cleaned_data[name] for name in self.FIELDS}
