"""What a barcode says: GS1 element strings, as scanners send them or as printed in brackets, and GS1 addresses in QR codes."""

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass, replace

from biip import ParseConfig, ParseError
from biip.gs1_digital_link_uris import GS1DigitalLinkURI
from biip.gs1_messages import GS1Message
from biip.gtin import Gtin
from django.utils.translation import gettext, gettext_lazy

LONGEST_LOT, LONGEST_CODE = 40, 300
GROUP_SEPARATOR = "\x1d"
# What keyboard scanners send where the code has its separator (FNC1).
_SEPARATORS = ("<GS>", "{GS}", "[GS]", "<FNC1>", "{FNC1}", "\u241d", "\x1e")
_SYMBOLOGY = re.compile(r"^\][A-Za-z]\d")
# Fourteen digits behind 01, then something more: what somebody types as a lot hardly ever looks so.
_BARE = re.compile(rf"^01\d{{14}}(?:(?:10|11|15|16|17|21|30|240|241|7003)|{GROUP_SEPARATOR}|$)", re.ASCII)
_BRACKETS = re.compile(r"^\(\d{2,4}\)")
_WEB = re.compile(r"^https?://\S+$", re.IGNORECASE)
_HIBC = re.compile(r"^\+(?:[A-Z][A-Z0-9]{3}|\$)", re.ASCII)  # the other barcode of medical packs, of the HIBCC
_ALONE = re.compile(r"^(?:\d{8}|\d{12,14})$", re.ASCII)

JOINED = gettext_lazy(
    "The scanner leaves the separators of the code out, so that lot and serial number cannot be told apart. Type the lot as "
    "printed, and have the scanner set to send them (FNC1)"
)
LOOKS_ALONE = gettext_lazy(
    "This looks like the barcode of a product, which says no lot. Scan the other code of the pack, or type the lot as printed. "
    "Where these digits are the lot, type a space among them"
)
AGAIN = gettext_lazy("Scan it again, or type the lot and the use-by date as printed")


class Unreadable(Exception):
    """It is a barcode and cannot be used as it stands; the message says what to do."""


@dataclass(frozen=True)
class Code:
    """What one scan said. raw: as it came. gtin: 14 digits, or empty. expires_on: the last day of use."""

    raw: str
    gtin: str
    lot: str
    expires_on: dt.date | None
    serial: str
    splits: tuple[tuple[str, str], ...] = ()  # (lot, serial) it may mean as well: the scanner may have left the separator out


def key_of(number: str) -> str:
    """A lot number as it is compared: letters and digits alone, without regard to case."""
    folded = unicodedata.normalize("NFKC", number).upper()
    return "".join(letter for letter in folded if letter.isalnum())[:LONGEST_LOT] or folded.strip()[:LONGEST_LOT]


def read_code(text: str) -> Code | None:
    """
    What *text* says where it is a barcode, None where it is a lot as somebody types it.

    Raises:
        Unreadable: a barcode that is broken, or says no lot.
    """
    raw = text.strip(" \t\r\n")
    plain = raw
    for mark in _SEPARATORS:
        plain = plain.replace(mark, GROUP_SEPARATOR)
    scanned = bool(_SYMBOLOGY.match(plain)) or GROUP_SEPARATOR in plain
    plain = _SYMBOLOGY.sub("", plain).strip(GROUP_SEPARATOR)
    if _HIBC.match(plain):
        raise Unreadable(
            gettext("This is a code of another kind (HIBC), which is not read here. %(other_code)s") % {"other_code": _other_code()}
        )
    if _WEB.match(plain):
        parts = _parsed(
            GS1DigitalLinkURI, plain, gettext("This code leads to a web page and says no lot. Type the lot and the use-by date as printed")
        )
    elif _BRACKETS.match(plain):
        parts = _in_brackets(plain)
    elif scanned or _BARE.match(plain) or (plain.startswith("01") and product_alone(plain[2:16])):
        if _ALONE.match(plain):
            raise Unreadable(gettext("This code names the product alone, without a lot. %(other_code)s") % {"other_code": _other_code()})
        parts = _parsed(GS1Message, plain, gettext("The code could not be read whole. %(again)s") % {"again": AGAIN})
    else:
        return None
    return _code(raw, parts, joined=not scanned and not _WEB.match(plain) and not _BRACKETS.match(plain))


