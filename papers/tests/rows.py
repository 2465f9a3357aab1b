"""Prices, quotes and papers for tests."""

from decimal import Decimal

from django.utils import timezone

from papers.models import Paper, PriceList, Quote
from papers.services import prices, quoting

PRICES = (
    ("service", "", "Any other indication", "60"),
    ("session", "", "One session", "180"),
    ("zone", "", "Any other zone", "35"),
    ("adjuvant", "", "Any other adjuvant", "45.50"),
)


def terms(site, **fields) -> prices.Terms:
    start = {
        "valid_from": site.day_of(timezone.now()), "tax": "included", "tax_name": "VAT", "tax_percent": Decimal(20), "tax_words": "",
        "quote_days": 30,
    }  # fmt: skip
    return prices.Terms(**{**start, **fields})


def price_list_of(site, *, by, rows=PRICES, key="prices", **fields) -> PriceList:
    found = [(kind, code, words, Decimal(amount)) for kind, code, words, amount in rows]
    return prices.publish(site, terms(site, **fields), found, by=by, request_key=f"{key}-{site.pk}")


def quoted(plan, *, by, key="quote") -> Quote:
    site = plan.patient.site
    if prices.in_force(site) is None:
        price_list_of(site, by=by)
    shown = quoting.preview(plan)
    given = {"seen_list": shown.price_list.pk, "valid_until": shown.valid_until}
    return quoting.give(plan, **given, by=by, request_key=f"{key}-{plan.pk}")


def paper_of(plan, *, by, quote=None, name="papers/none.pdf", sha256="0" * 64, version=1) -> Paper:
    """A row as the service writes it, without drawing anything."""
    return Paper.objects.create(
        patient=plan.patient, kind=Paper.Kind.QUOTE if quote else Paper.Kind.PLAN, subject=(quote or plan).pk, plan=plan, quote=quote,
        version=version, variant="A4", facts_sha256="1" * 64, file=name, sha256=sha256, pages=1, made_at=timezone.now(), made_by=by,
    )  # fmt: skip
