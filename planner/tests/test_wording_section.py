"""Words for patients are checked with the version: nothing missing, nothing unknown, no figure, only names the sheet can fill."""

import copy

import pytest

from planner.errors import KnowledgeFaults
from planner.knowledge import Knowledge

SECTION = "patient_wording"


def faults(pack, change) -> dict[str, str]:
    document = {**pack, SECTION: copy.deepcopy(pack[SECTION])}
    change(document[SECTION])
    try:
        Knowledge.parse(document)
    except KnowledgeFaults as error:
        return {fault.path.removeprefix(f"{SECTION}."): fault.message for fault in error.faults}
    return {}


def put(*path_and_value):
    """A change of one text: keys and indexes, then the value."""
    *path, last, value = path_and_value

    def change(section):
        node = section
        for key in path:
            node = node[key]
        node[last] = value

    return change


def drop(*path):
    def change(section):
        node = section
        for key in path[:-1]:
            node = node[key]
        del node[path[-1]]

    return change


def test_the_packaged_section_is_typed(pack):
    wording = Knowledge.parse(pack).patient_wording
    assert wording.language == "en"
    assert wording.document["title"]


def test_a_version_without_the_section_goes_on(pack):
    assert Knowledge.parse({key: value for key, value in pack.items() if key != SECTION}).patient_wording is None


@pytest.mark.parametrize(
    ("change", "path", "said"),
    [
        (put("title", "Skin after 1 session"), "title", "holds a figure"),
        (put("keep", "Half a day: ½"), "keep", "holds a figure"),
        (put("zones", "nose", "Nose 2"), "zones.nose", "holds a figure"),
        (put("three", 1, "line", "Gel until {gel_unti}"), "three[1].line", "asks for {gel_unti}"),
        (put("title", "Skin {0}"), "title", "asks for {0}"),
        (put("title", "Skin {makeup_hours!r}"), "title", "asks for {makeup_hours}"),
        (put("title", "Skin {makeup_hours.__class__}"), "title", "asks for {makeup_hours.__class__}"),
        (put("title", "Skin {makeup_hours"), "title", "brace without its partner"),
        (put("day_table", "now", "Yes {makeup_hours}"), "day_table.now", "asks for {makeup_hours}"),
        (put("resume", 0, "tail", "then {makeup_hours}"), "resume[0].tail", "asks for {makeup_hours}"),
        (put("keep", "Keep **this sheet."), "keep", "stars without their partner"),
        (put("keep", "Keep <b>this</b> sheet."), "keep", "without HTML"),
        (put("keep", ""), "keep", "must not be empty"),
        (put("keep", "w" * 401), "keep", "at most 400"),
        (put("keep", ["Keep this"]), "keep", "must be text"),
        (put("keep_it", "Keep"), "keep_it", "is not a key"),
        (drop("keep"), "keep", "is missing"),
        (drop("help"), "help", "is missing"),
        (drop("zones", "nose"), "zones.nose", "words for it"),
        (drop("zones", "eyelid"), "zones.eyelid", "words for it"),
        (put("zones", "elbow", "Elbow"), "zones.elbow", "there is no zone elbow"),
        (drop("devices", "pen"), "devices.pen", "words for it"),
        (drop("red_flags", "eye"), "red_flags.eye", "words for it"),
        (put("red_flags", "eye", "regions", ["foot"]), "red_flags.eye.regions.foot", "no region foot"),
        (put("red_flags", "eye", "lines", []), "red_flags.eye.lines", "at least one line"),
        (put("red_flags", "eye", "lines", ["  "]), "red_flags.eye.lines[0]", "must not be empty"),
        (drop("normal_course", "flaking"), "normal_course.flaking", "words for it"),
        (put("normal_course", "flaking", "extends", "pain"), "normal_course.flaking.extends", "must be one of"),
        (drop("aftercare", "first_day"), "aftercare.first_day", "words for it"),
        (drop("aftercare", "first_day", "do"), "aftercare.first_day.do", "is missing"),
        (drop("adjuvants", "prp"), "adjuvants.prp", "words for it"),
        (drop("adjuvant_names", "peptides"), "adjuvant_names.peptides", "words for it"),
        (put("medicines", "classes", ["tonic"]), "medicines.classes.tonic", "no medicine class tonic"),
        (put("reasons", "bad_mood", "a bad mood"), "reasons.bad_mood", "no contraindication bad_mood"),
        (drop("resume", 2), "resume.strenuous_exercise_hours", "words for it"),
        (put("resume", 2, "id", "sauna_pool_hours"), "resume", "stands twice"),
        (put("resume_together", 0, "fields", ["reading_hours"]), "resume_together[0].fields[0]", "must be one of"),
        (drop("terms", "midday"), "terms.midday", "is missing"),
        (put("terms", "sun cream", {"default": "x"}), "terms.sun cream", "one word of letters"),
        (put("terms", "Makeup", {"US": "Makeup"}), "terms.Makeup.default", "is missing"),
        (put("terms", "Makeup", "Make-up"), "terms.Makeup", "must be a mapping"),
        (put("zones", ["nose"]), "zones", "must be a mapping"),
        (put("red_flags", "eye", "Your eye hurts"), "red_flags.eye", "must be a mapping"),
        (put("language", "xx"), "language", "must be one of"),
    ],
)
def test_each_fault_is_named_with_its_place(pack, change, path, said):
    found = faults(pack, change)
    assert path in found, found
    assert said in found[path]


def test_all_faults_come_at_once(pack):
    def change(section):
        put("keep", "Keep 1")(section)
        drop("zones", "nose")(section)
        put("foot", "{nobody}")(section)

    assert {"keep", "zones.nose", "foot"} <= faults(pack, change).keys()


def test_a_rule_may_do_without_a_reason_of_its_own(pack):
    assert faults(pack, drop("reasons", "sunburn_tan")) == {}


@pytest.mark.parametrize("section", [None, [], "words", 3])
def test_a_section_that_is_none_is_refused(pack, section):
    with pytest.raises(KnowledgeFaults, match="patient_wording: must be a mapping"):
        Knowledge.parse({**pack, SECTION: section})


SUN = {"id": "sun", "months": ["may"], "line": "Sun."}


def by_skin(**entry):
    return put("normal_by_phototype", [{"id": "dark", "phototypes": ["V"], "line": "Warm skin.", **entry}])


@pytest.mark.parametrize(
    ("change", "path", "said"),
    [
        (by_skin(phototypes=["VII"]), "normal_by_phototype[0].phototypes[0]", "VII"),
        (by_skin(line="Warm for 3 days."), "normal_by_phototype[0].line", "holds a figure"),
        (by_skin(phototypes=["V", "V"]), "normal_by_phototype", "V stands twice"),
        (put("season", [SUN, {**SUN, "id": "hot"}]), "season", "may stands twice"),
        (put("season", [{"id": "sun", "months": ["summer"], "line": "Sun."}]), "season[0].months[0]", "summer"),
        (put("season", "sun"), "season", "must be a list"),
    ],
)  # fmt: skip
def test_words_by_skin_and_season_are_checked_where_they_are(pack, change, path, said):
    found = faults(pack, change)
    assert said in found.get(path, ""), found
