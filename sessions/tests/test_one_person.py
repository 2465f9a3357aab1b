"""Two records of one person in the diary and the treatment room: one healing skin, one person who is held, one set of answers."""

import datetime as dt
import threading
import uuid
from dataclasses import replace

import pytest
from django.db import IntegrityError, close_old_connections, connection, transaction
from django.utils import timezone

from accounts.models import Site
from patients import merge_services as service
from patients.merged import MergedAway
from patients.merging import parts
from patients.models import Allergy, Patient
from patients.person import OfThisPerson, PersonKey
from plans.models import Consultation, TreatmentPlan
from plans.registry import history_of
from plans.services import start as consult
from sessions.models import Booking, Hold
from sessions.services import booking as door
from sessions.services.due import due_among, due_of
from sessions.services.free_time import Diary
from sessions.services.gate import day_check
from sessions.services.planner_today import planner_today
from sessions.services.refusals import GapRefused, SlotTaken
from sessions.services.visit_status import cancel
from sessions.tests.record_case import RecordCase
from sessions.tests.test_healing import book as book_of
from sessions.tests.test_healing import open_every_day, treat

pytestmark = [pytest.mark.django_db, pytest.mark.both_engines]


def merge(kept, other, by):
    kept, other = Patient.objects.get(pk=kept.pk), Patient.objects.get(pk=other.pk)
    versions = {kept.pk: kept.version, other.pk: other.version}
    holds = dict.fromkeys(service.differing(kept, other), kept.number)
    return service.merge(kept, other, by=by, versions=versions, holds=holds, request_key=uuid.uuid4())


def why(refused) -> str:
    return " ".join(refused.value.why)


@pytest.fixture
def other(make_patient, patient):
    return make_patient("Rahmann", "Nadja", birth_date=patient.birth_date)


@pytest.fixture
def case(site, clinician, patient):
    return open_every_day(site, clinician, patient)


# The skin


def test_skin_treated_under_the_other_record_is_left_to_heal(case, patient, other, clinician):
    """Treated as no. one, planned as no. two: before the merge nobody could know, after it every door does."""
    treat(case, depth="1.75")
    TreatmentPlan.objects.filter(pk=case.plan.pk).update(status="completed")
    case.patient = other
    new = case.make_plan()
    with transaction.atomic():
        assert book_of(case, 1, 1, plan=new).pk, "the control: not known to be one person, nothing is in the way"
        transaction.set_rollback(True)
    merge(other, patient, clinician)
    case.patient = Patient.objects.get(pk=other.pk)
    new = TreatmentPlan.objects.get(pk=new.pk)
    with pytest.raises(GapRefused, match=r"the last session of plan 1 was on .* Session 1 went to 1\.75"):
        book_of(case, 41, 1, plan=new)
    PersonKey._unregister_lookup(OfThisPerson)
    try:
        with transaction.atomic():
            assert book_of(case, 1, 1, plan=new).pk, "the control: it is the key that carries it here"
            transaction.set_rollback(True)
    finally:
        PersonKey.register_lookup(OfThisPerson)
    assert book_of(case, 42, 1, plan=new).pk
    assert [entry["date"] for entry in history_of(case.patient, timezone.localdate())] == [timezone.localdate().isoformat()]


def test_a_yes_under_the_other_record_stops_the_treatment_and_is_asked_again(case, patient, other, clinician):
    session = case.started()
    today = timezone.localdate()
    assert not due_of(patient, case.version, today)
    elsewhere = RecordCase.__new__(RecordCase)
    elsewhere.patient, elsewhere.clinician = other, clinician
    earlier = timezone.now() - dt.timedelta(days=2)
    elsewhere.answer_all(at=earlier, scars={"keloid": {"answer": True}})
    asked = {row.question for row in other.screening_answers.filter(answer=True)}
    calm = planner_today(case.plan, patient, today)
    merge(patient, other, clinician)
    kept = Patient.objects.get(pk=patient.pk)
    assert asked == {"scars"}
    assert {question.id for question in due_of(kept, case.version, today).questions} == asked, "and nothing else"
    assert (calm.status, planner_today(case.plan, kept, today).status) == ("plan", "refuse")
    session = type(session).objects.get(pk=session.pk)
    assert asked <= set(day_check(session).due)
    found = due_among(list(Booking.objects.filter(pk=session.booking_id).select_related("plan")), today)
    assert asked <= {question.id for question in found[session.booking_id][1].questions}


