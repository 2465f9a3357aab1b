"""Other ways beside the plan: fewer visits, gentler, before an event; never deeper, never sooner, and what can be done instead."""

import datetime as dt

import pytest

from planner.case import Case
from planner.propose import propose

from .conftest import a_case, packaged

VISIT = dt.date(2026, 3, 2)


def said(**changes) -> dict:
    return propose(Case.parse(a_case(**changes)), packaged()).as_mapping()


def way(answer: dict, ident: str) -> dict:
    return next(found for found in answer["alternatives"] if found["id"] == ident)


def depths(part: dict) -> list[tuple[float, float]]:
    return [(zone["depth_mm"]["typical"], zone["depth_mm"]["max"]) for zone in part["zones"]]


@pytest.mark.parametrize("event", [VISIT - dt.timedelta(days=40), VISIT])
def test_an_event_that_is_over_is_said_and_the_plan_stands(event):
    answer = said(wishes={"event_date": event.isoformat()})
    found = way(answer, "before_event")
    assert not found["possible"]
    assert "not after the visit" in found["reason"]
    assert answer["course"]["dates"][0] == found["instead"]["first_session_after"]


@pytest.mark.parametrize("days", [1, 14, 45])
def test_an_event_too_near_says_what_can_be_done(days):
    event = VISIT + dt.timedelta(days=days)
    found = way(said(wishes={"event_date": event.isoformat()}), "before_event")
    instead = found["instead"]
    assert not found["possible"]
    assert dt.date.fromisoformat(instead["first_session_after"]) > event
    # the date that is named would do, and the day before it would not
    would_do = dt.date.fromisoformat(instead["event_from"])
    assert way(said(wishes={"event_date": would_do.isoformat()}), "before_event")["possible"]
    assert not way(said(wishes={"event_date": (would_do - dt.timedelta(days=1)).isoformat()}), "before_event")["possible"]


def test_how_many_sessions_would_fit_is_said():
    found = way(said(wishes={"event_date": "2026-04-15"}), "before_event")
    assert found["instead"]["sessions_that_fit"] == 2
    assert "2 sessions would fit" in found["reason"]


def test_the_last_session_leaves_the_longest_downtime_free_over_a_leap_day():
    answer = said(visit_date="2028-01-10", wishes={"event_date": "2028-03-29"})
    found = way(answer, "before_event")
    assert found["possible"]
    assert found["course"]["dates"] == ["2028-01-17", "2028-02-14", "2028-03-13"]
    assert found["course"]["last_session_latest"] == "2028-03-22"


def test_fewer_sessions_than_the_protocol_allows_are_never_proposed():
    answer = said(wishes={"visits": 1})
    assert answer["status"] == "caution"
    assert len(way(answer, "fewer_visits")["course"]["dates"]) == 3


@pytest.mark.parametrize("days", [0, 1, 1.5])
def test_no_depth_shows_for_so_short(days):
    assert not way(said(wishes={"downtime_days": days}), "gentler")["possible"]


@pytest.mark.parametrize("wishes", [{}, {"downtime_days": 2}, {"event_date": "2026-08-01", "downtime_days": 2}, {"visits": 3}])
@pytest.mark.parametrize("phototype", ["II", "V"])
def test_no_way_is_deeper_or_sooner_than_the_plan(wishes, phototype):
    answer = said(patient={"age": 30, "sex": "F", "phototype": phototype}, wishes=wishes)
    for other in answer["alternatives"]:
        if not other["possible"]:
            continue
        for lower, plan in zip(depths(other), depths(answer), strict=True):
            assert lower[0] <= plan[0]
            assert lower[1] <= plan[1]
        assert other["interval_weeks"]["typical"] >= answer["interval_weeks"]["min"]
        assert other["course"]["dates"][0] == answer["course"]["dates"][0]


def test_a_gentler_depth_has_its_own_endpoint_and_needs_no_sign_off_for_depth():
    wanted = [{"indication": "acne_scars", "level": "grade_2", "zones": ["chin"], "morphology": "rolling"}]
    answer = said(requests=wanted, wishes={"downtime_days": 2})
    gentle = way(said(requests=wanted), "gentler")
    assert answer["zones"][0]["endpoint"] == "uniform pinpoint bleeding, then stop"
    assert gentle["zones"][0]["depth_mm"]["typical"] == 0.5
    assert gentle["zones"][0]["endpoint"] == "even redness, no or hardly any bleeding"
    deep = said(requests=[{**wanted[0], "level": "grade_4", "zones": ["cheeks"]}], devices=["SkinPen Precision"])
    assert deep["zones"][0]["sign_off_above_mm"] == 1.5
    assert way(deep, "gentler")["possible"] is False or way(deep, "gentler")["zones"][0]["sign_off_above_mm"] is None


def test_each_way_is_summed_up_with_its_evidence():
    answer = said(wishes={"event_date": "2026-08-01"})
    for part in (answer, *(found for found in answer["alternatives"] if found["possible"])):
        summary = part["summary"]
        assert summary["visits"] == len(part["course"]["dates"]) == part["sessions"]["typical"]
        assert summary["finish"] == part["course"]["dates"][-1]
        assert summary["total_downtime_days"]["max"] == part["downtime_days"]["max"] * summary["visits"]
        assert summary["evidence"].startswith("CEBM")
        assert {"unverified", "no_study", "deepest_mm"} <= set(summary)


@pytest.mark.parametrize(("visits", "most"), [(3, 3), (4, 4), (1, 3), (100, 5)])
def test_no_other_way_has_more_visits_than_wished_or_than_the_protocols_least(visits, most):
    severe = [{"indication": "acne_scars", "level": "grade_4", "zones": ["cheeks"], "morphology": "rolling"}]
    answer = said(requests=severe, wishes={"visits": visits, "event_date": "2027-03-01"})
    assert len(said(requests=severe)["course"]["dates"]) == 5
    for other in answer["alternatives"]:
        if other["possible"]:
            assert len(other["course"]["dates"]) <= most
            assert other["sessions"]["typical"] == other["summary"]["visits"]
    found = way(answer, "before_event")
    assert len(found["course"]["dates"]) == most
    assert (found["sessions"]["trace"][-1]["rule"] == "visits") is (most < 5)


def test_who_accepts_fewer_days_is_offered_no_deeper_way():
    """1.5 mm shows for 3 days at most, the 2 mm of its range for 5: who accepts 3 is offered what who accepts 5 is."""
    offered = [way(said(wishes={"downtime_days": days}), "gentler") for days in (5, 3, 2)]
    assert [depths(found) for found in offered] == [[(1, 1)]] * 3
    severe = [{"indication": "acne_scars", "level": "grade_4", "zones": ["cheeks"], "morphology": "rolling"}]
    within, beyond = (way(said(requests=severe, wishes={"downtime_days": days}), "gentler") for days in (3, 2))
    assert (depths(within), beyond["possible"]) == ([(1.5, 1.5)], False)


def test_where_no_row_allows_a_shallower_band_the_deepest_end_is_left_out():
    """Two days are accepted: 1 mm is within them, 1.5 mm is not, and nothing shallower is in the protocol."""
    mild = [{"indication": "acne_scars", "level": "grade_2", "zones": ["cheeks"], "morphology": "rolling"}]
    assert depths(way(said(requests=mild, wishes={"downtime_days": 2}), "gentler")) == [(1, 1)]
    assert not way(said(requests=mild, wishes={"downtime_days": 3}), "gentler")["possible"]
