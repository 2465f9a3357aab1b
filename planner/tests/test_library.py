"""The case library: what a clinician would say about each, and what every answer must hold."""

import pytest

from planner.case import Case
from planner.expectations import VOCABULARY, check, protective
from planner.propose import propose

from .conftest import library, packaged

EVERYTHING = next(entry["case"] for name, entry in library() if name == "Everything answered yes")


def answer(entry: dict) -> dict:
    policies = entry.get("expect", {}).get("policies")
    return propose(Case.parse(entry["case"]), packaged(), policies=policies).as_mapping()


@pytest.mark.parametrize(("name", "entry"), library(), ids=[name for name, _ in library()])
def test_case_gives_what_it_expects(name, entry):
    said = answer(entry)
    assert check(entry["expect"], said) == []
    assert check(entry.get("exact", {}), said) == []


def test_every_expectation_can_fail():
    """Negative control: a wrong expectation of each word of the vocabulary is noticed, and each is judged."""
    said = answer({"case": library()[0][1]["case"], "expect": {}})
    wrong = {
        "status": ["refuse"],
        "status_at_least": "refuse",
        "device": ["roller"],
        "label_status": "on-label",
        "depth_mm": {"cheeks": [2.4, 2.5]},
        "depth_exact": {"cheeks": 0.1},
        "depth_at_most": {"cheeks": 0.1},
        "max_mm": {"cheeks": 0.1},
        "max_at_most": {"cheeks": 0.1},
        "ceiling": {"cheeks": 0.1},
        "endpoint_says": {"cheeks": "unicorn"},
        "sessions": [9, 9],
        "interval_weeks": [40, 50],
        "interval_at_least": 50,
        "downtime_days": [90, 91],
        "downtime_band": "unicorn",
        "visits": 90,
        "first_session_from": "2027-03-02",
        "last_session_before": "2026-03-08",
        "zones_excluded": ["chin"],
        "left_out": ["chin"],
        "zones_until": {"chin": None},
        "findings": ["keloid"],
        "not_findings": [finding["id"] for finding in answer({"case": EVERYTHING, "expect": {}})["findings"]],
        "actions": {"keloid": "refuse"},
        "no_parameters": True,
        "no_parameters_accepted_until_answered": True,
        "earliest": ["2026-03-06", "2026-03-20"],
        "earliest_from": "2026-03-20",
        "condition_says": "unicorn",
        "asks": ["phototype"],
        "used": ["unicorn"],
        "offered": ["unicorn"],
        "home_only": ["unicorn"],
        "refused": ["unicorn"],
        "not_used": ["hyaluronic_acid", "prp", "vitamin_c", "peptides"],
        "decisions": ["prescriber"],
        "numbing_allowed": False,
        "alternative_possible": {"fewer_visits": False, "gentler": False},
        "says": ["unicorn"],
    }
    assert set(wrong) == set(VOCABULARY)
    kept = [key for key, want in wrong.items() if not check({key: want}, said if key != "not_findings" else answer({"case": EVERYTHING}))]
    assert kept == []


@pytest.mark.parametrize(("name", "entry"), library(), ids=[name for name, _ in library()])
def test_what_protects_is_met_by_the_proposal_it_is_made_from(name, entry):
    said = answer(entry)
    assert check(protective(said), said) == []


def test_a_faulty_expectation_never_holds():
    said = answer({"case": library()[0][1]["case"], "expect": {}})
    assert check({"unheard_of": 1}, said) == ["expect.unheard_of: there is no such expectation"]
    for key, want in {"status": "plan", "sessions": [3], "depth_mm": {"cheeks": 1}, "earliest": ["soon", "later"], "visits": True}.items():
        assert check({key: want}, said)[0].startswith(f"expect.{key}: must be")


def sourced_parts(value, path=""):
    """Every mapping of the answer that carries refs."""
    if isinstance(value, dict):
        if "refs" in value:
            yield path, value
        for key, item in value.items():
            yield from sourced_parts(item, f"{path}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from sourced_parts(item, f"{path}[{index}]")


@pytest.mark.parametrize(("name", "entry"), library(), ids=[name for name, _ in library()])
def test_everything_said_resolves(name, entry):
    """Each value, step, finding and adjuvant names at least one reference of the pack, its grade and its mark."""
    known = packaged().references
    said = answer(entry)
    for path, part in sourced_parts(said):
        assert part["refs"], path
        assert [ref for ref in part["refs"] if ref not in known] == [], path
        assert part["evidence"] in packaged().grades, path
        assert isinstance(part["unverified"], bool), path
    if "zones" not in said:
        return
    for value in (*said["zones"], said["sessions"], said["interval_weeks"], said["downtime_days"], said["course"], said["device"]):
        assert value["refs"]
        assert value["trace"]
    for zone in said["zones"]:
        assert zone["trace"][0]["before"] is None
        assert zone["trace"][-1]["after"] == zone["depth_mm"]["typical"]
        for one, two in zip(zone["trace"], zone["trace"][1:], strict=False):
            assert one["after"] == two["before"]
        assert zone["depth_mm"]["min"] <= zone["depth_mm"]["typical"] <= zone["depth_mm"]["max"] <= zone["ceiling_mm"]
        assert zone["ceiling_mm"] <= packaged().zones[zone["zone"]].max_depth_mm
    for name in ("sessions", "interval_weeks"):
        assert said[name]["trace"][-1]["after"] == said[name]["typical"]


@pytest.mark.parametrize(("name", "entry"), library(), ids=[name for name, _ in library()])
def test_findings_come_worst_first_and_once(name, entry):
    order = ["refuse", "defer", "ask", "exclude_zone", "caution", "none"]
    found = answer(entry)["findings"]
    assert [order.index(f["action"]) for f in found] == sorted(order.index(f["action"]) for f in found)
    keys = [(f["id"], f["action"], tuple(f["zones"]), f["until"]) for f in found]
    assert len(keys) == len(set(keys))
