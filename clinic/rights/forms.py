"""What is typed to set a retention rule and to order an erasure."""

from django import forms
from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext as _

from audit.models import ErasureOrder
from patients.forms import BirthDateForm, PlainForm, TypedText

from .retention import MOST_YEARS

_REASONS = [(value, label) for value, label in ErasureOrder.Reason.choices if value != ErasureOrder.Reason.PERIOD_OVER]


class Years(forms.CharField):
    """A whole number of years, said in words where it is not one."""

    def __init__(self, label, missing, *, low: int, high: int, **kwargs):
        self.low, self.high = low, high
        widget = forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric", "class": "w4"})
        super().__init__(label=label, max_length=4, widget=widget, error_messages={"required": missing}, **kwargs)

    def clean(self, value):
        typed = super().clean(value).strip()
        if not (typed.isascii() and typed.isdigit() and self.low <= int(typed) <= self.high):
            raise forms.ValidationError(
                gettext("%(label)s must be a whole number from %(low)s to %(high)s")
                % {"label": self.label, "low": self.low, "high": self.high}
            )
        return int(typed)


class RuleForm(PlainForm):
    years = Years(
        gettext_lazy("Years kept"),
        gettext_lazy("Enter years kept"),
        low=1,
        high=MOST_YEARS,
        help_text=gettext_lazy("After the patient was last seen or heard of"),
    )
    minor_age = Years(gettext_lazy("Age of majority"), gettext_lazy("Enter age of majority"), low=16, high=25)
    minor_years = Years(
        gettext_lazy("Years after that birthday"),
        gettext_lazy("Enter years after that birthday"),
        low=0,
        high=MOST_YEARS,
        help_text=gettext_lazy("At least so long for who was younger when last seen"),
    )
    basis = TypedText(
        label=gettext_lazy("Law or guideline"),
        max_length=200,
        help_text=gettext_lazy("Read by whoever checks the clinic"),
        error_messages={
            "required": gettext_lazy("Enter the law or guideline"),
            "max_length": gettext_lazy("Law or guideline must be 200 letters or fewer"),
        },
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    reason = TypedText(
        label=gettext_lazy("Why it gets shorter"),
        max_length=300,
        required=False,
        help_text=gettext_lazy("Where it does: read by the medical leads and the auditor"),
        error_messages={"max_length": gettext_lazy("Why it gets shorter must be 300 letters or fewer")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def clean(self):
        data = super().clean()
        years, minor = data.get("years"), data.get("minor_years")
        if years is not None and minor is not None and minor > years:
            self.add_error("minor_years", _("Years after that birthday must not be more than the years kept"))
        return data


class Radios(forms.RadioSelect):
    """The list of what to mend leads to the first of them."""

    def id_for_label(self, id_, index=None):
        return super().id_for_label(id_, "0" if index is None else index)


class ErasureForm(BirthDateForm):
    """early: the period is not over, so a reason and where the request is filed are asked for."""

    field_order = ("reason", "reference", "number", "birth_day", "birth_month", "birth_year")
    reason = forms.ChoiceField(
        label=gettext_lazy("Why now"),
        choices=_REASONS,
        widget=Radios,
        error_messages={"required": gettext_lazy("Choose why now"), "invalid_choice": gettext_lazy("Choose why now")},
    )
    reference = TypedText(
        label=gettext_lazy("Where the request is filed"),
        max_length=120,
        min_length=3,
        help_text=gettext_lazy("Kept with the order for good: no names, nothing about health"),
        error_messages={
            "required": gettext_lazy("Say where the request is filed"),
            "min_length": gettext_lazy("Say where the request is filed, for example Letter of 3 May, folder 12"),
            "max_length": gettext_lazy("Where the request is filed must be 120 letters or fewer"),
        },
        widget=forms.TextInput(attrs={"autocomplete": "off", "maxlength": "120"}),
    )
    number = forms.CharField(
        label=gettext_lazy("Patient number"),
        max_length=10,
        error_messages={
            "required": gettext_lazy("Enter the patient number"),
            "max_length": gettext_lazy("Patient number must be 10 digits or fewer"),
        },
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric", "class": "w8"}),
    )

    def __init__(self, *args, early: bool, **kwargs):
        super().__init__(*args, **kwargs)
        if not early:
            del self.fields["reason"], self.fields["reference"]

    def clean_number(self) -> int:
        typed = self.cleaned_data["number"].strip()
        if not (typed.isdecimal() and typed.isascii() and int(typed) < 2**31):
            raise forms.ValidationError(_("Patient number must be digits, for example 10482"))
        return int(typed)

    def clean(self):
        data = super().clean()
        data["birth_date"] = self._birth_date(data)
        return data
