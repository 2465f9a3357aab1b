"""The one door to the diary: what is booked, what is refused and why, and what each step does to the holds."""

import datetime as dt
from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.versioning import StaleRow
from audit.models import AuditEvent
from plans.models import TreatmentPlan
from sessions.models import Absence, Booking, Hold, ResourceHours, ServiceTime
from sessions.services import booking as door
from sessions.services import visit_status
from sessions.services.refusals import (
    AlreadyBooked,
    BookingRefused,
    GapRefused,
    InThePast,
    KeyUsed,
    NotNow,
    NotSuitable,
    OutsideHours,
    ResourceAbsent,
    SlotTaken,
)

pytestmark = pytest.mark.django_db


def minutes_held(booking):
    def minute(moment):
        return round((moment - booking.starts_at).total_seconds() / 60)

    return {(hold.segment, minute(hold.starts_at), minute(hold.ends_at)) for hold in booking.holds.all()}


@pytest.mark.both_engines
def test_a_session_holds_each_resource_for_its_own_minutes(diary, book):
    booking = book(diary.at(diary.monday(), 10))
    assert {(h.segment, h.subject) for h in booking.holds.all()} == {
        ("numbing", f"p{booking.patient_id}"),
        ("numbing", f"r{diary.room1.pk}"),
        ("needling", f"p{booking.patient_id}"),
        ("needling", f"r{diary.osei.pk}"),
        ("needling", f"r{diary.room1.pk}"),
        ("needling", f"r{diary.pen.pk}"),
        ("clean_down", f"r{diary.room1.pk}"),
    }
    assert minutes_held(booking) == {("numbing", 0, 30), ("needling", 30, 80), ("clean_down", 80, 90)}
    assert booking.ends_at - booking.starts_at == dt.timedelta(minutes=90)


def test_minutes_come_from_the_sites_own_table(diary, book):
    ServiceTime.objects.create(site=diary.site, kind="review", numbing_minutes=0, needling_minutes=20, clean_down_minutes=5)
    booking = book(diary.at(diary.monday(), 10), kind="review")
    assert booking.ends_at - booking.starts_at == dt.timedelta(minutes=25)


def test_booking_writes_one_audit_row(diary, book):
    booking = book(diary.at(diary.monday(), 10))
    events = AuditEvent.objects.filter(object_type="treatment_sessions.booking", object_pk=str(booking.pk))
    assert [event.action for event in events] == ["booking.made"]


def test_back_to_back_visits_both_stand(diary, book, make_patient):
    day = diary.monday()
    book(diary.at(day, 9), kind="consultation")
    second = book(diary.at(day, 9, 45), kind="consultation", patient=make_patient())
    assert second.pk


def test_the_clinician_is_free_while_the_next_patient_is_numbed(diary, book, make_patient):
    day = diary.monday()
    book(diary.at(day, 9))  # needled 09:30 to 10:20
    second = book(diary.at(day, 9, 50), patient=make_patient(), room=diary.room2)  # numbed 09:50 to 10:20, needled from 10:20
    assert second.pk


@pytest.mark.both_engines
@pytest.mark.parametrize("shared", ["clinician", "room", "device", "patient"])
def test_each_resource_alone_makes_a_clash(diary, book, patient, make_patient, shared):
    start = diary.at(diary.monday(), 10)
    book(start)
    others = {"clinician": diary.berg, "room": diary.room2, "device": diary.pen2, "patient": make_patient()}
    del others[shared]
    with pytest.raises(SlotTaken) as refused:
        book(start, **others)
    name = {"clinician": "Dr Amara Osei", "room": "Room 1", "device": "Powered pen A", "patient": "The patient"}[shared]
    assert refused.value.message.startswith(f"{name} is taken at 10:00")
    assert Booking.objects.count() == 1
    assert not Hold.objects.exclude(booking=Booking.objects.get()).exists()


@pytest.mark.both_engines
def test_a_clash_offers_the_nearest_free_times_that_then_can_be_booked(diary, book, make_patient):
    start = diary.at(diary.monday(), 10)
    book(start)
    with pytest.raises(SlotTaken) as refused:
        book(start, patient=make_patient())
    nearest = refused.value.nearest
    assert len(nearest) == 4
    assert nearest == sorted(nearest, key=lambda slot: slot.starts_at)
    for slot in nearest:
        assert slot.clinician == diary.osei
        assert abs(slot.starts_at - start) < dt.timedelta(hours=2)
    first = nearest[0]
    assert book(first.starts_at, patient=make_patient(), clinician=first.clinician, room=first.room, device=first.device).pk