def test_a_session_that_is_too_soon_now_is_named_when_they_are_merged(case, patient, other, clinician):
    """Booked when nobody could know that the skin had been treated under the other record."""
    treat(case, depth="1.75")
    TreatmentPlan.objects.filter(pk=case.plan.pk).update(status="completed")
    case.patient = other
    visit = book_of(case, 1, 1, plan=case.make_plan())
    row = merge(other, patient, clinician)
    found = service.look_at(row)
    assert len(found) == 1
    assert f"{visit.on_site(visit.starts_at):%H:%M} is too soon now. The plan allows" in found[0]
    service.undo(row, by=clinician)
    assert service.look_at(row) == [], "the control: alone nothing is in the way"


# The diary


def test_a_person_is_held_once_whichever_record_a_visit_was_booked_for(diary, book, patient, other, clinician):
    monday = diary.monday()
    theirs = book(diary.at(monday, 10), patient=other, kind="consultation")
    merge(patient, other, clinician)
    kept = Patient.objects.get(pk=patient.pk)
    assert set(theirs.holds.filter(patient__isnull=False).values_list("subject", flat=True)) == {f"p{patient.pk}"}
    assert Booking.objects.get(pk=theirs.pk).patient == other, "the visit itself stays as it was booked"
    free = {"clinician": diary.berg, "room": diary.room2}
    with pytest.raises(SlotTaken):
        book(diary.at(monday, 10), patient=kept, kind="consultation", **free)
    assert Diary(diary.site, monday, monday, patient=Patient.objects.get(pk=other.pk)).free_of_patient(other)
    moved = door.move(theirs, starts_at=diary.at(monday, 11), by=clinician)
    assert set(moved.holds.filter(patient__isnull=False).values_list("subject", flat=True)) == {f"p{patient.pk}"}
    with pytest.raises(SlotTaken):
        book(diary.at(monday, 11), patient=kept, kind="consultation", **free)
    assert book(diary.at(monday, 10), patient=kept, kind="consultation", **free).pk


def test_a_visit_moved_resized_or_brought_back_holds_the_person(diary, book, patient, other, clinician):
    theirs = book(diary.at(diary.monday(), 10), patient=other, kind="consultation")
    old = Booking.objects.select_related("patient", "site").get(pk=theirs.pk)  # read before anybody merged
    merge(patient, other, clinician)
    assert old.patient.merged_into_id is None

    def held():
        return set(Hold.objects.filter(booking=theirs, patient__isnull=False).values_list("subject", flat=True))

    door.move(old, starts_at=diary.at(diary.monday(), 11), by=clinician)
    assert held() == {f"p{patient.pk}"}
    door.resize(Booking.objects.get(pk=theirs.pk), minutes=60, by=clinician)
    assert held() == {f"p{patient.pk}"}
    cancel(Booking.objects.get(pk=theirs.pk), by=clinician, reason="Asked for it")
    door.reinstate(Booking.objects.get(pk=theirs.pk), by=clinician)
    assert held() == {f"p{patient.pk}"}


def test_a_course_booked_from_an_old_page_holds_the_person(diary, book, make_plan, patient, other, clinician):
    plan = make_plan(other)
    assert plan.patient.merged_into_id is None
    merge(patient, other, clinician)
    visit = book(diary.at(diary.monday(), 10), patient=plan.patient, plan=plan, session_number=1)
    assert set(visit.holds.filter(patient__isnull=False).values_list("subject", flat=True)) == {f"p{patient.pk}"}


def _while_merging(patient, other, clinician, work, *, wait):
    """
    Merge, and begin *work* in another thread before the merge is committed. Returns what that ended with, and whether it ended before.
    """
    begun, done, ended = threading.Event(), threading.Event(), []

    def run():
        close_old_connections()
        try:
            begun.set()
            ended.append(work())
        except Exception as error:
            ended.append(error)
        finally:
            connection.close()
            done.set()

    thread = threading.Thread(target=run)
    with transaction.atomic():
        merge(patient, other, clinician)
        thread.start()
        begun.wait(10)
        before = done.wait(wait)
    thread.join(30)
    return ended[0], before


@pytest.mark.django_db(transaction=True)
def test_a_visit_of_a_plan_booked_while_its_record_is_merged_holds_the_person(diary, book, make_plan, patient, other, clinician):
    plan = make_plan(other)
    at = diary.at(diary.monday(), 10)
    visit, before = _while_merging(patient, other, clinician, lambda: book(at, patient=plan.patient, plan=plan, session_number=1), wait=0.3)
    assert not before, "it waited for the merge"
    assert set(Hold.objects.filter(booking=visit, patient__isnull=False).values_list("subject", flat=True)) == {f"p{patient.pk}"}


