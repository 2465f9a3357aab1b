"""One form of each name and number for searching."""
# ruff: noqa: RUF001

import pytest

from patients import names


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Rahman", "rahman"),
        ("O'Brien", "obrien"),
        ("O’BRIEN", "obrien"),
        ("Núñez-Łoś", "nunez los"),
        ("Strauß", "strauss"),
        ("Søren  Ærø", "soren aero"),
        ("İnce", "ince"),
        ("Ёлкина", "елкина"),
        ("أحمد", "احمد"),
        ("فَاطِمَة", "فاطمه"),
        ("  ", ""),
    ],
)
def test_key_folds_case_accents_and_marks(typed, kept):
    assert names.key(typed) == kept


def test_key_fits_its_column_whatever_is_typed():
    assert len(names.key("ß" * 100)) == 100


@pytest.mark.parametrize("phone", ["020 7946 0200", "+44 20 7946 0200", "0044 (0)20-7946-0200", "(020) 7946.0200"])
def test_one_line_has_one_tail_in_every_spelling(phone):
    assert names.phone_tail(phone) == "079460200"[::-1]


@pytest.mark.parametrize(
    ("one", "other", "slips"),
    [
        ("rahman", "rahman", 0),
        ("rahman", "rahmann", 1),
        ("rahman", "rhaman", 1),
        ("rahman", "tahman", 1),
        ("rahman", "reman", 2),
        ("rahman", "okafor", 3),
    ],
)
def test_distance_counts_wrong_missing_added_and_swapped_letters(one, other, slips):
    assert names.distance(one, other) == slips
    assert names.distance(other, one) == slips


@pytest.mark.parametrize("mistyped", ["ohnson", "jhonson", "johnsson", "jonsen", "bohnson", "johnso", "yohnsen"])
def test_two_slips_or_fewer_always_share_a_spelling(mistyped):
    assert names.distance("johnson", mistyped) <= 2
    assert names.slips("johnson") & names.slips(mistyped)
