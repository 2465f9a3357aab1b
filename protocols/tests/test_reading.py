"""What the pages say is what the pack says, with its sources."""

from collections.abc import Mapping

import pytest
from django.urls import reverse
from django.utils import timezone

from audit.models import AuditEvent
from planner.wording import mm
from protocols.models import ProtocolVersion, VersionStatus
from protocols.reading import ACTIONS, Reading, Source, Span, action, phototypes, words
from protocols.templatetags.protocol_format import review_state, source

NBSP = "\u00a0"
PARTS = (
    *("indications", "devices", "device_limits", "zone_rows", "never_treated", "rule_groups", "settings", "phototype_rules"),
    *("adjuvants", "downtime", "care", "care_by_adjuvant", "red_flags", "combination_rules", "technique"),
)


@pytest.fixture
def reading(pack):
    return Reading(pack)


def _sources(value):
    if isinstance(value, Source):
        yield value
    elif isinstance(value, Span):
        yield value.source
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _sources(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _sources(item)


def _pages(reading, pack):
    yield from (reading.indication(entry["id"]) for entry in pack["indications"])
    for part in PARTS:
        yield getattr(reading, part)()


def test_every_value_on_every_page_has_a_source_that_resolves(reading, pack):
    count = len(pack["references"])
    sources = [one for page in _pages(reading, pack) for one in _sources(page)]
    assert len(sources) > 500
    assert all(one.numbers and set(one.numbers) <= set(range(1, count + 1)) for one in sources)


def test_the_grid_holds_every_depth_of_the_pack_and_no_other(reading, pack):
    shown = set()
    for entry in pack["indications"]:
        for row in reading.indication(entry["id"])["grid"]:
            for level, cell in row["cells"]:
                if cell:
                    shown.add((entry["id"], row["label"], level, cell.typical, cell.band, cell.source.unverified))
    labels = {zone["id"]: zone["label"] for zone in pack["zones"]}
    levels = {(entry["id"], level["id"]): level["label"] for entry in pack["indications"] for level in entry["levels"]}
    held = set()
    for row in pack["depth_ranges"]:
        band = mm(row["min"]) if row["min"] == row["max"] else f"{mm(row['min']).split(NBSP)[0]} to {mm(row['max'])}"
        name = (row["indication"], labels[row["zone"]], levels[row["indication"], row["level"]])
        held.add((*name, mm(row["typical"]), band, row["unverified"]))
    assert shown == held


def test_a_source_shared_by_a_row_stands_for_each_of_its_cells(reading, pack):
    for entry in pack["indications"]:
        for row in reading.indication(entry["id"])["grid"]:
            if row["shared"]:
                assert {cell.source.numbers for _, cell in row["cells"] if cell} == {row["shared"].numbers}


def test_every_rule_and_question_of_the_pack_is_shown(reading, pack):
    shown = {rule["id"] for group in reading.rule_groups() for rule in group["rules"]}
    assert shown == {rule["id"] for rule in pack["contraindications"]}
    assert len(reading.questions()) == len(pack["questions"])


def test_rules_stand_worst_first_in_each_group(reading):
    order = list(ACTIONS)
    for group in reading.rule_groups():
        places = [order.index(rule["key"]) for rule in group["rules"]]
        assert places == sorted(places)


def test_an_indications_page_lists_just_the_references_it_shows(reading):
    page = reading.indication("acne_scars")
    listed = {ref["number"] for ref in page.pop("references")}
    assert listed == {number for one in _sources(page) for number in one.numbers}


@pytest.mark.parametrize(
    ("name", "word"), [("refuse", "Stop"), ("defer", "Defer"), ("exclude_zone", "Leave out"), ("caution", "Caution"), ("ask", "Ask")]
)
def test_actions_are_said_in_the_words_of_the_screen(name, word):
    assert action(name).word == word


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (["I", "II", "III"], "1 to 3 (I to III)"),
        (["IV"], "4 (IV)"),
        (["V", "VI"], "5, 6 (V, VI)"),
        (["VI", "I"], "1, 6 (I, VI)"),
        (None, "Not stated"),
        ([], "Not stated"),
    ],
)
def test_phototypes_are_numbers_first(names, text):
    assert phototypes(names) == text


def test_ids_without_a_label_become_words():
    assert words("home_care_only") == "Home care only"