@pytest.mark.django_db(transaction=True)
def test_without_the_wait_it_would_hold_the_record_that_is_used_no_more(diary, book, make_plan, patient, other, clinician, monkeypatch):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one write at a time")
    monkeypatch.setattr("patients.merge_services.parts", lambda: [replace(part, enter=lambda kept, other: None) for part in parts()])
    plan = make_plan(other)
    at = diary.at(diary.monday(), 10)
    visit, _ = _while_merging(patient, other, clinician, lambda: book(at, patient=plan.patient, plan=plan, session_number=1), wait=1)
    assert set(Hold.objects.filter(booking=visit, patient__isnull=False).values_list("subject", flat=True)) == {f"p{other.pk}"}


@pytest.mark.django_db(transaction=True)
def test_a_visit_without_a_plan_booked_while_its_record_is_merged_is_led_to_the_kept_one(diary, book, patient, other, clinician):
    at = diary.at(diary.monday(), 10)
    refused, before = _while_merging(patient, other, clinician, lambda: book(at, patient=other, kind="consultation"), wait=0.3)
    assert not before
    assert isinstance(refused, MergedAway)
    assert not Booking.objects.exists()


def test_undone_each_visit_holds_the_record_it_was_booked_for(diary, book, patient, other, clinician):
    theirs = book(diary.at(diary.monday(), 10), patient=other, kind="consultation")
    row = merge(patient, other, clinician)
    mine = book(diary.at(diary.monday(), 12), patient=Patient.objects.get(pk=patient.pk), kind="consultation")
    assert service.stays(row) == ["1 visit"]
    service.undo(row, by=clinician)
    for visit in (theirs, mine):
        held = Hold.objects.filter(booking=visit, patient__isnull=False).values_list("subject", "patient")
        assert set(held) == {(f"p{visit.patient_id}", visit.patient_id)}
    assert list(Booking.objects.filter(patient=other)) == [theirs]


def test_two_visits_at_once_are_settled_first(diary, book, patient, other, clinician):
    at_ten = diary.at(diary.monday(), 10)
    book(at_ten, kind="consultation")
    book(at_ten, patient=other, kind="consultation", clinician=diary.berg, room=diary.room2)
    with pytest.raises(service.MergeRefused) as refused:
        merge(patient, other, clinician)
    assert "Both have a visit at the same time on" in why(refused)
    assert Patient.objects.get(pk=other.pk).merged_into is None


def test_the_database_refuses_two_at_once_where_nobody_looked(diary, book, patient, other, clinician, monkeypatch):
    """The control: with the sentence left out the guard still stands, and nothing is merged."""
    at_ten = diary.at(diary.monday(), 10)
    book(at_ten, kind="consultation")
    book(at_ten, patient=other, kind="consultation", clinician=diary.berg, room=diary.room2)
    monkeypatch.setattr("patients.merge_services.in_the_way", lambda *args, **named: [])
    with pytest.raises(service.MergeRefused) as refused:
        merge(patient, other, clinician)
    assert "Both have a visit at the same time" in why(refused)
    assert Patient.objects.get(pk=other.pk).merged_into is None


def test_a_coming_visit_at_a_site_the_record_leaves_is_settled_first(diary, book, patient, other, clinician):
    birch = Site.objects.create(name="Birch", slug="birch")
    clinician.sites.add(birch)
    Patient.objects.filter(pk=patient.pk).update(site=birch)
    book(diary.at(diary.monday(), 10), patient=other, kind="consultation")
    with pytest.raises(service.MergeRefused) as refused:
        merge(patient, other, clinician)
    assert "and the record goes to Birch" in why(refused)
    merge(other, patient, clinician)
    assert Patient.objects.get(pk=patient.pk).site == diary.site


def test_an_unsigned_record_at_a_site_the_record_leaves_is_signed_first(case, patient, other, clinician):
    session = case.started()
    Booking.objects.filter(pk=session.booking_id).update(status="done")
    birch = Site.objects.create(name="Birch", slug="birch")
    clinician.sites.add(birch)
    Patient.objects.filter(pk=other.pk).update(site=birch)
    with pytest.raises(service.MergeRefused) as refused:
        merge(other, patient, clinician)
    assert "is not signed, and it goes to Birch. Sign or close it first" in why(refused)
    merge(patient, other, clinician)


def test_new_visits_and_consultations_of_the_merged_record_are_refused(diary, book, patient, other, clinician, protocol):
    merge(patient, other, clinician)
    for away in (other, Patient.objects.get(pk=other.pk)):  # also from an old page
        with pytest.raises(MergedAway):
            book(diary.at(diary.monday(), 10), patient=away, kind="consultation")
        with pytest.raises(MergedAway):
            consult(away, by=clinician)
    assert not Booking.objects.exists()
    assert consult(Patient.objects.get(pk=patient.pk), by=clinician).pk


