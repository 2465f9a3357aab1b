"""The day of a visit: numbing, lateness and what still fits, what is taken back, and a missed session booked again with its course."""

import datetime as dt
import re
from dataclasses import replace
from itertools import pairwise

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.versioning import StaleRow
from audit.models import AuditEvent
from sessions.models import Absence, Booking, ResourceHours, ServiceTime
from sessions.services import booking as door
from sessions.services import visit_status, visit_steps
from sessions.services.course import Slot, book_course
from sessions.services.course_again import book_again, consequence_of, take_back
from sessions.services.course_move import PreviewStale, Step
from sessions.services.hours import clinician_minutes, local_day, same_clock
from sessions.services.lateness import begin_late, needed_minutes, still_fits
from sessions.services.party import FreeTime
from sessions.services.refusals import AlreadyBooked, BookingRefused, InThePast, NotNow

pytestmark = pytest.mark.django_db

NOON = dt.timedelta(hours=12)


@pytest.fixture
def at_noon(monkeypatch, diary):
    """It is noon of a Monday: visits of that day can be late, begun and missed whatever the hour is really."""
    now = diary.at(diary.monday(), 12)
    monkeypatch.setattr(timezone, "now", lambda: now)
    return now


@pytest.fixture
def today(diary, at_noon, book):
    """`today(hour, minute)`: a visit of today, booked in the morning."""

    def one(hour, minute=0, **fields):
        start = diary.at(local_day(at_noon, diary.zone), hour, minute)
        real = timezone.now
        timezone.now = lambda: start - dt.timedelta(hours=20)
        try:
            return book(start, **fields)
        finally:
            timezone.now = real

    return one


def logged(booking):
    rows = AuditEvent.objects.filter(object_type="treatment_sessions.booking", object_pk=str(booking.pk))
    return list(rows.order_by("pk").values_list("action", flat=True))


# Numbing


def test_numbing_says_since_when_and_when_it_is_ready(today, desk, at_noon):
    visit = visit_status.arrive(today(12, 15), by=desk)
    on = visit_steps.numbing_on(visit, by=desk, version=visit.version)
    numbing = visit_steps.numbing_of(on)
    assert (numbing.started_at, numbing.minutes, numbing.since, numbing.left) == (at_noon, 30, 0, 30)
    assert numbing.ready_at == at_noon + dt.timedelta(minutes=30)
    assert logged(visit)[-1] == "booking.numbing_on"
    again = visit_steps.numbing_on(on, by=desk, version=visit.version)
    assert again.version == on.version  # sent twice: the first time stays


def test_the_numbing_time_is_that_of_the_sites_settings(diary, today, desk):
    ServiceTime.objects.create(site=diary.site, kind="session", numbing_minutes=45, needling_minutes=50, clean_down_minutes=10)
    visit = visit_status.arrive(today(12, 15), by=desk)
    assert visit_steps.numbing_of(visit_steps.numbing_on(visit, by=desk)).minutes == 45


def test_numbing_only_for_who_is_here_and_where_the_visit_has_any(today, desk, make_patient):
    visit = today(13)
    with pytest.raises(NotNow, match="marked as here"):
        visit_steps.numbing_on(visit, by=desk)
    talk = visit_status.arrive(today(15, kind="consultation", patient=make_patient()), by=desk)
    with pytest.raises(NotNow, match="no numbing"):
        visit_steps.numbing_on(talk, by=desk)


@pytest.mark.both_engines
def test_numbing_is_taken_back_and_goes_with_the_arrival(today, desk):
    visit = visit_status.arrive(today(13), by=desk)
    on = visit_steps.numbing_on(visit, by=desk)
    assert visit_steps.numbing_off(on, by=desk).numbing_started_at is None
    on = visit_steps.numbing_on(on, by=desk)
    assert visit_status.not_arrived(on, by=desk).numbing_started_at is None


@pytest.mark.parametrize(
    ("to", "said"),
    [((15, 0), "by then it has been on for"), ((12, 20), ""), ((12, 5), ""), ((12, 15), "")],
    ids=["hours", "later", "soon", "stays"],
)
def test_moved_the_same_day_the_visit_says_what_its_numbing_is_to_the_new_time(screen, diary, today, desk, at_noon, to, said):
    visit = visit_steps.numbing_on(visit_status.arrive(today(12, 15), by=desk), by=desk)
    moved = door.move(visit, starts_at=diary.at(local_day(at_noon, diary.zone), *to), by=desk)
    numbing = visit_steps.numbing_of(moved)
    assert (numbing.started_at, numbing.minutes) == (at_noon, 30)  # when it went on stays true
    page = screen().get(reverse("sessions:booking", args=[visit.pk])).content.decode()
    assert ("The needling of this visit is at" in page) == bool(said)
    assert said in page


