"""The healing gap is one rule at every door: the plan's weeks, raised by what was really done, or a named reason."""

import copy
import datetime as dt
from functools import cache

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from audit.models import AuditEvent
from protocols.documents import canonical, sha256
from protocols.knowledge import packaged
from protocols.models import ProtocolVersion
from sessions.models import Booking, ResourceHours
from sessions.services import booking as door
from sessions.services import gap, visit_status
from sessions.services.course import Slot, book_course
from sessions.services.course_again import consequence_of
from sessions.services.course_dates import propose_course
from sessions.services.gate import day_check
from sessions.services.healing import healing_of
from sessions.services.hours import local_day
from sessions.services.record import save, start
from sessions.services.refusals import BookingRefused, GapRefused
from sessions.services.signing import sign
from sessions.tests.record_case import PASSWORD, RecordCase, signed

pytestmark = pytest.mark.django_db

MODERATE = (6, 7, 10)  # weeks of the deeper level in the version these tests pin


def approve(clinician, number: str, **weeks) -> ProtocolVersion:
    """The packaged pack with other weeks: {level of acne scars: (least, usual, most)} and {phototype rule: least}."""
    text, digest = _with(**weeks)
    return ProtocolVersion.objects.create(
        version=number, document=text, sha256=digest, status="approved", approved_by=clinician, approved_at=timezone.now()
    )


@cache
def _with(**weeks) -> tuple[str, str]:
    document = copy.deepcopy(dict(packaged().document))
    indication = next(row for row in document["indications"] if row["id"] == "acne_scars")
    for level in indication["levels"]:
        if level["id"] in weeks:
            least, usual, most = weeks[level["id"]]
            level["interval"] |= {"min": least, "typical": usual, "max": most}
    for rule in document["phototype_rules"]:
        rule["min_interval_weeks"] = weeks.get(rule["id"], rule["min_interval_weeks"])
    text = canonical(document)
    return text, sha256(text)


def open_every_day(site, clinician, patient) -> RecordCase:
    """A patient's course at a site whose people and places work from 8 to 20 on every day."""
    approve(clinician, "2026.1", grade_3=MODERATE, grade_4=MODERATE)
    case = RecordCase(site, clinician, patient)
    for resource in (case.person, case.room, case.pen):
        for weekday in range(7):
            ResourceHours.objects.create(resource=resource, weekday=weekday, opens=dt.time(8), closes=dt.time(20))
    return case


@pytest.fixture
def case(site, clinician, patient):
    return open_every_day(site, clinician, patient)


def at(case, days: int) -> dt.datetime:
    """Ten o'clock, *days* from today, on the clinic's clock."""
    zone = gap.clinic_zone(case.site)
    return dt.datetime.combine(local_day(timezone.now(), zone) + dt.timedelta(days=days), dt.time(10), tzinfo=zone)


def treat(case, *, depth=None, number=1, days=0):
    """A signed session *days* from today, the cheeks at *depth* mm."""
    session = case.started(number, days=days)
    zone = case.zone(session, "cheeks")
    changes = {f"z{zone.pk}-depth": depth, f"z{zone.pk}-reason": "endpoint_late"} if depth else {}
    session.booking.holds.all().delete()
    saved = save(session, by=case.clinician, typed=case.typed(session, **changes), version=session.version)
    return sign(saved.session, by=case.clinician, password=PASSWORD, version=saved.session.version)


def book(case, days, number=2, *, plan=None, by=None, **fields):
    return door.book(
        patient=case.patient,
        kind="session",
        starts_at=at(case, days),
        by=by or case.clinician,
        request_key=f"key {number} {days} {fields.get('gap_reason', '')}",
        clinician=case.person,
        room=case.room,
        device=case.pen,
        plan=plan or case.plan,
        session_number=number,
        **fields,
    )


def test_as_planned_the_plans_weeks_hold_to_the_day(case):
    treat(case)
    with pytest.raises(GapRefused) as refused:
        book(case, 27)
    assert refused.value.first_day == local_day(at(case, 28), gap.clinic_zone(case.site))
    assert book(case, 28).pk


