"""A comparison is written in words and units a dermatologist reads, and nothing that differs is left out."""

import copy

import pytest

from planner.wording import number
from protocols.comparison import compare, place, values
from protocols.comparison_words import Comparison, marked


def _changed(pack, **by_path):
    other = copy.deepcopy(pack)
    for path, value in by_path.items():
        holder, key = place(other, path)
        holder[key] = value
    return other


def _line(pack, other, path):
    return next(line for group in Comparison(pack, other).groups() for line in group.lines if line.path == path)


@pytest.mark.parametrize(
    ("path", "value", "who", "what", "after"),
    [
        ("depth_ranges[acne_scars,grade_2,cheeks].max", 1.25, "Cheeks, grade 2, ", "max", "1.25\u00a0mm"),
        ("zones[neck].max_depth_mm", 1.25, "Neck", "depth at most", "1.25\u00a0mm"),
        ("indications[acne_scars].levels[grade_2].interval.typical", 5, "grade 2", "interval, typical", "5\u00a0weeks"),
        ("indications[acne_scars].levels[grade_2].sessions.min", 1, "grade 2", "sessions, min", "1"),
        ("contraindications[isotretinoin_current].action", "refuse", "Oral isotretinoin now", "action", "stop"),
        ("devices[roller].allowed", False, "Manual roller", "allowed", "no"),
    ],
)
def test_a_value_says_whose_it_is_and_its_unit(pack, path, value, who, what, after):
    line = _line(pack, _changed(pack, **{path: value}), path)
    assert who in line.who
    assert (line.what, line.after) == (what, after)
    assert line.before
    assert line.before != line.after


def test_a_long_text_shows_what_changed_in_it(pack):
    note = pack["zones"][6]["note"] = "A long note about the cheeks that goes on and on, so that it is more than seventy characters long."
    line = _line(pack, _changed(pack, **{"zones[cheeks].note": note.replace("goes on", "runs on")}), "zones[cheeks].note")
    assert ("del", "goes") in line.parts
    assert ("ins", "runs") in line.parts


def test_marked_texts_hold_both_texts():
    before, after = "the pen is held at right angles", "the pen is never held at an angle"
    parts = marked(before, after)
    assert " ".join(text for kind, text in parts if kind != "ins") == before
    assert " ".join(text for kind, text in parts if kind != "del") == after


def test_sources_that_came_and_went_are_named_by_citation(pack):
    path = "zones[forehead].refs"
    refs = pack["zones"][0]["refs"]
    line = _line(pack, _changed(pack, **{path: [*refs[1:], "textbook"]}), path)
    assert [text for kind, text in line.parts if kind == "ins"] == ["General dermatological and procedural teaching, …"]
    assert sum(kind == "del" for kind, _ in line.parts) == 1


def test_a_row_that_went_says_what_it_held(pack):
    other = copy.deepcopy(pack)
    gone = other["depth_ranges"].pop(0)
    (group,) = Comparison(pack, other).groups()
    assert (group.name, group.lines[0].kind) == ("depths", "removed")
    assert f"{gone['typical']:g} mm" in group.lines[0].facts[0]


@pytest.mark.parametrize(
    ("section", "place", "said"),
    [
        ("contraindications", 0, "answer holds for: 0\u00a0days"),  # nought is a value: asked at every visit
        ("contraindications", 5, "waiting time: 180 (180 to 365 days)"),
        ("downtime_bands", 1, "flaking: 2 (1 to 4 days)"),
        ("questions", 0, "covers, Breastfeeding, rule: Breastfeeding"),
        ("aftercare", 0, "from hour: 0\u00a0h"),
        ("devices", 1, "preferred: no"),
        ("lists", 0, "answer holds for: 30\u00a0days"),
    ],
)
def test_a_row_that_came_says_every_value(pack, section, place, said):
    other = copy.deepcopy(pack)
    row = other[section].pop(place)
    (group,) = Comparison(other, pack).groups()
    (line,) = group.lines
    assert any(said in fact for fact in line.facts)
    assert line.facts == (*line.first_facts, *line.more_facts)
    told = " ".join((line.who, *line.facts))
    numbers = [value for _, value in values(row) if isinstance(value, (int, float)) and not isinstance(value, bool)]
    assert [value for value in numbers if number(value) not in told] == []


def test_a_new_level_says_its_course(pack):
    other = copy.deepcopy(pack)
    level = other["indications"][0]["levels"].pop(1)
    (group,) = Comparison(other, pack).groups()
    for name in ("sessions", "interval"):
        span = level[name]
        assert f"{name}: {span['typical']} ({span['min']} to {span['max']} {span['unit']})" in group.lines[0].facts


def test_rows_of_which_the_first_that_fits_counts_show_their_order(pack):
    other = copy.deepcopy(pack)
    other["technique"]["passes_by"].reverse()
    (group,) = Comparison(pack, other).groups()
    (line,) = group.lines
    assert (line.kind, line.path) == ("moved", "technique.passes_by")
    assert not any(text.startswith("#") for _, text in line.parts)


def test_two_sources_that_are_called_alike_are_two(pack):
    one, two = pack["references"][0], pack["references"][1]
    two["citation"] = one["citation"]
    pack["zones"][0]["refs"] = [one["id"]]
    line = _line(pack, _changed(pack, **{"zones[forehead].refs": [two["id"]]}), "zones[forehead].refs")
    assert {kind for kind, _ in line.parts} == {"del", "ins"}


def test_another_order_is_shown_as_moved(pack):
    other = copy.deepcopy(pack)
    other["zones"][0], other["zones"][1] = other["zones"][1], other["zones"][0]
    (group,) = Comparison(pack, other).groups()
    assert group.lines[0].kind == "moved"
    assert {"ins", "del"} <= {kind for kind, _ in group.lines[0].parts}


def test_every_difference_has_its_line_and_every_section_a_heading(pack):
    other = copy.deepcopy(pack)
    other["a_section_of_tomorrow"] = {"value": 1}
    for row in other["contraindications"]:
        row["rationale"] = row.get("rationale", "") + " Again."
    other["pack_version"] = "another"
    comparison = Comparison(pack, other)
    assert comparison.count == len(compare(pack, other)) - 1  # the name of the version is not a difference
    assert [name for name, _, _ in comparison.counts()] == ["rules", "other"]


def test_lines_are_found_by_their_words(pack):
    other = _changed(pack, **{"zones[neck].max_depth_mm": 1.25, "zones[hands].max_depth_mm": 0.25})
    comparison = Comparison(pack, other)
    assert [line.path for group in comparison.groups(containing="NECK depth") for line in group.lines] == ["zones[neck].max_depth_mm"]
    assert comparison.groups(containing="elbow") == []
    assert comparison.groups(only="rules") == []