def test_moved_away_to_another_day_and_undone_who_was_here_is_here_still(screen, diary, today, desk, at_noon):
    visit = visit_steps.numbing_on(visit_status.arrive(today(12, 15, kind="session"), by=desk), by=desk)
    tomorrow = local_day(at_noon, diary.zone) + dt.timedelta(days=1)
    here = {"HX-Request": "true", "HX-Target": "toasts", "HX-Current-URL": "http://testserver/calendar/"}
    url = reverse("sessions:move", args=[visit.pk])
    client = screen()
    gone = client.post(url, {"version": visit.version, "day": tomorrow.isoformat()}, headers=here)
    visit.refresh_from_db()
    assert (visit.status, visit.arrived_at, visit.numbing_started_at) == ("booked", None, None)
    undo = gone.context["toast"].undo
    assert client.post(undo.url, undo.fields, headers=here).status_code == 200
    visit.refresh_from_db()
    assert (visit.status, visit.arrived_at, visit.numbing_started_at) == ("arrived", at_noon, at_noon)


@pytest.mark.parametrize("how", ["cancel", "missed"])
def test_cancelled_or_missed_by_mistake_and_undone_who_was_here_is_here_still(screen, today, desk, at_noon, how):
    visit = visit_steps.numbing_on(visit_status.arrive(today(11, 45, kind="session"), by=desk), by=desk)
    client, here = screen(), {"HX-Request": "true", "HX-Target": "toasts", "HX-Current-URL": "http://testserver/calendar/"}
    url = reverse("sessions:cancel", args=[visit.pk]) if how == "cancel" else reverse("sessions:step", args=[visit.pk, how])
    undo = client.post(url, {"version": visit.version, "reason": "Patient asked"}, headers=here).context["toast"].undo
    for _ in range(2):  # the second press changes nothing
        client.post(undo.url, undo.fields, headers=here)
        visit.refresh_from_db()
        assert (visit.status, visit.arrived_at, visit.numbing_started_at) == ("arrived", at_noon, at_noon)
        assert set(visit.holds.values_list("is_live", flat=True)) == {True}


def test_brought_back_by_hand_or_after_the_time_to_undo_it_waits_for_the_patient_anew(today, desk, at_noon, monkeypatch):
    by_hand, late = today(12, 15), today(14, 0)
    for visit in (by_hand, late):
        visit_status.cancel(visit_status.arrive(visit, by=desk), reason="Patient asked", by=desk)
    assert door.reinstate(by_hand, by=desk).status == "booked"
    monkeypatch.setattr("sessions.services.booking.UNDO", dt.timedelta(seconds=-1))
    back = door.reinstate(late, by=desk, undone=True)
    assert (back.status, back.arrived_at) == ("booked", None)


def test_a_move_back_by_hand_brings_no_arrival_back(diary, today, desk, at_noon):
    visit = visit_status.arrive(today(12, 15), by=desk)
    was = visit.starts_at
    door.move(visit, starts_at=was + dt.timedelta(days=1), by=desk)
    assert door.move(visit, starts_at=was, by=desk).status == "booked"


@pytest.mark.both_engines
def test_a_stale_press_changes_nothing(today, desk):
    visit = visit_status.arrive(today(13), by=desk)
    with pytest.raises(StaleRow):
        visit_steps.numbing_on(visit, by=desk, version=visit.version - 1)
    assert Booking.objects.get(pk=visit.pk).numbing_started_at is None


# Steps and the way back


@pytest.mark.both_engines
def test_every_step_of_the_day_has_its_way_back(today, desk):
    visit = today(12, kind="consultation")
    for act, back, between in (
        (visit_status.arrive, visit_status.not_arrived, "arrived"),
        (visit_status.missed, door.reinstate, "missed"),
    ):
        assert act(visit, by=desk).status == between
        assert back(visit, by=desk).status == "booked"
    visit_status.arrive(visit, by=desk)
    assert visit_status.in_room(visit, by=desk).status == "in_room"
    assert visit_status.not_in_room(visit, by=desk).status == "arrived"
    visit_status.in_room(visit, by=desk)
    assert visit_status.done(visit, by=desk).status == "done"
    assert visit_status.not_done(visit, by=desk).status == "in_room"
    assert visit.holds.filter(is_live=False).count() == 0


