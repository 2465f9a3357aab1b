"""The editor's pages over a whole pack: every value comes back as it went in, and each is named and found."""

import json

import pytest

from planner.errors import Fault, KnowledgeFaults
from planner.knowledge import Knowledge
from protocols.comparison import values
from protocols.documents import canonical
from protocols.editing import SECTIONS, references
from protocols.editing.changes import applied, changes, put, row_name, typed, undone
from protocols.editing.conflicts import meet
from protocols.editing.faults import named, placed
from protocols.editing.naming import Naming, address


@pytest.fixture
def document(pack):
    return json.loads(canonical(pack))


def pages(document):
    for slug, module in SECTIONS.items():
        for item in ("", *(name for name, _ in module.items(document))):
            yield slug, item, module.page(document, item)
    for row in document["zones"]:
        for indication in document["indications"]:
            item = f"{indication['id']}/{row['id']}"
            yield "depth", item, SECTIONS["depth"].page(document, item)


def as_sent(page):
    """What a browser sends of an untouched form."""
    return {
        one.path: ["", *one.shown] if isinstance(one.shown, list) else [one.shown.replace("\n", "\r\n")]
        for entry in page.entries
        for one in entry.everything
    }


def test_an_untouched_page_changes_nothing(document):
    for slug, item, page in pages(document):
        found, mistakes = typed(page, as_sent(page))
        assert changes(page, found) == [], (slug, item)
        assert not mistakes or any(entry.fresh for entry in page.entries), (slug, item, mistakes)


def test_each_control_of_a_page_has_its_own_name_and_anchor(document):
    for slug, item, page in pages(document):
        fields = list(page.fields)
        assert len({one.path for one in fields}) == len({one.ident for one in fields}) == len(fields), (slug, item)


def test_every_list_of_sources_stands_on_the_page_its_address_names(document):
    shown = {}
    for path, _ in values(document):
        if path.endswith(".refs"):
            place = address(document, path)
            if place not in shown:
                shown[place] = {one.path for one in SECTIONS[place[0]].page(document, place[1]).fields}
            assert path in shown[place], (path, place)


def test_every_fault_of_a_pack_turned_upside_down_finds_its_field(document):
    """Each figure and text on a page, made wrong one after the other, has its message beside its own control."""
    wrong = 0
    for slug, item in (("zones", ""), ("times", ""), ("adjuvants", "prp"), ("rules", "herpes_history"), ("depth", "striae/abdomen")):
        page = SECTIONS[slug].page(document, item)
        for one in [one for one in page.fields if one.kind in ("number", "line", "text") and one.value not in (None, "")][:8]:
            broken = json.loads(json.dumps(document))
            put(broken, one.path, -5 if one.kind == "number" else "<b>bold</b>")
            fresh = SECTIONS[slug].page(document, item)
            with pytest.raises(KnowledgeFaults) as caught:
                Knowledge.parse(broken)
            placed(fresh, broken, caught.value.faults)
            here = fresh.field(one.path)
            near = [field for field in fresh.fields if field.error and field.path.rpartition(".")[0] == one.path.rpartition(".")[0]]
            assert here.error or near, (one.path, [str(fault) for fault in caught.value.faults])
            wrong += 1
    assert wrong > 30


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("zones[0].max_depth_mm", "zones[forehead].max_depth_mm"),
        ("depth_ranges[acne_scars, grade_1, cheeks].max", "depth_ranges[acne_scars,grade_1,cheeks].max"),
        ("adjuvants.prp.exclude_if", "adjuvants[prp].exclude_if"),
        ("contraindications.pregnancy.adds", "contraindications[pregnancy].adds"),
        ("medicines.list.isotretinoin.classes", "medicines.list[isotretinoin].classes"),
        ("depth_ranges", "depth_ranges"),
        ("nowhere[7].x", "nowhere[7].x"),
        ("", ""),
    ],
)
def test_a_fault_is_found_by_place_and_by_id(document, path, name):
    assert named(document, path) == name


def test_the_first_row_of_depths_is_named_by_its_ids(document):
    row = document["depth_ranges"][3]
    assert named(document, "depth_ranges[3]") == row_name("depth_ranges", row["indication"], row["level"], row["zone"])


def test_names_are_sentences_and_not_paths(document):
    naming = Naming(document)
    assert naming("depth_ranges[acne_scars,grade_2,cheeks].max") == "Depth: Acne scars, Mild, Cheeks: max"
    assert naming("zones[forehead].max_depth_mm") == "Zone: Forehead: greatest depth"
    for path, _ in values(document):
        assert naming(path)


