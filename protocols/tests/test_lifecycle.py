"""Draft, in review, approved, retired: nothing is skipped, nothing is approved that the approver did not see."""

import datetime as dt
import threading

import pytest
from django.db import IntegrityError, connection
from django.utils import timezone

from audit.models import AuditEvent
from planner.errors import KnowledgeFaults
from protocols.knowledge import DocumentChanged, knowledge_of
from protocols.models import ProtocolStep, ProtocolVersion, VersionStatus
from protocols.services import (
    ApprovalBlocked,
    Change,
    ChangedMeanwhile,
    ProtocolRefused,
    approve,
    create_draft,
    current_version,
    edit,
    load_pack,
    retire,
    send_back,
    submit,
)
from protocols.services import lifecycle as lifecycle_module

pytestmark = pytest.mark.django_db


def _next_year():
    return timezone.localdate() + dt.timedelta(days=365)


def _approve(version, by, **given):
    return approve(version, **({"by": by, "reason": "Read against its sources", "next_review_on": _next_year()} | given))


@pytest.fixture
def in_review(draft_protocol, clinician):
    return submit(draft_protocol, by=clinician)


@pytest.fixture
def newer(pack, clinician):
    pack["pack_version"] = "2027.1"
    return submit(load_pack(pack)[0], by=clinician)


def _edited(draft, by, note="Other words"):
    def apply(mapping):
        before, mapping["zones"][0]["note"] = mapping["zones"][0]["note"], note
        return [Change("zones[forehead].note", before, note)]

    return edit(draft, lock_version=draft.lock_version, section="zones", by=by, apply=apply)


# Handing over and back


def test_a_draft_is_handed_over_and_can_then_not_be_edited(draft_protocol, clinician):
    version = submit(draft_protocol, by=clinician)
    assert (version.status, version.submitted_by) == (VersionStatus.IN_REVIEW, clinician)
    with pytest.raises(ProtocolRefused, match="in review"):
        _edited(version, clinician)
    assert list(version.steps.values_list("step", "sha256")) == [("submitted", version.sha256)]


def test_a_second_press_hands_over_once(draft_protocol, clinician):
    submit(draft_protocol, by=clinician)
    submit(draft_protocol, by=clinician)
    assert ProtocolStep.objects.count() == 1
    assert AuditEvent.objects.filter(action="protocol.submitted").count() == 1


def test_what_was_edited_after_it_was_read_is_not_handed_over(draft_protocol, clinician, medical_lead):
    _edited(draft_protocol, medical_lead)
    with pytest.raises(ChangedMeanwhile, match="changed after you opened it"):
        submit(draft_protocol, by=clinician)


def test_a_draft_that_lost_a_reference_is_not_handed_over_and_every_fault_is_named(draft_protocol, clinician):
    def apply(mapping):
        for row in mapping["depth_ranges"][:3]:
            row["refs"] = []
        return [Change("depth_ranges", 1, 2)]

    draft = edit(draft_protocol, lock_version=draft_protocol.lock_version, section="depths", by=clinician, apply=apply)
    with pytest.raises(KnowledgeFaults) as caught:
        submit(draft, by=clinician)
    paths = " ".join(fault.path for fault in caught.value.faults)
    assert all(f"depth_ranges[{place}]" in paths for place in range(3))


def test_sent_back_it_can_be_edited_and_says_why(in_review, medical_lead, clinician):
    version = send_back(in_review, by=medical_lead, reason=" Cheeks  are too deep ")
    assert version.status == VersionStatus.DRAFT
    assert version.steps.last().reason == "Cheeks are too deep"
    assert _edited(version, clinician).lock_version == 2


def test_who_handed_it_over_may_take_it_back_and_no_other_clinician(in_review, make_user, clinician):
    with pytest.raises(ProtocolRefused, match="Only a medical lead, or who handed it over"):
        send_back(in_review, by=make_user("tomas", "clinician"), reason="Mine")
    assert send_back(in_review, by=clinician, reason="One more value").status == VersionStatus.DRAFT


@pytest.mark.parametrize("step", [submit, lambda v, by: send_back(v, by=by, reason="x")])
@pytest.mark.parametrize("role", ["front_desk", "manager"])
def test_desk_and_manager_take_no_step(draft_protocol, in_review, make_user, step, role):
    with pytest.raises(ProtocolRefused, match="Only"):
        step(in_review, by=make_user("one", role))


# Approving