def test_who_was_never_marked_as_here_is_not_here_again_once_taken_back_from_the_room(today, desk):
    visit = today(12, kind="consultation")
    in_room = visit_status.in_room(visit, by=desk)
    visit_status.not_done(visit_status.done(in_room, by=desk), by=desk)  # what lies between does not hide how it began
    read = Booking.objects.get(pk=visit.pk)
    back = visit_status.not_in_room(read, by=desk, version=read.version)
    assert (back.status, back.arrived_at) == ("booked", None)
    visit_status.arrive(back, by=desk)
    assert visit_status.not_in_room(read, by=desk, version=read.version).status == "arrived"  # an old press takes no new arrival back
    # The control: marked as here by somebody, it stays here.
    here = visit_status.not_in_room(visit_status.in_room(Booking.objects.get(pk=visit.pk), by=desk), by=desk)
    assert here.status == "arrived"
    assert here.arrived_at is not None


def test_a_visit_with_a_record_stays_where_the_record_has_it(today, desk, plan, clinician):
    from sessions.models import TreatmentSession

    visit = visit_status.in_room(visit_status.arrive(today(12, plan=plan), by=desk), by=desk)
    TreatmentSession.objects.create(
        booking=visit, patient=visit.patient, plan=plan, session_number=1, clinician=clinician, started_at=timezone.now()
    )
    visit = Booking.objects.get(pk=visit.pk)
    with pytest.raises(NotNow, match="A record of this visit stands"):
        visit_status.not_in_room(visit, by=desk)


def test_marked_as_missed_by_mistake_comes_back_on_its_day_only(today, desk, monkeypatch, at_noon):
    visit = visit_status.missed(today(9), by=desk)
    monkeypatch.setattr(timezone, "now", lambda: at_noon + dt.timedelta(days=1))
    with pytest.raises(InThePast):
        door.reinstate(visit, by=desk)
    monkeypatch.setattr(timezone, "now", lambda: at_noon)
    assert door.reinstate(visit, by=desk).status == "booked"


# Late


@pytest.mark.both_engines
def test_lateness_is_kept_and_taken_back(today, desk):
    visit = today(13)
    late = visit_steps.say_late(visit, minutes=20, by=desk, version=visit.version)
    assert (late.late_minutes, late.starts_at) == (20, visit.starts_at)
    assert AuditEvent.objects.get(action="booking.late").detail == {"late_minutes": 20}
    assert visit_steps.say_late(late, minutes=None, by=desk).late_minutes is None
    assert logged(visit)[-2:] == ["booking.late", "booking.not_late"]


@pytest.mark.parametrize("minutes", [0, -5, 721])
def test_minutes_late_must_be_minutes_of_a_day(today, desk, minutes):
    with pytest.raises(BookingRefused, match="1 to 720"):
        visit_steps.say_late(today(13), minutes=minutes, by=desk)


def test_late_counts_from_the_start_so_it_is_more_than_what_has_gone_by(today, desk):
    with pytest.raises(BookingRefused, match="began 30"):
        visit_steps.say_late(today(11, 30), minutes=10, by=desk)


def test_who_is_here_or_comes_another_day_is_not_late(diary, today, book, desk, make_patient):
    here = visit_status.arrive(today(13), by=desk)
    with pytest.raises(NotNow, match="waited for"):
        visit_steps.say_late(here, minutes=10, by=desk)
    other = book(diary.at(diary.monday(2), 10), patient=make_patient())
    with pytest.raises(NotNow, match="on the day"):
        visit_steps.say_late(other, minutes=10, by=desk)


def test_a_visit_of_the_usual_length_never_gets_less_than_the_service_needs(today, desk, diary):
    visit = visit_steps.say_late(today(13), minutes=20, by=desk)
    fits = still_fits(visit)
    assert (fits.shorter, fits.needs, fits.in_place) == (30, 50, False)
    with pytest.raises(BookingRefused, match="needs 50"):
        begin_late(visit, by=desk)
    assert clinician_minutes(Booking.objects.get(pk=visit.pk)) == 50
    assert fits.later.starts_at == visit.starts_at + dt.timedelta(minutes=20)
    assert (fits.later.clinician, fits.later.room, fits.later.device) == (diary.osei, diary.room1, diary.pen)


