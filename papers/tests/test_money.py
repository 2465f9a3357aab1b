"""Sums: exact, in decimals, rounded once."""

import random
from decimal import Decimal

import pytest

from papers.money import Currency, currency_of
from papers.reckoning import Course, Line, NoPrice, lines_of, sums_of

POUND, YEN = Currency("GBP"), Currency("JPY")
COURSE = Course(
    indications=(("acne_scars", "Acne scars"),), sessions=3, zones=(("cheeks", "Cheeks"), ("chin", "Chin")), adjuvants=(("prp", "Plasma"),)
)
PRICES = {
    ("service", ""): Decimal("60"), ("session", ""): Decimal("180"), ("zone", ""): Decimal("35"), ("zone", "chin"): Decimal("19.99"),
    ("adjuvant", "prp"): Decimal("90.50"),
}  # fmt: skip


def test_a_plan_is_charged_for_service_sessions_zones_and_adjuvants():
    lines = lines_of(COURSE, PRICES)
    assert [(line.code, line.count, line.sum) for line in lines] == [
        ("acne_scars", 1, Decimal("60")),
        ("", 3, Decimal("540")),
        ("cheeks", 3, Decimal("105")),
        ("chin", 3, Decimal("59.97")),
        ("prp", 3, Decimal("271.50")),
    ]
    assert sums_of(lines, POUND, tax="none", percent=Decimal(0)).total == Decimal("1036.47")


def test_what_has_no_price_is_named_and_never_guessed():
    with pytest.raises(NoPrice) as error:
        lines_of(COURSE, {key: value for key, value in PRICES.items() if key[0] not in ("adjuvant", "service")})
    assert error.value.missing == [("service", "Acne scars"), ("adjuvant", "Plasma")]


@pytest.mark.parametrize(
    ("sum", "percent", "kind", "tax", "total"),
    [
        ("10.10", "5", "added", "0.51", "10.61"),  # 0.505: half a coin goes up
        ("10.09", "5", "added", "0.50", "10.59"),  # 0.5045
        ("100", "20", "included", "16.67", "100"),
        ("0.03", "20", "included", "0.01", "0.03"),  # 0.005: up
        ("100", "0", "none", "0", "100"),
    ],
)
def test_tax_is_rounded_once_half_a_coin_up(sum, percent, kind, tax, total):
    found = sums_of((Line("session", "", "Session", 1, Decimal(sum)),), POUND, tax=kind, percent=Decimal(percent))
    assert (found.tax, found.total) == (Decimal(tax), Decimal(total))
    assert round(1.005, 2) == 1.0  # negative control: a float has no 1.005, and loses the half coin


def test_sums_agree_with_a_second_reckoning_in_whole_coins():
    chance = random.Random(7)  # noqa: S311 - not a secret
    for _ in range(2000):
        lines = tuple(
            Line("zone", str(n), "Zone", chance.randint(1, 12), Decimal(chance.randint(0, 99999)) / 100)
            for n in range(chance.randint(1, 9))
        )
        percent = chance.choice((5, 7, 10, 19, 20, 25))
        coins = sum(int(line.each * 100) * line.count for line in lines)
        added = sums_of(lines, POUND, tax="added", percent=Decimal(percent))
        assert int(added.tax * 100) == (coins * percent + 50) // 100
        assert added.total - added.tax == Decimal(coins) / 100
        held = sums_of(lines, POUND, tax="included", percent=Decimal(percent))
        assert int(held.tax * 100) == (2 * coins * percent + 100 + percent) // (2 * (100 + percent))
        assert held.total == Decimal(coins) / 100


def test_currencies_are_written_as_they_are_used():
    assert POUND.said(Decimal("1240")) == "£1,240.00"
    assert Currency("CHF").said(Decimal("80.5")) == "CHF\u00a080.50"
    assert YEN.said(Decimal("12000")) == "JPY\u00a012,000"
    assert (currency_of("GB"), currency_of("DE"), currency_of("US"), currency_of("XX")) == ("GBP", "EUR", "USD", "")
