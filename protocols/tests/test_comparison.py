"""Values are named by ids, and two versions are compared value by value."""

import copy

import pytest

from protocols.comparison import Difference, NoSuchValue, compare, place, stable, value_at, values


def test_every_value_of_the_pack_has_one_name_and_is_found_by_it(pack):
    named = list(values(pack))
    assert len({path for path, _ in named}) == len(named) > 5000
    assert all(value_at(pack, path) == value for path, value in named)


def test_names_do_not_hang_on_the_place_in_a_list(pack):
    named = dict(values(pack))
    for section in ("zones", "depth_ranges", "contraindications", "references", "questions"):
        pack[section].reverse()
    assert dict(values(pack)) == named


@pytest.mark.parametrize(
    ("by_place", "by_name"),
    [
        ("zones[6].max_depth_mm", "zones[cheeks].max_depth_mm"),
        ("indications[0].levels[1].sessions.min", "indications[acne_scars].levels[grade_2].sessions.min"),
        ("technique.rules[1].rule", "technique.rules[#2].rule"),
        ("zones[999].label", "zones[999].label"),
        ("depth_ranges[acne_scars, grade_1, atlantis].zone", "depth_ranges[acne_scars, grade_1, atlantis].zone"),
        ("pack_version", "pack_version"),
    ],
)
def test_a_fault_by_place_is_told_by_name(pack, by_place, by_name):
    assert stable(pack, by_place) == by_name


@pytest.mark.parametrize("path", ["", "nowhere.at", "zones[atlantis].label", "zones[", "zones.cheeks", "pack_version.x", "[a]"])
def test_a_name_of_nothing_is_said(pack, path):
    with pytest.raises(NoSuchValue):
        value_at(pack, path)


def test_a_value_is_written_where_its_name_says(pack):
    holder, key = place(pack, "depth_ranges[acne_scars,grade_2,cheeks].max")
    holder[key] = 1.25
    row = next(r for r in pack["depth_ranges"] if (r["indication"], r["level"], r["zone"]) == ("acne_scars", "grade_2", "cheeks"))
    assert row["max"] == 1.25


def test_names_with_signs_of_their_own_stand_in_quotes():
    document = {"device_limits": [{"device": "Pen [2], new", "indication": "a", "area": 'say "x"', "max": 1}], "a.b": {"c": 2}}
    named = dict(values(document))
    assert named['device_limits["Pen [2], new",a,"say \\"x\\""].max'] == 1
    assert named['"a.b".c'] == 2
    assert all(value_at(document, path) == value for path, value in named.items())


# Comparing


def test_equal_documents_differ_in_nothing_whatever_the_order_of_words(pack):
    other = copy.deepcopy(pack)
    for row in other["depth_ranges"]:
        row["refs"].reverse()
    other["depth_ranges"].reverse()
    assert compare(pack, other) == []


def test_each_kind_of_difference_is_named(pack):
    other = copy.deepcopy(pack)
    holder, key = place(other, "depth_ranges[acne_scars,grade_2,cheeks].max")
    was, holder[key] = holder[key], 1.25
    gone = other["contraindications"].pop(0)
    come = {"id": "new_zone", "label": "New zone"}
    other["excluded_zones"].append(come)
    other["zones"][0], other["zones"][1] = other["zones"][1], other["zones"][0]
    other["status_text"] = "Read again"
    found = {one.path: one for one in compare(pack, other)}
    assert set(found) == {
        *("depth_ranges[acne_scars,grade_2,cheeks].max", f"contraindications[{gone['id']}]", "excluded_zones[new_zone]"),
        *("zones", "status_text"),
    }
    assert found["depth_ranges[acne_scars,grade_2,cheeks].max"] == Difference(
        "depth_ranges[acne_scars,grade_2,cheeks].max", "changed", was, 1.25
    )
    assert found[f"contraindications[{gone['id']}]"].before == gone
    assert found["excluded_zones[new_zone]"].after == come
    assert found["zones"].kind == "moved"
    assert found["zones"].after[:2] == [other["zones"][0]["id"], other["zones"][1]["id"]]


def test_rows_without_ids_are_matched_by_what_they_say(pack):
    other = copy.deepcopy(pack)
    first = other["technique"]["rules"].pop(0)
    assert compare(pack, other) == [Difference("technique.rules[#1]", "removed", before=first)]


def test_one_and_one_point_zero_are_one_number_and_true_is_none():
    assert compare({"a": 1}, {"a": 1.0}) == []
    assert compare({"a": 1}, {"a": True}) == [Difference("a", "changed", 1, True)]


def test_what_differs_one_way_differs_the_other_way(pack):
    other = copy.deepcopy(pack)
    other["zones"].pop(3)
    other["zones"][0]["note"] = "Other"
    turned = {"added": "removed", "removed": "added"}
    there = sorted((one.path, one.kind) for one in compare(pack, other))
    back = sorted((one.path, turned.get(one.kind, one.kind)) for one in compare(other, pack))
    assert there == back != []
