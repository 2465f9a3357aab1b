"""Several people at once: one quote of a plan counts, and one answer is taken."""

import threading

import pytest
from django.db import connection, transaction
from django.utils import timezone

from audit import guards
from papers.models import Quote
from papers.services import quoting
from papers.services.quoting import QuoteRefused

from .rows import quoted

pytestmark = [pytest.mark.both_engines, pytest.mark.django_db(transaction=True)]
PEOPLE = 6


def at_once(act) -> list:
    """What *act*(n) gives to each of `PEOPLE` threads that begin together; a refusal stands for itself."""
    begin, found = threading.Barrier(PEOPLE), [None] * PEOPLE

    def one(n: int) -> None:
        begin.wait()
        try:
            found[n] = act(n)
        except Exception as error:
            found[n] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(n,)) for n in range(PEOPLE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return found


def test_quotes_given_at_once_leave_one_that_counts(plan, desk, prices):
    quoting.preview(plan)  # parsed once
    found = at_once(lambda n: quoted(plan, by=desk, key=f"at-once-{n}"))
    assert [type(one) for one in found] == [Quote] * PEOPLE
    assert sorted(Quote.objects.values_list("status", flat=True)) == ["given", *["replaced"] * (PEOPLE - 1)]


def test_answers_given_at_once_are_one_answer(plan, desk, prices):
    quote = quoted(plan, by=desk)
    found = at_once(lambda n: quoting.accept(quote, said_by=f"Voice {n}", note="", by=desk))
    assert sum(isinstance(one, Quote) for one in found) == 1
    assert sum(isinstance(one, QuoteRefused) for one in found) == PEOPLE - 1


def test_negative_control_without_lock_and_guard_every_answer_is_taken(plan, desk, prices):
    quote = quoted(plan, by=desk)
    have_read = threading.Barrier(PEOPLE)

    def careless(n: int) -> int:
        assert Quote.objects.get(pk=quote.pk).status == "given"
        connection.close()
        have_read.wait()
        with transaction.atomic():
            return Quote.objects.filter(pk=quote.pk).update(status="accepted", said_by=f"Voice {n}", answered_at=timezone.now())

    with guards.suspended("quote_answered"):
        assert at_once(careless) == [1] * PEOPLE