def test_open_roles_are_filled_with_what_is_free(diary, book, make_patient):
    start = diary.at(diary.monday(), 10)
    book(start)
    second = book(start, patient=make_patient(), clinician=None, room=None, device=None)
    assert (second.clinician, second.room, second.device) == (diary.berg, diary.room2, diary.pen2)
    with pytest.raises(SlotTaken):
        book(start, patient=make_patient(), clinician=None, room=None, device=None)


@pytest.mark.both_engines
def test_the_same_request_twice_is_one_booking(diary, book):
    start, key = diary.at(diary.monday(), 10), diary.key()
    assert book(start, request_key=key) == book(start, request_key=key)
    assert Booking.objects.count() == 1


@pytest.mark.both_engines
def test_a_request_key_with_another_patient_is_not_taken_for_a_double_click(diary, book, make_patient):
    key = diary.key()
    first = book(diary.at(diary.monday(), 10), request_key=key)
    with pytest.raises(KeyUsed) as refused:
        book(diary.at(diary.monday(), 12), request_key=key, patient=make_patient())
    assert refused.value.booking == first


@pytest.mark.parametrize(
    ("hour", "minute", "words"),
    [
        (8, 55, "Dr Amara Osei is there 09:00 to 17:00 on Mondays"),
        (16, 20, "09:00 to 17:00"),
        (3, 0, "09:00 to 17:00"),
    ],
)
def test_outside_hours_is_refused_with_the_hours(diary, book, hour, minute, words):
    with pytest.raises(OutsideHours, match=words):
        book(diary.at(diary.monday(), hour, minute), kind="consultation")


def test_the_last_visit_may_end_exactly_at_closing(diary, book):
    assert book(diary.at(diary.monday(), 16, 15), kind="consultation").pk
    with pytest.raises(OutsideHours):
        book(diary.at(diary.monday(2), 16, 20), kind="consultation")


def test_only_the_room_needs_to_stay_open_for_the_clean_down(diary, book):
    from sessions.models import ResourceHours

    ResourceHours.objects.filter(resource__in=[diary.osei, diary.pen]).update(closes=dt.time(16, 50))
    assert book(diary.at(diary.monday(), 15, 30)).pk  # needled until 16:50, cleaned until 17:00


def test_a_closed_weekday_is_refused(diary, book):
    with pytest.raises(OutsideHours, match="Dr Amara Osei does not work on Sundays"):
        book(diary.at(diary.monday() + dt.timedelta(days=6), 10))


def test_an_absence_is_refused_by_name_and_only_while_it_lasts(diary, book):
    day = diary.monday()
    Absence.objects.create(resource=diary.osei, starts_at=diary.at(day, 10), ends_at=diary.at(day, 12), reason="Training")
    with pytest.raises(ResourceAbsent, match=r"Dr Amara Osei is away then \(Training\), until .*12:00"):
        book(diary.at(day, 9, 30), kind="consultation")
    assert book(diary.at(day, 9, 15), kind="consultation").pk  # ends as the absence begins
    assert book(diary.at(day, 12), kind="consultation").pk


def test_the_past_is_refused(diary, book):
    with pytest.raises(InThePast, match="must begin in the future"):
        book(timezone.now().replace(second=0, microsecond=0) - dt.timedelta(minutes=5))


@pytest.mark.parametrize(("change", "words"), [({"minute": 7}, "steps of 5 minutes"), ({"years": 3}, "next two years")])
def test_odd_starts_are_refused(diary, book, change, words):
    start = diary.at(diary.monday(), 10, change.get("minute", 0)) + dt.timedelta(days=365 * change.get("years", 0))
    with pytest.raises(BookingRefused, match=words):
        book(start)


def test_a_device_of_another_kind_than_the_plans_is_refused(diary, book, plan):
    roller = diary.add("device", "Roller", device_kind="roller")
    with pytest.raises(NotSuitable, match="The plan needs a pen"):
        book(diary.at(diary.monday(), 10), plan=plan, device=roller)


