"""Rows that are added, copied and taken out: what each list of a version takes, over the whole pack."""

import copy
import json

import pytest

from planner.errors import KnowledgeFaults
from planner.knowledge import Knowledge
from protocols.comparison import compare, value_at, values
from protocols.documents import canonical
from protocols.editing import SECTIONS, adding, at_row, rows_of
from protocols.editing.changes import applied, undone
from protocols.editing.rows import NEW, copied, fresh, made, only_for, taken_out

LISTS = [(section, rows) for section in SECTIONS for rows in rows_of(section)]
NAMES = [f"{section}-{rows.slug or rows.path}" for section, rows in LISTS]


@pytest.fixture
def document(pack):
    return json.loads(canonical(pack))


def faults(document):
    try:
        Knowledge.parse(document)
    except KnowledgeFaults as error:
        return [str(fault) for fault in error.faults]
    return []


def filled(one, **more):
    """What somebody types who gives the copy the names it needs, and each empty field that must not be."""
    given = {}
    for entry in one.page.entries:
        for box in entry.everything:
            key = box.path.rpartition(".")[2]
            if key in ("label", "short_label", "citation") and not box.value:
                given[box.path] = f"Quite another {key.replace('_', ' ')}"
            elif key in ("words", "names") and not box.value:
                given[box.path] = ["quite another name"]
            if box.path.startswith("patient_wording.") and not box.value and box.kind == "line":
                given[box.path] = "quite another"
    return given | more