def test_a_source_is_written_with_links_grade_and_no_study():
    html = source(Source((3, 12), "CEBM-4", True, ("dial step mm",)))
    assert 'href="#ref-3"' in html
    assert 'href="#ref-12"' in html
    assert f"CEBM{NBSP}4" in html
    assert "No study</span>" in html
    assert "No study for dial step mm" in html
    assert "No study" not in source(Source((3,), "label"))
    assert source(None) == ""


def test_a_review_is_soon_in_the_last_30_days_and_overdue_after():
    import datetime as dt

    today = dt.date(2026, 11, 22)
    assert [review_state(today + dt.timedelta(days=days), today) for days in (31, 30, 0, -1)] == ["", "soon", "soon", "overdue"]


# The pages


@pytest.mark.django_db
class TestPages:
    @pytest.fixture(autouse=True)
    def _signed_in(self, client, desk):
        client.force_login(desk)

    def _get(self, client, name, *args, status=200):
        response = client.get(reverse(name, args=args))
        assert response.status_code == status
        return response.content.decode()

    def test_an_empty_clinic_says_what_to_do(self, client):
        assert "No protocol is loaded" in self._get(client, "protocols:list")

    def test_a_draft_says_not_approved_everywhere(self, client, draft_protocol):
        name = draft_protocol.version
        for page_name, args in (("list", ()), ("version", (name,)), ("indication", (name, "acne-scars"))):
            page = self._get(client, f"protocols:{page_name}", *args)
            assert "Not approved" in page
            assert "Demo approval" not in page

    def test_an_approved_version_says_by_whom_when_and_until(self, client, protocol):
        page = self._get(client, "protocols:list")
        assert "Dr Iris Vance" in page
        assert protocol.sha256[:12] in page
        assert "in use" in page
        assert "Not approved" not in page

    def test_a_demo_approval_is_marked(self, client, draft_protocol, medical_lead):
        import datetime as dt

        from protocols.services import approve, submit

        version = draft_protocol.version
        due = timezone.localdate() + dt.timedelta(days=20)
        approve(submit(draft_protocol, by=medical_lead), by=medical_lead, reason="For trying it", next_review_on=due, is_demo=True)
        for name, args in (("list", ()), ("version", (version,)), ("indication", (version, "striae"))):
            assert "Demo approval" in self._get(client, f"protocols:{name}", *args)
        assert "Review soon" in self._get(client, "protocols:list")

    def test_a_retired_version_can_still_be_read(self, client, protocol):
        ProtocolVersion.objects.filter(pk=protocol.pk).update(status=VersionStatus.RETIRED, retired_at=timezone.now())
        assert "Retired on" in self._get(client, "protocols:version", protocol.version)

    def test_every_link_to_a_source_or_rule_leads_somewhere_on_the_page(self, client, protocol, pack):
        import re

        pages = [self._get(client, "protocols:version", protocol.version)]
        pages += [
            self._get(client, "protocols:indication", protocol.version, entry["id"].replace("_", "-")) for entry in pack["indications"]
        ]
        for page in pages:
            ids = re.findall(r'\sid="([^"]+)"', page)
            assert len(ids) == len(set(ids))
            assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)

    def test_an_indication_by_its_id_leads_to_its_address(self, client, protocol):
        response = client.get(f"/protocols/{protocol.version}/acne_scars/")
        assert (response.status_code, response["Location"]) == (301, f"/protocols/{protocol.version}/acne-scars/")

    @pytest.mark.parametrize("address", ["/protocols/1999.1/", "/protocols/{}/baldness/", "/protocols/1999.1/acne-scars/"])
    def test_what_is_not_there_is_404(self, client, protocol, address):
        assert client.get(address.format(protocol.version)).status_code == 404

    def test_reading_is_logged(self, client, protocol, desk):
        self._get(client, "protocols:indication", protocol.version, "wrinkles")
        row = AuditEvent.objects.get(action="protocol.viewed")
        assert (row.actor, row.object_pk, row.detail) == (desk, str(protocol.pk), {"indication": "wrinkles"})

    def test_the_document_is_not_read_again_for_each_page(self, client, protocol, django_assert_max_num_queries):
        self._get(client, "protocols:version", protocol.version)
        with django_assert_max_num_queries(10) as queries:
            self._get(client, "protocols:version", protocol.version)
        assert not [one for one in queries.captured_queries if '"document"' in one["sql"]]