def test_what_was_done_deeper_than_planned_asks_for_the_longer_wait(case):
    treat(case, depth="1.75")  # the plan's level ends at 1.5 mm on the cheeks
    with pytest.raises(GapRefused, match=r"Session 1 went to 1\.75\xa0mm on the cheeks.*at least 6 weeks") as refused:
        book(case, 41)
    assert refused.value.first_day == local_day(at(case, 42), gap.clinic_zone(case.site))
    assert book(case, 42).pk


def test_deeper_within_the_planned_level_changes_nothing(case):
    treat(case, depth="1.5")
    assert book(case, 28).pk


def test_a_draft_says_nothing_of_depth_yet(case):
    session = case.started(1)
    zone = case.zone(session, "cheeks")
    type(zone).objects.filter(pk=zone.pk).update(state="done", done_depth_mm="1.75")
    assert book(case, 28).pk


@pytest.mark.both_engines
def test_every_door_asks_the_same(case):
    treat(case, depth="1.75")
    stands = book(case, 50)
    with pytest.raises(GapRefused):
        door.move(stands, starts_at=at(case, 30), by=case.clinician)
    visit_status.cancel(stands, reason="Wish", by=case.clinician)
    with pytest.raises(GapRefused, match="Session 2 is 4 weeks after session 1"):
        book_course(case.plan, slots=[Slot(n, at(case, 28 * (n - 1))) for n in (2, 3, 4)], by=case.clinician, request_key="c")
    Booking.objects.filter(pk=stands.pk).update(starts_at=at(case, 30), ends_at=at(case, 30) + dt.timedelta(minutes=90))
    with pytest.raises(GapRefused):
        door.reinstate(Booking.objects.get(pk=stands.pk), by=case.clinician)
    assert not Booking.objects.live().filter(session_number__gt=1).exists()


def test_the_course_begins_after_the_longer_wait(case):
    treat(case, depth="1.75")
    course = propose_course(case.plan, first_day=local_day(timezone.now(), gap.clinic_zone(case.site)), time=dt.time(10))
    assert course.lines[1].starts_at == at(case, 7 * MODERATE[1])
    assert course.is_within_plan
    assert [slot.starts_at for slot in course.to_book][1] == at(case, 7 * MODERATE[1] + 28)


def test_skin_treated_under_another_plan_counts(case):
    treat(case, depth="1.75")
    type(case.plan).objects.filter(pk=case.plan.pk).update(status="completed")
    new = case.make_plan()
    with pytest.raises(GapRefused, match=r"the last session of plan 1 was on .* Session 1 went to 1\.75"):
        book(case, 41, 1, plan=new)
    assert book(case, 42, 1, plan=new).pk


@pytest.mark.both_engines
def test_booked_visits_of_a_replaced_plan_count_at_every_door(case, desk):
    left = book(case, 40, 1)
    type(case.plan).objects.filter(pk=case.plan.pk).update(status="superseded")
    new = case.make_plan()
    for days in (13, 39, 43, 67):
        with pytest.raises(GapRefused, match="session 1 of plan 1 is booked on") as refused:
            book(case, days, 1, plan=new, by=desk)
        assert refused.value.first_day == local_day(at(case, 68), gap.clinic_zone(case.site))
    first = book(case, 12, 1, plan=new, by=desk)
    with pytest.raises(GapRefused, match="session 1 of plan 1 is booked on"):
        door.move(first, starts_at=at(case, 20), by=desk)
    with pytest.raises(GapRefused, match="session 1 of plan 2 is booked on"):
        door.move(left, starts_at=at(case, 39), by=desk)
    door.move(first, starts_at=at(case, 12) + dt.timedelta(hours=3), by=desk)
    visit_status.cancel(first, reason="Wish", by=desk)
    agreed = book(case, 42, 1, plan=new, gap_reason="Skin seen and healed")
    assert agreed.gap_by == case.clinician
    assert door.move(left, starts_at=at(case, 40) + dt.timedelta(hours=3), by=desk).pk  # on its day: nothing is nearer than it was
    zone = gap.clinic_zone(case.site)
    visit_status.cancel(agreed, reason="Wish", by=desk)
    course = propose_course(new, first_day=local_day(at(case, 42), zone), time=dt.time(10))
    assert local_day(course.lines[0].starts_at, zone) == local_day(at(case, 68), zone)


