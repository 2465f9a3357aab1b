"""What is typed about prices and quotes. Messages say what to do."""

import datetime as dt
import re
import secrets
from decimal import Decimal

from django import forms
from django.utils.functional import lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from patients.forms import PlainForm, TypedText
from plans.said import said
from sessions.forms.booking import DayField

from .models import Price, Tax
from .money import MOST, Currency
from .services.prices import Terms

AGAIN = gettext_lazy("Reload the page, then send it again")
_AMOUNT = re.compile(r"\d{1,9}(\.\d{1,2})?", re.ASCII)
_FURTHEST = dt.timedelta(days=366 * 2)
LONGEST = 40  # signs of a sum that are read


def _key() -> forms.CharField:
    words = {"required": AGAIN, "max_length": AGAIN}
    return forms.CharField(max_length=60, initial=lambda: secrets.token_urlsafe(16), widget=forms.HiddenInput, error_messages=words)


_too_long = lazy(lambda label, most: _("%(label)s must be %(most)s letters or fewer") % {"label": label, "most": most}, str)


def _line(label, most: int, *, missing="", **kwargs) -> forms.CharField:
    return TypedText(
        label=label,
        max_length=most,
        required=bool(missing),
        error_messages={"required": missing, "max_length": _too_long(label, most)},
        widget=forms.TextInput(attrs={"autocomplete": "off", **kwargs.pop("attrs", {})}),
        **kwargs,
    )


class MoneyField(forms.Field):
    """A sum, exact to the coin. Nothing typed is no price; 0 is a price."""

    def __init__(self, *, currency: Currency, label: str, **kwargs):
        self.currency = currency
        widget = forms.TextInput(attrs={"autocomplete": "off", "inputmode": "decimal", "class": "num"})
        super().__init__(label=label, required=False, widget=widget, **kwargs)

    def to_python(self, value) -> Decimal | None:
        text = re.sub(r"\s", "", str(value or ""))
        text = re.sub(r"(?<=\d),(?=\d{3}(\D|$))", "", text[:LONGEST])
        if not text:
            return None
        if not _AMOUNT.fullmatch(text) or (self.currency.coin == 1 and "." in text):
            if self.currency.coin < 1:
                words = _("%(label)s: enter an amount such as 120 or 120.50")
            else:
                words = _("%(label)s: enter an amount such as 12000, without decimals")
            raise forms.ValidationError(words % {"label": self.label})
        amount = Decimal(text)
        if amount > MOST:
            raise forms.ValidationError(_("%(label)s: %(sum)s is the most") % {"label": self.label, "sum": self.currency.said(MOST)})
        return amount


