"""A broken pack is refused whole: every fault with its path, in the order of the pack, and never a crash."""

import math
import random
from collections.abc import Iterator

import pytest

from planner.case import Case
from planner.errors import Fault, KnowledgeFaults
from planner.knowledge import Knowledge
from planner.knowledge.structure import MOST_LEVELS, in_pack_order
from planner.propose import propose

from .conftest import document, library

PACK = document()
CASES = [Case.parse(entry["case"]) for _, entry in library()][::12]


def faults(pack: object) -> list[str]:
    with pytest.raises(KnowledgeFaults) as refused:
        Knowledge.parse(pack)
    return [str(fault) for fault in refused.value.faults]


def one(pack: object, path: str, words: str) -> None:
    said = faults(pack)
    assert any(fault.startswith(f"{path}: ") and words in fault for fault in said), said


def row(pack: dict, section: str, ident: str) -> dict:
    return next(entry for entry in pack[section] if entry.get("id") == ident)


# -- loops, depth, size ------------------------------------------------------------------------------------------------


def test_a_document_that_holds_itself_is_refused():
    pack = document()
    pack["zones"].append(pack["zones"])
    assert faults(pack) == [f"zones[{len(pack['zones']) - 1}]: comes back to itself: an anchor may not hold its own alias"]
    pack = document()
    pack["zones"][0]["self"] = pack["zones"][0]
    assert "comes back to itself" in faults(pack)[0]


def test_endless_nesting_is_refused_without_a_crash():
    pack = document()
    inner: list = []
    for _ in range(5000):
        inner = [inner]
    pack["zones"][0]["words"] = inner
    assert f"more than {MOST_LEVELS} levels" in faults(pack)[0]


def test_a_few_aliases_that_become_millions_of_values_are_refused():
    pack = document()
    bomb: list = ["x"] * 10
    for _ in range(8):
        bomb = [bomb] * 10
    pack["zones"][0]["words"] = bomb
    assert "more than 300000 values" in faults(pack)[0]


@pytest.mark.parametrize("value", [None, [], "text", 7, 1.5, True])
def test_what_is_no_mapping_is_no_pack(value):
    assert "a pack is a mapping" in faults(value)[0]


def test_an_empty_mapping_names_every_section_that_is_missing():
    said = faults({})
    assert len(said) > 30
    assert "zones: is missing" in said


# -- cycles between entries --------------------------------------------------------------------------------------------


def test_a_rule_that_adds_itself_by_way_of_another():
    pack = document()
    row(pack, "contraindications", "herpes_history")["adds"] = ["herpes_active"]
    assert any("comes back to itself" in fault for fault in faults(pack))


def test_phototype_rules_that_inherit_from_each_other():
    pack = document()
    row(pack, "phototype_rules", "phototype_1_3")["inherits"] = ["phototype_5_6"]
    one(pack, "phototype_rules.phototype_1_3.inherits", "no rule above it called phototype_5_6")


# -- units and figures -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "change", "words"),
    [
        ("depth_ranges[0].unit", {"unit": "cm"}, "must be mm"),
        ("depth_ranges[0].max", {"max": 15}, "must be from 0.1 to 3"),
        ("depth_ranges[0].min", {"min": 0.025}, "must be from 0.1 to 3"),
        ("depth_ranges[0]", {"min": 0.75}, "must rise"),
        ("depth_ranges[0].typical", {"typical": math.nan}, "must be a number"),
        ("depth_ranges[0].typical", {"typical": math.inf}, "must be a number"),
        ("depth_ranges[0].max", {"max": 10**30}, "is too large a number"),
        ("depth_ranges[0].max", {"max": "1.5"}, "must be a number, not text"),
        ("depth_ranges[0].refs", {"refs": ["nobody"]}, "there is no reference nobody"),
        ("depth_ranges[0].refs", {"refs": []}, "at least one reference"),
        ("depth_ranges[0].evidence", {"evidence": "CEBM-9"}, "must be one of"),
    ],
)
def test_a_wrong_figure_or_source_of_a_depth(path, change, words):
    pack = document()
    pack["depth_ranges"][0] |= change
    one(pack, path, words)