def test_booked_visits_of_another_plan_in_other_skin_do_not_count(case, monkeypatch):
    book(case, 40, 1)
    monkeypatch.setattr(case, "ZONES", (("chin", "Chin", "1", "1", "pinpoint", 4),))
    assert book(case, 41, 1, plan=case.make_plan()).pk


def test_other_skin_of_another_plan_does_not(case, monkeypatch):
    treat(case)
    type(case.plan).objects.filter(pk=case.plan.pk).update(status="completed")
    monkeypatch.setattr(case, "ZONES", (("chin", "Chin", "1", "1", "pinpoint", 4),))
    assert book(case, 1, 1, plan=case.make_plan()).pk


@pytest.mark.parametrize(("phototype", "least"), [(2, 4), (3, 4), (5, 6)])
def test_another_phototype_on_file_asks_for_its_own_wait(make_plan, patient, clinician, phototype, least):
    version = approve(clinician, "dark", phototype_5_6=6)
    plan = make_plan(patient, case={"patient": {"phototype": 2}}, protocol_version=version)
    patient.phototype = phototype
    patient.save()
    plan.patient = patient
    assert healing_of(plan).base.least == least


@pytest.mark.both_engines
def test_sooner_needs_a_reason_by_somebody_who_may(case, desk):
    treat(case)
    with pytest.raises(GapRefused, match="Only clinicians and medical leads may book it sooner"):
        book(case, 20, by=desk, gap_reason="Wedding")
    with pytest.raises(GapRefused) as refused:
        book(case, 20, gap_reason="   ")
    assert refused.value.may_be_overridden
    visit = book(case, 20, gap_reason="Skin seen and healed")
    visit.refresh_from_db()
    assert (visit.gap_reason, visit.gap_by, visit.gap_at is not None) == ("Skin seen and healed", case.clinician, True)
    assert visit.gap_first_day == local_day(at(case, 28), gap.clinic_zone(case.site))
    event = AuditEvent.objects.get(action="booking.made", object_pk=str(visit.pk))
    assert event.detail["sooner_by"] == case.clinician.pk


def test_a_reason_that_is_not_needed_is_not_kept(case):
    treat(case)
    assert book(case, 28, gap_reason="Just in case").gap_by is None


@pytest.mark.both_engines
def test_the_word_holds_for_its_day_and_later_never_for_a_nearer_one(case, desk):
    treat(case)
    visit = book(case, 20, gap_reason="Skin seen and healed")
    visit = door.move(visit, starts_at=at(case, 22), by=desk)
    assert visit.gap_by == case.clinician
    with pytest.raises(GapRefused):
        door.move(visit, starts_at=at(case, 21), by=desk)
    visit = door.move(visit, starts_at=at(case, 30), by=desk)
    assert (visit.gap_reason, visit.gap_by) == ("", None)
    with pytest.raises(GapRefused):
        door.move(visit, starts_at=at(case, 22), by=desk)


def test_a_word_given_before_the_depth_was_known_no_longer_holds(case, desk):
    earlier = case.booking(1)
    visit = book(case, 20, gap_reason="Skin seen and healed")
    session = start(earlier, case.clinician)
    type(session).objects.filter(pk=session.pk).update(started_at=timezone.now() - dt.timedelta(minutes=60))
    session.refresh_from_db()
    zone = case.zone(session, "cheeks")
    typed = case.typed(session, **{f"z{zone.pk}-depth": "1.75", f"z{zone.pk}-reason": "endpoint_late"})
    saved = save(session, by=case.clinician, typed=typed, version=session.version)
    sign(saved.session, by=case.clinician, password=PASSWORD, version=saved.session.version)
    assert "at least 6 weeks" in gap.soon_words(Booking.objects.get(pk=visit.pk))
    with pytest.raises(GapRefused):
        door.move(visit, starts_at=at(case, 25), by=desk)


def test_the_next_session_is_not_pushed_nearer_from_behind(case):
    treat(case)
    second, third = book(case, 28), book(case, 56, 3)
    with pytest.raises(GapRefused, match=r"session 3 is on .* move session 3 first"):
        door.move(second, starts_at=at(case, 29), by=case.clinician, gap_reason="Holiday")
    door.move(third, starts_at=at(case, 50), by=case.clinician, gap_reason="Holiday")
    assert door.move(second, starts_at=at(case, 28), by=case.clinician).pk