class PriceListForm(PlainForm):
    """A whole list. groups: (kind, [(id, words)]) of what can have a price; the first of each group stands for all others of its kind."""

    valid_from = DayField(
        label=gettext_lazy("Holds from"), error_messages={"required": gettext_lazy("Enter the day from which the prices hold")}
    )
    quote_days = forms.IntegerField(
        label=gettext_lazy("A quote holds for, days"),
        min_value=1,
        max_value=366,
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric", "class": "w4"}),
        error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value"), gettext_lazy("A quote holds for 1 to 366 days")),
    )
    tax = forms.ChoiceField(
        label=gettext_lazy("Tax"),
        choices=Tax,
        widget=forms.RadioSelect,
        error_messages=dict.fromkeys(("required", "invalid_choice"), gettext_lazy("Say how tax is charged")),
    )
    tax_name = _line(gettext_lazy("What the tax is called"), 40, help_text=gettext_lazy("As printed, for example VAT"))
    tax_percent = _line(gettext_lazy("Tax, percent"), 10, attrs={"inputmode": "decimal", "class": "w4"})
    tax_words = _line(
        gettext_lazy("Words about the tax"),
        200,
        help_text=gettext_lazy("Printed below the sum, for example a tax number or why none is charged"),
    )
    request_key = _key()

    def __init__(self, *args, currency: Currency, groups, today: dt.date, **kwargs):
        super().__init__(*args, **kwargs)
        self.today, self.groups = today, []
        self.fields["valid_from"].today = today
        for kind, things in groups:
            names = []
            for code, words in things:
                name = f"{kind}-{code or 'any'}"
                self.fields[name] = MoneyField(currency=currency, label=said(words))
                names.append((name, code, words))
            self.groups.append((Price.Kind(kind), names))

    @property
    def price_groups(self):
        return [(kind, [self[name] for name, *rest in names]) for kind, names in self.groups]

    def clean_valid_from(self) -> dt.date:
        day = self.cleaned_data["valid_from"]
        if day < self.today:
            raise forms.ValidationError(_("Prices hold from today at the earliest: what was charged before stays as it was"))
        if day > self.today + _FURTHEST:
            raise forms.ValidationError(_("Prices can be entered for up to two years from now"))
        return day

    def clean_tax_percent(self) -> Decimal:
        text = self.cleaned_data["tax_percent"].strip().removesuffix("%").strip()
        if not text:
            return Decimal(0)
        if not _AMOUNT.fullmatch(text) or not 0 <= Decimal(text) < 100:
            raise forms.ValidationError(_("Tax must be a percentage such as 20 or 7.5"))
        return Decimal(text)

    def clean(self):
        data = super().clean()
        if data.get("tax") == Tax.NONE:
            data["tax_name"], data["tax_percent"] = "", Decimal(0)
        elif data.get("tax"):
            if not data.get("tax_name") and "tax_name" not in self.errors:
                self.add_error("tax_name", _("Enter what the tax is called"))
            if data.get("tax_percent") == 0:
                self.add_error("tax_percent", _("Enter the percentage"))
        if not self.errors and not self.prices():
            self.add_error(None, _("Enter at least one price"))
        return data

    def prices(self) -> list[tuple[str, str, str, Decimal]]:
        return [
            (kind.value, code, words, self.cleaned_data[name])
            for kind, names in self.groups
            for name, code, words in names
            if self.cleaned_data.get(name) is not None
        ]

    def terms(self) -> Terms:
        data = self.cleaned_data
        return Terms(**{name: data[name] for name in ("valid_from", "tax", "tax_name", "tax_percent", "tax_words", "quote_days")})


class GiveForm(PlainForm):
    valid_until = DayField(
        label=gettext_lazy("Holds until"), error_messages={"required": gettext_lazy("Enter the last day on which the quote holds")}
    )
    seen_list = forms.IntegerField(
        widget=forms.HiddenInput, min_value=1, max_value=2**63 - 1, error_messages={"required": AGAIN, "invalid": AGAIN}
    )
    request_key = _key()

    def __init__(self, *args, today: dt.date, **kwargs):
        super().__init__(*args, **kwargs)
        self.today = self.fields["valid_until"].today = today

    def clean_valid_until(self) -> dt.date:
        day = self.cleaned_data["valid_until"]
        if not self.today <= day <= self.today + _FURTHEST:
            raise forms.ValidationError(_("The last day must be today or later, and within two years"))
        return day


class AnswerForm(PlainForm):
    """What the patient said. Nothing is preset."""

    ACCEPT, DECLINE = "accept", "decline"
    answer = forms.ChoiceField(
        label=gettext_lazy("What was said"),
        choices=[(ACCEPT, gettext_lazy("Yes: the course is booked")), (DECLINE, gettext_lazy("No"))],
        widget=forms.RadioSelect,
        error_messages=dict.fromkeys(("required", "invalid_choice"), gettext_lazy("Say whether the quote was accepted")),
    )
    said_by = _line(
        gettext_lazy("Who said so"),
        120,
        missing=gettext_lazy("Enter who gave the answer"),
        help_text=gettext_lazy("The patient, or who answers for them"),
    )
    note = _line(gettext_lazy("Note"), 300, help_text=gettext_lazy("Optional; nothing clinical"))
