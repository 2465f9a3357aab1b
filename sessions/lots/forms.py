"""What is typed about products and lots. A scan fills product, lot and use-by date in one go."""

import secrets

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext, gettext_lazy

from patients.forms import PlainForm

from ..forms.record import PrintedDate
from .codes import LONGEST_CODE, LONGEST_LOT, LOOKS_ALONE, Unreadable, looks_alone, read_code, read_gtin, told_apart
from .models import Product
from .rule import known_among

MOST_PIECES = 10_000


def _words(label: str, most: int, missing: str = "", **kwargs) -> forms.CharField:
    messages = {"max_length": format_lazy(gettext_lazy("{label} must be {most} letters or fewer"), label=label, most=most)} | (
        {"required": missing} if missing else {}
    )
    widget = forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    return forms.CharField(label=label, max_length=most, required=bool(missing), error_messages=messages, widget=widget, **kwargs)


def _pieces() -> forms.IntegerField:
    words = format_lazy(gettext_lazy("Pieces must be a whole number, 1 to {most}"), most=f"{MOST_PIECES:,}")
    return forms.IntegerField(
        label=gettext_lazy("Pieces"),
        min_value=1,
        max_value=MOST_PIECES,
        error_messages={"required": gettext_lazy("Enter how many pieces"), "invalid": words, "min_value": words, "max_value": words},
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric", "class": "w4"}),
    )


def _request_key() -> forms.CharField:
    words = dict.fromkeys(("required", "max_length"), gettext_lazy("Reload the page, then send it again"))
    return forms.CharField(max_length=60, initial=lambda: secrets.token_urlsafe(16), widget=forms.HiddenInput, error_messages=words)


class ProductForm(PlainForm):
    kind = forms.ChoiceField(
        label=gettext_lazy("What it is"),
        choices=[("", gettext_lazy("Choose")), *Product.Kind.choices],
        error_messages={"required": gettext_lazy("Choose what it is")},
    )
    name = _words(gettext_lazy("Name"), 120, gettext_lazy("Enter the name as printed on the pack"))
    gtin = _words("GTIN", 40, help_text=gettext_lazy("The number under the barcode, 8 to 14 digits; empty where there is none"))
    is_active = forms.BooleanField(label=gettext_lazy("In use"), required=False, initial=True)
    was = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)

    def clean_gtin(self) -> str:
        text = self.cleaned_data["gtin"].strip()
        if not text:
            return ""
        try:
            code = read_code(text)
            found = code.gtin if code else ""
        except Unreadable:
            found = ""
        try:
            return found or read_gtin(text)
        except ValueError:
            raise forms.ValidationError(
                gettext("GTIN must be the 8, 12, 13 or 14 digits under the barcode. Look at each digit again")
            ) from None


class ReceiveForm(PlainForm):
    """Scanned or typed; what the code says counts before what stands in the other fields."""

    number = _words(
        gettext_lazy("Lot"),
        LONGEST_CODE,
        gettext_lazy("Scan the code of the pack, or type the lot"),
        help_text=gettext_lazy("Scan the code of the pack, or type the lot"),
    )
    product = forms.ChoiceField(
        label=gettext_lazy("Product"), required=False, help_text=gettext_lazy("The code says it by itself where the product has a GTIN")
    )
    expires_on = PrintedDate(
        label=gettext_lazy("Use-by date"),
        max_length=30,
        required=False,
        help_text=gettext_lazy("As printed, such as 2028-03 or 31 Mar 2028"),
    )
    pieces = _pieces()
    request_key = _request_key()

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.products = list(Product.objects.filter(is_active=True))
        self.fields["product"].choices = [("", gettext("Choose")), *((str(row.pk), row.name) for row in self.products)]
        self.fields["product"].error_messages["invalid_choice"] = gettext("This product is in use no more. Choose another")

    def clean(self):
        values = super().clean()
        text = values.get("number")
        chosen = next((row for row in self.products if str(row.pk) == values.get("product")), None)
        if not text:
            return values
        try:
            code = read_code(text)
            code = told_apart(code, known_among(code)) if code and code.splits else code
        except Unreadable as error:
            self.add_error("number", str(error))
            return values
        if code is None and looks_alone(text):
            self.add_error("number", LOOKS_ALONE)
            return values
        if code is not None:
            self._of_code(code, chosen, values)
            return values
        values["product"] = chosen
        if len(text) > LONGEST_LOT:
            self.add_error("number", gettext("Lot must be %(longest_lot)s letters or fewer") % {"longest_lot": LONGEST_LOT})
        if chosen is None and "product" not in self.errors:
            self.add_error("product", gettext("Choose the product"))
        if not values.get("expires_on") and "expires_on" not in self.errors:
            self.add_error("expires_on", gettext("Enter the use-by date as printed"))
        return values

    def _of_code(self, code, chosen, values) -> None:
        said = next((row for row in self.products if code.gtin and row.gtin == code.gtin), None)
        if code.gtin and said is None and chosen is None:
            self.add_error(
                "product", gettext("No product in use has the GTIN %(gtin)s. Choose the product, or add it first") % {"gtin": code.gtin}
            )
        elif said is not None and chosen is not None and said != chosen:
            self.add_error(
                "product", gettext("The code says %(said)s. Choose that, or scan the pack of %(chosen)s") % {"said": said, "chosen": chosen}
            )
        elif code.gtin and said is None and chosen is not None and chosen.gtin:
            self.add_error(
                "product",
                gettext("%(chosen)s has the GTIN %(gtin)s, and the code says %(gtin_2)s")
                % {"chosen": chosen, "gtin": chosen.gtin, "gtin_2": code.gtin},
            )
        elif chosen is None and said is None:
            self.add_error("product", gettext("Choose the product"))
        values["product"], values["number"] = said or chosen, code.lot
        values["expires_on"] = code.expires_on or values.get("expires_on")
        if not values["expires_on"] and "expires_on" not in self.errors:
            self.add_error("expires_on", gettext("The code says no use-by date. Enter it as printed"))


class TakeOutForm(PlainForm):
    pieces = _pieces()
    reason = _words(
        gettext_lazy("Reason"),
        200,
        gettext_lazy("Say why they are taken out"),
        help_text=gettext_lazy("For example: pack damaged, past its day, sent back"),
    )
    request_key = _request_key()
