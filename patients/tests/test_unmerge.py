"""Two records that were put together, taken apart again: what each says then, what stays, and until when."""

import datetime as dt
import threading
import uuid

import pytest
import time_machine
from django.db import close_old_connections, connection
from django.urls import reverse
from django.utils import timezone

from accounts.versioning import StaleRow
from audit import guards
from audit.models import AuditEvent
from patients import merge_services as service
from patients import services
from patients.models import Allergy, Patient, PatientMerge, ScreeningAnswer

pytestmark = [pytest.mark.django_db, pytest.mark.both_engines]


def _fresh(patient):
    return Patient.objects.get(pk=patient.pk)


def _why(refused) -> str:
    return " ".join(refused.value.why)


@pytest.fixture
def third(site, patient):
    return Patient.objects.create(
        number=10500, site=site, surname="Rahman", given="N", birth_date=patient.birth_date, phone="020 7946 0444"
    )


def test_undone_both_say_again_what_they_said(merge, patient, other, clinician):
    Patient.objects.filter(pk=patient.pk).update(phototype=2, medicines_asked="none", medicines_asked_at=timezone.now())
    Patient.objects.filter(pk=other.pk).update(phototype=5)
    before = {one.pk: service._said(_fresh(one)) for one in (patient, other)}
    Allergy.objects.create(patient=other, substance="lidocaine")
    row = merge(holds={"phone": other.number, "given": other.number})
    assert service._said(_fresh(patient)) != before[patient.pk]
    row = service.undo(row, by=clinician)
    assert (row.undone_by, _fresh(other).merged_into) == (clinician, None)
    assert service._said(_fresh(patient)) == before[patient.pk]
    left = service._said(_fresh(other))
    assert left.pop("allergies_asked") == "listed", "as its lines say"
    assert left == {name: value for name, value in before[other.pk].items() if name != "allergies_asked"}
    assert not _fresh(patient).allergies.exists()
    assert [line.substance for line in _fresh(other).allergies.all()] == ["lidocaine"]
    assert AuditEvent.objects.filter(action="patient.unmerged").count() == 2
    assert service.undo(row, by=clinician).undone_at == row.undone_at
    assert AuditEvent.objects.filter(action="patient.unmerged").count() == 2, "pressed twice, done once"


def test_what_was_changed_and_made_since_stays_with_the_kept_one(merge, patient, other, clinician):
    row = merge(holds={"phone": other.number})
    kept = _fresh(patient)
    services.change(kept, version=kept.version, by=clinician, email="new@example.org")
    services.add_allergy(_fresh(patient), by=clinician, substance="latex")
    assert service.stays(row) == ["1 allergy"]
    assert service.changed_since(row, _fresh(patient)) == ["email", "allergies_asked", "allergies_asked_at"]
    service.undo(row, by=clinician)
    kept, away = _fresh(patient), _fresh(other)
    assert (kept.email, kept.phone, away.email) == ("new@example.org", patient.phone, "n@example.org")
    assert (kept.allergies_asked, away.allergies_asked) == ("listed", "not_asked")
    assert not away.allergies.exists()


def test_after_thirty_days_it_stays(merge, clinician):
    row = merge()
    with time_machine.travel(timezone.now() + dt.timedelta(days=30)):
        assert service.why_not_undone(row, by=clinician) == ""
    with time_machine.travel(timezone.now() + dt.timedelta(days=31)), pytest.raises(service.MergeRefused) as refused:
        service.undo(row, by=clinician)
    assert "can be undone for 30 days" in _why(refused)
    assert PatientMerge.objects.get().undone_at is None


def test_the_desk_asks_somebody_who_may(merge, desk):
    with pytest.raises(service.MergeRefused) as refused:
        service.undo(merge(), by=desk)
    assert "Only clinicians, medical leads and managers take records apart again" in _why(refused)


def test_undone_they_can_be_merged_again(merge, clinician):
    service.undo(merge(), by=clinician)
    assert merge().undone_at is None


def test_a_merge_from_before_an_upgrade_is_undone_all_the_same(merge, patient, other, clinician):
    """It says nothing of a field that was added since."""
    row = merge()
    before = {side: {name: said for name, said in row.before[side].items() if name != "language"} for side in row.before}
    after = {name: said for name, said in row.after.items() if name != "language"}
    with guards.suspended():
        PatientMerge.objects.filter(pk=row.pk).update(before=before, after=after)
    assert service.undo(PatientMerge.objects.get(), by=clinician).undone_at
    assert _fresh(other).phone == other.phone


def test_answers_given_since_stay_and_are_named(merge, patient, other):
    said = {"question": "scars", "protocol_version": "x", "answer": False, "rules": {}}
    ScreeningAnswer.objects.create(patient=patient, answered_at=timezone.now() - dt.timedelta(days=2), **said)
    row = merge()
    assert service.stays(row) == []
    ScreeningAnswer.objects.create(patient=patient, answered_at=timezone.now(), **said)
    assert service.stays(row) == ["1 answer to safety questions"]


# Of three records


