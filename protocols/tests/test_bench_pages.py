"""The bench in the browser: what a reader sees, who may change a case, and what happens when two do."""

import copy
import json

import pytest
from django.urls import reverse

from protocols.forms.bench import as_text
from protocols.models import ProtocolCase
from protocols.services import load_pack
from protocols.services.cases import add_case, edit_case

pytestmark = pytest.mark.django_db

CASE = {
    "visit_date": "2026-03-02",
    "patient": {"age": 29, "sex": "F", "phototype": "III"},
    "pregnancy_or_breastfeeding": "none",
    "screening_default": False,
    "requests": [{"indication": "acne_scars", "level": "grade_3", "zones": ["cheeks"], "morphology": "rolling"}],
    "devices": ["pen"],
}


@pytest.fixture
def draft(protocol, pack):
    other = copy.deepcopy(pack)
    other["pack_version"] = "2026.8"
    row = next(r for r in other["depth_ranges"] if (r["indication"], r["level"], r["zone"]) == ("acne_scars", "grade_3", "cheeks"))
    row["typical"] = row["typical"] - 0.25
    keloid = next(rule for rule in other["contraindications"] if rule["id"] == "keloid")
    keloid["action"], keloid["modifications"] = "caution", ["mind the scars"]
    return load_pack(other)[0]


def typed(**fields) -> dict:
    return {"name": "Mine", "note": "", "case": as_text(CASE), "expect": "status: [plan]", **fields}


def test_the_bench_shows_what_changes_and_what_blocks(client, draft, desk):
    client.force_login(desk)
    page = client.get(reverse("protocols:bench", args=[draft.version])).content.decode()
    assert "Cannot be approved" in page
    assert "1.5\u00a0mm" in page
    assert "1.25\u00a0mm" in page
    assert "status is caution, which is bolder than refuse" in page


def test_only_the_failing_ones_are_shown_where_asked(client, draft, desk):
    client.force_login(desk)
    address = reverse("protocols:bench", args=[draft.version])
    failing, every = (client.get(address, {"show": show}).content.decode() for show in ("failing", "all"))
    assert "Vitiligo<" in every
    assert "Vitiligo<" not in failing
    assert "Keloid" in failing


def test_a_row_leads_to_its_case_with_the_steps_behind_it(client, draft, clinician):
    row = add_case(name="Scars", case=CASE, expect={}, by=clinician)
    client.force_login(clinician)
    page = client.get(reverse("protocols:bench_case", args=[draft.version, f"clinic-{row.pk}"])).content.decode()
    assert "Cheeks, depth" in page
    assert "depth_row" not in page.split("Every place that differs")[0]
    assert "acne_scars" in page
    assert client.get(reverse("protocols:bench_case", args=[draft.version, "clinic-999"])).status_code == 404


def test_a_case_is_pasted_and_kept(client, protocol, clinician):
    client.force_login(clinician)
    reply = client.post(reverse("protocols:case_add"), typed())
    assert reply.status_code == 302
    row = ProtocolCase.objects.get()
    assert (row.case["visit_date"], row.expect, row.must_hold, row.created_by) == ("2026-03-02", {"status": ["plan"]}, False, clinician)


def test_a_whole_entry_of_a_library_may_be_pasted(client, protocol, clinician):
    client.force_login(clinician)
    client.post(reverse("protocols:case_add"), typed(case=as_text({"case": CASE, "expect": {"status": ["plan"]}}), expect=""))
    assert ProtocolCase.objects.get().expect == {"status": ["plan"]}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"case": "visit_date: soon\nshoe: 4"}, ["case.visit_date", "case.shoe"]),
        ({"case": "a: [1"}, ["not YAML"]),
        ({"expect": "statuses: [plan]"}, ["there is no such expectation"]),
        ({"name": ""}, ["Enter a name for the case"]),
        ({"case": ""}, ["Paste a case"]),
    ],
)
def test_what_cannot_be_read_is_said_beside_the_field_and_kept_as_typed(client, protocol, clinician, fields, words):
    client.force_login(clinician)
    reply = client.post(reverse("protocols:case_add"), typed(**fields))
    page = reply.content.decode()
    assert reply.status_code == 422
    assert all(word in page for word in words)
    assert 'aria-invalid="true"' in page
    assert not ProtocolCase.objects.exists()