def test_no_reason_turns_the_order_of_the_sessions_round(case, desk):
    first, third = book(case, 10, 1), book(case, 70, 3)
    with pytest.raises(GapRefused, match=r"keep their order\. Session 1 is on .* session 3 comes after it") as refused:
        door.move(third, starts_at=at(case, 9), by=case.clinician, gap_reason="Wedding")
    assert not refused.value.may_be_overridden
    with pytest.raises(GapRefused, match="session 1 comes before it; move session 3 first"):
        door.move(first, starts_at=at(case, 80), by=case.clinician, gap_reason="Wedding")
    with pytest.raises(GapRefused, match="keep their order"):
        book(case, 80, 2, gap_reason="Wedding")


def test_the_gap_holds_between_neighbours_in_time_whatever_their_numbers(case, desk):
    """Sessions that stand in another order, as they once could be put: none is brought near to another without a word."""
    first, _, third = book(case, 40, 1), book(case, 70, 2), book(case, 130, 3)

    def put(visit, days):
        Booking.objects.filter(pk=visit.pk).update(starts_at=at(case, days), ends_at=at(case, days) + (visit.ends_at - visit.starts_at))

    put(third, 39)
    for days in (38, 41):  # a day before session 3, and after it
        with pytest.raises(GapRefused):
            gap.check_gap(case.plan, 1, at(case, days), ignoring=first, by=desk)
    put(first, 75)
    with pytest.raises(GapRefused, match="session 1 is on"):
        gap.check_gap(case.plan, 3, at(case, 101), ignoring=third, by=desk)  # 31 days after session 2, 26 after session 1
    assert gap.check_gap(case.plan, 3, at(case, 103), ignoring=third, by=desk) is None


def test_what_was_passed_over_stays_so_and_the_next_session_goes_after_what_is_done(case):
    first = book(case, 100, 1)
    visit_status.cancel(first, reason="Wish", by=case.clinician)
    treat(case, number=3)
    with pytest.raises(BookingRefused, match=r"Session 3 of plan 1 is done, so session 1 was passed over\. The next .* is session 4"):
        book(case, 28, 1)
    with pytest.raises(BookingRefused, match="passed over"):
        door.reinstate(first, by=case.clinician)
    assert consequence_of(Booking.objects.get(pk=first.pk), by=case.clinician) is None
    course = propose_course(case.plan, first_day=local_day(timezone.now(), gap.clinic_zone(case.site)), time=dt.time(10))
    sessions = [line for line in course.lines if not line.is_review]
    assert [(line.number, line.state) for line in sessions] == [(3, "done"), (4, "free")]
    assert [line.gap_words for line in sessions] == ["The sessions before it were passed over", "4 weeks after session 3"]
    assert book(case, 28, None).session_number == 4
    with pytest.raises(BookingRefused, match="For further sessions, make a new plan"):
        door.next_number(case.plan)


@pytest.mark.both_engines
def test_the_record_takes_the_word_over_and_the_treatment_room_asks_the_same(case):
    signed(case, days=-20)
    visit = case.booking(2)
    Booking.objects.filter(pk=visit.pk).update(
        gap_reason="Skin seen and healed", gap_by=case.clinician, gap_at=timezone.now(), gap_first_day=timezone.localdate()
    )
    session = start(Booking.objects.get(pk=visit.pk), case.clinician)
    assert (session.gap_reason, session.gap_by) == ("Skin seen and healed", case.clinician)


def test_the_treatment_room_asks_for_the_longer_wait_too(case):
    treat(case, depth="1.75", days=-35)
    words = next(row.words for row in day_check(case.started(2)).conditions if row.name == "gap")
    assert "went to 1.75\xa0mm on the cheeks" in words


@pytest.mark.both_engines
def test_the_database_keeps_no_word_without_a_name(case):
    visit = case.booking(1)
    with pytest.raises(IntegrityError, match="sooner_visit_says_who_and_why"), transaction.atomic():
        Booking.objects.filter(pk=visit.pk).update(gap_reason="Because")
