"""What a person types is read in one way or refused with words; nothing is guessed."""

import datetime as dt
from decimal import Decimal

import pytest
from django.http import QueryDict

from plans import inputs, typed


@pytest.mark.parametrize(
    ("text", "value"),
    [("1.5", "1.5"), ("1,5", "1.5"), (".5", "0.5"), (",75", "0.75"), ("0.50", "0.5"), (" 1 mm", "1"), ("1\u00a0mm", "1"), ("2", "2")],
)
def test_depth_is_read_with_point_or_comma(text, value):
    assert typed.depth_mm(text, "cheeks depth") == Decimal(value)


@pytest.mark.parametrize("text", ["abc", "1.2.3", "1,2,3", "1.234", "1 5", "-1", "1e2", "٣", "0x1", "1/2", "NaN", "inf"])
def test_depth_that_is_no_number_is_refused_in_words(text):
    with pytest.raises(ValueError, match="Cheeks depth must be a number of mm with at most 2 decimals"):
        typed.depth_mm(text, "cheeks depth")


@pytest.mark.parametrize("text", ["0", "0,0", "0.00"])
def test_depth_of_nothing_is_refused(text):
    with pytest.raises(ValueError, match="more than 0"):
        typed.depth_mm(text, "cheeks depth")


def test_depth_left_empty_says_what_to_enter():
    with pytest.raises(ValueError, match="Enter the cheeks depth in mm"):
        typed.depth_mm("  ", "cheeks depth")


@pytest.mark.parametrize("text", ["2026-11-17", "17 Nov 2026", "17\u00a0Nov\u00a02026", "17 November 2026"])
def test_day_is_read_as_typed_and_as_shown(text):
    assert typed.day(text, "Seen on") == dt.date(2026, 11, 17)


@pytest.mark.parametrize("text", ["17/11/2026", "2026-02-30", "soon", "1800-01-01", "9999-12-31"])
def test_day_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match="Seen on must be"):
        typed.day(text, "Seen on")


def test_day_in_the_future_is_refused_where_it_cannot_be():
    with pytest.raises(ValueError, match="must not be in the future"):
        typed.day("2026-11-18", "Last taken", latest=dt.date(2026, 11, 17))
    with pytest.raises(ValueError, match="must be in the future"):
        typed.day("2026-11-16", "Event date", earliest=dt.date(2026, 11, 17))


def test_count_outside_its_range_is_refused():
    assert typed.count("4", "Visits possible", low=1, high=20) == 4
    for text in ("0", "21", "4.5", "four", ""):
        with pytest.raises(ValueError, match="Visits possible must be a whole number from 1 to 20"):
            typed.count(text, "Visits possible", low=1, high=20)


def test_marks_that_turn_the_line_are_not_kept_in_the_fields():
    post = QueryDict(mutable=True)
    post["medicine.0.name"] = "War\u202efarin\u202c 5\u2066 mg\u2069"
    assert inputs.read(post) == {"medicine.0.name": "Warfarin 5 mg"}