def test_a_medical_lead_approves(in_review, medical_lead):
    due = _next_year()
    version = _approve(in_review, medical_lead, next_review_on=due, is_demo=True)
    version.refresh_from_db()
    assert version.is_approved
    assert (version.approved_by, version.next_review_on, version.is_demo) == (medical_lead, due, True)
    assert knowledge_of(version).status == "approved"
    assert AuditEvent.objects.get(action="protocol.approved").actor == medical_lead


@pytest.mark.parametrize("role", ["clinician", "front_desk", "manager"])
def test_nobody_else_approves(in_review, make_user, role):
    with pytest.raises(ProtocolRefused, match="Only a medical lead"):
        _approve(in_review, make_user("one", role))
    in_review.refresh_from_db()
    assert not in_review.is_approved


def test_a_draft_is_not_approved_without_review(draft_protocol, medical_lead):
    with pytest.raises(ProtocolRefused, match="is a draft"):
        _approve(draft_protocol, medical_lead)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"reason": "  "}, "Enter why"),
        ({"reason": "x" * 301}, "301 characters"),
        ({"next_review_on": dt.date(2020, 1, 1)}, "must be in the future"),
    ],
)
def test_an_approval_needs_a_reason_and_a_review_to_come(in_review, medical_lead, change, words):
    with pytest.raises(ProtocolRefused, match=words):
        _approve(in_review, medical_lead, **change)


def test_a_version_is_approved_once(protocol, medical_lead):
    with pytest.raises(ProtocolRefused, match="is approved"):
        _approve(protocol, medical_lead)


def test_a_new_approval_retires_the_one_before_and_old_plans_keep_theirs(protocol, newer, medical_lead):
    assert current_version() == protocol
    _approve(newer, medical_lead)
    protocol.refresh_from_db()
    assert protocol.status == VersionStatus.RETIRED
    assert (protocol.retired_by, protocol.retirement_reason) == (medical_lead, "Replaced by 2027.1")
    assert current_version() == newer
    assert knowledge_of(protocol).version == protocol.version


def test_what_was_changed_after_it_was_read_is_not_approved(in_review, medical_lead, clinician):
    seen = in_review.sha256
    again = submit(_edited(send_back(in_review, by=medical_lead, reason="Reword"), clinician), by=clinician)
    with pytest.raises(ChangedMeanwhile, match="changed after you opened it"):
        _approve(again, medical_lead, seen=seen)
    assert _approve(again, medical_lead, seen=again.sha256).is_approved


def test_what_it_was_compared_with_must_still_stand(protocol, newer, pack, medical_lead, clinician):
    with pytest.raises(ChangedMeanwhile, match=f"Protocol {protocol.version} was approved meanwhile"):
        _approve(newer, medical_lead, replaces=None)
    retire(protocol, by=medical_lead, reason="Wrong ceiling")
    with pytest.raises(ChangedMeanwhile, match="was retired meanwhile"):
        _approve(newer, medical_lead, replaces=protocol.pk)
    assert _approve(newer, medical_lead, replaces=None).is_approved


def test_a_row_that_calls_itself_whole_and_is_not_is_refused_with_every_fault(in_review, pack, medical_lead):
    from protocols.documents import canonical, sha256

    pack["depth_ranges"][0]["refs"] = []
    pack["zones"][0]["refs"] = ["nobody2020"]
    document = canonical(pack)
    ProtocolVersion.objects.filter(pk=in_review.pk).update(document=document, sha256=sha256(document))
    with pytest.raises(KnowledgeFaults) as caught:
        _approve(in_review, medical_lead, seen=sha256(document))
    paths = " ".join(fault.path for fault in caught.value.faults)
    assert "depth_ranges[0]" in paths
    assert "zones[0]" in paths


def test_a_row_marked_not_whole_is_not_approved(in_review, medical_lead):
    ProtocolVersion.objects.filter(pk=in_review.pk).update(is_whole=False)
    with pytest.raises(ProtocolRefused, match="lost its reference"):
        _approve(in_review, medical_lead)


def test_a_tampered_document_is_never_approved(in_review, medical_lead):
    changed = in_review.document.replace('"max_depth_mm":2.5', '"max_depth_mm":3', 1)
    ProtocolVersion.objects.filter(pk=in_review.pk).update(document=changed)
    with pytest.raises(DocumentChanged):
        _approve(in_review, medical_lead)


