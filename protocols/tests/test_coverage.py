"""Every entry of the packaged protocol that computes is at work in some case, or stands among those that cannot be, with its reason."""

import copy
import io
import json

import pytest
from django.core.management import call_command

from planner.case import Case
from planner.propose import propose
from planner.sampling import case_of, words_of
from protocols.coverage import SECTIONS, cannot_change, coverage, entries, observed
from protocols.documents import canonical, sha256
from protocols.knowledge import packaged, parsed
from protocols.library import project_cases
from protocols.regression import bench


def known(mapping):
    document = canonical(mapping)
    return parsed(document, sha256(document))


@pytest.fixture(scope="module")
def report():
    return coverage(packaged(), project_cases())


def test_every_entry_that_computes_is_at_work(report):
    assert report.missing == []


def test_what_is_said_to_be_without_effect_is(report):
    assert report.wrongly_declared == []
    assert set(report.declared) <= set(report.entries)


def test_every_section_of_the_pack_is_accounted_for(report):
    assert report.unaccounted == []
    held = {path.split(".")[0] for path in report.entries}
    assert held & set(SECTIONS) == set()


def test_every_depth_row_is_reached_and_every_ceiling_holds_somewhere(report):
    rows = [f"depth_ranges.{'.'.join(row)}" for row in packaged().depth_rows]
    assert len(rows) > 100
    assert [row for row in rows if row not in report.reached] == []
    assert [zone for zone in packaged().zones if f"zones.{zone}.max_depth_mm" not in report.reached] == []


def test_every_contraindication_is_reached_by_the_library_alone():
    alone = coverage(packaged(), project_cases(), direct=False)
    assert [path for path in alone.missing if path.split(".")[0] in ("contraindications", "adjuvants", "lab_rules", "procedures")] == []


# -- negative controls -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("Certificate ends during the course", "operator_rules.certificate_ends"),
        ("CD4 count of 150", "lab_rules.cd4_low"),
    ],
)
def test_without_its_case_an_entry_is_missed(name, path):
    rest = [case for case in project_cases() if case.name != name]
    assert len(rest) == len(project_cases()) - 1
    assert path in coverage(packaged(), rest, direct=False).missing


def test_a_rule_that_the_engine_does_not_apply_is_missed(monkeypatch):
    """The engine as it would be if somebody forgot to look at allergies."""
    from planner import hits

    monkeypatch.setattr(hits, "_allergies", lambda ctx: [])
    missed = coverage(packaged(), project_cases(), direct=False).missing
    assert "allergens.stainless_steel" in missed


def test_a_new_rule_without_a_case_is_missed(pack):
    rule = copy.deepcopy(next(r for r in pack["contraindications"] if r["id"] == "raised_mole"))
    rule["id"] = "glued_lashes"
    pack["contraindications"].append(rule)
    question = next(q for q in pack["questions"] if any(c["rule"] == "raised_mole" for c in q["covers"]))
    question["covers"].append({**next(c for c in question["covers"] if c["rule"] == "raised_mole"), "rule": "glued_lashes"})
    assert "contraindications.glued_lashes.question" in coverage(known(pack), project_cases(), direct=False).missing


def test_an_entry_that_is_declared_and_reached_is_a_fault(report):
    """Declared for this test only: a row that every run reaches."""
    path = next(iter(report.reached))
    wrong = type(report)(report.version, report.entries, report.reached, {path: "never"}, report.cases, report.sections)
    assert wrong.wrongly_declared == [path]
    assert not wrong.is_whole


def test_a_section_nobody_accounts_for_is_a_fault(report):
    more = type(report)(report.version, report.entries, report.reached, report.declared, report.cases, (*report.sections, "moon_phases"))
    assert more.unaccounted == ["moon_phases"]


# -- the declared ones, tried out --------------------------------------------------------------------------------------


def _other_texts(value):
    """The same with other prose: every sentence says something else."""
    if isinstance(value, dict):
        return {
            key: item if key in ("id", "refs", "evidence", "urgency", "audience") else _other_texts(item) for key, item in value.items()
        }
    if isinstance(value, list):
        return [_other_texts(item) for item in value]
    return f"{value} Again." if isinstance(value, str) and " " in value and "{" not in value else value


@pytest.mark.parametrize("section", ["normal_course", "red_flags", "vocabulary", "status_text"])
def test_another_text_in_a_declared_section_changes_no_proposal(pack, section):
    other = copy.deepcopy(pack)
    other[section] = _other_texts(other[section])
    assert canonical(other) != canonical(pack)
    assert bench(known(other), known(pack), project_cases()[::6]).changed == []


@pytest.mark.parametrize("section", ["sun_protection"])
def test_another_number_in_a_declared_section_changes_no_proposal(pack, section):
    other = copy.deepcopy(pack)
    other[section]["spf_min"] = other[section]["spf_min"] + 20
    assert bench(known(other), known(pack), project_cases()[::6]).changed == []


def test_a_declared_entry_is_worked_out_from_the_protocol_and_not_from_its_name(pack):
    """A device that can be set less deep than a row is no longer without effect."""
    path = "device_models.SkinPen Precision.max_set_mm"
    assert path in cannot_change(known(pack))
    next(model for model in pack["device_models"] if model["brand"] == "SkinPen Precision")["max_set_mm"] = 2.0
    for line in pack["device_limits"]:
        if line["device"] == "SkinPen Precision":
            line["max_set_mm"], line["max_evaluated_mm"] = 2.0, min(2.0, line["max_evaluated_mm"])
    knowledge = known(pack)
    assert path not in cannot_change(knowledge)
    assert path in coverage(knowledge, project_cases(), direct=False).reached


# -- generated cases and the command -----------------------------------------------------------------------------------


def test_what_a_generated_case_shows_is_always_an_entry():
    """No path is made up: whatever is observed stands in the list of entries."""
    knowledge = packaged()
    every, words = entries(knowledge), words_of(knowledge)
    for seed in range(60):
        case = Case.parse(case_of(seed, words))
        assert observed(knowledge, case, propose(case, knowledge).as_mapping()) <= set(every)


def run(*args: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("coverage_protocol", *args, stdout=out, stderr=err)
    except SystemExit as stop:
        return int(stop.code or 0), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


def test_the_command_says_what_was_at_work_and_what_cannot_be():
    status, out, _ = run("--json", "--generated", "5")
    said = json.loads(out)
    assert (status, said["whole"]) == (0, True)
    assert said["depth_rows"]["reached"] == said["depth_rows"]["all"]
    assert said["cases"]["generated"] == 5
    assert all(said["without_effect"]["entries"].values())


def test_an_unknown_version_ends_with_2(tmp_path):
    status, _, err = run(str(tmp_path / "none.yaml"))
    assert status == 2
    assert "none.yaml" in err
