"""
Sums of money: decimals from end to end, in the currency of the site's country. What is multiplied stays exact; tax alone is rounded,
once, on the whole sum, to the smallest coin, half a coin up.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

_EURO = ("AT", "BE", "BG", "CY", "DE", "EE", "ES", "FI", "FR", "GR", "HR", "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PT", "SI", "SK")
# ISO 4217 by ISO 3166; a country that is not here names its own when the first price list is made.
CURRENCIES = dict.fromkeys(_EURO, "EUR") | {
    "GB": "GBP", "US": "USD", "CA": "CAD", "AU": "AUD", "NZ": "NZD", "CH": "CHF", "LI": "CHF", "PL": "PLN", "CZ": "CZK", "DK": "DKK",
    "NO": "NOK", "SE": "SEK", "HU": "HUF", "RO": "RON", "IS": "ISK", "AE": "AED", "SA": "SAR", "IL": "ILS", "TR": "TRY", "ZA": "ZAR",
    "IN": "INR", "TH": "THB", "SG": "SGD", "HK": "HKD", "JP": "JPY", "KR": "KRW", "CN": "CNY", "MX": "MXN", "BR": "BRL",
}  # fmt: skip
NO_COINS = frozenset({"JPY", "KRW", "ISK"})  # of these there is nothing smaller than one
SIGNS = {"GBP": "£", "EUR": "€", "USD": "$"}
MOST = Decimal("999999.99")  # of one price


@dataclass(frozen=True, slots=True)
class Currency:
    code: str

    @property
    def coin(self) -> Decimal:
        """The smallest sum there is."""
        return Decimal(1) if self.code in NO_COINS else Decimal("0.01")

    def rounded(self, amount: Decimal) -> Decimal:
        return amount.quantize(self.coin, rounding=ROUND_HALF_UP)

    def said(self, amount: Decimal) -> str:
        """`£1,240.00`, `CHF 1,240.00` with a space that does not break."""
        text = f"{self.rounded(amount):,f}"
        sign = SIGNS.get(self.code)
        return f"{sign}{text}" if sign else f"{self.code}\u00a0{text}"


def currency_of(country: str) -> str:
    """ISO 4217 code of *country*; empty where it is not known."""
    return CURRENCIES.get(country, "")
