"""The case library: what a clinician would say about each, and what every answer must hold."""

import pytest

from planner.case import Case
from planner.propose import propose

from .conftest import library, packaged, words_of

PARAMETERS = ("device", "zones", "sessions", "interval_weeks", "downtime_days", "course", "alternatives")


def answer(entry: dict) -> dict:
    policies = entry["expect"].get("policies")
    return propose(Case.parse(entry["case"]), packaged(), policies=policies).as_mapping()


def mismatches(expect: dict, said: dict) -> list[str]:
    """Everything the answer does not give of what is expected."""
    wrong = []
    zones = {zone["zone"]: zone for zone in said.get("zones", [])}

    def must(holds: bool, what: str) -> None:
        if not holds:
            wrong.append(what)

    def within(value, band) -> bool:
        return value is not None and band[0] <= value <= band[1]

    for key, want in expect.items():
        if key == "status":
            must(said["status"] in want, f"status {said['status']}, not {want}")
        elif key == "device":
            must(said.get("device", {}).get("id") in want, f"device, not {want}")
        elif key == "depth_mm":
            for zone, band in want.items():
                must(within(zones.get(zone, {}).get("depth_mm", {}).get("typical"), band), f"depth of {zone}")
        elif key == "depth_exact":
            for zone, mm in want.items():
                got = zones.get(zone, {}).get("depth_mm", {}).get("typical")
                must(got == mm, f"depth of {zone}: {got}, not {mm}")
        elif key == "max_mm":
            for zone, mm in want.items():
                got = zones.get(zone, {}).get("depth_mm", {}).get("max")
                must(got == mm, f"max of {zone}: {got}, not {mm}")
        elif key == "ceiling":
            for zone, mm in want.items():
                must(zones[zone]["ceiling_mm"] == mm, f"ceiling of {zone}")
        elif key in ("sessions", "interval_weeks"):
            must(within(said.get(key, {}).get("typical"), want), key)
        elif key == "zones_excluded":
            must({zone["zone"] for zone in said["zones_excluded"]} == set(want), f"zones excluded {said['zones_excluded']}")
        elif key == "says":
            must(all(word.casefold() in words_of(said) for word in want), f"says {want}")
        elif key == "last_session_before":
            must(
                bool(said.get("course")) and said["course"]["dates"][-1] <= str(want), f"last session {said.get('course', {}).get('dates')}"
            )
        elif key == "first_session_from":
            must(said["course"]["dates"][0] >= str(want), f"first session {said['course']['dates'][0]}")
        elif key == "findings":
            must(set(want) <= {finding["id"] for finding in said["findings"]}, f"findings {want}")
        elif key == "not_findings":
            must(not set(want) & {finding["id"] for finding in said["findings"]}, f"none of {want}")
        elif key in ("no_parameters", "no_parameters_accepted_until_answered"):
            must(not any(name in said for name in PARAMETERS) and "use" not in said["adjuvants"], "parameters")
        elif key == "earliest":
            if want is None:
                must(said["earliest"] is None, f"earliest {said['earliest']}")
            else:
                must(said["earliest"] is not None and within(said["earliest"], [str(day) for day in want]), f"earliest {said['earliest']}")
        elif key == "condition_says":
            must(want in (said["condition"] or ""), f"condition {said['condition']}")
        elif key == "asks":
            must(all(any(word in ask["id"] for ask in said["asks"]) for word in want), f"asks {[ask['id'] for ask in said['asks']]}")
        elif key == "label_status":
            must(said["device"]["label_status"] == want, said["device"]["label_text"])
        elif key in ("used", "home_only", "refused"):
            got = [verdict["id"] for verdict in said["adjuvants"]["use" if key == "used" else key]]
            must(got == want if key == "used" else set(want) <= set(got), f"{key}: {got}")
        elif key == "decisions":
            must(set(want) <= {who for decision in said["decisions"] for who in decision["who"]}, f"decisions {said['decisions']}")
        elif key == "numbing_allowed":
            must(said["advice"]["numbing"]["allowed"] is want, "numbing")
        elif key == "alternative_possible":
            got = {other["id"]: other["possible"] for other in said["alternatives"]}
            must(all(got[name] is possible for name, possible in want.items()), f"alternatives {got}")
        elif key != "policies":
            wrong.append(f"the runner does not know {key}")
    return wrong


@pytest.mark.parametrize(("name", "entry"), library(), ids=[name for name, _ in library()])
def test_case_gives_what_it_expects(name, entry):
    assert mismatches(entry["expect"], answer(entry)) == []


def test_the_runner_can_fail():
    """Negative control: a wrong expectation of each kind is noticed."""
    entry = {"case": library()[0][1]["case"], "expect": {}}
    said = answer(entry)
    wrong = {
        "status": ["refuse"],
        "device": ["roller"],
        "depth_mm": {"cheeks": [2.4, 2.5]},
        "sessions": [9, 9],
        "zones_excluded": ["chin"],
        "says": ["unicorn"],
        "last_session_before": "2026-03-08",
        "findings": ["keloid"],
        "no_parameters": True,
        "earliest": ["2026-03-06", "2026-03-20"],
        "asks": ["phototype"],
        "used": [],
        "unheard_of": 1,
    }
    assert [key for key, want in wrong.items() if not mismatches({key: want}, said)] == []


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