def test_a_clinician_who_may_not_go_as_deep_is_refused_and_never_proposed(diary, book, patient, make_plan, protocol, signed_off):
    plan = make_plan(patient, protocol_version=protocol)
    signed_off(diary.osei.user, max_depth_mm=Decimal("0.5"))
    with pytest.raises(NotSuitable, match=r"signed off for: Cheeks 1.mm, more than"):
        book(diary.at(diary.monday(), 10), plan=plan)
    assert book(diary.at(diary.monday(), 10), plan=plan, clinician=None).clinician == diary.berg


# Sessions of a plan


@pytest.mark.both_engines
def test_sessions_of_a_plan_are_numbered_in_turn_and_booked_once(diary, book, plan):
    day = diary.monday()
    numbers = [book(diary.at(day + dt.timedelta(weeks=4 * n), 10), plan=plan).session_number for n in range(4)]
    assert numbers == [1, 2, 3, 4]
    with pytest.raises(AlreadyBooked):
        book(diary.at(day + dt.timedelta(weeks=20), 10), plan=plan)
    with pytest.raises(AlreadyBooked, match="Session 2"):
        book(diary.at(day + dt.timedelta(weeks=4), 12), plan=plan, session_number=2)


@pytest.mark.both_engines
@pytest.mark.parametrize(("days", "fine"), [(27, False), (28, True), (1, False), (0, False)])
def test_the_plans_shortest_gap_holds_for_a_single_booking(diary, book, plan, days, fine):
    day = diary.monday() + dt.timedelta(days=1)
    book(diary.at(day, 9), plan=plan)
    later = diary.at(day + dt.timedelta(days=days), 13)
    if fine:
        assert book(later, plan=plan).session_number == 2
    else:
        with pytest.raises(GapRefused, match=r"4 to 8.weeks between sessions and session 1 is on") as refused:
            book(later, plan=plan)
        assert refused.value.first_day == day + dt.timedelta(days=28)


def test_a_session_may_not_slip_in_close_before_the_next(diary, book, plan):
    day = diary.monday(20)
    book(diary.at(day, 9), plan=plan, session_number=2)
    with pytest.raises(GapRefused, match="session 2 is on"):
        book(diary.at(day - dt.timedelta(days=21), 9), plan=plan, session_number=1)
    assert book(diary.at(day - dt.timedelta(days=28), 9), plan=plan, session_number=1)


def test_a_superseded_plan_takes_no_bookings(diary, book, plan):
    TreatmentPlan.objects.filter(pk=plan.pk).update(status="superseded")
    with pytest.raises(BookingRefused, match="in force"):
        book(diary.at(diary.monday(), 10), plan=plan)


def test_the_gap_counts_from_the_last_session_of_the_plan_before(diary, book, plan, make_plan, patient):
    day = diary.monday()
    done = book(diary.at(day, 9), plan=plan)
    Booking.objects.filter(pk=done.pk).update(status="done")
    new = make_plan(patient, number=2, supersedes=plan)
    with pytest.raises(GapRefused, match="the last session of plan 1 was on"):
        book(diary.at(day + dt.timedelta(days=14), 9), plan=new)


# Moving, cancelling, arriving


@pytest.mark.both_engines
def test_a_move_frees_the_old_time_and_takes_the_new(diary, book, desk, make_patient):
    day = diary.monday()
    booking = book(diary.at(day, 10))
    moved = door.move(booking, starts_at=diary.at(day, 10, 15), by=desk, version=booking.version)
    assert moved.starts_at == diary.at(day, 10, 15)
    assert minutes_held(moved) == {("numbing", 0, 30), ("needling", 30, 80), ("clean_down", 80, 90)}
    assert book(diary.at(day, 9), kind="consultation", patient=make_patient(), minutes={"needling": 75}).pk


@pytest.mark.both_engines
def test_a_move_onto_a_taken_time_leaves_the_visit_where_it_was(diary, book, desk, make_patient):
    day = diary.monday()
    book(diary.at(day, 10))
    booking = book(diary.at(day, 13), patient=make_patient())
    with pytest.raises(SlotTaken) as refused:
        door.move(booking, starts_at=diary.at(day, 10, 30), by=desk)
    assert refused.value.nearest
    booking.refresh_from_db()
    assert booking.starts_at == diary.at(day, 13)
    assert booking.holds.filter(is_live=True).count() == 7


