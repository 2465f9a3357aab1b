"""Words and figures of the screen."""

from decimal import Decimal

import pytest

from plans.alerts import first_sentence, shorten, watch_words
from plans.references import source_word
from plans.screen import tint
from plans.traces import value_words


@pytest.mark.parametrize(
    ("ref", "words"),
    [
        ("harris2015", "Harris 2015"),
        ("alster2018_body", "Alster 2018 body"),
        ("alsterli2020scar", "Alsterli 2020 scar"),
        ("nct02646917", "NCT02646917"),
        ("k202243", "K202243"),
        ("soc_chapter", "Soc chapter"),
    ],
)
def test_a_source_is_named_in_few_words(ref, words):
    assert source_word(ref) == words


@pytest.mark.parametrize(("depth", "name"), [("0.2", "d025"), ("0.5", "d05"), ("1.25", "d1"), ("1.5", "d15"), ("3", "d25")])
def test_a_tint_is_never_deeper_than_the_depth(depth, name):
    assert tint(Decimal(depth)) == name


def test_values_of_a_trace_are_written_like_everything_else():
    assert value_words(0.5, "mm") == "0.5\u00a0mm"
    assert value_words({"min": 1.0, "max": 2.0}, "mm") == "1 to 2\u00a0mm"
    assert value_words("2026-11-29") == "29\u00a0Nov\u00a02026"
    assert value_words(None) == ""


def test_a_bare_fact_takes_the_next_sentence_along():
    assert first_sentence("Phototype V. More pigment. And more.") == "Phototype V. More pigment."
    assert first_sentence("A first sentence that says enough. And more.") == "A first sentence that says enough."


def test_a_long_reason_is_cut_at_a_word():
    assert shorten("Bone close below") == "Bone close below"
    assert shorten("Nodular, cystic or widespread inflammatory acne in the area", 30) == "Nodular, cystic or widespread …"


def test_the_header_says_only_cautions_of_the_whole_person():
    def finding(name, action="caution", scope="patient"):
        return {"id": name, "short_label": name.title(), "label": name, "action": action, "scope": scope}

    found = [finding("sores"), finding("mole", scope="zone"), finding("keloid", "refuse"), finding("phototype_4_6"), finding("sores")]
    assert watch_words({"findings": found}) == ["Sores"]