def test_one_of_two_taken_apart_the_other_goes_on_with_the_kept_one(merge, patient, other, third, clinician):
    """The third still says what holds for the person it belongs to."""
    first = merge(holds={"phone": other.number})
    merge(away=third)
    assert {_fresh(one).phone for one in (patient, other, third)} == {other.phone}
    service.undo(first, by=clinician)
    assert {_fresh(one).phone for one in (patient, third)} == {patient.phone}
    assert (_fresh(third).merged_into, _fresh(other).merged_into) == (patient, None)


def test_a_line_of_the_one_that_stays_merged_is_still_listed(merge, patient, other, third, clinician):
    first = merge()
    Allergy.objects.create(patient=third, substance="latex")
    Patient.objects.filter(pk=third.pk).update(allergies_asked="listed", allergies_asked_at=timezone.now())
    merge(away=third)
    service.undo(first, by=clinician)
    assert (_fresh(patient).allergies_asked, _fresh(third).allergies_asked) == ("listed", "listed")
    assert _fresh(other).allergies_asked == "not_asked"


def test_what_was_merged_before_follows_and_comes_back(merge, patient, other, third, site, clinician):
    """Two pairs made one: all four are one person, in one step; taken apart each pair stands again, with what it said."""
    fourth = Patient.objects.create(number=10501, site=site, surname="Rahman", birth_date=patient.birth_date)
    inner = merge(third, fourth)
    merge()
    Allergy.objects.create(patient=fourth, substance="latex")
    before = {one.pk: service._said(_fresh(one)) for one in (third, fourth)}
    outer = merge(patient, third, holds={"phone": patient.number})
    assert {_fresh(one).merged_into for one in (other, third, fourth)} == {patient}
    assert _fresh(fourth).merged_at == outer.merged_at, "who asked for the kept one did not know of it before"
    assert [line.substance for line in _fresh(patient).allergies.all()] == ["latex"]
    with pytest.raises(service.MergeRefused, match=r"No\. 10500 was merged into no\. 10482 since\. Take those two apart first"):
        service.undo(inner, by=clinician)
    service.undo(outer, by=clinician)
    assert [_fresh(one).merged_into for one in (patient, other, third, fourth)] == [None, patient, None, third]
    assert _fresh(fourth).merged_at == inner.merged_at
    for one in (third, fourth):
        assert service._said(_fresh(one)) == before[one.pk] | {"allergies_asked": "listed"}, "as its lines say"
    service.undo(inner, by=clinician)
    assert _fresh(fourth).merged_into is None


def test_the_page_of_the_kept_one_names_all(client, merge, patient, other, third, clinician):
    merge(third, other)
    merge(patient, third)
    client.force_login(clinician)
    page = client.get(reverse("patients:detail", args=[patient.number])).content.decode()
    assert "merged into this record" in page
    assert f'merged into no. <span class="num">{third.number}</span>' in page
    assert page.count("Look at how to undo it") == 1


# At once


def _at_once(*works) -> list:
    """What each of *works* returned or raised, begun together."""
    start, ended = threading.Barrier(len(works)), []

    def run(work):
        close_old_connections()
        try:
            start.wait(timeout=10)
            ended.append(work())
        except Exception as error:
            ended.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return ended


@pytest.mark.django_db(transaction=True)
def test_two_who_merge_the_same_two_the_other_way_round_make_one_merge(merge, patient, other):
    ended = _at_once(lambda: merge(patient, other), lambda: merge(other, patient))
    assert PatientMerge.objects.count() == 1
    assert sorted(isinstance(one, PatientMerge) for one in ended) == [False, True]
    assert any(isinstance(one, service.MergeRefused | StaleRow) for one in ended)
    assert Patient.objects.filter(merged_into__isnull=False).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_merges_that_would_make_a_chain_make_one_merge(merge, patient, other, third):
    # Both saw the records as they stood: one that only reads them after the other is through may well merge what came of it.
    seen = {row.pk: row.version for row in (_fresh(patient), _fresh(other), _fresh(third))}
    ended = _at_once(
        lambda: merge(patient, other, versions={row.pk: seen[row.pk] for row in (patient, other)}),
        lambda: merge(other, third, versions={row.pk: seen[row.pk] for row in (other, third)}),
    )
    assert PatientMerge.objects.count() == 1
    assert any(isinstance(one, service.MergeRefused | StaleRow) for one in ended)


@pytest.mark.django_db(transaction=True)
def test_one_form_sent_by_three_at_once_is_one_merge(merge, patient, other):
    key, versions = uuid.uuid4(), {patient.pk: patient.version, other.pk: other.version}
    ended = _at_once(*[lambda: merge(request_key=key, versions=versions)] * 3)
    assert len(ended) == 3
    assert {one.pk for one in ended} == {PatientMerge.objects.get().pk}


@pytest.mark.django_db(transaction=True)
def test_taken_apart_by_two_at_once_it_is_done_once(merge, clinician):
    row = merge()
    ended = _at_once(*[lambda: service.undo(row, by=clinician)] * 2)
    assert [one.pk for one in ended] == [row.pk] * 2
    assert AuditEvent.objects.filter(action="patient.unmerged").count() == 2


def test_one_that_was_erased_meanwhile_is_said(patient, clinician):
    gone, kept = Patient(pk=patient.pk + 1, number=10490), _fresh(patient)
    with pytest.raises(service.MergeRefused, match="erased meanwhile"):
        service.merge(kept, gone, by=clinician, versions={}, holds={}, request_key=uuid.uuid4())
