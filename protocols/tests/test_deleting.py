"""A draft is deleted by name and with a reason, and nothing that anybody was asked to read ever is."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from audit import guards
from audit.models import AuditEvent
from protocols.comparison import value_at
from protocols.models import ProtocolEdit, ProtocolVersion
from protocols.services import Change, ProtocolRefused, StaleDraft, create_draft, delete_draft, edit, load_pack, send_back, submit

pytestmark = [pytest.mark.django_db, pytest.mark.both_engines]


@pytest.fixture
def source(pack):
    return load_pack(pack)[0]


@pytest.fixture
def draft(source, clinician):
    return create_draft(source, name="2027.1", by=clinician)


def change(draft, by):
    def apply(mapping):
        row = value_at(mapping, "zones[forehead]")
        before, row["short_reason"] = row["short_reason"], "Bone"
        return [Change("zones[forehead].short_reason", before, "Bone")]

    return edit(draft, lock_version=draft.lock_version, section="Zones", by=by, apply=apply)


def delete(draft, by, **more):
    given = {"typed": draft.version, "reason": "Made by mistake", "lock_version": draft.lock_version}
    delete_draft(draft, by=by, **(given | more))


def test_it_goes_with_its_edits_and_the_log_keeps_why(draft, clinician):
    draft = change(draft, clinician)
    delete(draft, clinician)
    assert not ProtocolVersion.objects.filter(version="2027.1").exists()
    assert not ProtocolEdit.objects.exists()
    row = AuditEvent.objects.filter(action="protocol.deleted").get()
    assert row.detail["reason"] == "Made by mistake"
    assert (row.detail["version"], row.detail["edits"], row.detail["sha256"]) == ("2027.1", 1, draft.sha256)


def test_a_second_click_deletes_once(draft, clinician):
    delete(draft, clinician)
    delete(draft, clinician)
    assert AuditEvent.objects.filter(action="protocol.deleted").count() == 1


@pytest.mark.parametrize("more", [{"typed": "2027.2"}, {"typed": ""}, {"reason": "  "}, {"reason": "x" * 301}])
def test_it_asks_for_the_name_and_a_reason(draft, clinician, more):
    with pytest.raises(ProtocolRefused):
        delete(draft, clinician, **more)
    assert ProtocolVersion.objects.filter(pk=draft.pk).exists()


def test_who_did_not_see_the_last_save_deletes_nothing(draft, clinician):
    change(draft, clinician)
    with pytest.raises(StaleDraft):
        delete(draft, clinician)


def test_a_clinician_deletes_only_what_nobody_else_worked_on(draft, clinician, medical_lead, make_user):
    other = make_user("lena", "clinician")
    with pytest.raises(ProtocolRefused, match="not the work of you alone"):
        delete(draft, other)
    draft = change(draft, other)
    with pytest.raises(ProtocolRefused, match="not the work of you alone"):
        delete(draft, clinician)
    delete(draft, medical_lead)
    assert not ProtocolVersion.objects.filter(pk=draft.pk).exists()


def test_what_was_handed_over_once_is_never_deleted(draft, clinician, medical_lead):
    submit(draft, by=clinician)
    draft.refresh_from_db()
    with pytest.raises(ProtocolRefused, match="in review"):
        delete(draft, medical_lead)
    send_back(draft, by=medical_lead, reason="The cheeks")
    draft.refresh_from_db()
    with pytest.raises(ProtocolRefused, match="handed over"):
        delete(draft, clinician)


def test_an_approved_version_is_not(protocol, medical_lead):
    with pytest.raises(ProtocolRefused, match="approved"):
        delete(protocol, medical_lead)


def test_a_version_that_another_was_made_from_stays(source, draft, medical_lead):
    with pytest.raises(ProtocolRefused, match="was made from"):
        delete(source, medical_lead)


def test_the_desk_may_not(draft, make_user):
    front_desk = make_user("june", "front_desk")
    with pytest.raises(ProtocolRefused, match="Only a clinician"):
        delete(draft, front_desk)


# The database


def _sql(text, *params):
    with connection.cursor() as cursor:
        cursor.execute(text, params)


def test_the_edits_of_a_draft_that_stands_stay(draft, clinician):
    change(draft, clinician)
    with pytest.raises(IntegrityError, match="written once"), transaction.atomic():
        _sql("DELETE FROM protocols_protocoledit")
    assert ProtocolEdit.objects.count() == 1


def test_a_version_that_was_handed_over_cannot_be_deleted_by_sql(draft, clinician):
    submit(draft, by=clinician)
    with pytest.raises(IntegrityError, match="never deleted"), transaction.atomic():
        _sql("DELETE FROM protocols_protocolversion WHERE id = %s", draft.pk)


def test_one_that_was_not_can_be(draft):
    """The control: what refuses the one above are its steps, nothing else."""
    _sql("DELETE FROM protocols_protocolversion WHERE id = %s", draft.pk)
    assert not ProtocolVersion.objects.filter(pk=draft.pk).exists()


def test_nothing_joins_the_history_of_an_approved_version(protocol, medical_lead):
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        ProtocolEdit.objects.create(
            protocol_version=protocol, lock_version=99, section="Zones", changes=[], made_by=medical_lead, made_at=protocol.approved_at
        )
    for step in ("approved", "submitted", "sent_back"):
        with pytest.raises(IntegrityError, match="approved once"), transaction.atomic():
            protocol.steps.create(step=step, sha256=protocol.sha256, made_by=medical_lead, made_at=protocol.approved_at)


def test_without_the_guard_an_edit_could_be_written_into_it(protocol, medical_lead):
    with guards.suspended("protocols_protocoledit_only_of_draft"):
        ProtocolEdit.objects.create(
            protocol_version=protocol, lock_version=99, section="Zones", changes=[], made_by=medical_lead, made_at=protocol.approved_at
        )
    assert ProtocolEdit.objects.count() == 1


# The page


def url(draft):
    return reverse("protocols:delete_draft", args=[draft.version])


def test_the_page_says_what_goes_and_keeps_what_was_typed(client, draft, clinician):
    client.force_login(clinician)
    assert "gone for good" in client.get(url(draft)).content.decode()
    sent = {"delete-lock_version": 1, "delete-typed": "2027.9", "delete-reason": "Because"}
    answer = client.post(url(draft), sent)
    assert answer.status_code == 422
    assert "Type 2027.1 to delete it" in answer.content.decode()
    assert "Because" in answer.content.decode()
    change(draft, clinician)
    stale = client.post(url(draft), sent | {"delete-typed": "2027.1"})
    assert stale.status_code == 409
    assert 'value="2"' in stale.content.decode()
    assert client.post(url(draft), sent | {"delete-typed": "2027.1", "delete-lock_version": 2}).status_code == 302
    assert client.post(url(draft), sent | {"delete-typed": "2027.1", "delete-lock_version": 2}).status_code == 302
    assert client.get(url(draft)).status_code == 404


def test_what_cannot_go_says_why_and_shows_no_button(client, draft, clinician):
    submit(draft, by=clinician)
    client.force_login(clinician)
    page = client.get(url(draft)).content.decode()
    assert "is in review" in page
    assert "btn stop" not in page