@pytest.mark.parametrize(("section", "rows"), LISTS, ids=NAMES)
class TestEachList:
    def test_a_copy_under_another_name_is_a_whole_version(self, section, rows, document):
        if rows.among:
            return  # an adjuvant has one aftercare: what is copied are its words, into one that has none
        source = rows.ids(document)[0]
        one = fresh(rows, document, *copied(rows, document, source))
        values = filled(one)
        if rows.path == "downtime_bands":
            values |= {f"{one.path}.depth_mm.above": 0, f"{one.path}.depth_mm.up_to_and_including": 0.25}
        if rows.path == "contraindications":
            values |= {f"{one.path}.asked.in": "illnesses", f"{one.path}.asked.label": "Quite another"}
            values |= {f"{one.path}.question.valid_days": 180, f"{one.path}.derived_from.medicine.classes": None}
        applied(document, made(one, "quite_another", values))
        assert faults(document) == []
        assert "quite_another" in rows.ids(document)
        assert rows.ids(document).count(NEW) == 0

    def test_the_form_of_a_new_row_can_be_opened_and_names_every_missing_value(self, section, rows, document):
        one = fresh(rows, document)
        ident = rows.among(document)[0][0] if rows.among else "quite_another"
        applied(document, made(one, ident, {}))
        wrong = faults(document)
        assert len(wrong) > 1
        paths = {box.path for box in one.page.fields}
        assert len(paths) == len(list(one.page.fields))

    def test_what_is_taken_out_leaves_a_version_that_is_whole_or_says_why_not(self, section, rows, document):
        before = copy.deepcopy(document)
        refused = 0
        some = rows.ids(before)[:: max(1, len(rows.ids(before)) // 6)]
        for ident in some:
            after = copy.deepcopy(before)
            found = taken_out(rows, after, ident)
            applied(after, found)
            assert ident not in rows.ids(after)
            wrong = [] if rows.path == "references" else faults(after)
            refused += bool(wrong) or bool(only_for(rows, before, ident))
            assert not any("there is no" in line and "region" not in line and rows.path != "contraindications" for line in wrong), (
                ident,
                wrong,
            )
            back = undone(after, [found])
            assert {one.path for one in compare(before, back) if one.kind != "moved"} == set(), ident
        assert refused < len(some)

    def test_the_pages_of_a_list_lead_to_it(self, section, rows, document):
        assert adding(section, rows.new_item) is rows
        ident = rows.ids(document)[0]
        assert at_row(section, f"{rows.slug}/{ident}" if rows.slug else ident) == (rows, ident)


def rows_named(path):
    return next(rows for _, rows in LISTS if rows.path == path)


class TestRules:
    def new(self, document, **typed):
        rows = rows_named("contraindications")
        one = fresh(rows, document)
        said = {
            "label": "Scuba diving this week",
            "short_label": "Diving",
            "group": "other",
            "action": "caution",
            "scope": "patient",
            "blocks": "all",
            "rationale": "Invented for a test.",
            "refs": ["textbook"],
            "evidence": "CEBM-5",
            "unverified": True,
        }
        return one, {f"{one.path}.{key}": value for key, value in (said | typed).items()}

    def test_a_rule_that_is_asked_joins_the_question_it_is_put_under(self, document):
        asked = {"question.text": "Have you been diving?", "question.valid_days": 30, "asked.in": "illnesses", "asked.label": "Diving"}
        one, values = self.new(document, **asked, **{"asked.date": "date", "asked.date_label": "Last dive on"})
        applied(document, made(one, "diving", values))
        cover = value_at(document, "questions[illnesses].covers[diving]")
        assert cover == {"rule": "diving", "label": "Diving", "date": "date", "date_label": "Last dive on", "zone": False, "note": None}
        wrong = faults(document)
        held = value_at(document, "questions[illnesses].valid_days")
        assert wrong == (["questions.illnesses.valid_days: must be at most 30, for diving"] if held > 30 else [])

    def test_a_rule_can_have_a_question_of_its_own(self, document):
        asked = {"question.text": "Have you been diving?", "question.valid_days": 30, "asked.in": "own", "asked.label": "Yes, this week"}
        one, values = self.new(document, **asked)
        applied(document, made(one, "diving", values))
        assert faults(document) == []
        assert value_at(document, "questions[diving].text") == "Have you been diving?"

    def test_a_rule_that_follows_from_a_medicine_is_settled_by_data(self, document):
        data = {"derived_from.medicine.classes": ["photosensitiser"], "derived_from.medicine.taken": "now", "settled_by_data": True}
        one, values = self.new(document, **data)
        applied(document, made(one, "diving", values))
        assert faults(document) == []
        assert value_at(document, "contraindications[diving].derived_from") == {
            "medicine": {"classes": ["photosensitiser"], "taken": "now"}
        }

    def test_a_rule_nobody_asks_is_refused_with_the_place(self, document):
        one, values = self.new(document)
        applied(document, made(one, "diving", values))
        assert any("diving" in line and "must be asked, or be settled by data" in line for line in faults(document))

    def test_a_rule_moves_to_another_question(self, document):
        rows, ident = rows_named("contraindications"), "smoker"
        page = rows.page(document, ident)
        path = "contraindications[smoker].asked.in"
        came_from = page.field(path).value
        found = list(rows.also(document, ident, page, {path: "skin_today"}))
        applied(document, found)
        assert "smoker" in [row["rule"] for row in value_at(document, "questions[skin_today].covers")]
        assert "smoker" not in [row["rule"] for row in value_at(document, f"questions[{came_from}].covers")]

    def test_taking_one_out_takes_it_off_all_that_named_it(self, document):
        found = taken_out(rows_named("contraindications"), document, "herpes_active")
        assert {"questions[infections].covers[herpes_active]", "adjuvants[prp].exclude_if"} <= {change["path"] for change in found}
        applied(document, found)
        assert not any("herpes_active" in json.dumps(value) for path, value in values(document) if not path.startswith("settings"))
        assert faults(document) == []


class TestBands:
    def test_a_new_band_takes_its_depths_from_the_one_it_stands_in(self, document):
        rows = rows_named("downtime_bands")
        first, second = document["downtime_bands"][:2]
        one = fresh(rows, document, *copied(rows, document, second["id"]))
        low, high = second["depth_mm"]["above"], second["depth_mm"]["up_to_and_including"]
        middle = (low + high) / 2
        typed = {f"{one.path}.depth_mm.up_to_and_including": middle, f"{one.path}.label": "Between"}
        applied(document, made(one, "between", typed | {f"{one.path}.depth_mm.above": low}))
        assert [band["id"] for band in document["downtime_bands"]][:3] == [first["id"], "between", second["id"]]
        assert value_at(document, f"downtime_bands[{second['id']}].depth_mm.above") == middle
        assert faults(document) == []

    def test_the_depths_of_a_band_that_goes_heal_as_slowly_as_the_deeper_one(self, document):
        first, second = document["downtime_bands"][:2]
        applied(document, taken_out(rows_named("downtime_bands"), document, first["id"]))
        assert document["downtime_bands"][0]["id"] == second["id"]
        assert document["downtime_bands"][0]["depth_mm"]["above"] == 0

    def test_the_deepest_band_cannot_go(self, document):
        applied(document, taken_out(rows_named("downtime_bands"), document, document["downtime_bands"][-1]["id"]))
        assert any("no band reaches" in line for line in faults(document))


def test_a_zone_that_a_row_holds_for_alone_is_not_taken_out_of_it(document):
    """Without its only zone a row of passes would hold for every zone."""
    document["technique"]["passes_by"][0]["zones"] = ["neck"]
    assert only_for(rows_named("zones"), document, "neck") == [
        path for path, value in values(document) if path.endswith(".zones") and value == ["neck"]
    ]