def test_a_move_keeps_the_plans_gap(diary, book, desk, plan):
    day = diary.monday()
    book(diary.at(day, 10), plan=plan)
    second = book(diary.at(day + dt.timedelta(weeks=4), 10), plan=plan)
    with pytest.raises(GapRefused):
        door.move(second, starts_at=diary.at(day + dt.timedelta(weeks=3), 10), by=desk)
    assert door.move(second, starts_at=diary.at(day + dt.timedelta(weeks=5), 10), by=desk)


@pytest.mark.both_engines
def test_an_old_form_does_not_move_or_cancel(diary, book, desk):
    booking = book(diary.at(diary.monday(), 10))
    old = booking.version
    door.move(booking, starts_at=diary.at(diary.monday(), 12), by=desk, version=old)
    with pytest.raises(StaleRow):
        door.move(booking, starts_at=diary.at(diary.monday(), 14), by=desk, version=old)
    with pytest.raises(StaleRow):
        visit_status.cancel(booking, reason="Ill", by=desk, version=old)


@pytest.mark.both_engines
def test_the_same_move_sent_twice_is_done_once(diary, book, desk):
    booking = book(diary.at(diary.monday(), 10))
    for _ in range(2):
        door.move(booking, starts_at=diary.at(diary.monday(), 12), by=desk, version=1)
    assert AuditEvent.objects.filter(action="booking.moved").count() == 1


@pytest.mark.both_engines
def test_cancelling_frees_the_time_and_needs_a_reason(diary, book, desk, make_patient):
    start = diary.at(diary.monday(), 10)
    booking = book(start)
    with pytest.raises(BookingRefused, match="Say why"):
        visit_status.cancel(booking, reason="  ", by=desk)
    assert visit_status.cancel(booking, reason="Patient is ill", by=desk).status == "cancelled"
    assert book(start, patient=make_patient()).pk


@pytest.mark.both_engines
def test_a_cancelled_visit_comes_back_only_where_its_time_is_free(diary, book, desk, make_patient):
    start = diary.at(diary.monday(), 10)
    booking = visit_status.cancel(book(start), reason="Patient is ill", by=desk)
    other = book(start, patient=make_patient())
    with pytest.raises(SlotTaken) as refused:
        door.reinstate(booking, by=desk)
    assert refused.value.nearest
    booking.refresh_from_db()
    assert booking.status == "cancelled"
    visit_status.cancel(other, reason="Changed mind", by=desk)
    back = door.reinstate(booking, by=desk)
    assert (back.status, back.holds.filter(is_live=True).count()) == ("booked", 7)
    with pytest.raises(SlotTaken):
        book(start, patient=make_patient())


def today_at_noon(diary, desk, patient):
    """A visit of today, written past the door: the door takes none whose time is over."""
    start = dt.datetime.combine(timezone.now().astimezone(diary.zone).date(), dt.time(12), tzinfo=diary.zone)
    return Booking.objects.create(
        site=diary.site, patient=patient, kind="consultation", starts_at=start, ends_at=start + dt.timedelta(minutes=30),
        clinician=diary.osei, created_by=desk, request_key=diary.key(),
    )  # fmt: skip


@pytest.mark.both_engines
def test_arrive_in_room_done(diary, desk, patient):
    booking = today_at_noon(diary, desk, patient)
    arrived = visit_status.arrive(booking, by=desk)
    assert (arrived.status, arrived.arrived_at is not None) == ("arrived", True)
    assert visit_status.arrive(booking, by=desk).version == arrived.version  # twice is once
    assert visit_status.in_room(arrived, by=desk).status == "in_room"
    assert visit_status.done(arrived, by=desk).status == "done"
    with pytest.raises(NotNow):
        visit_status.cancel(arrived, reason="Too late", by=desk)


