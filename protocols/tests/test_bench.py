"""The regression bench: what a version changes, and what keeps it from being approved."""

import copy
import datetime as dt
import io
import json
import time

import pytest
import yaml
from django.core.management import call_command
from django.utils import timezone

from audit.models import AuditEvent
from planner.errors import CaseFaults
from protocols.documents import canonical, sha256
from protocols.knowledge import packaged, parsed
from protocols.library import library_case, project_cases, read_library
from protocols.models import ProtocolCase
from protocols.regression import bench, bench_of, what_blocks
from protocols.services import ProtocolRefused, approve, current_version, lifecycle, load_pack, submit
from protocols.services.cases import CaseNameTaken, StaleCase, add_case, edit_case, switch_case

CASE = {
    "visit_date": "2026-03-02",
    "patient": {"age": 29, "sex": "F", "phototype": "III"},
    "pregnancy_or_breastfeeding": "none",
    "screening_default": False,
    "requests": [{"indication": "acne_scars", "level": "grade_3", "zones": ["cheeks"], "morphology": "rolling"}],
    "devices": ["pen"],
}


def known(mapping):
    document = canonical(mapping)
    return parsed(document, sha256(document))


def without_keloid(pack) -> dict:
    """A protocol somebody broke: a keloid scar is only noted."""
    pack = copy.deepcopy(pack)
    pack["pack_version"] = "2026.9"
    rule = next(rule for rule in pack["contraindications"] if rule["id"] == "keloid")
    rule["action"] = "caution"
    rule["modifications"] = ["mind the scars"]
    return pack


def shallower(pack) -> dict:
    pack = copy.deepcopy(pack)
    pack["pack_version"] = "2026.8"
    row = next(r for r in pack["depth_ranges"] if (r["indication"], r["level"], r["zone"]) == ("acne_scars", "grade_3", "cheeks"))
    row["typical"] = row["typical"] - 0.25
    return pack


# -- the library -------------------------------------------------------------------------------------------------------


def test_every_case_of_the_project_is_read_and_holds_under_the_packaged_protocol():
    found = bench(packaged(), None, project_cases())
    assert [(row.case.name, row.faults) for row in found.failing] == []
    assert [(row.case.name, row.drift) for row in found.rows if row.drift] == []


def test_every_case_that_must_hold_expects_something_that_can_fail():
    """It would hold under anything otherwise: an expectation that a careless protocol still meets protects nobody."""
    bare = [case.name for case in project_cases() if case.must_hold and not set(case.expect) - {"policies"}]
    assert bare == []


def test_the_library_runs_in_well_under_a_second():
    cases = project_cases()
    bench(packaged(), None, cases[:3])
    start = time.process_time()
    bench(packaged(), None, cases)
    assert time.process_time() - start < 2.0  # of one core, on a machine that others use too


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ({"name": "A", "why": "b", "must_hold": True, "case": CASE, "expect": {}, "notes": 1}, "notes: is not a key of the library"),
        ({"name": "A", "must_hold": True, "case": CASE, "expect": {}}, "why: is missing"),
        ({"name": "A", "why": "b", "must_hold": "yes", "case": CASE, "expect": {}}, "must_hold: must be true or false"),
        ("text", "must be a mapping"),
    ],
)
def test_a_library_file_is_refused_with_its_path(tmp_path, entry, fault):
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump([entry]))
    with pytest.raises(CaseFaults) as caught:
        read_library(path)
    assert any(fault in str(one) and "mine.yaml[0]" in str(one) for one in caught.value.faults)


# -- what changes ------------------------------------------------------------------------------------------------------


def test_a_changed_depth_is_named_with_its_value_before_and_after_and_the_steps(pack):
    found = bench(known(shallower(pack)), known(pack), [library_case("A", CASE, {}, must_hold=False)])
    (row,) = found.rows
    assert (row.status_before, row.status_after) == ("plan", "plan")
    assert "Cheeks: 1.5 mm → 1.25 mm" in [str(d).replace("\u00a0", " ") for d in row.comparison.values]
    assert any(trace.what == "Cheeks, depth" and trace.before and trace.after for trace in row.comparison.traces)


def test_a_changed_status_is_named_with_the_finding(pack):
    case = {**CASE, "screening": {"keloid": {"answer": True}}}
    (row,) = bench(known(without_keloid(pack)), known(pack), [library_case("A", case, {}, must_hold=False)]).rows
    words = [str(difference) for difference in row.comparison.values]
    assert "Status: refuse → caution" in words
    assert any("stop" in line and "caution" in line for line in words[1:])


def test_a_changed_reason_is_a_change_in_words_only(pack):
    other = copy.deepcopy(pack)
    other["pack_version"] = "2026.8"
    for rule in other["contraindications"]:
        rule["rationale"] = rule["rationale"] + " In other words."
    case = {**CASE, "screening": {"raised_mole": {"answer": True}}}
    (row,) = bench(known(other), known(pack), [library_case("A", case, {}, must_hold=False)]).rows
    assert row.is_changed
    assert row.comparison.values == ()
    assert any("reason" in difference.what for difference in row.comparison.leaves)