def test_the_time_after_it_is_taken_so_other_times_are_offered(today, desk, make_patient, diary):
    visit = visit_steps.say_late(today(12, 30), minutes=30, by=desk)
    today(13, 45, patient=make_patient(), room=diary.room2)  # Dr Osei needles from 14:15: 13:00 to 14:30 no longer fits
    fits = still_fits(visit)
    assert fits.later is None
    assert fits.times
    assert all(time.starts_at >= fits.expected_at for time in fits.times)


def test_a_visit_booked_longer_begins_later_and_ends_as_booked(today, desk):
    visit = today(13)
    visit = door.resize(visit, minutes=80, by=desk)
    late = visit_steps.say_late(visit, minutes=23, by=desk)
    fits = still_fits(late)
    assert (fits.in_place, fits.shorter, fits.needs) == (True, 55, 50)  # here at 13:25, at a step of the clock
    moved = begin_late(late, by=desk, version=late.version)
    assert (moved.starts_at, moved.ends_at) == (visit.starts_at + dt.timedelta(minutes=25), visit.ends_at)
    assert clinician_minutes(moved) == 55 >= needed_minutes(moved)
    assert moved.late_minutes is None


def test_moving_a_late_visit_forgets_that_it_was_late(today, desk, diary):
    visit = visit_steps.say_late(today(13), minutes=20, by=desk)
    assert door.move(visit, starts_at=visit.starts_at + dt.timedelta(minutes=20), by=desk).late_minutes is None


# A session that did not take place


@pytest.fixture
def course(diary, plan, desk):
    """Four sessions at ten o'clock, four weeks apart, and the review."""
    start = diary.at(diary.monday(), 10)
    slots = [Slot(n + 1, same_clock(start, 28 * n, diary.zone), diary.osei) for n in range(4)]
    slots.append(Slot(0, same_clock(start, 28 * 4, diary.zone), diary.osei))
    return book_course(plan, slots=slots, by=desk, request_key="course")


@pytest.fixture
def second_missed(course, diary, desk, monkeypatch):
    """The first was done, the second was missed; it is noon of that day."""
    monkeypatch.setattr(timezone, "now", lambda: course[0].starts_at + dt.timedelta(minutes=5))
    visit_status.done(visit_status.in_room(course[0], by=desk), by=desk)
    monkeypatch.setattr(timezone, "now", lambda: course[1].starts_at + dt.timedelta(hours=2))
    return visit_status.missed(course[1], by=desk)


def test_a_missed_session_says_when_it_may_be_again_and_what_moves_along(second_missed, course, desk, diary):
    follows = consequence_of(second_missed, by=desk)
    today = local_day(timezone.now(), diary.zone)
    assert follows.first_day == today
    assert follows.sentence.startswith("Session 2 is to be booked again. The first day its healing gap allows is ")
    soonest = follows.offers[0]
    assert local_day(soonest.time.starts_at, diary.zone) == today
    assert not soonest.moves  # four weeks from today the third still stands well
    tomorrow = follows.offers[1]
    assert [step.booking.pk for step in tomorrow.moves] == [row.pk for row in course[2:]]
    assert all(step.to.starts_at > step.booking.starts_at for step in tomorrow.moves)


@pytest.mark.both_engines
def test_one_press_books_it_again_and_moves_the_later_ones_as_shown(second_missed, course, desk, diary):
    offer = consequence_of(second_missed, by=desk).offers[1]
    asked = {"starts_at": offer.time.starts_at, "clinician": offer.time.clinician, "token": offer.way.token}
    new, *moved = book_again(second_missed, by=desk, request_key="again", **asked)
    assert (new.session_number, new.starts_at, new.status) == (2, offer.time.starts_at, "booked")
    assert [(row.pk, row.starts_at) for row in moved] == [(s.booking.pk, s.to.starts_at) for s in offer.moves]
    days = [local_day(row.starts_at, diary.zone) for row in Booking.objects.live().filter(kind="session").order_by("session_number")]
    assert all((later - earlier).days >= 28 for earlier, later in pairwise(days))
    assert Booking.objects.get(pk=second_missed.pk).status == "missed"  # what happened stays
    assert book_again(second_missed, by=desk, request_key="again", **asked) == [new]
    with pytest.raises(AlreadyBooked):
        book_again(second_missed, by=desk, request_key="a second time", **asked)
    assert consequence_of(second_missed, by=desk) is None