def test_arrival_is_only_for_the_day_and_can_be_taken_back(diary, book, desk, make_patient):
    with pytest.raises(NotNow, match="Arrival is marked on the day"):
        visit_status.arrive(book(diary.at(diary.monday(), 10)), by=desk)
    booking = visit_status.arrive(today_at_noon(diary, desk, make_patient()), by=desk)
    back = visit_status.not_arrived(booking, by=desk)
    assert (back.status, back.arrived_at) == ("booked", None)


def test_nobody_is_in_the_room_on_another_day(diary, book, desk):
    booking = book(diary.at(diary.monday(), 10))
    with pytest.raises(NotNow, match="move it to today"):
        visit_status.in_room(booking, by=desk)


def test_a_visit_that_has_not_begun_is_not_missed(diary, book, desk):
    with pytest.raises(NotNow):
        visit_status.missed(book(diary.at(diary.monday(), 10)), by=desk)


# Another length, and a visit now


@pytest.mark.both_engines
def test_a_longer_visit_holds_longer_from_the_same_start(diary, book, desk):
    booking = book(diary.at(diary.monday(), 10))
    longer = door.resize(booking, minutes=80, by=desk, version=booking.version)
    assert (longer.starts_at, longer.version) == (booking.starts_at, booking.version + 1)
    assert minutes_held(longer) == {("numbing", 0, 30), ("needling", 30, 110), ("clean_down", 110, 120)}
    assert door.resize(longer, minutes=80, by=desk).version == longer.version
    event = AuditEvent.objects.get(action="booking.resized")
    assert (event.detail["from"]["minutes"], event.detail["to"]["minutes"]) == (90, 120)


@pytest.mark.both_engines
def test_a_length_over_another_visit_is_refused_and_the_old_one_stays(diary, book, desk, make_patient):
    booking = book(diary.at(diary.monday(), 10))
    book(diary.at(diary.monday(), 11, 30), patient=make_patient())
    before = minutes_held(booking)
    with pytest.raises(SlotTaken) as refused:
        door.resize(booking, minutes=90, by=desk)
    assert refused.value.nearest
    assert minutes_held(Booking.objects.get(pk=booking.pk)) == before


@pytest.mark.parametrize("minutes", [0, -30, 3, 52, 485, 10_000])
def test_a_length_that_cannot_be_is_refused_in_words(diary, book, desk, minutes):
    booking = book(diary.at(diary.monday(), 10))
    with pytest.raises(BookingRefused, match="Choose 5 to 480 minutes, in steps of 5"):
        door.resize(booking, minutes=minutes, by=desk)


def test_a_length_beyond_the_hours_or_of_a_stale_page_is_refused(diary, book, desk):
    booking = book(diary.at(diary.monday(), 15))
    with pytest.raises(OutsideHours):
        door.resize(booking, minutes=120, by=desk)
    door.move(booking, starts_at=diary.at(diary.monday(), 14), by=desk)
    with pytest.raises(StaleRow):
        door.resize(booking, minutes=40, by=desk, version=booking.version)


def test_a_cancelled_visit_has_no_length_to_change(diary, book, desk):
    booking = visit_status.cancel(book(diary.at(diary.monday(), 15)), reason="Wish", by=desk)
    with pytest.raises(NotNow):
        door.resize(booking, minutes=40, by=desk)


@pytest.mark.both_engines
def test_who_walks_in_is_booked_now_and_here(diary, desk, patient, make_patient):
    ResourceHours.objects.all().delete()  # at any hour of any day these two alone are there
    for resource in (diary.osei, diary.room1):
        for weekday in range(7):
            resource.hours.update_or_create(weekday=weekday, defaults={"opens": dt.time(0), "closes": dt.time(23, 59)})
    now = timezone.now()
    if now.astimezone(diary.zone).hour == 23:
        pytest.skip("no visit fits before midnight")
    visit = door.walk_in(patient=patient, kind="consultation", by=desk, request_key="walk")
    assert (visit.status, visit.clinician) == ("arrived", diary.osei)
    assert dt.timedelta(0) <= visit.starts_at - now < dt.timedelta(minutes=5, seconds=2)
    assert door.walk_in(patient=patient, kind="consultation", by=desk, request_key="walk").pk == visit.pk
    with pytest.raises(BookingRefused):
        door.walk_in(patient=make_patient(), kind="consultation", by=desk, request_key="next")
    assert Booking.objects.count() == 1
