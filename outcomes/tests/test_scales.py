"""The scales come out of the protocol version: names, ranges, grades and what may be asked."""

from decimal import Decimal

import pytest

from outcomes.scales import _span, of_indication
from planner.knowledge import Knowledge
from protocols.knowledge import packaged


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1-4", (1, 4, False, False)),
        ("0-5", (0, 5, False, False)),
        ("I-IV", (1, 4, True, False)),
        ("mMASI 0-24", (0, 24, False, True)),
        ("stage plus mild, moderate, severe", None),
        ("4-1", None),
        ("3-3", None),
        ("1-IV", None),
        ("IIII-V", None),
        ("1 to 4", None),
        ("", None),
        ("1-4 or 0-5", None),
    ],
)
def test_a_range_is_read_whole_or_not_at_all(text, found):
    assert _span(text) == found


def test_every_indication_of_the_pack_has_a_scale_with_the_words_of_the_pack():
    knowledge = packaged()
    for indication in knowledge.indications.values():
        scales = of_indication(knowledge, indication.id)
        assert scales.severity.name == indication.severity_scale.name[:200]
        assert scales.severity.lowest < scales.severity.highest
        assert scales.gais is not None


def test_as_many_grades_as_levels_carry_their_words():
    severity = of_indication(packaged(), "acne_scars").severity
    assert [grade.value for grade in severity.grades] == [1, 2, 3, 4]
    assert severity.words_of(Decimal(3)) == "3, Moderate: obvious at 50 cm or more, not easily covered, flattens when stretched"
    assert severity.is_ordered


def test_other_grades_stand_alone_and_no_word_is_made_up():
    knowledge = packaged()
    assert [grade.words for grade in of_indication(knowledge, "wrinkles").severity.grades] == ["0", "1", "2", "3", "4", "5"]
    assert [grade.words for grade in of_indication(knowledge, "rejuvenation").severity.grades] == ["I", "II", "III", "IV"]


def test_a_named_range_is_a_score():
    score = of_indication(packaged(), "dyschromia").severity
    assert (score.grades, score.lowest, score.highest) == ((), 0, 24)
    assert score.words_of(Decimal("7.50")) == "7.5"
    assert score.words_of(Decimal("7.55")) is None
    assert score.words_of(Decimal("24.1")) is None


def test_prose_gives_the_levels_as_kinds_and_no_steps():
    kinds = of_indication(packaged(), "striae").severity
    assert not kinds.is_ordered
    assert kinds.grades[0].words == "Striae rubrae: red or violet, recent"


def test_gais_is_asked_only_where_the_outcome_names_it(pack):
    for indication in pack["indications"]:
        indication["outcome_scale"]["refs"] = ["textbook"]
    knowledge = Knowledge.parse(pack)
    assert of_indication(knowledge, "acne_scars").gais is None
    assert of_indication(packaged(), "acne_scars").gais.words_of(Decimal(5)) == "Worse"
    assert of_indication(packaged(), "acne_scars").gais.words_of(Decimal(6)) is None


def test_an_indication_the_protocol_does_not_know_has_none():
    assert of_indication(packaged(), "tattoo") is None
