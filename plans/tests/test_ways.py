"""The ways side by side, and taking one: its values become the clinician's, with the way as the reason in the plan."""

import pytest
from django.urls import reverse

from plans.references import References
from plans.services import accept, propose_for
from plans.ways import choose, side_by_side

pytestmark = pytest.mark.django_db

HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def here(client, clinician):
    client.force_login(clinician)
    return client


@pytest.fixture
def take(here, consultation, typed):
    """Press "Use this" of a way and return what the clinician's values are then."""
    url = reverse("plans:consultation", args=[consultation.patient.number, consultation.pk])

    def _take(way, **fields):
        consultation.refresh_from_db()
        here.post(url, {**typed, **fields, "version": consultation.version, "saved_from": "page-1", "way": way}, **HTMX)
        consultation.refresh_from_db()
        return consultation.chosen["values"]

    return _take


def proposal_of(consultation):
    return propose_for(consultation, inputs=consultation.inputs, chosen={}, by=consultation.clinician).proposal


def ways_of(consultation, chosen=None):
    computed = propose_for(consultation, inputs=consultation.inputs, chosen={}, by=consultation.clinician)
    return {way.id: way for way in side_by_side(computed.proposal, chosen or {}, References(computed.proposal, computed.catalogue, "/x"))}


def test_fewer_visits_becomes_the_clinicians_choice_with_its_reason(take, consultation):
    values = take("fewer_visits")
    way = next(entry for entry in proposal_of(consultation)["alternatives"] if entry["id"] == "fewer_visits")
    assert values["sessions"]["value"] == str(len(way["course"]["dates"]))
    assert values["sessions"]["reason"] == "fewer_visits"
    assert set(values) == {"sessions"}  # depth and interval stay


def test_the_reason_stands_in_the_accepted_plan(take, consultation, clinician):
    proposed = take("fewer_visits") and proposal_of(consultation)
    plan = accept(consultation, by=clinician, version=consultation.version)
    (override,) = plan.overrides.all()
    assert override.field == "sessions"
    assert override.proposed == str(proposed["sessions"]["typical"])
    assert override.reason == "fewer_visits"
    assert plan.sessions_count == int(override.chosen)


def test_gentler_lowers_depths_only_and_stays_within_the_range(take, consultation):
    values = take("gentler", downtime_days="2")
    way = next(entry for entry in proposal_of(consultation)["alternatives"] if entry["id"] == "gentler")
    assert way["possible"]
    wanted = {f"depth.{zone['zone']}": zone["depth_mm"]["typical"] for zone in way["zones"]}
    for name, entry in values.items():
        assert float(entry["value"]) == pytest.approx(wanted[name])
        assert entry["reason"] == "gentler"


def test_the_recommended_way_takes_everything_back(take):
    assert take("fewer_visits")
    assert take("recommended") == {}


@pytest.mark.parametrize("way", ["before_event", "nonsense", "", "fewer_visits' or 1=1"])
def test_a_way_that_is_not_offered_changes_nothing(take, way):
    assert take(way) == {}


def test_an_impossible_way_says_why_and_has_no_button(take, consultation, here, typed):
    take("", event_date=consultation.visit_date.isoformat())
    way = ways_of(consultation)["before_event"]
    assert not way.possible
    assert way.why
    url = reverse("plans:consultation", args=[consultation.patient.number, consultation.pk])
    html = here.get(url).content.decode()
    assert 'id="use-before_event"' not in html
    assert way.why.split(".")[0] in html
    assert choose({"values": {}}, proposal_of(consultation), "before_event") == {"values": {}}


def test_the_way_that_stands_on_the_screen_is_marked(take, consultation):
    take("fewer_visits")
    marked = {name for name, way in ways_of(consultation, consultation.chosen).items() if way.chosen}
    assert marked == {"fewer_visits"}
    take("recommended")
    assert {name for name, way in ways_of(consultation, consultation.chosen).items() if way.chosen} == {"recommended"}


def test_the_comparison_shows_what_the_planner_says(take, consultation):
    take("")
    proposal, ways = proposal_of(consultation), ways_of(consultation)
    way = ways["recommended"]
    assert way.cells[0].text == str(proposal["summary"]["visits"])
    assert "ref-" in way.cells[0].marks
    assert all(cell.marks for cell in way.cells)


def test_without_javascript_the_button_works_as_a_form(here, consultation, typed):
    url = reverse("plans:consultation", args=[consultation.patient.number, consultation.pk])
    response = here.post(url, {**typed, "version": consultation.version, "saved_from": "page-1", "way": "fewer_visits"})
    assert response.status_code == 302
    consultation.refresh_from_db()
    assert consultation.chosen["values"]["sessions"]["reason"] == "fewer_visits"
    assert "Fewer visits" in here.get(url).content.decode()