@pytest.mark.parametrize(
    ("unit", "value", "words"),
    [("days", 4, "must be weeks"), ("weeks", 28, "must be from 1 to 26")],
)
def test_days_given_for_weeks(unit, value, words):
    pack = document()
    pack["indications"][0]["levels"][0]["interval"] |= {"unit": unit, "min": value, "typical": value, "max": value}
    assert any(words in fault and "levels[0].interval" in fault for fault in faults(pack))


def test_a_ceiling_deeper_than_any_device():
    pack = document()
    row(pack, "zones", "cheeks")["max_depth_mm"] = 2.75
    one(pack, "zones.cheeks.max_depth_mm", "deeper than any device")


def test_a_depth_above_the_ceiling_of_its_zone():
    pack = document()
    row(pack, "zones", "forehead")["max_depth_mm"] = 0.9
    assert any("above the ceiling of forehead" in fault for fault in faults(pack))


# -- twice, and two meanings -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("section", "path"),
    [
        ("zones", "zones"),
        ("contraindications", "contraindications"),
        ("depth_ranges", "depth_ranges"),
        ("references", "references"),
        ("phototype_rules", "phototype_rules"),
        ("combination_rules", "combination_rules"),
        ("downtime_bands", "downtime_bands"),
        ("lab_rules", "lab_rules"),
        ("zone_groups", "zone_groups"),
        ("device_models", "device_models"),
        ("aftercare_by_adjuvant", "aftercare_by_adjuvant"),
    ],
)
def test_a_row_that_stands_twice(section, path):
    pack = document()
    pack[section].append(dict(pack[section][0]))
    one(pack, path, "stands twice")


def test_two_label_lines_for_the_same_zone():
    pack = document()
    pack["device_limits"].append({**pack["device_limits"][0], "max_evaluated_mm": 2.0})
    assert any("forehead stands in line 1 of the list as well" in fault for fault in faults(pack))


@pytest.mark.parametrize(("section", "ident"), [("zones", "chin"), ("adjuvants", "vitamin_c"), ("devices", "roller")])
def test_a_word_with_two_meanings(section, ident):
    pack = document()
    word = pack[section][0]["words"][0]
    row(pack, section, ident)["words"] = [word]
    one(pack, f"{section}.{ident}", f"the word {word} belongs to")


# -- text --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<b>bold</b>", "without HTML"),
        ("a <script>x</script>", "without HTML"),
        ("<!-- hidden -->", "without HTML"),
        ("&lt;script&gt;", "without HTML"),
        ("&#x3c;b&#62;", "without HTML"),
        ("bell \a", "control signs"),
        ("nothing \x00", "control signs"),
        ("turned \u202e round", "direction"),
        ("isolated \u2066 text", "direction"),
        ("zero\u200bwidth", "cannot be seen"),
        ("half a sign \ud800", "control signs"),
        ("x" * 5000, "at most 4000 characters"),
    ],
)
def test_a_text_that_is_not_plain(text, words):
    pack = document()
    pack["zones"][0]["note"] = text
    one(pack, "zones[0].note", words)


@pytest.mark.parametrize("text", ["depth < 1 mm", "1 < 2 > 0", "R&D", "Ærø, naïve, Łódź, 皮膚, جلد, кожа", "two\nlines", "10\u00a0mm"])
def test_a_text_that_is_plain(text):
    pack = document()
    pack["zones"][0]["note"] = text
    Knowledge.parse(pack)


def test_a_key_that_is_no_word():
    pack = document()
    pack["zones"][0][7] = "seven"
    pack["zones"][1]["<b>"] = "bold"
    said = faults(pack)
    assert "zones[0].7: a key must be a word; put it in quotes" in said
    assert any("the key must be plain text" in fault for fault in said)


def test_prose_that_nothing_acts_on_is_still_text():
    pack = document()
    pack["status_text"] = 7
    pack["vocabulary"]["scope"]["zone"] = {"x": 1}
    pack["vocabulary"]["evidence"]["CEBM-1"] = []
    pack["indications"][0]["published_span"]["depth_mm"] = [3, 0.25]
    pack["indications"][1]["published_span"]["refs"] = [{"id": 1}]
    pack["technique"]["passes"]["max"] = 2
    said = " ".join(faults(pack))
    for path in ("status_text", "vocabulary.scope.zone", "vocabulary.evidence.CEBM-1", "indications[0].published_span.depth_mm"):
        assert f"{path}: must" in said
    assert "indications[1].published_span.refs: must name references" in said
    assert "technique.passes: min, typical and max must rise" in said