def test_what_blocks_is_said_and_nothing_is_approved(in_review, medical_lead, monkeypatch):
    """The bench itself is tested where it lives; here: that its word counts."""
    monkeypatch.setattr(lifecycle_module, "approval_conditions", lambda version: ["Case one must hold and does not.", "Case two too."])
    with pytest.raises(ApprovalBlocked) as caught:
        _approve(in_review, medical_lead)
    assert caught.value.blocks == ["Case one must hold and does not.", "Case two too."]
    assert current_version() == in_review
    in_review.refresh_from_db()
    assert in_review.status == VersionStatus.IN_REVIEW


# Retiring


def test_retired_without_another_none_is_approved(protocol, medical_lead):
    version = retire(protocol, by=medical_lead, reason="The ceiling of the neck is doubted")
    assert (version.status, version.retired_by) == (VersionStatus.RETIRED, medical_lead)
    assert current_version() is None
    assert version.steps.last().reason == "The ceiling of the neck is doubted"


def test_retiring_falls_back_to_the_newest_whole_version_which_is_not_approved(protocol, medical_lead, clinician):
    draft = create_draft(protocol, name="2027.1", by=clinician)
    retire(protocol, by=medical_lead, reason="Doubted")
    assert current_version() == draft
    assert not current_version().is_approved


@pytest.mark.parametrize("role", ["clinician", "front_desk", "manager"])
def test_nobody_else_retires(protocol, make_user, role):
    with pytest.raises(ProtocolRefused, match="Only a medical lead"):
        retire(protocol, by=make_user("one", role), reason="Because")


def test_only_an_approved_version_is_retired_and_once(in_review, medical_lead):
    with pytest.raises(ProtocolRefused, match="is in review"):
        retire(in_review, by=medical_lead, reason="Because")
    version = retire(_approve(in_review, medical_lead), by=medical_lead, reason="Because")
    with pytest.raises(ProtocolRefused, match="is retired"):
        retire(version, by=medical_lead, reason="Because")


def test_every_step_is_in_the_history_in_order(in_review, medical_lead, clinician):
    version = send_back(in_review, by=medical_lead, reason="Reword")
    version = _approve(submit(version, by=clinician), medical_lead)
    retire(version, by=medical_lead, reason="Done with")
    assert list(version.steps.values_list("step", flat=True)) == ["submitted", "sent_back", "submitted", "approved", "retired"]


# Two at once


def _at_once(*works):
    """Run each of *works* in a thread of its own, started together; what each raised or returned."""
    ready, said = threading.Barrier(len(works)), [None] * len(works)

    def run(place, work):
        try:
            ready.wait(10)
            said[place] = work()
        except Exception as error:  # handed to the test
            said[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return said


@pytest.mark.django_db(transaction=True)
@pytest.mark.both_engines
class TestTwoAtOnce:
    @pytest.fixture
    def two(self, pack, clinician, medical_lead, make_user):
        rows = []
        for name in ("2027.1", "2027.2"):
            pack["pack_version"] = name
            rows.append(submit(load_pack(pack)[0], by=clinician))
        return rows, (medical_lead, make_user("noor", "medical_lead"))

    def test_two_leads_approving_two_versions_leave_one(self, two):
        rows, leads = two
        said = _at_once(*(lambda row=row, lead=lead: _approve(row, lead) for row, lead in zip(rows, leads, strict=True)))
        assert [one for one in said if isinstance(one, Exception)] == []
        assert sorted(ProtocolVersion.objects.values_list("status", flat=True)) == ["approved", "retired"]

    def test_each_having_seen_none_approved_the_second_is_told(self, two):
        rows, leads = two
        works = [lambda row=row, lead=lead: _approve(row, lead, replaces=None) for row, lead in zip(rows, leads, strict=True)]
        said = _at_once(*works)
        assert sum(isinstance(one, ChangedMeanwhile) for one in said) == 1
        assert sorted(ProtocolVersion.objects.values_list("status", flat=True)) == ["approved", "in_review"]

    def test_without_the_service_the_database_still_keeps_one(self, two):
        rows, leads = two

        def press(row, lead):
            def work():
                changed = {"status": VersionStatus.APPROVED, "approved_by": lead, "approved_at": timezone.now()}
                ProtocolVersion.objects.filter(pk=row.pk).update(**changed)

            return work

        said = _at_once(*(press(row, lead) for row, lead in zip(rows, leads, strict=True)))
        assert [type(one) for one in said if one is not None] == [IntegrityError]
