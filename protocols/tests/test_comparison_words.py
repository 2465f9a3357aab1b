"""A comparison is written in words and units a dermatologist reads, and nothing that differs is left out."""

import copy

import pytest

from protocols.comparison import compare, place
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
