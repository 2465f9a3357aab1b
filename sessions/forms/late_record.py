"""What is said when a record is begun on a later day than its visit."""

import datetime as dt

from django import forms
from django.utils.translation import gettext, gettext_lazy

from patients.forms import PlainForm

from ..models import Booking
from ..services.late import MAY_BE_ENTERED, Entry, people_of
from .clock_time import A_DAY, Clock, ClockTime


class LateRecordForm(PlainForm):
    """A time of the clock is read for the day of the visit, past midnight for the next."""

    began = ClockTime(label=gettext_lazy("Needles in the skin from"))
    treated_by = forms.ChoiceField(
        label=gettext_lazy("Who treated"),
        error_messages={"required": gettext_lazy("Choose who treated"), "invalid_choice": gettext_lazy("Choose who treated from the list")},
    )
    source = forms.ChoiceField(
        label=gettext_lazy("Entered from"),
        error_messages={"required": gettext_lazy("Choose what it is entered from"), "invalid_choice": gettext_lazy("Choose from the list")},
    )
    reason = forms.CharField(
        label=gettext_lazy("Why it was not recorded at the visit"),
        max_length=300,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={
            "required": gettext_lazy("Say why it was not recorded at the visit"),
            "max_length": gettext_lazy("The reason must be 300 letters or fewer"),
        },
    )

    def __init__(self, *args, booking: Booking, user, **kwargs):
        self.booking, self.people = booking, people_of(booking)
        mine = user if user in self.people and booking.clinician.user_id is None else booking.clinician.user
        kwargs["initial"] = {"treated_by": str(mine.pk) if mine in self.people else "", **(kwargs.get("initial") or {})}
        super().__init__(*args, **kwargs)
        self.fields["began"].widget.attrs |= {"inputmode": "numeric", "autocomplete": "off", "class": "w4"}
        self.fields["began"].help_text = gettext("On the clock of the site, such as 14:05")
        self.fields["treated_by"].choices = [("", gettext("Choose who treated")), *((str(one.pk), str(one)) for one in self.people)]
        sources = [(one.value, one.label) for one in MAY_BE_ENTERED.get(booking.status, ())]
        self.fields["source"].choices = sources if len(sources) == 1 else [("", gettext("Choose what it is entered from")), *sources]

    def clean_began(self) -> dt.datetime:
        clock: Clock | None = self.cleaned_data["began"]
        if clock is None:
            raise forms.ValidationError(gettext("Enter when the needles were in the skin, such as 14:05"))
        site, starts = self.booking.site, self.booking.starts_at
        found, refused = [], None
        for day in (site.day_of(starts), site.day_of(starts) + A_DAY, site.day_of(starts) - A_DAY):
            try:
                found.append(clock.on(day, site.zone))
            except forms.ValidationError as error:
                if day == site.day_of(starts):
                    refused = error
        if refused is not None:
            raise refused
        return min(found, key=lambda moment: abs(moment - starts))

    @property
    def entry(self) -> Entry:
        said = self.cleaned_data
        who = next(one for one in self.people if str(one.pk) == said["treated_by"])
        return Entry(said["began"], who, said["source"], " ".join(said["reason"].split()))