def product_alone(text: str) -> str:
    """The number of the product (14 digits) where *text* is the plain barcode of a box, else empty."""
    if not _ALONE.match(text.strip()):
        return ""
    try:
        return Gtin.parse(text.strip()).as_gtin_14()
    except ParseError:
        return ""


def looks_alone(text: str) -> bool:
    """Whether *text* is most likely the plain barcode of any box. One in ten lots of so many digits looks so as well."""
    return len(text.strip()) >= 12 and bool(product_alone(text))


def told_apart(code: Code, known: set[str]) -> Code:
    """
    *code* with lot and serial number as the clinic knows its lots. known: keys of lots in the list.

    Raises:
        Unreadable: the separator may have been left out, and no lot in the list says where it stood.
    """
    if not code.splits or key_of(code.lot) in known:
        return code
    for lot, serial in code.splits:
        if key_of(lot) in known:
            return replace(code, lot=lot, serial=serial, splits=())
    raise Unreadable(JOINED)


def read_gtin(text: str) -> str:
    """*text* as 14 digits. Raises ValueError where the check digit is wrong."""
    digits = re.sub(r"[\s-]", "", text).removeprefix("(01)")
    found = product_alone(digits)
    if not found:
        raise ValueError("not a GTIN")
    return found


def _other_code() -> str:
    return gettext("Scan the other code of the pack, or type the lot and the use-by date as printed")


def _in_brackets(text: str):
    """Each value is parsed by itself: a lot may hold brackets, and biip's own reading of brackets drops spaces."""
    parts = re.findall(r"\((\d{2,4})\)(.*?)(?=\(\d{2,4}\)|$)", text)
    joined = GROUP_SEPARATOR.join(f"{number}{value.strip(' ' + GROUP_SEPARATOR)}" for number, value in parts)
    return _parsed(GS1Message, joined, gettext("The code could not be read whole. %(again)s") % {"again": AGAIN})


def _parsed(kind, text: str, words: str):
    try:
        return kind.parse(text, config=ParseConfig()).element_strings
    except (ParseError, ValueError, IndexError) as error:
        raise Unreadable(words) from error


def _splits(lot: str) -> tuple[tuple[str, str], ...]:
    """Where a scanner leaves the separators out, a serial number (21) or a use-by date (17) hangs on the lot before it."""
    serials = [(lot[:at], lot[at + 2 :]) for at in range(1, len(lot) - 2) if lot.startswith("21", at)]
    days = [(lot[:at], "") for at in range(1, len(lot)) if re.fullmatch(r"17\d{6}(21.+)?", lot[at:], re.ASCII)]
    return tuple(serials + days)


def _code(raw: str, parts, *, joined: bool) -> Code:
    found: dict[str, object] = {}
    for part in parts:
        number = part.ai.ai
        if number in found and found[number].value != part.value:
            raise Unreadable(gettext("The code says two things at once. %(again)s") % {"again": AGAIN})
        found[number] = part
    product, lot, serial = found.get("01"), found.get("10"), found.get("21")
    if product is not None and product.gtin is None:
        raise Unreadable(gettext("The product number in the code is not right (its check digit). %(again)s") % {"again": AGAIN})
    if lot is None:
        raise Unreadable(gettext("This code says no lot. %(other_code)s") % {"other_code": _other_code()})
    # The last day of use (17) counts before the last hour (7003), and both before "best before" (15).
    dates = [found[number].date for number in ("17", "7003", "15") if number in found and found[number].date]
    return Code(
        raw=raw[:LONGEST_CODE],
        gtin=product.gtin.as_gtin_14() if product is not None else "",
        lot=lot.value,
        expires_on=dates[0] if dates else None,
        serial=serial.value if serial is not None else "",
        splits=_splits(lot.value) if joined and serial is None and parts[-1] is lot else (),
    )