@pytest.mark.both_engines
def test_it_is_taken_back_with_all_that_moved_along(second_missed, course, desk):
    def stand():
        return list(Booking.objects.live().order_by("starts_at").values_list("pk", "starts_at", "clinician", "room", "device"))

    before = stand()
    offer = consequence_of(second_missed, by=desk).offers[1]
    was = {step.booking.pk: step.booking for step in offer.moves}
    asked = {"starts_at": offer.time.starts_at, "clinician": offer.time.clinician, "token": offer.way.token}
    new, *moved = book_again(second_missed, by=desk, request_key="again", **asked)
    back = [
        Step(row, FreeTime(old.starts_at, old.ends_at, old.clinician, old.room, old.device), version=row.version)
        for row in moved
        for old in (was[row.pk],)
    ]
    with pytest.raises(StaleRow):  # one changed meanwhile: none goes back
        take_back(new, [*back[:-1], replace(back[-1], version=back[-1].version - 1)], by=desk, version=new.version)
    assert Booking.objects.get(pk=new.pk).status == "booked"
    take_back(new, back, by=desk, version=new.version)
    assert stand() == before
    assert Booking.objects.get(pk=new.pk).status == "cancelled"
    assert consequence_of(second_missed, by=desk).offers  # it may be booked again, at another time


@pytest.mark.both_engines
def test_nothing_stands_half_booked_where_the_diary_changed(second_missed, course, desk, diary):
    offer = consequence_of(second_missed, by=desk).offers[1]
    before = list(Booking.objects.order_by("pk").values_list("pk", "starts_at", "version"))
    day = dt.timedelta(days=1)
    Absence.objects.create(
        resource=diary.osei, starts_at=offer.moves[0].to.starts_at, ends_at=offer.moves[0].to.starts_at + day, reason="Leave"
    )
    with pytest.raises(PreviewStale):
        book_again(
            second_missed, by=desk, request_key="k", starts_at=offer.time.starts_at, clinician=offer.time.clinician, token=offer.way.token
        )
    assert list(Booking.objects.order_by("pk").values_list("pk", "starts_at", "version")) == before


def test_the_review_moves_along_with_a_missed_last_session(course, desk, diary, monkeypatch):
    for row in course[:3]:
        monkeypatch.setattr(timezone, "now", lambda row=row: row.starts_at + dt.timedelta(minutes=5))
        visit_status.done(visit_status.in_room(row, by=desk), by=desk)
    monkeypatch.setattr(timezone, "now", lambda: course[3].starts_at + dt.timedelta(hours=2))
    missed = visit_status.missed(course[3], by=desk)
    offers = consequence_of(missed, by=desk).offers
    assert [step.booking.kind for step in offers[1].moves] == ["review"]


def test_nothing_follows_where_no_session_of_a_plan_in_force_is_missing(today, desk, plan, make_patient):
    talk = visit_status.missed(today(9, kind="consultation"), by=desk)
    assert consequence_of(talk, by=desk) is None
    session = visit_status.missed(today(10, plan=plan), by=desk)
    assert consequence_of(session, by=desk) is not None
    plan.status = "stopped"
    plan.save(update_fields=["status"])
    assert consequence_of(Booking.objects.with_names().get(pk=session.pk), by=desk) is None


# On the screen


@pytest.fixture
def screen(client, desk):
    """Signed in now, whenever that is in the test."""

    def now():
        client.force_login(desk)
        return client

    return now


def send(client, name, booking, *args, **data):
    fresh = Booking.objects.get(pk=booking.pk)
    return client.post(reverse(f"sessions:{name}", args=[booking.pk, *args]), {"version": fresh.version, **data})


def test_the_visit_shows_the_timer_and_the_way_back(screen, today, desk):
    screen, visit = screen(), visit_status.arrive(today(12, 15), by=desk)
    assert send(screen, "step", visit, "numbing-on").status_code == 302
    page = screen.get(reverse("sessions:booking", args=[visit.pk])).content.decode()
    assert "data-numbing" in page
    assert "Ready at" in page
    assert "numbing-off" in page