def test_a_clinician_cannot_make_a_case_hold_by_sending_the_field(client, protocol, clinician, medical_lead):
    client.force_login(clinician)
    client.post(reverse("protocols:case_add"), typed(must_hold="on"))
    assert ProtocolCase.objects.get().must_hold is False
    client.force_login(medical_lead)
    client.post(reverse("protocols:case_add"), typed(name="Lead's", must_hold="on"))
    assert ProtocolCase.objects.get(name="Lead's").must_hold is True


def test_expectations_can_be_filled_in_from_the_protocol_in_use(client, protocol, clinician):
    client.force_login(clinician)
    page = client.post(reverse("protocols:case_add"), typed(expect="", suggest="1")).content.decode()
    assert "status_at_least: plan" in page
    assert "depth_at_most" in page
    assert not ProtocolCase.objects.exists()


def test_two_people_who_change_a_case_see_both_texts(client, protocol, clinician, medical_lead):
    row = add_case(name="Mine", case=CASE, expect={}, by=clinician)
    edit_case(row, lock_version=1, name="Mine", case=CASE, expect={}, must_hold=False, note="theirs", by=medical_lead)
    client.force_login(clinician)
    reply = client.post(reverse("protocols:case_edit", args=[row.pk]), typed(note="mine", lock_version="1"))
    page = reply.content.decode()
    assert reply.status_code == 409
    assert "theirs" in page
    assert 'value="mine"' in page
    row.refresh_from_db()
    assert row.note == "theirs"
    again = client.post(reverse("protocols:case_edit", args=[row.pk]), typed(note="mine", lock_version="2"))
    assert again.status_code == 302


def test_switching_off_needs_a_reason_and_keeps_the_case(client, protocol, clinician):
    row = add_case(name="Mine", case=CASE, expect={}, by=clinician)
    client.force_login(clinician)
    address = reverse("protocols:case_switch", args=[row.pk])
    assert client.post(address, {"lock_version": "1", "reason": ""}).status_code == 422
    assert client.post(address, {"lock_version": "1", "reason": "no longer done"}).status_code == 302
    row.refresh_from_db()
    assert row.is_active is False
    assert "no longer done" in client.get(reverse("protocols:cases")).content.decode()


def test_a_project_case_may_be_taken_over_as_the_clinics_own(client, protocol, medical_lead):
    from protocols.library import project_cases

    keloid = next(case for case in project_cases() if case.name == "Keloid")
    client.force_login(medical_lead)
    page = client.get(reverse("protocols:case_add"), {"from": keloid.key}).content.decode()
    assert 'value="Keloid"' in page
    assert "keloid: {answer: true" in page


@pytest.mark.parametrize(
    ("expect", "said"),
    [
        ("depth_at_most: {cheks: 0.1}", "no protocol has the zone cheks, so this would always hold; did you mean cheeks?"),
        ("max_at_most: {Cheeks: 0.1}", "did you mean cheeks?"),
        ("left_out: [eyelids]", "did you mean eyelid?"),
        ("not_used: [qqqq]", "no protocol has the adjuvant qqqq, so this would always hold."),
    ],
)
def test_a_slip_in_a_name_is_not_kept_as_a_case_that_always_holds(client, draft, medical_lead, expect, said):
    client.force_login(medical_lead)
    answer = client.post(reverse("protocols:case_add"), typed(expect=expect, must_hold="on"))
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert expect in answer.content.decode()
    assert not ProtocolCase.objects.exists()


def test_a_zone_that_only_a_draft_has_can_be_named(draft, medical_lead):
    other = json.loads(draft.document)
    other["pack_version"] = "2026.9"
    other["zones"].append({**other["zones"][0], "id": "scalp", "label": "Scalp", "short_label": "Scalp", "words": ["scalp"]})
    other["patient_wording"]["zones"]["scalp"] = "the scalp"
    load_pack(other)
    expect = {"depth_at_most": {"scalp": 0.5}}
    assert add_case(name="Scalp", case=CASE, expect=expect, by=medical_lead, must_hold=True).pk
