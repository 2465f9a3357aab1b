"""What is typed to recall a lot and to keep who was told. Messages say what to do."""

import secrets

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from patients.forms import PlainForm
from sessions.models import Product

from .models import RecallContact

REASON_LEAST = 5
LETTER = (
    "We are writing because the maker of a product that we used at your visit has told us that it may not be as it should be. "
    "We have stopped using it.\n\nYou need do nothing if your skin healed as described in the sheet you took home. If anything about "
    "it worries you, now or later, ring us: we will see you, and it costs you nothing."
)


def _text(label, missing, most: int, *, least: int = 1, widget=None, **kwargs) -> forms.CharField:
    return forms.CharField(
        label=label,
        min_length=least,
        max_length=most,
        error_messages={
            "required": missing,
            "min_length": format_lazy(gettext_lazy("{label} must be {count} letters or more"), label=label, count=least),
            "max_length": format_lazy(gettext_lazy("{label} must be {count} letters or fewer"), label=label, count=most),
        },
        widget=widget or forms.TextInput(attrs={"autocomplete": "off"}),
        **kwargs,
    )


def request_key() -> forms.CharField:
    words = {
        "required": gettext_lazy("Reload the page, then send it again"),
        "max_length": gettext_lazy("Reload the page, then send it again"),
    }
    return forms.CharField(max_length=60, initial=lambda: secrets.token_urlsafe(16), widget=forms.HiddenInput, error_messages=words)


class OrderForm(PlainForm):
    """The lot stands in the address; here is why, and what the letter says."""

    product = forms.ChoiceField(
        label=gettext_lazy("Product"), required=False, help_text=gettext_lazy("Not known: the number is blocked whatever the product")
    )
    reason = _text(
        gettext_lazy("Reason"),
        gettext_lazy("Say why the lot is recalled"),
        300,
        least=REASON_LEAST,
        help_text=gettext_lazy("Staff see it wherever the lot is refused"),
    )
    letter = _text(
        gettext_lazy("What the letter says"),
        gettext_lazy("Write what the letter says"),
        2000,
        least=40,
        widget=forms.Textarea(attrs={"rows": 8}),
    )
    request_key = request_key()

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.products = list(Product.objects.order_by("name"))
        self.fields["product"].choices = [("", _("Not known")), *((str(row.pk), row.name) for row in self.products)]

    def chosen(self) -> Product | None:
        return next((row for row in self.products if str(row.pk) == self.cleaned_data.get("product")), None)


class LiftForm(PlainForm):
    reason = _text(gettext_lazy("Reason"), gettext_lazy("Say why the lot may be used again"), 300, least=REASON_LEAST)


class ContactForm(PlainForm):
    status = forms.ChoiceField(
        label=gettext_lazy("How it stands"),
        choices=RecallContact.Status.choices,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose how it stands")},
    )
    note = forms.CharField(
        label=gettext_lazy("Note"),
        max_length=300,
        required=False,
        help_text=gettext_lazy("For example: asked to ring back after six"),
        error_messages={"max_length": gettext_lazy("Note must be 300 letters or fewer")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    request_key = request_key()
