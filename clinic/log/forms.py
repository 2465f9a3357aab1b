"""What the search of the log asks."""

import datetime as dt
import ipaddress

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.text import format_lazy
from django.utils.translation import gettext, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _

from accounts.models import User
from audit.models import Outcome

from .reading import Search
from .words import ACTIONS

FIRST_DAY, LAST_DAY = dt.date(1900, 1, 1), dt.date(2999, 12, 31)  # further out no clock of the clinic can name the next midnight


def _day(label) -> forms.DateField:
    wrong = format_lazy(gettext_lazy("{label} must be a day, like 2026-11-17"), label=label)
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    limits = [MinValueValidator(FIRST_DAY, wrong), MaxValueValidator(LAST_DAY, wrong)]
    messages = {"invalid": wrong}
    return forms.DateField(
        label=label, required=False, widget=widget, input_formats=["%Y-%m-%d"], validators=limits, error_messages=messages
    )


class SearchForm(forms.Form):
    """Sent as the address of the page, so that a search can be kept and shared; it carries numbers, never a patient's name."""

    use_required_attribute = False

    patient = forms.IntegerField(
        label=gettext_lazy("Patient number"),
        required=False,
        min_value=1,
        max_value=2**63 - 1,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages=dict.fromkeys(("invalid", "min_value", "max_value"), gettext_lazy("Patient number must be a number, like 10482")),
    )
    person = forms.TypedChoiceField(
        label=gettext_lazy("Person"),
        required=False,
        coerce=int,
        empty_value=None,
        error_messages={"invalid_choice": gettext_lazy("Choose a person from the list")},
    )
    action = forms.ChoiceField(
        label=pgettext_lazy("log", "What"),
        required=False,
        error_messages={"invalid_choice": gettext_lazy("Choose what was done from the list")},
    )
    outcome = forms.ChoiceField(
        label=gettext_lazy("How it ended"),
        required=False,
        choices=[("", pgettext_lazy("log", "Any")), *Outcome.choices],
        error_messages={"invalid_choice": gettext_lazy("Choose how it ended from the list")},
    )
    first_day = _day(pgettext_lazy("first day", "From"))
    last_day = _day(pgettext_lazy("last day", "To"))
    address = forms.CharField(
        label=gettext_lazy("Network address"), required=False, max_length=45, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, auto_id="log-%s", **kwargs)
        staff = user.colleagues().order_by("last_name", "first_name", "pk") if user.pk else User.objects.none()
        self.fields["person"].choices = [("", _("Anybody")), *((person.pk, person.display_name) for person in staff)]
        known = [(gettext(group), [(action, gettext(said)) for action, said in words.items()]) for group, words in ACTIONS.items()]
        self.fields["action"].choices = [("", _("Anything")), *known]

    def clean_address(self) -> str:
        typed = self.cleaned_data["address"].strip()
        try:
            return str(ipaddress.ip_address(typed)) if typed else ""
        except ValueError as error:
            raise forms.ValidationError(_("Network address must be one address, like 192.0.2.17")) from error

    def clean(self):
        data = super().clean()
        first, last = data.get("first_day"), data.get("last_day")
        if first and last and last < first:
            self.add_error("last_day", _("To must be the same day as From, or later"))
        return data

    @property
    def search(self) -> Search:
        return Search(**{name: self.cleaned_data[name] for name in Search.__dataclass_fields__})