def test_the_same_protocol_changes_nothing(pack):
    again = {**copy.deepcopy(pack), "pack_version": "2026.8"}
    assert bench(known(again), known(pack), project_cases()).changed == []


# -- what blocks -------------------------------------------------------------------------------------------------------


def test_a_case_that_must_hold_and_does_not_blocks_in_words(db, pack):
    version, _ = load_pack(without_keloid(pack))
    said = what_blocks(version)
    assert said
    assert any("“Keloid” must hold" in line and "status is caution" in line for line in said)


def test_a_case_that_need_not_hold_never_blocks(db, pack, medical_lead):
    version, _ = load_pack(pack)
    add_case(name="Wrong on purpose", case=CASE, expect={"status": ["refuse"]}, by=medical_lead)
    assert what_blocks(version) == []
    add_case(name="Wrong and must hold", case=CASE, expect={"status": ["refuse"]}, must_hold=True, by=medical_lead)
    assert what_blocks(version) == ["“Wrong and must hold” must hold and does not: status is plan, not refuse."]


def test_a_case_that_must_hold_and_cannot_be_read_blocks_too(db, pack, medical_lead):
    version, _ = load_pack(pack)
    row = add_case(name="Once readable", case=CASE, expect={"status": ["plan"]}, must_hold=True, by=medical_lead)
    ProtocolCase.objects.filter(pk=row.pk).update(case={**CASE, "visit_date": "soon", "shoe_size": 4})
    (line,) = what_blocks(version)
    assert "visit_date" in line
    assert "shoe_size" in line


def test_an_unknown_setting_of_an_expectation_is_said(db, pack, medical_lead):
    version, _ = load_pack(pack)
    add_case(name="Other policy", case=CASE, expect={"policies": {"moon": "full"}, "status": ["plan"]}, must_hold=True, by=medical_lead)
    assert "moon" in what_blocks(version)[0]


def _approved(pack, medical_lead, *, pretend: bool, monkeypatch):
    version, _ = load_pack(pack)
    submit(version, by=medical_lead)
    version.refresh_from_db()
    if pretend:
        monkeypatch.setattr(lifecycle, "what_blocks", lambda version: [])
    return approve(version, by=medical_lead, reason="Reviewed line by line", next_review_on=timezone.localdate() + dt.timedelta(days=365))


def test_approval_is_refused_while_a_case_that_must_hold_fails(db, pack, medical_lead, monkeypatch):
    with pytest.raises(ProtocolRefused, match="Keloid"):
        _approved(without_keloid(pack), medical_lead, pretend=False, monkeypatch=monkeypatch)


def test_without_the_bench_the_same_approval_goes_through(db, pack, medical_lead, monkeypatch):
    """Negative control."""
    assert _approved(without_keloid(pack), medical_lead, pretend=True, monkeypatch=monkeypatch).is_approved


def test_the_bench_follows_the_cases_and_the_document(db, pack, medical_lead):
    version, _ = load_pack(pack)
    before = bench_of(version, None)
    assert bench_of(version, None) is before
    add_case(name="One more", case=CASE, expect={}, by=medical_lead)
    assert len(bench_of(version, None).rows) == len(before.rows) + 1


# -- the clinic's own cases --------------------------------------------------------------------------------------------


def test_a_case_is_added_changed_and_switched_off_with_an_audit_row_each(db, clinician):
    row = add_case(name="Mine", case=CASE, expect={"status": ["plan"]}, by=clinician, note="seen twice")
    edit_case(row, lock_version=1, name="Mine", case=CASE, expect={}, must_hold=False, by=clinician)
    switch_case(row, on=False, lock_version=2, reason="no longer done here", by=clinician)
    row.refresh_from_db()
    assert (row.is_active, row.note, row.lock_version) == (False, "no longer done here", 3)
    actions = AuditEvent.objects.filter(object_pk=str(row.pk), action__startswith="protocol.case").values_list("action", flat=True)
    assert sorted(actions) == ["protocol.case_added", "protocol.case_edited", "protocol.case_switched_off"]


def test_a_case_changed_meanwhile_is_not_overwritten(db, clinician, medical_lead):
    row = add_case(name="Mine", case=CASE, expect={}, by=clinician)
    edit_case(row, lock_version=1, name="Ours", case=CASE, expect={}, must_hold=False, by=medical_lead)
    with pytest.raises(StaleCase) as caught:
        edit_case(row, lock_version=1, name="Mine again", case=CASE, expect={}, must_hold=False, by=clinician)
    assert caught.value.row.name == "Ours"
    with pytest.raises(StaleCase):
        switch_case(row, on=False, lock_version=1, reason="old page", by=clinician)


