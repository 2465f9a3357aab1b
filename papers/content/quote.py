"""The plan with what it costs, as it was given: sums, tax and the day until which it holds come from the quote alone."""

from decimal import Decimal

from planner.wording import number

from ..models import Paper, Quote, Tax
from .common import Subject, calendar_at, head
from .plan import agreed

_NAMED = {"service": "Service: ", "session": "", "zone": "Zone: ", "adjuvant": "With the needling: "}


def lines_of(quote: Quote) -> list[dict]:
    """The lines as they are shown; what costs nothing is "included"."""
    said, found = quote.money.said, []
    for line in quote.lines:
        free = Decimal(line["each"]) == 0
        found.append(
            {
                "words": f"{_NAMED[line['kind']]}{line['words']}",
                "count": line["count"],
                "each": "included" if free else said(Decimal(line["each"])),
                "sum": "included" if free else said(Decimal(line["sum"])),
            }
        )
    return found


def tax_line(row) -> tuple[str, str] | None:
    """(words, sum) of the tax of a quote; None where none is charged."""
    if row.tax == Tax.NONE:
        return None
    percent = f"{row.tax_name} {number(row.tax_percent)}\u00a0%"
    return (f"of this, {percent}" if row.tax == Tax.INCLUDED else f"plus {percent}"), row.money.said(row.tax_amount)


def rounding(row) -> str:
    if row.tax == Tax.NONE:
        return ""
    return f"The tax is worked out once, on the whole sum, and rounded to {row.money.said(row.money.coin)}; half of that is rounded up."


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
