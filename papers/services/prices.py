"""Price lists: which one holds, and putting a new one in its place."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from audit.services import record

from ..models import Price, PriceList
from ..money import currency_of


class NoCurrency(Exception):
    """The site's country has no currency that we know."""


@dataclass(frozen=True)
class Terms:
    """What holds for a whole list."""

    valid_from: dt.date
    tax: str
    tax_name: str
    tax_percent: Decimal
    tax_words: str
    quote_days: int


def currency_at(site) -> str:
    """
    Raises:
        NoCurrency: with what to do.
    """
    code = currency_of(site.country)
    if not code:
        words = gettext("No currency is known for the country %(country)s of %(site)s. Check the country under Settings, Sites.")
        raise NoCurrency(words % {"country": site.country, "site": site})
    return code


def in_force(site, now: dt.datetime | None = None) -> PriceList | None:
    """The list that holds at *site* now, on that site's day."""
    return PriceList.objects.in_force(site, site.day_of(now or timezone.now()))


def publish(site, terms: Terms, prices: list[tuple[str, str, str, Decimal]], *, by, request_key: str, request=None) -> PriceList:
    """
    A new list for *site*: (kind, id, words, amount) each. It holds from its day on; the lists before it stay as they are, and so do the
    quotes that were given from them. Sent twice with one key it is made once.
    """
    with transaction.atomic():
        known = PriceList.objects.filter(request_key=request_key).first()
        if known is not None:
            return known
        made = PriceList.objects.create(
            site=site,
            currency=currency_at(site),
            entered_by=by,
            entered_at=timezone.now(),
            request_key=request_key,
            valid_from=terms.valid_from,
            tax=terms.tax,
            tax_name=terms.tax_name,
            tax_percent=terms.tax_percent,
            tax_words=terms.tax_words,
            quote_days=terms.quote_days,
        )
        Price.objects.bulk_create(
            Price(price_list=made, kind=kind, code=code, words=words[:120], amount=amount) for kind, code, words, amount in prices
        )
        record("prices.entered", actor=by, request=request, obj=made, detail={"prices": len(prices), "from": made.valid_from.isoformat()})
    return made