def test_only_a_medical_lead_decides_what_must_hold(db, clinician, medical_lead):
    with pytest.raises(ProtocolRefused, match="medical lead"):
        add_case(name="Mine", case=CASE, expect={"status": ["plan"]}, must_hold=True, by=clinician)
    row = add_case(name="Mine", case=CASE, expect={"status": ["plan"]}, must_hold=True, by=medical_lead)
    with pytest.raises(ProtocolRefused, match="medical lead"):
        edit_case(row, lock_version=1, name="Mine", case=CASE, expect={}, must_hold=False, by=clinician)
    with pytest.raises(ProtocolRefused, match="medical lead"):
        switch_case(row, on=False, lock_version=1, reason="in the way", by=clinician)
    assert ProtocolCase.objects.get().must_hold


def test_a_case_of_the_clinic_stands_in_the_place_of_the_projects_and_only_the_lead_may_put_it_there(db, pack, clinician, medical_lead):
    version, _ = load_pack(without_keloid(pack))
    keloid = next(case for case in project_cases() if case.name == "Keloid")
    with pytest.raises(ProtocolRefused, match="medical lead"):
        add_case(name="Keloid", case=dict(keloid.case), expect={}, by=clinician)
    row = add_case(name="Keloid", case=dict(keloid.case), expect={"status_at_least": "caution"}, must_hold=True, by=medical_lead)
    assert not any("“Keloid”" in line for line in what_blocks(version))
    names = [line.case.name for line in bench_of(version, None).rows]
    assert names.count("Keloid") == 1
    with pytest.raises(ProtocolRefused, match="medical lead"):
        switch_case(row, on=False, lock_version=1, reason="x", by=clinician)


@pytest.mark.parametrize(
    ("case", "expect", "said"),
    [
        ({**CASE, "shoe_size": 4}, {}, "case.shoe_size"),
        ({}, {}, "visit_date"),
        ([], {}, "mapping"),
        (CASE, {"statuses": ["plan"]}, "there is no such expectation"),
        (CASE, {"status": "plan"}, "expect.status: must be a list"),
        (CASE, [], "expect"),
    ],
)
def test_a_faulty_case_is_refused_with_every_fault(db, clinician, case, expect, said):
    with pytest.raises(ProtocolRefused, match=said):
        add_case(name="Mine", case=case, expect=expect, by=clinician)
    assert not ProtocolCase.objects.exists()


def test_a_name_is_used_once(db, clinician):
    add_case(name="Mine", case=CASE, expect={}, by=clinician)
    with pytest.raises(CaseNameTaken):
        add_case(name=" Mine ", case=CASE, expect={}, by=clinician)


def test_the_desk_keeps_no_cases(db, desk):
    with pytest.raises(ProtocolRefused):
        add_case(name="Mine", case=CASE, expect={}, by=desk)


# -- the command -------------------------------------------------------------------------------------------------------


def run(*args: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("bench_protocol", *args, stdout=out, stderr=err)
    except SystemExit as stop:
        return int(stop.code or 0), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


def _file(tmp_path, mapping, name="draft.yaml") -> str:
    path = tmp_path / name
    path.write_text(canonical(mapping), encoding="utf-8")
    return str(path)


def test_a_pack_in_a_file_is_benched_without_a_database(tmp_path, pack):
    status, out, err = run(_file(tmp_path, shallower(pack)), "--against", _file(tmp_path, pack, "old.yaml"))
    assert (status, err) == (0, "")
    assert "Cheeks: 1.5 mm → 1.25 mm" in out.replace("\u00a0", " ")
    assert "DOES NOT HOLD" not in out


def test_the_command_ends_with_1_while_a_case_that_must_hold_fails(tmp_path, pack):
    status, out, _ = run(_file(tmp_path, without_keloid(pack)), "--against", _file(tmp_path, pack, "old.yaml"), "--json")
    said = json.loads(out)
    assert status == 1
    assert said["blocked"] is True
    row = next(row for row in said["rows"] if row["case"] == "Keloid")
    assert row["status"] == {"before": "refuse", "after": "caution"}
    assert row["blocks"]
    assert len(said["rows"]) < said["cases"]


def test_all_prints_the_cases_that_stay_the_same_too(tmp_path, pack):
    file = _file(tmp_path, pack)
    assert len(json.loads(run(file, "--json", "--all")[1])["rows"]) == len(project_cases())


@pytest.mark.parametrize("name", ["2031.7", "/nowhere/pack.yaml"])
def test_an_unknown_version_ends_with_2(db, name):
    status, out, err = run(name)
    assert (status, out) == (2, "")
    assert name in err


def test_a_broken_pack_ends_with_2_and_every_fault(tmp_path, pack):
    pack["zones"][0]["max_depth_mm"] = "deep"
    pack["depth_ranges"][1]["min"] = 9
    status, _, err = run(_file(tmp_path, pack))
    assert status == 2
    assert "zones[0]" in err
    assert "depth_ranges[1]" in err


def test_a_stored_version_is_benched_with_the_clinics_cases_against_the_approved_one(db, pack, protocol, medical_lead):
    add_case(name="Ours", case=CASE, expect={}, by=medical_lead)
    version, _ = load_pack(shallower(pack))
    status, out, _ = run(version.version, "--json", "--all")
    said = json.loads(out)
    assert (status, said["against"]) == (0, current_version().version)
    assert next(row for row in said["rows"] if row["case"] == "Ours")["source"] == "clinic"