class TestTyping:
    def one(self, document, key="max"):
        page = SECTIONS["depth"].page(document, "acne_scars")
        return page, page.field(f"depth_ranges[acne_scars,grade_1,cheeks].{key}")

    @pytest.mark.parametrize(("text", "value"), [("0.75", 0.75), ("0,75", 0.75), (".5", 0.5), ("1.0", 1), (" 1 ", 1), ("0.50", 0.5)])
    def test_a_figure_is_read(self, document, text, value):
        page, one = self.one(document)
        assert typed(page, {one.path: [text]}) == ({one.path: value}, {})

    @pytest.mark.parametrize("text", ["", "a", "1.2.3", "1,2,3", "-1", "0.125", "1e3", "∞", "nan", "\u0661", "1 mm"])
    def test_what_is_no_figure_is_refused_and_kept(self, document, text):
        page, one = self.one(document)
        found, mistakes = typed(page, {one.path: [text]})
        assert found == {}
        assert mistakes[one.path].startswith("Cheeks, Flat marks: max ")
        assert one.shown == text

    def test_a_text_of_any_script_stays_as_it_is(self, document):
        page = SECTIONS["zones"].page(document, "")
        path = "zones[forehead].note"
        for text in ("العظم قريب", "骨が近い", "Кость близко", "हड्डी पास है", "עצם קרובה"):
            found, mistakes = typed(page, {path: [text]})
            assert (found, mistakes) == ({path: text}, {})

    def test_sources_are_added_by_name_and_an_unknown_one_is_refused(self, document):
        page = SECTIONS["depth"].page(document, "acne_scars/cheeks")
        path = "depth_ranges[acne_scars,grade_1,cheeks].refs"
        found, _ = typed(page, {path: ["", "juhasz2020"], f"{path}::add": ["gais, goodman2006"]})
        assert found[path] == ["juhasz2020", "gais", "goodman2006"]
        _, mistakes = typed(page, {path: ["", "juhasz2020"], f"{path}::add": ["nobody1999"]})
        assert "nobody1999" in mistakes[path]

    def test_a_list_offers_only_what_it_offers(self, document):
        page = SECTIONS["rules"].page(document, "pregnancy")
        path = "contraindications[pregnancy].action"
        assert "only what the list offers" in typed(page, {path: ["explode"]})[1][path]


class TestWriting:
    def test_an_interval_that_is_emptied_goes_and_comes_back(self, document):
        page = SECTIONS["rules"].page(document, "isotretinoin_recent")
        path = "contraindications[isotretinoin_recent].interval_days"
        before = json.loads(json.dumps(document))
        found, mistakes = typed(page, {f"{path}.{key}": [""] for key in ("min", "typical", "max")})
        made = changes(page, found)
        assert (mistakes, len(made)) == ({}, 3)
        applied(document, made, page)
        assert "interval_days" not in next(row for row in document["contraindications"] if row["id"] == "isotretinoin_recent")
        assert undone(document, [made]) == before

    def test_a_condition_that_must_stand_stays_as_nothing(self, document):
        page = SECTIONS["rules"].page(document, "pregnancy")
        path = "contraindications[pregnancy].until"
        made = changes(page, typed(page, {path: [""]})[0])
        applied(document, made, page)
        assert next(row for row in document["contraindications"] if row["id"] == "pregnancy")["until"] is None

    def test_a_depth_for_a_zone_without_one_is_one_whole_row(self, document):
        item = "acne_scars/temples"
        rows = document["depth_ranges"]
        document["depth_ranges"] = [row for row in rows if (row["indication"], row["zone"]) != ("acne_scars", "temples")]
        page = SECTIONS["depth"].page(document, item)
        row = "depth_ranges[acne_scars,grade_1,temples]"
        texts = {"min": "0.25", "typical": "0.5", "max": "0.5", "evidence": "CEBM-5", "unverified": "yes", "note": ""}
        posted = as_sent(page) | {f"{row}.{key}": [text] for key, text in texts.items()} | {f"{row}.refs": ["", "textbook"]}
        found, mistakes = typed(page, posted)
        made = changes(page, found)
        assert (mistakes, [change["path"] for change in made]) == ({}, [row])
        applied(document, made, page)
        assert document["depth_ranges"][-1] == {
            "indication": "acne_scars",
            "level": "grade_1",
            "zone": "temples",
            "unit": "mm",
            "min": 0.25,
            "typical": 0.5,
            "max": 0.5,
            "evidence": "CEBM-5",
            "unverified": True,
            "refs": ["textbook"],
        }
        Knowledge.parse(document)

    def test_a_row_taken_out_and_its_values_changed_before_come_back(self, document):
        before = json.loads(json.dumps(document))
        path = "depth_ranges[acne_scars,grade_1,cheeks]"
        first = [{"path": f"{path}.max", "before": 1, "after": 0.75}]
        row = next(row for row in document["depth_ranges"] if (row["level"], row["zone"]) == ("grade_1", "cheeks"))
        applied(document, first)
        second = [{"path": path, "before": dict(row), "after": None}]
        applied(document, second)
        assert len(document["depth_ranges"]) == len(before["depth_ranges"]) - 1
        again = undone(document, [first, second])
        key = lambda row: (row["indication"], row["level"], row["zone"])  # noqa: E731
        assert sorted(again["depth_ranges"], key=key) == sorted(before["depth_ranges"], key=key)


