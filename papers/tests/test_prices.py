"""Price lists: which holds when, what is typed, and that none is ever changed."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone

from audit import guards
from audit.models import AuditEvent
from papers.models import Price, PriceList
from papers.services import prices as service

from .rows import price_list_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(make_user):
    return make_user("omar", "manager")


def typed(site, **fields):
    start = {
        "site": site.slug, "valid_from": timezone.localdate().isoformat(), "quote_days": "30", "tax": "included", "tax_name": "VAT",
        "tax_percent": "20", "tax_words": "", "request_key": "typed", "service-any": "60", "session-any": "180", "zone-any": "35",
        "zone-chin": "0", "adjuvant-any": "45.50",
    }  # fmt: skip
    return {**start, **fields}


@pytest.mark.both_engines
def test_the_list_in_force_is_the_one_that_began_last(site, clinician, prices):
    today = site.day_of(timezone.now())
    assert service.in_force(site) == prices
    later = price_list_of(site, by=clinician, key="later", valid_from=today + dt.timedelta(days=7))
    assert service.in_force(site) == prices
    assert PriceList.objects.in_force(site, today + dt.timedelta(days=7)) == later
    again = price_list_of(site, by=clinician, key="again")
    assert service.in_force(site) == again


@pytest.mark.both_engines
@pytest.mark.parametrize("model", [PriceList, Price])
def test_a_list_is_never_changed(prices, model):
    row = model.objects.first()
    field = "quote_days" if model is PriceList else "amount"
    for act in (lambda: model.objects.filter(pk=row.pk).update(**{field: 1}), row.delete):
        with pytest.raises(DatabaseError), transaction.atomic():
            act()
    with guards.suspended("price_list_kept", "price_kept"):  # negative control
        assert model.objects.filter(pk=row.pk).update(**{field: 1}) == 1


@pytest.mark.both_engines
def test_a_manager_enters_prices_and_sees_them(client, site, manager, plan):
    client.force_login(manager)
    assert "No prices are entered" in client.get(reverse("papers:prices")).content.decode()
    page = client.get(reverse("papers:new_prices")).content.decode()
    assert "In GBP." in page
    answer = client.post(reverse("papers:new_prices"), typed(site))
    assert answer.status_code == 302
    made = PriceList.objects.get()
    assert {(row.kind, row.code): row.amount for row in made.prices.all()} == {
        ("service", ""): Decimal(60), ("session", ""): Decimal(180), ("zone", ""): Decimal(35), ("zone", "chin"): 0,
        ("adjuvant", ""): Decimal("45.50"),
    }  # fmt: skip
    assert AuditEvent.objects.filter(action="prices.entered", actor=manager).count() == 1
    shown = client.get(answer["Location"]).content.decode()
    assert "£180.00" in shown
    assert "included" in shown
    client.post(reverse("papers:new_prices"), typed(site))  # a double click
    assert PriceList.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"session-any": "12,5"}, "One session: enter an amount such as 120 or 120.50"),
        ({"session-any": "-3"}, "One session: enter an amount"),
        ({"session-any": "1e5"}, "One session: enter an amount"),
        ({"session-any": "9999999"}, "is the most"),
        ({"tax_percent": ""}, "Enter the percentage"),
        ({"tax_percent": "NaN"}, "Tax must be a percentage"),
        ({"tax_name": ""}, "Enter what the tax is called"),
        ({"tax": ""}, "Say how tax is charged"),
        ({"valid_from": "2020-01-01"}, "Prices hold from today at the earliest"),
        ({"valid_from": ""}, "Enter the day from which the prices hold"),
        ({"quote_days": "0"}, "A quote holds for 1 to 366 days"),
        (dict.fromkeys(("service-any", "session-any", "zone-any", "zone-chin", "adjuvant-any"), ""), "Enter at least one price"),
    ],
)
def test_what_cannot_be_a_price_comes_back_with_what_to_do(client, site, manager, fields, says):
    client.force_login(manager)
    answer = client.post(reverse("papers:new_prices"), typed(site, tax_words="Our own words", **fields))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert says in page
    assert "Our own words" in page
    assert not PriceList.objects.exists()


def test_a_country_without_a_known_currency_says_what_to_do(client, site, manager):
    site.country = "XX"
    site.save()
    client.force_login(manager)
    answer = client.get(reverse("papers:new_prices"))
    assert answer.status_code == 409
    assert "No currency is known for the country XX" in answer.content.decode()


def test_prices_of_another_site_are_not_there(client, make_user, prices):
    from accounts.models import Site

    stranger = make_user("stranger", "manager")
    stranger.sites.set([Site.objects.create(name="Birch", slug="birch")])
    client.force_login(stranger)
    assert client.get(reverse("papers:price_list", args=[prices.pk])).status_code == 404
    assert "£180.00" not in client.get(reverse("papers:prices")).content.decode()
