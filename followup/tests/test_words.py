"""What is kept of a reminder is in English, and said in the language of the page."""

import pytest
from django.utils import translation

from followup.services.deciding import CUT_OFF, MOST_TRIES, NOT_HANDED_OVER, REFUSED, problem_words

KEPT = (REFUSED, CUT_OFF, NOT_HANDED_OVER % {"tries": MOST_TRIES})


@pytest.mark.parametrize("problem", KEPT)
def test_why_a_reminder_did_not_go_is_said_in_the_language_of_the_page(problem):
    assert problem_words(problem) == problem
    with translation.override("es"):
        assert problem_words(problem) not in ("", problem)
        assert "%" not in problem_words(problem)


def test_what_a_provider_wrote_stays_as_it_is():
    with translation.override("es"):
        assert [problem_words(said) for said in ("", "No such number: +44 20")] == ["", "No such number: +44 20"]
