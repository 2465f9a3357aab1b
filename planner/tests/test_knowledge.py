"""A broken pack is refused whole, with every fault and its path."""

import pytest

from planner.errors import KnowledgeFaults
from planner.knowledge import Knowledge, canonical_sha256

from .conftest import document, packaged


def faults(change) -> dict[str, str]:
    pack = document()
    change(pack)
    with pytest.raises(KnowledgeFaults) as caught:
        Knowledge.parse(pack)
    return {fault.path: fault.message for fault in caught.value.faults}


def put(path: str, value):
    """A change that sets one value; `path` like `zones.0.max_depth_mm`."""

    def change(pack):
        *way, last = [int(part) if part.isdigit() else part for part in path.split(".")]
        for part in way:
            pack = pack[part]
        if value is DROP:
            del pack[last]
        else:
            pack[last] = value

    return change


DROP = object()


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        ("schema", "other/1", "schema"),
        ("zones", DROP, "zones"),
        ("zones.0.max_depth_mm", "1.0", "zones[0].max_depth_mm"),
        ("zones.0.max_depth_mm", 12, "zones[0].max_depth_mm"),
        ("zones.0.colour", "red", "zones[0].colour"),
        ("zones.1.id", "forehead", "zones"),
        ("zones.0.refs", ["nowhere"], "zones[0].refs"),
        ("zones.0.refs", [], "zones[0].refs"),
        ("zones.0.evidence", "CEBM-9", "zones[0].evidence"),
        ("zones.0.label", "<b>Forehead</b>", "zones[0].label"),
        ("depth_ranges.0.unit", "inch", "depth_ranges[0].unit"),
        ("depth_ranges.0.min", 0.75, "depth_ranges[0]"),
        ("depth_ranges.0.zone", "elbow", "depth_ranges[acne_scars, grade_1, elbow].zone"),
        ("depth_ranges.1.max", 1.25, "depth_ranges[acne_scars, grade_1, forehead].max"),
        ("depth_ranges.0.level", "grade_9", "depth_ranges[acne_scars, grade_9, cheeks].level"),
        ("contraindications.0.action", "maybe", "contraindications[0].action"),
        ("contraindications.0.no_adjuvants", ["moonlight"], "contraindications.pregnancy.no_adjuvants"),
        ("contraindications.9.adds", ["herpes_active"], "contraindications.herpes_active.adds"),
        ("contraindications.0.question", None, "questions.reproduction.covers"),
        ("questions.0.covers.0.rule", "nothing", "questions.reproduction.covers"),
        ("questions.1.covers.0.rule", "pregnancy", "questions.scars.covers"),
        ("questions.0.valid_days", 90, "questions.reproduction.valid_days"),
        ("medicines.list.0.classes", ["sweets"], "medicines.list.isotretinoin.classes"),
        ("medicines.list.0.names", ["plavix"], "medicines.list.clopidogrel"),
        ("procedures.list.0.leads_to", "nothing", "procedures.list.leads_to"),
        ("phototype_rules.2.phototypes", ["VI"], "phototype_rules"),
        ("phototype_rules.2.depth_step_mm", 0.25, "phototype_rules[2].depth_step_mm"),
        ("device_limits.0.max_evaluated_mm", 2.75, "device_limits[0].max_evaluated_mm"),
        ("device_models.0.kind", "laser", "device_models.SkinPen Precision.kind"),
        ("downtime_bands.1.depth_mm.above", 0.75, "downtime_bands.light.depth_mm.above"),
        ("numbing.dose_calculated", True, "numbing.dose_calculated"),
        ("adjuvants.0.use.0.role", "magic", "adjuvants.prp.use.role"),
        ("excluded_zones.0.overridable", True, "excluded_zones[0].overridable"),
        ("combination_rules.7.steps", ["row", "rounding"], "combination_rules[7].steps"),
        ("settings.0.default", "never", "settings[0].default"),
        ("history_rules", [], "history_rules"),
    ],
)
def test_a_fault_is_found_where_it_is(path, value, where):
    assert where in faults(put(path, value))


def test_every_fault_is_listed():
    def change(pack):
        pack["zones"][0]["max_depth_mm"] = -1
        pack["references"][0]["unverified"] = "no"
        pack["adjuvants"][2]["place"] = "somewhere"
        pack["surprise"] = 1

    found = faults(change)
    for path in ("zones[0].max_depth_mm", "references[0].unverified", "adjuvants[2].place", "surprise"):
        assert path in found


@pytest.mark.parametrize("key", sorted(document()))
@pytest.mark.parametrize("value", [None, [], "text"])
def test_any_section_of_any_shape_is_refused_not_crashed_on(key, value):
    """A missing or misshapen section never gets past parsing, and never as another kind of error."""
    pack = {**packaged().document, key: value}
    try:
        Knowledge.parse(pack)
    except KnowledgeFaults:
        refused = True
    else:
        refused = False
    if not refused:
        assert key in ("status_text", "zone_groups", "sun_protection", "device_limits", "lab_rules", "pack_version", "lists")


@pytest.mark.parametrize("value", [None, [], "text"])
def test_a_pack_is_a_mapping(value):
    with pytest.raises(KnowledgeFaults):
        Knowledge.parse(value)


def test_the_hash_does_not_depend_on_the_order_of_keys():
    pack = document()
    turned = dict(reversed(pack.items()))
    assert canonical_sha256(pack) == canonical_sha256(turned) == packaged().sha256
    pack["zones"][0]["max_depth_mm"] = 0.75
    assert canonical_sha256(pack) != packaged().sha256


def test_every_rule_with_a_question_is_covered_once():
    knowledge = packaged()
    covered = [cover.rule for question in knowledge.questions for cover in question.covers]
    assert sorted(covered) == sorted(rule.id for rule in knowledge.rules.values() if rule.question)
    assert 12 <= len(knowledge.questions) <= 16


@pytest.mark.parametrize(
    ("said", "expected"),
    [(DROP, True), (True, True), (False, False)],
    ids=["a version from before the mark knows it by its words", "marked", "said not to be"],
)
def test_the_patients_own_blood_is_marked_or_known_by_its_words(said, expected):
    pack = document()
    plasma = next(row for row in pack["adjuvants"] if row["id"] == "prp")
    if said is not DROP:
        plasma["own_blood"] = said
    found = Knowledge.parse(pack).adjuvants
    assert found["prp"].own_blood is expected
    assert not any(one.own_blood for name, one in found.items() if name != "prp")


def test_the_mark_is_true_or_false():
    change = put("adjuvants.0.own_blood", "perhaps")
    assert "must be true or false" in next(words for path, words in faults(change).items() if path.endswith("own_blood"))
