"""Quotes: what they say, that they stay, and what an answer leads to."""

import datetime as dt
from decimal import Decimal

import pytest
import time_machine
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone

from audit import guards
from audit.models import AuditEvent
from papers.models import Quote
from papers.services import quoting
from papers.services.quoting import QuoteRefused

from .rows import PRICES, price_list_of, quoted

pytestmark = pytest.mark.django_db
# One indication, four sessions, two zones: 60 + 4 x 180 + 2 x 4 x 35.
TOTAL = Decimal("1060")


@pytest.fixture
def quote(plan, desk, prices):
    return quoted(plan, by=desk)


def answered(quote, **fields):
    return {"answer": "accept", "said_by": "Nadia Rahman", "note": "", **fields}


@pytest.mark.both_engines
def test_a_quote_says_what_the_plan_costs_and_until_when(quote, site, prices):
    assert quote.total == TOTAL
    assert quote.tax_amount == Decimal("176.67")
    assert quote.valid_until == site.day_of(timezone.now()) + dt.timedelta(days=30)
    assert [(line["words"], line["count"], line["sum"]) for line in quote.lines][1:] == [
        ("Session", 4, "720.00"),
        ("forehead", 4, "140.00"),
        ("cheeks", 4, "140.00"),
    ]


def test_a_price_that_changes_changes_no_quote(quote, site, clinician, plan):
    dearer = [(kind, code, words, str(Decimal(amount) * 2)) for kind, code, words, amount in PRICES]
    price_list_of(site, by=clinician, rows=dearer, key="dearer")
    quote.refresh_from_db()
    assert quote.total == TOTAL
    assert quoting.preview(plan).sums.total == TOTAL * 2


def test_a_quote_is_not_given_from_prices_nobody_saw(plan, desk, prices, site, clinician):
    price_list_of(site, by=clinician, key="newer")
    with pytest.raises(QuoteRefused, match="prices changed"):
        quoting.give(plan, seen_list=prices.pk, valid_until=timezone.localdate(), by=desk, request_key="late")
    assert not Quote.objects.exists()


@pytest.mark.parametrize("kind", ["service", "session", "zone"])
def test_a_missing_price_is_named(plan, site, clinician, kind):
    price_list_of(site, by=clinician, rows=[row for row in PRICES if row[0] != kind])
    with pytest.raises(QuoteRefused, match=r"hold nothing for .* Settings, Prices"):
        quoting.preview(plan)


def test_without_prices_the_page_says_who_enters_them(client, desk, plan):
    client.force_login(desk)
    page = client.get(reverse("papers:give", args=[plan.patient.number, plan.number])).content.decode()
    assert "has no prices yet. A manager or medical lead enters them" in page


@pytest.mark.both_engines
def test_a_new_quote_takes_the_place_of_the_one_without_an_answer(quote, plan, desk):
    newer = quoted(plan, by=desk, key="newer")
    quote.refresh_from_db()
    assert (quote.status, newer.status) == ("replaced", "given")
    quoting.accept(newer, said_by="Nadia", note="", by=desk)
    with pytest.raises(QuoteRefused, match="was accepted"):
        quoted(plan, by=desk, key="third")


@pytest.mark.both_engines
def test_sent_twice_it_is_given_once(quote, plan, desk):
    assert quoted(plan, by=desk) == quote
    assert Quote.objects.count() == 1


@pytest.mark.both_engines
def test_a_yes_opens_the_booking_of_the_course(client, desk, quote, plan):
    client.force_login(desk)
    answer = client.post(reverse("papers:answer", args=[quote.pk]), answered(quote))
    assert answer["Location"] == reverse("sessions:book_course", args=[plan.patient.number, plan.number])
    quote.refresh_from_db()
    assert (quote.status, quote.said_by, quote.answered_by) == ("accepted", "Nadia Rahman", desk)
    page = client.get(answer["Location"])
    assert page.status_code == 200
    assert f"Quote {quote.number} is accepted. Book the sessions of the course now." in page.content.decode()
    assert AuditEvent.objects.filter(action="quote.accepted", patient_pk=plan.patient_id).count() == 1


@pytest.mark.both_engines
def test_a_no_ends_it_and_a_second_answer_is_refused(client, desk, quote):
    client.force_login(desk)
    client.post(reverse("papers:answer", args=[quote.pk]), answered(quote, answer="decline", note="Too dear"))
    again = client.post(reverse("papers:answer", args=[quote.pk]), answered(quote))
    assert again.status_code == 409
    assert "is declined already" in again.content.decode()
    quote.refresh_from_db()
    assert (quote.status, quote.note) == ("declined", "Too dear")


def test_an_answer_without_who_gave_it_comes_back(client, desk, quote):
    client.force_login(desk)
    answer = client.post(reverse("papers:answer", args=[quote.pk]), {"note": "Rang at noon"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Say whether the quote was accepted" in page
    assert "Enter who gave the answer" in page
    assert "Rang at noon" in page


def test_after_its_last_day_nobody_says_yes(quote, desk, site):
    for days, is_over in ((30, False), (31, True)):
        with time_machine.travel(timezone.now() + dt.timedelta(days=days), tick=True):
            assert quote.is_over(site.day_of(timezone.now())) is is_over
    with time_machine.travel(timezone.now() + dt.timedelta(days=31)), pytest.raises(QuoteRefused, match="held until"):
        quoting.accept(quote, said_by="Nadia", note="", by=desk)


def test_a_plan_that_is_not_in_force_has_no_quote(quote, plan, desk):
    with guards.suspended():
        type(plan).objects.filter(pk=plan.pk).update(status="stopped")
    plan.refresh_from_db()
    with pytest.raises(QuoteRefused, match="not in force"):
        quoting.accept(quote, said_by="Nadia", note="", by=desk)
    with pytest.raises(QuoteRefused, match="not in force"):
        quoting.preview(plan)


@pytest.mark.both_engines
@pytest.mark.parametrize(
    "change", [{"total": 1}, {"lines": []}, {"valid_until": dt.date(2030, 1, 1)}, {"patient_id": 0}, {"price_list_id": 0}]
)
def test_the_database_keeps_a_quote_as_it_was_given(quote, change):
    with pytest.raises(DatabaseError), transaction.atomic():
        Quote.objects.filter(pk=quote.pk).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        Quote.objects.filter(pk=quote.pk).delete()


@pytest.mark.both_engines
def test_the_database_takes_an_answer_once(quote, desk):
    quoting.accept(quote, said_by="Nadia", note="", by=desk)
    with pytest.raises(DatabaseError), transaction.atomic():
        Quote.objects.filter(pk=quote.pk).update(status="declined")
    with guards.suspended("quote_answered"):  # negative control
        assert Quote.objects.filter(pk=quote.pk).update(status="declined") == 1


@pytest.mark.both_engines
def test_a_quote_begins_as_given_for_a_plan_of_its_patient(quote, desk):
    fields = {field.attname: getattr(quote, field.attname) for field in Quote._meta.concrete_fields if not field.primary_key}
    with pytest.raises(DatabaseError), transaction.atomic():
        Quote.objects.create(**{**fields, "status": "declined", "request_key": "begins"})


def test_the_page_of_a_plan_leads_to_its_quote(client, clinician, quote, plan):
    client.force_login(clinician)
    page = client.get(reverse("patients:detail", args=[plan.patient.number]) + "?kind=documents").content.decode()
    assert quote.number in page
    assert "£1,060.00" in page
    shown = client.get(reverse("papers:quote", args=[quote.pk])).content.decode()
    assert "VAT 20" in shown
    assert "half of that is rounded up" in shown