def test_late_is_said_in_words_and_what_still_fits_is_one_press(screen, today, diary):
    visit, screen = today(13), screen()
    assert send(screen, "late", visit, late="20").status_code == 302
    page = screen.get(reverse("sessions:booking", args=[visit.pk])).content.decode()
    assert "Where it stands it no longer fits" in page
    assert 'name="slot"' in page
    bad = send(screen, "late", visit, late="soon")
    assert bad.status_code == 422
    assert "Minutes late must be a whole number" in bad.content.decode()
    assert 'value="soon"' in bad.content.decode()


def test_a_missed_session_is_booked_again_from_its_page(screen, second_missed):
    screen = screen()
    page = screen.get(reverse("sessions:booking", args=[second_missed.pk])).content.decode()
    assert "What follows" in page
    time = re.search(r'name="time" value="([^"]+)"', page)[1]
    token, key = (re.search(rf'name="{name}" value="([^"]+)"', page)[1] for name in ("token", "request_key"))
    reply = screen.post(reverse("sessions:again", args=[second_missed.pk]), {"time": time, "token": token, "request_key": key})
    assert reply.status_code == 302
    assert Booking.objects.live().filter(session_number=2).count() == 1


@pytest.mark.parametrize("offer", [0, 1])
def test_booked_again_in_the_calendar_is_undone_with_one_press(screen, second_missed, course, offer):
    """The soonest time, which leaves the later ones alone, and the next, with which they move along."""
    screen = screen()
    url, day = reverse("sessions:again", args=[second_missed.pk]), f"{timezone.localdate():%Y-%m-%d}"
    in_the_calendar = {
        "HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "toasts", "HTTP_HX_CURRENT_URL": f"http://testserver/calendar/{day}/",
    }  # fmt: skip
    before = dict(Booking.objects.live().values_list("pk", "starts_at"))
    page = screen.get(reverse("sessions:booking", args=[second_missed.pk])).content.decode()
    times, tokens = (re.findall(rf'name="{name}" value="([^"]+)"', page) for name in ("time", "token"))
    sent = {"time": times[offer], "token": tokens[offer], "request_key": re.search(r'name="request_key" value="([^"]+)"', page)[1]}
    reply = screen.post(url, sent, **in_the_calendar).content.decode()
    new = Booking.objects.live().get(session_number=2)
    undo = re.search(r"<form[^>]*data-undo.*?</form>", reply, re.DOTALL)[0]
    assert f'action="{url}"' in undo
    fields = {name: re.search(rf'name="{name}" value="([^"]*)"', undo)[1] for name in ("new", "back")}
    assert bool(fields["back"]) is bool(offer)
    again = screen.post(url, sent, **in_the_calendar).content.decode()
    assert "data-undo" not in again  # pressed twice: the second made nothing
    reply = screen.post(url, fields, **in_the_calendar)
    assert reply.status_code == 200
    assert "Taken back" in reply.content.decode()
    assert dict(Booking.objects.live().values_list("pk", "starts_at")) == before
    assert screen.post(url, fields, **in_the_calendar).status_code == 409
    assert Booking.objects.get(pk=new.pk).status == "cancelled"


@pytest.mark.parametrize("sent", [{"new": "1/x"}, {"new": "1/2/3"}, {"new": "x", "back": "y"}])
def test_an_undo_that_no_page_of_ours_sent_is_not_found(screen, second_missed, sent):
    assert screen().post(reverse("sessions:again", args=[second_missed.pk]), sent).status_code == 404


def test_a_time_nobody_showed_is_answered_in_words(screen, second_missed):
    reply = screen().post(reverse("sessions:again", args=[second_missed.pk]), {"time": "whenever"})
    assert reply.status_code == 422
    assert "Choose one of the times" in reply.content.decode()


def test_closed_hours_are_never_offered(today, desk, diary):
    ResourceHours.objects.filter(resource__kind="clinician").update(closes=dt.time(15))
    visit = visit_steps.say_late(today(13), minutes=60, by=desk)
    fits = still_fits(visit)
    assert fits.later is None
    assert all(local_day(time.starts_at, diary.zone) > local_day(visit.starts_at, diary.zone) for time in fits.times)