def test_a_sign_off_names_somebody():
    pack = document()
    row(pack, "combination_rules", "above_evaluated")["sign_off"] = []
    pack["labelling"]["above_max_evaluated"]["sign_off"] = []
    row(pack, "contraindications", "active_cancer")["clearance_from"] = []
    said = " ".join(faults(pack))
    assert said.count("must name who signs") == 2
    assert "clearance_from: must name who clears it" in said


# -- all faults, in order ----------------------------------------------------------------------------------------------


def test_hundreds_of_faults_are_all_listed_in_the_order_of_the_pack():
    pack = document()
    for entry in pack["depth_ranges"]:
        entry["unit"] = "cm"
    pack["devices"][0]["why"] = "<i>"
    pack["references"][3]["unverified"] = "no"
    with pytest.raises(KnowledgeFaults) as refused:
        Knowledge.parse(pack)
    said = [fault.path for fault in refused.value.faults]
    rows = [path for path in said if path.startswith("depth_ranges[")]
    assert rows == [f"depth_ranges[{index}].unit" for index in range(len(pack["depth_ranges"]))]
    assert said[0] == "devices[0].why"
    assert said[-1] == "references[3].unverified"
    assert len(said) == len(set(said))


def test_faults_named_by_id_stand_where_their_row_stands():
    pack = document()
    row(pack, "contraindications", "keloid_family")["avoid_zones"] = ["moon"]
    row(pack, "contraindications", "pregnancy")["no_adjuvants"] = ["gold"]
    assert [fault.split(":")[0] for fault in faults(pack)] == [
        "contraindications.pregnancy.no_adjuvants",
        "contraindications.keloid_family.avoid_zones",
    ]
    assert in_pack_order([], pack) == []


# -- every field, broken in every way ----------------------------------------------------------------------------------

BROKEN = [None, "zzz", 7, -3, 10**9, 0.3333, [], {}, True, math.nan, math.inf, [{"a": [1]}], ...]


def leaves(value: object, path: tuple = ()) -> Iterator[tuple]:
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from leaves(item, (*path, key))


def broken(path: tuple, value: object) -> dict:
    """The pack with one value replaced, or taken out; the rest is the same document."""
    pack = dict(PACK)
    here: dict | list = pack
    for key in path[:-1]:
        inner = here[key]  # type: ignore[index]
        here[key] = dict(inner) if isinstance(inner, dict) else list(inner)  # type: ignore[index]
        here = here[key]  # type: ignore[index]
    if value is ...:
        del here[path[-1]]  # type: ignore[arg-type]
    else:
        here[path[-1]] = value  # type: ignore[index]
    return pack


def test_any_value_broken_in_any_way_is_refused_or_still_proposes():
    """A sample of every kind of field, other values at every run of the seed below; no traceback, no half-read pack."""
    kinds: dict[tuple, list[tuple]] = {}
    for path in leaves(PACK):
        kinds.setdefault(tuple("#" if isinstance(key, int) else key for key in path), []).append(path)
    draw = random.Random(20261)  # noqa: S311 - a seed, not a secret
    for kind in draw.sample(sorted(kinds), 24):
        path, value = draw.choice(kinds[kind]), draw.choice(BROKEN)
        try:
            knowledge = Knowledge.parse(broken(path, value))
        except KnowledgeFaults:
            continue
        for case in draw.sample(CASES, 3):
            propose(case, knowledge).as_mapping()


def test_the_order_of_many_faults_reads_each_list_once():
    class Counted(list):
        times = 0

        def __iter__(self):
            self.times += 1
            return super().__iter__()

    rows = Counted({"ingredient": f"medicine {place}"} for place in range(200))
    said = [Fault(f"medicines.list.medicine {place}.names", "must not be empty") for place in reversed(range(200))]
    assert in_pack_order(said, {"medicines": {"list": rows}}) == said[::-1]
    assert rows.times == 1
