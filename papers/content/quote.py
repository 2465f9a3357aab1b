"""The plan with what it costs, as it was given: sums, tax and the day until which it holds come from the quote alone."""

from decimal import Decimal

from django.utils.translation import gettext_noop

from planner.wording import number
from plans.said import said

from ..models import Paper, Quote, Tax
from .common import Subject, calendar_at, head
from .plan import agreed

# What is printed is English; the screen says the same in its own language.
_NAMED = {"service": "Service: %(what)s", "session": "%(what)s", "zone": "Zone: %(what)s", "adjuvant": "With the needling: %(what)s"}
_NAMES = (gettext_noop("Service: %(what)s"), gettext_noop("Zone: %(what)s"), gettext_noop("With the needling: %(what)s"))
_INCLUDED = gettext_noop("included")
_OF_THIS, _PLUS = gettext_noop("of this, %(tax)s"), gettext_noop("plus %(tax)s")
_ROUNDING = gettext_noop("The tax is worked out once, on the whole sum, and rounded to %(coin)s; half of that is rounded up.")


def lines_of(quote: Quote) -> list[dict]:
    """The lines as they are shown; what costs nothing is "included"."""
    said, found = quote.money.said, []
    for line in quote.lines:
        free = Decimal(line["each"]) == 0
        found.append(
            {
                "words": _NAMED[line["kind"]] % {"what": line["words"]},
                "count": line["count"],
                "each": _INCLUDED if free else said(Decimal(line["each"])),
                "sum": _INCLUDED if free else said(Decimal(line["sum"])),
            }
        )
    return found


def said_lines_of(quote: Quote) -> list[dict]:
    """As `lines_of`, in the language of the page."""
    return [row | {"words": said(row["words"], *_NAMES), "each": said(row["each"]), "sum": said(row["sum"])} for row in lines_of(quote)]


def tax_line(row) -> tuple[str, str] | None:
    """(words, sum) of the tax of a quote; None where none is charged."""
    if row.tax == Tax.NONE:
        return None
    percent = f"{row.tax_name} {number(row.tax_percent)}\u00a0%"
    return (_OF_THIS if row.tax == Tax.INCLUDED else _PLUS) % {"tax": percent}, row.money.said(row.tax_amount)


def tax_line_said(row) -> tuple[str, str] | None:
    """As `tax_line`, in the language of the page."""
    found = tax_line(row)
    return (said(found[0], _OF_THIS, _PLUS), found[1]) if found else None


def rounding(row) -> str:
    if row.tax == Tax.NONE:
        return ""
    return _ROUNDING % {"coin": row.money.said(row.money.coin)}


def rounding_said(row) -> str:
    """As `rounding`, in the language of the page."""
    return said(rounding(row), _ROUNDING)


def quote_of(quote: Quote) -> Subject:
    calendar, tax = calendar_at(quote.site), tax_line(quote)
    facts = head(quote.patient, quote.site, title="Your treatment plan and what it costs") | agreed(quote.plan)
    facts |= {
        "quote": quote.number,
        "given_on": calendar.long(quote.given_on),
        "valid_until": calendar.long(quote.valid_until),
        "lines": lines_of(quote),
        "subtotal": quote.money.said(quote.subtotal) if quote.tax == Tax.ADDED else "",
        "tax_words": tax[0] if tax else "",
        "tax_sum": tax[1] if tax else "",
        "tax_note": quote.tax_words,
        "rounding": rounding(quote),
        "total": quote.money.said(quote.total),
        "currency": quote.currency,
    }
    rows = {"plan": quote.plan, "quote": quote}
    return Subject(Paper.Kind.QUOTE, quote.pk, quote.patient, quote.site, rows, f"Quote {quote.number}", "quote", facts)