def test_a_course_goes_on_under_the_record_where_it_began(diary, book, make_plan, patient, other, clinician):
    plan = make_plan(other)
    merge(patient, other, clinician)
    kept, plan = Patient.objects.get(pk=patient.pk), TreatmentPlan.objects.get(pk=plan.pk)
    first = book(diary.at(diary.monday(), 10), patient=kept, plan=plan, session_number=1)
    assert first.patient == other
    with pytest.raises(GapRefused):
        book(diary.at(diary.monday(2), 10), patient=kept, plan=plan, session_number=2)
    with pytest.raises(ValueError, match="belongs to the patient of that plan"):
        door.record_of_plan(Patient.objects.create(number=3, site=diary.site, surname="X", birth_date=dt.date(1990, 1, 1)), plan)


# Plans and consultations


def test_two_open_plans_are_settled_first_and_it_says_which(make_plan, patient, other, clinician):
    mine, theirs = make_plan(patient), make_plan(other)
    with pytest.raises(service.MergeRefused) as refused:
        merge(patient, other, clinician)
    one, two = sorted((patient.number, other.number))
    assert f"plan 1 of no. {one} and plan 1 of no. {two}. Stop one of the two first." in why(refused)
    TreatmentPlan.objects.filter(pk=theirs.pk).update(status="stopped")
    merge(patient, other, clinician)
    assert TreatmentPlan.objects.get(pk=mine.pk).status == "accepted"


def test_what_was_merged_into_the_kept_one_before_is_settled_as_well(diary, book, make_plan, make_patient, patient, other, clinician):
    """The plan and the visit of a third record are the kept person's: neither a second plan nor a second visit at once comes in."""
    third = make_patient("Rahman", "N", birth_date=patient.birth_date)
    make_plan(third)
    book(diary.at(diary.monday(), 10), patient=third, kind="consultation")
    merge(patient, third, clinician)
    plan = make_plan(other)
    with pytest.raises(service.MergeRefused) as refused:
        merge(patient, other, clinician)
    assert f"Both have an open plan: plan 1 of no. {other.number} and plan 1 of no. {third.number}" in why(refused)
    TreatmentPlan.objects.filter(pk=plan.pk).update(status="stopped")
    visit = book(diary.at(diary.monday(), 10), patient=other, kind="consultation", clinician=diary.berg, room=diary.room2)
    with pytest.raises(service.MergeRefused) as refused:
        merge(patient, other, clinician)
    assert "Both have a visit at the same time on" in why(refused)
    cancel(visit, by=clinician, reason="Asked for it")
    merge(patient, other, clinician)


@pytest.mark.parametrize("of_the_kept", [True, False])
def test_an_open_consultation_is_finished_first(patient, other, clinician, protocol, of_the_kept):
    """It began with the file of its own record: an allergy of the other one would not be in it."""
    row = consult(patient if of_the_kept else other, by=clinician)
    with pytest.raises(service.MergeRefused) as refused:
        merge(patient, other, clinician)
    assert "is open. Finish or close it first" in why(refused)
    Consultation.objects.filter(pk=row.pk).update(status="closed")
    merge(patient, other, clinician)


def test_a_consultation_begins_with_what_stands_under_either(patient, other, clinician, protocol):
    Allergy.objects.create(patient=other, substance="lidocaine")
    Patient.objects.filter(pk=other.pk).update(allergies_asked="listed", allergies_asked_at=timezone.now())
    merge(patient, other, clinician)
    begun = consult(Patient.objects.get(pk=patient.pk), by=clinician)
    assert begun.inputs["allergy.0.substance"] == "lidocaine"


def test_signed_records_and_accepted_plans_stay_as_they_are(case, patient, other, clinician):
    signed = treat(case)
    record = getattr(signed, "session", signed)
    before = type(record).objects.filter(pk=record.pk).values().get(), TreatmentPlan.objects.filter(pk=case.plan.pk).values().get()
    row = merge(other, patient, clinician)
    service.undo(row, by=clinician)
    merge(other, patient, clinician)
    after = type(record).objects.filter(pk=record.pk).values().get(), TreatmentPlan.objects.filter(pk=case.plan.pk).values().get()
    assert after == before
    with pytest.raises(IntegrityError), transaction.atomic():
        type(record).objects.filter(pk=record.pk).update(patient=other)