class Save:
    """An edit as the services keep it."""

    def __init__(self, by, found):
        self.made_by, self.made_by_id, self.made_at, self.changes = by, by.pk, None, found


class Person:
    def __init__(self, pk):
        self.pk = pk


class TestMeeting:
    PATH = "depth_ranges[acne_scars,grade_1,cheeks]"

    def meet(self, document, theirs, mine, *, same_person=False):
        me, other = Person(1), Person(1 if same_person else 2)
        page = SECTIONS["depth"].page(document, "acne_scars")
        edits = [Save(other, theirs)]
        now = json.loads(json.dumps(document))
        applied(now, theirs)
        found, mistakes = typed(page, mine)
        raw = {path: mine[path][0] for path in mistakes}
        return meet(before=page, now=SECTIONS["depth"].page(now, "acne_scars"), values=found, typed=raw, since=edits, by=me)

    def test_both_changed_the_same_value(self, document):
        theirs = [{"path": f"{self.PATH}.max", "before": 1, "after": 0.75}]
        meeting = self.meet(document, theirs, {f"{self.PATH}.max": ["1.25"]})
        (clash,) = meeting.clashes
        assert (clash.was, clash.theirs, clash.mine) == ("1\u00a0mm", "0.75\u00a0mm", "1.25\u00a0mm")
        assert not meeting.harmless

    def test_what_i_left_alone_is_not_mine(self, document):
        theirs = [{"path": f"{self.PATH}.max", "before": 1, "after": 0.75}]
        meeting = self.meet(document, theirs, {f"{self.PATH}.max": ["1"], f"{self.PATH}.min": ["0.5"]})
        assert (meeting.clashes, meeting.touched) == ((), {f"{self.PATH}.min"})
        assert [change["path"] for change in meeting.others] == [f"{self.PATH}.max"]
        assert not meeting.harmless  # theirs is shown before mine is saved

    def test_the_same_text_from_both_is_no_clash(self, document):
        theirs = [{"path": f"{self.PATH}.max", "before": 1, "after": 0.75}]
        assert self.meet(document, theirs, {f"{self.PATH}.max": ["0.75"]}).clashes == ()

    def test_my_own_other_tab_is_no_conflict(self, document):
        theirs = [{"path": f"{self.PATH}.typical", "before": 0.5, "after": 0.75}]
        assert self.meet(document, theirs, {f"{self.PATH}.max": ["1.25"]}, same_person=True).harmless

    def test_the_same_value_in_my_own_other_tab_is_one(self, document):
        theirs = [{"path": f"{self.PATH}.max", "before": 1, "after": 0.75}]
        assert not self.meet(document, theirs, {f"{self.PATH}.max": ["1.25"]}, same_person=True).harmless

    def test_what_cannot_be_read_is_shown_as_typed(self, document):
        theirs = [{"path": f"{self.PATH}.max", "before": 1, "after": 0.75}]
        (clash,) = self.meet(document, theirs, {f"{self.PATH}.max": ["one"]}).clashes
        assert clash.mine == "one"

    def test_a_row_they_took_out(self, document):
        row = next(row for row in document["depth_ranges"] if (row["level"], row["zone"]) == ("grade_1", "cheeks"))
        (clash,) = self.meet(document, [{"path": self.PATH, "before": row, "after": None}], {f"{self.PATH}.max": ["1.25"]}).clashes
        assert (clash.gone, clash.theirs, clash.mine) == (True, "Taken out", "1.25\u00a0mm")


class TestReferences:
    def test_what_rests_on_each_is_counted(self, document):
        resting = references.resting(document)
        assert "depth_ranges[acne_scars,grade_1,cheeks]" in resting["harris2015"]
        assert references.missing(document) == {}

    def test_taking_off_spares_values_without_another_source(self, document):
        document["references"] = [row for row in document["references"] if row["id"] != "skinthick2022"]
        alone = [path for path, refs in ((p, v) for p, v in values(document) if p.endswith(".refs")) if refs == ["skinthick2022"]]
        found = references.taken_off(document, "skinthick2022")
        assert alone
        assert found
        assert not {change["path"] for change in found} & set(alone)
        applied(document, found)
        assert set(references.missing(document)["skinthick2022"]) == {path.removesuffix(".refs") for path in alone}


def test_faults_elsewhere_keep_their_name(document):
    page = SECTIONS["zones"].page(document, "")
    assert placed(page, document, [Fault("devices", "one allowed device must be preferred")]) == [
        ("devices", "one allowed device must be preferred")
    ]
