"""The waiting list: who fits a time that came free, in which order, and the one press that books it."""

import datetime as dt
import threading
import uuid

import pytest
import time_machine
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from audit.models import AuditEvent
from followup.models import WaitingEntry
from followup.services import freed, waiting
from followup.services.freed import fits
from patients import merge_services
from sessions.models import Booking
from sessions.services import booking as door
from sessions.services import visit_status
from sessions.services.refusals import BookingRefused, SlotTaken

pytestmark = pytest.mark.django_db


@pytest.fixture
def cancelled(diary, book, plan, desk):
    """A session on a Monday at 10 that was cancelled just now: 10:00 to 11:30 with Dr Osei is free."""
    visit = book(diary.at(diary.monday(8), 10), plan=plan)
    return visit_status.cancel(visit, reason="Ill", by=desk)


@pytest.fixture
def put(desk, diary):
    """put(patient, **wishes): on the list, until long after."""

    def put(patient, kind="review", **wishes):
        named = {"until": diary.monday(20), "request_key": diary.key(), "by": desk, **wishes}
        return waiting.add(patient=patient, kind=kind, **named)

    return put


@pytest.fixture
def treated(diary, make_plan, make_patient, signed_off, clinician):
    """treated(ago): a plan whose first session was so many whole weeks before the freed Monday; 4 to 8 weeks, 4 are usual."""
    names = iter(("Adeyemi", "Brook", "Costa", "Dahl", "Evers", "Fodor"))

    def treated(ago, **fields):
        patient = make_patient(surname=next(names))
        plan = make_plan(patient, **fields)
        at = diary.at(diary.monday(8) - dt.timedelta(weeks=ago), 9)
        Booking.objects.create(
            site=patient.site,
            patient=patient,
            plan=plan,
            kind="session",
            session_number=1,
            status="done",
            starts_at=at,
            ends_at=at + dt.timedelta(minutes=90),
            clinician=diary.osei,
            room=diary.room1,
            device=diary.pen,
            created_by=clinician,
            request_key=diary.key(),
        )
        return plan

    return treated


def names(found) -> list[str]:
    return [fit.entry.patient.surname for fit in found.fits]


def test_who_waits_under_two_records_is_offered_it_once(cancelled, put, make_patient, clinician, desk):
    one, two = make_patient(surname="Twice"), make_patient(surname="Twiced")
    for each in (one, two):
        put(each)
    assert sorted(names(fits(cancelled, desk))) == ["Twice", "Twiced"]
    holds = dict.fromkeys(merge_services.differing(one, two), one.number)
    versions = {each.pk: each.version for each in (one, two)}
    merge_services.merge(one, two, by=clinician, versions=versions, holds=holds, request_key=uuid.uuid4())
    assert len(names(fits(cancelled, desk))) == 1


# Who fits


def test_courses_past_their_usual_wait_come_first_then_who_keeps_none_then_who_is_early(cancelled, put, treated, make_patient, desk):
    early = treated(5, weeks=(4, 6, 8))
    on_time, late = treated(4), treated(7)
    for plan in (early, on_time, late):
        put(plan.patient, "session", plan=plan)
    put(make_patient(surname="Review"), "review")
    found = fits(cancelled, desk)
    assert names(found) == [late.patient.surname, on_time.patient.surname, "Review", early.patient.surname]
    assert [fit.words for fit in found.fits if fit.late is not None] == [
        "7 weeks after session 1, 3 weeks past the usual wait",
        "4 weeks after session 1, the usual wait",
        "5 weeks after session 1; 6 weeks is usual",
    ]


def test_who_is_too_soon_by_their_own_healing_gap_is_not_offered(cancelled, put, treated, desk):
    soon = treated(3)
    put(soon.patient, "session", plan=soon)
    found = fits(cancelled, desk)
    assert (found.fits, found.left_out) == ([], 1)


@pytest.mark.parametrize("status", ["superseded", "stopped", "completed"])
def test_who_waits_for_a_plan_that_is_not_in_force_is_not_offered(cancelled, put, treated, desk, status):
    plan = treated(6)
    put(plan.patient, kind="session", plan=plan)
    assert names(fits(cancelled, desk)) == ["Adeyemi"]
    type(plan).objects.filter(pk=plan.pk).update(status=status)
    assert fits(cancelled, desk) is None


@pytest.mark.parametrize("status", ["superseded", "stopped", "completed"])
def test_nobody_waits_on_for_a_session_of_a_plan_that_is_over_and_the_sweep_says_so(client, put, treated, desk, status):
    plan = treated(6)
    session, review = put(plan.patient, "session", plan=plan), put(plan.patient, "review", plan=plan)
    assert waiting.settle() == 0
    type(plan).objects.filter(pk=plan.pk).update(status=status)
    client.force_login(desk)
    listed = client.get(reverse("followup:waiting")).content.decode()
    assert [reverse("followup:end_waiting", args=[one.pk]) in listed for one in (session, review)] == [False, True]
    assert (waiting.settle(), waiting.settle()) == (1, 0)
    session.refresh_from_db()
    review.refresh_from_db()
    assert (session.ended_as, session.ended_by, review.ended_as) == ("withdrawn", None, "")
    assert AuditEvent.objects.get(action="waiting.ended").detail == {"as": "withdrawn", "plan": status}


def test_a_review_is_not_offered_before_a_session_of_its_plan(cancelled, put, treated, diary, book, desk):
    plan = treated(6)
    put(plan.patient, plan=plan)
    assert names(fits(cancelled, desk)) == ["Adeyemi"]
    book(diary.at(diary.monday(9), 14), plan=plan, patient=plan.patient)
    assert names(fits(cancelled, desk)) == []


def test_a_session_is_not_offered_after_the_review_that_waits(cancelled, put, treated, diary, book, desk):
    plan = treated(6)
    put(plan.patient, kind="session", plan=plan)
    assert names(fits(cancelled, desk)) == ["Adeyemi"]
    book(diary.at(diary.monday(7), 14), kind="review", plan=plan, patient=plan.patient)
    assert names(fits(cancelled, desk)) == []


def test_the_control_without_the_gap_they_would_be_offered(cancelled, put, treated, desk, monkeypatch):
    monkeypatch.setattr(freed.gap, "check_gap", lambda *args, **named: None)
    soon = treated(3)
    put(soon.patient, "session", plan=soon)
    assert names(fits(cancelled, desk)) == [soon.patient.surname]


def test_what_was_done_deeper_counts_here_too(cancelled, put, treated, desk, monkeypatch):
    """The list asks the same rule as every door: what raises the wait there raises it here."""
    from sessions.services import healing

    plan = treated(4)
    put(plan.patient, "session", plan=plan)
    assert names(fits(cancelled, desk)) == [plan.patient.surname]
    raised = healing.Weeks(6, 6, 8, "Session 1 went deeper")
    monkeypatch.setattr(freed.gap, "healing_of", lambda one: healing.Healing(one, raised))
    assert fits(cancelled, desk).fits == []


@pytest.mark.parametrize(
    ("wishes", "fit"),
    [
        ({}, True),
        ({"weekdays": 0b0000001}, True),  # Mondays
        ({"weekdays": 0b0000010}, False),
        ({"not_before": dt.time(10)}, True),
        ({"not_before": dt.time(11, 0)}, True),  # within the freed time still
        ({"not_before": dt.time(12)}, False),
        ({"not_after": dt.time(10, 30)}, True),
        ({"not_after": dt.time(10, 15)}, False),
    ],
)
def test_weekdays_and_hours_are_kept_to(cancelled, put, make_patient, diary, desk, wishes, fit):
    put(make_patient(), **wishes)
    found = fits(cancelled, desk)
    offered = [one.time for one in found.fits] if found else []
    assert bool(offered) is fit
    for time in offered:
        assert time.starts_at.astimezone(diary.zone).time() >= wishes.get("not_before", dt.time(0))
        assert time.ends_at.astimezone(diary.zone).time() <= wishes.get("not_after", dt.time(23))


def test_a_named_clinician_and_the_last_day_are_kept_to(cancelled, put, make_patient, diary, desk):
    put(make_patient(surname="Mine"), clinician=diary.osei)
    put(make_patient(surname="Other"), clinician=diary.berg)
    over = put(make_patient(surname="Over"))
    WaitingEntry.objects.filter(pk=over.pk).update(until=diary.monday(7))
    assert names(fits(cancelled, desk)) == ["Mine"]


def test_who_has_something_else_then_is_offered_what_is_left_of_the_time(cancelled, put, make_patient, diary, book, desk):
    """Until 10:45 the patient is with somebody else in the house."""
    busy = make_patient()
    book(diary.at(diary.monday(8), 10), patient=busy, kind="consultation", clinician=diary.berg, room=diary.room2)
    put(busy, "review")
    (fit,) = fits(cancelled, desk).fits
    assert fit.time.starts_at == diary.at(diary.monday(8), 10, 45)


def test_what_is_longer_than_the_free_time_is_not_offered(cancelled, put, treated, diary, book, make_patient, desk):
    """From 10:30 to midday others come to Dr Osei: a session of 90 minutes fits no more, a review of 30 does."""
    for hour, minute in ((10, 30), (11, 15)):
        book(diary.at(diary.monday(8), hour, minute), patient=make_patient(), kind="consultation", room=diary.room2)
    long = treated(5)
    put(long.patient, "session", plan=long)
    put(make_patient(surname="Short"), "review")
    assert names(fits(cancelled, desk)) == ["Short"]


def test_a_moved_visit_frees_the_time_it_had(diary, book, plan, put, make_patient, desk):
    visit = book(diary.at(diary.monday(8), 10), plan=plan)
    put(make_patient(surname="Waits"))
    assert fits(visit, desk) is None
    moved = door.move(visit, starts_at=diary.at(diary.monday(9), 10), by=desk)
    (fit,) = fits(moved, desk).fits
    assert fit.time.starts_at == diary.at(diary.monday(8), 10)


def test_a_time_that_is_over_frees_nothing(diary, cancelled, put, make_patient, desk):
    put(make_patient())
    assert fits(cancelled, desk, now=cancelled.ends_at) is None


@pytest.fixture
def missed(diary, book, plan, desk, client):
    """A session of 10:00 to 11:30 with Dr Osei whose patient did not come: marked at 10:08, and that is the time it is."""
    visit = book(diary.at(diary.monday(8), 10), plan=plan)
    with time_machine.travel(visit.starts_at + dt.timedelta(minutes=8), tick=False):
        client.force_login(desk)
        yield visit_status.missed(visit, by=desk)


def test_what_is_left_of_a_missed_visit_is_offered_and_booked_by_one_press(client, missed, put, make_patient, desk):
    entry = put(make_patient(surname="Near"))
    (fit,) = fits(missed, desk).fits
    assert fit.time.starts_at == missed.starts_at + dt.timedelta(minutes=15)
    page = client.get(reverse("sessions:booking", args=[missed.pk])).content.decode()
    assert "Waiting for a time like this" in page
    assert press(client, fit, missed).status_code == 302
    assert Booking.objects.live().get(patient=entry.patient).starts_at == fit.time.starts_at


def test_of_a_missed_visit_only_what_still_fits_is_offered(missed, put, treated, make_patient, diary, book, desk):
    """From 10:45 others come to Dr Osei: of the time a review of 30 minutes is left, a session of 90 is not."""
    for hour, minute in ((10, 45), (11, 30)):
        at = diary.at(missed.starts_at.date(), hour, minute)
        book(at, patient=make_patient(), kind="consultation", room=diary.room2)
    long = treated(5)
    long.bookings.update(starts_at=missed.starts_at - dt.timedelta(weeks=5))
    put(long.patient, "session", plan=long)
    put(make_patient(surname="Short"), "review")
    assert names(fits(missed, desk)) == ["Short"]
    assert fits(missed, desk, now=missed.ends_at) is None


def test_the_own_patient_is_not_offered_the_time_just_cancelled(cancelled, put, desk):
    put(cancelled.patient)
    assert fits(cancelled, desk) is None


def test_somebody_of_another_site_sees_nobody(cancelled, put, make_patient, make_user):
    from accounts.models import Site

    put(make_patient())
    stranger = make_user("ada", "front_desk")
    stranger.sites.set([Site.objects.create(name="Birch", slug="birch")])
    assert fits(cancelled, stranger) is None


def test_forty_on_the_list_cost_a_bounded_number_of_queries(cancelled, put, treated, make_patient, desk, django_assert_max_num_queries):
    for n in range(40):
        put(make_patient(surname=f"Waits{n}"))
    with django_assert_max_num_queries(60):
        found = fits(cancelled, desk)
    assert (len(found.fits), found.unread) == (freed.MOST_JUDGED, 40 - freed.MOST_JUDGED)


# The press


def press(client, fit, cancelled):
    return client.post(reverse("followup:book_waiting", args=[fit.entry.pk]), {"slot": fit.slot, "freed": cancelled.pk})


def test_one_press_books_and_the_entry_ends_and_a_second_press_makes_nothing(client, cancelled, put, treated, desk):
    plan = treated(5)
    entry = put(plan.patient, "session", plan=plan)
    client.force_login(desk)
    page = client.get(reverse("sessions:booking", args=[cancelled.pk])).content.decode()
    assert "Waiting for a time like this" in page
    assert plan.patient.surname.upper() in page
    (fit,) = fits(cancelled, desk).fits
    for _ in range(2):
        assert press(client, fit, cancelled).status_code == 302
    visit = Booking.objects.get(plan=plan, session_number=2)
    assert (visit.starts_at, visit.clinician_id) == (cancelled.starts_at, cancelled.clinician_id)
    entry.refresh_from_db()
    assert (entry.ended_as, entry.ended_by) == ("booked", desk)
    assert AuditEvent.objects.filter(action="waiting.ended", patient_pk=plan.patient_id).count() == 1
    assert fits(cancelled, desk) is None


def test_on_its_page_the_press_is_a_plain_form_and_in_the_drawer_it_answers_there(client, cancelled, put, make_patient, desk):
    put(make_patient())
    (fit,) = fits(cancelled, desk).fits
    client.force_login(desk)
    page = reverse("sessions:booking", args=[cancelled.pk])
    address = reverse("followup:book_waiting", args=[fit.entry.pk])
    assert f'hx-post="{address}"' not in client.get(page).content.decode()
    day = cancelled.starts_at.date().isoformat()
    drawer = {"HX-Request": "true", "HX-Target": "drawer", "HX-Current-URL": f"http://testserver/calendar/{day}/?open={cancelled.pk}"}
    assert f'hx-post="{address}"' in client.get(page, headers=drawer).content.decode()
    answer = client.post(address, {"slot": fit.slot, "freed": cancelled.pk}, headers=drawer)
    assert answer.status_code == 200
    assert "Off the waiting list" in answer.content.decode()
    assert "diaryChanged" in answer["HX-Trigger"]


def test_a_time_taken_meanwhile_is_refused_in_words_and_the_entry_stays(client, cancelled, put, make_patient, diary, book, desk):
    entry = put(make_patient())
    (fit,) = fits(cancelled, desk).fits
    book(fit.time.starts_at, patient=make_patient(), kind="consultation")
    client.force_login(desk)
    answer = press(client, fit, cancelled)
    assert answer.status_code == 409
    assert "taken" in answer.content.decode()
    entry.refresh_from_db()
    assert entry.ended_at is None


def test_the_press_passes_the_one_door_so_the_gap_holds_there_too(cancelled, put, treated, desk):
    soon = treated(3)
    entry = put(soon.patient, "session", plan=soon)
    with pytest.raises(BookingRefused):
        waiting.book(entry, starts_at=cancelled.starts_at, by=desk)
    entry.refresh_from_db()
    assert entry.ended_at is None


def test_who_was_taken_off_cannot_be_booked_by_an_old_screen(cancelled, put, make_patient, desk):
    entry = put(make_patient())
    waiting.take_off(entry, by=desk)
    with pytest.raises(waiting.NoLongerWaiting):
        waiting.book(entry, starts_at=cancelled.starts_at, by=desk)
    assert not Booking.objects.live().filter(patient=entry.patient).exists()


@pytest.mark.parametrize("slot", ["", "x/1", "2026-13-45T10:00:00+00:00", "2026-11-24T10:00:00", "2026-11-24T10:00:00+00:00/1e9"])
def test_a_slot_that_is_none_writes_nothing(client, cancelled, put, make_patient, desk, slot):
    entry = put(make_patient())
    client.force_login(desk)
    answer = client.post(reverse("followup:book_waiting", args=[entry.pk]), {"slot": slot})
    assert answer.status_code == 302
    assert not Booking.objects.live().filter(patient=entry.patient).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.both_engines
def test_two_desks_press_for_two_people_at_the_same_time_and_one_gets_it(cancelled, put, make_patient, desk):
    entries = [put(make_patient(surname=f"Waits{n}")) for n in range(2)]
    slots = {fit.entry.pk: fit.time for fit in fits(cancelled, desk).fits}
    together, ended = threading.Barrier(2), []

    def book(entry):
        time = slots[entry.pk]
        try:
            together.wait(10)
            waiting.book(entry, starts_at=time.starts_at, by=desk, clinician=time.clinician, room=time.room)
            ended.append("booked")
        except SlotTaken:
            ended.append("taken")
        finally:
            connection.close()

    threads = [threading.Thread(target=book, args=[entry]) for entry in entries]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(ended) == ["booked", "taken"]
    assert WaitingEntry.objects.filter(ended_at__isnull=True).count() == 1


# How an entry ends by itself


def test_booked_by_another_way_it_is_off_the_list_at_once_and_ended_by_the_sweep(cancelled, put, treated, diary, book, desk):
    plan = treated(5)
    entry = put(plan.patient, "session", plan=plan)
    book(diary.at(diary.monday(9), 14), patient=plan.patient, plan=plan)
    assert fits(cancelled, desk) is None
    assert waiting.settle() == 1
    entry.refresh_from_db()
    assert entry.ended_as == "booked"
    assert waiting.settle() == 0


def test_who_has_a_later_visit_already_is_brought_forward_and_not_booked_twice(cancelled, put, treated, diary, book, desk):
    plan = treated(5)
    later = book(diary.at(diary.monday(9), 14), patient=plan.patient, plan=plan)
    entry = put(plan.patient, "session", plan=plan)
    (fit,) = fits(cancelled, desk).fits
    assert fit.words.startswith("Now on Mon")
    for _ in range(2):
        visit = waiting.book(entry, starts_at=fit.time.starts_at, by=desk, clinician=fit.time.clinician, room=fit.time.room)
        assert (visit.pk, visit.starts_at) == (later.pk, cancelled.starts_at)
    assert plan.bookings.filter(status="booked").count() == 1
    entry.refresh_from_db()
    assert entry.ended_as == "booked"


def test_the_same_for_a_review(cancelled, put, make_patient, diary, book, desk):
    patient = make_patient()
    later = book(diary.at(diary.monday(9), 14), patient=patient, kind="review")
    entry = put(patient, "review")
    (fit,) = fits(cancelled, desk).fits
    waiting.book(entry, starts_at=fit.time.starts_at, by=desk, clinician=fit.time.clinician, room=fit.time.room)
    later.refresh_from_db()
    assert later.starts_at == cancelled.starts_at
    assert Booking.objects.live().filter(patient=patient).count() == 1


def test_who_comes_sooner_already_is_not_offered_a_later_time(cancelled, put, make_patient, diary, book, desk):
    patient = make_patient()
    book(diary.at(diary.monday(7), 14), patient=patient, kind="review")
    entry = put(patient, "review")
    assert fits(cancelled, desk).fits == []
    with pytest.raises(waiting.NoLongerWaiting):
        waiting.book(entry, starts_at=cancelled.starts_at, by=desk)


def test_a_visit_booked_before_or_of_another_kind_or_plan_ends_nothing(cancelled, put, treated, diary, book, make_plan, desk):
    plan = treated(5)
    book(diary.at(diary.monday(10), 14), patient=plan.patient, kind="consultation")
    put(plan.patient, "session", plan=plan)
    assert waiting.settle() == 0
    assert len(fits(cancelled, desk).fits) == 1


def test_past_its_last_day_it_is_over(put, make_patient, diary):
    entry = put(make_patient())
    assert waiting.settle() == 0
    assert waiting.settle(now=diary.at(diary.monday(21), 9)) == 1
    entry.refresh_from_db()
    assert entry.ended_as == "over"


# The screens


def typed(**fields):
    named = {"kind": "review", "weekdays": ["0", "2"], "until": (timezone.localdate() + dt.timedelta(days=30)).isoformat()}
    return {"request_key": "0b8c9f7e-0000-4000-8000-000000000001", **named, **fields}


def test_the_form_puts_on_the_list_once(client, patient, desk, plan, diary):
    client.force_login(desk)
    address = reverse("followup:wait", args=[patient.number])
    assert "A session of plan 1" in client.get(address).content.decode()
    for _ in range(2):
        sent = typed(kind="session-1", clinician=str(diary.osei.pk), not_before="2pm")
        assert client.post(address, sent).status_code == 302
    entry = WaitingEntry.objects.get()
    assert (entry.plan, entry.clinician, entry.weekdays, entry.not_before) == (plan, diary.osei, 0b101, dt.time(14))
    again = client.post(address, typed(kind="session-1", request_key="0b8c9f7e-0000-4000-8000-000000000002"))
    assert again.status_code == 422
    assert "waits for that already" in again.content.decode()
    page = client.get(reverse("followup:waiting")).content.decode()
    assert "Mon, Wed" in page
    assert "Not before 14:00" in page


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"kind": ""}, "Choose what for"),
        ({"kind": "session-9"}, "Choose from the list"),
        ({"weekdays": []}, "Choose one or more weekdays"),
        ({"weekdays": ["9"]}, "Choose from the list"),
        ({"until": "2020-01-01"}, "Until must be today or later"),
        ({"until": ""}, "Enter the last day"),
        ({"not_before": "14:00", "not_after": "13:00"}, "Over by must be later than not before"),
        ({"not_before": "half past"}, "Time must be a time of day"),
        ({"clinician": "999999"}, "Choose from the list"),
        ({"request_key": ""}, "Reload the page"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(client, patient, desk, wrong, words):
    client.force_login(desk)
    answer = client.post(reverse("followup:wait", args=[patient.number]), typed(note="Ten minutes away", **wrong))
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert "Ten minutes away" in answer.content.decode()
    assert not WaitingEntry.objects.exists()


def test_taken_off_twice_is_taken_off_once(client, put, patient, desk):
    entry = put(patient)
    client.force_login(desk)
    for _ in range(2):
        assert client.post(reverse("followup:end_waiting", args=[entry.pk])).status_code == 302
    assert AuditEvent.objects.filter(action="waiting.ended", outcome="done").count() == 1


def test_the_list_is_of_one_site_and_comes_in_pages_of_few_queries(client, put, make_patient, desk, django_assert_max_num_queries):
    for n in range(55):
        put(make_patient(surname=f"Waits{n}"))
    client.force_login(desk)
    client.get(reverse("followup:waiting"))
    with django_assert_max_num_queries(14):
        page = client.get(reverse("followup:waiting")).content.decode()
    assert page.count("Find a time") == 50
    assert "Page 1 of 2" in page
    assert client.get(reverse("followup:waiting"), {"page": "2"}).content.decode().count("Find a time") == 5


# The press taken back


def pressed(client, entry, fit, freed_visit):
    sent = {"slot": fit.slot, "freed": str(freed_visit.pk)}
    return client.post(reverse("followup:book_waiting", args=[entry.pk]), sent, headers=in_drawer()).context["toast"].undo


def in_drawer(target="drawer"):
    return {"HX-Request": "true", "HX-Target": target, "HX-Current-URL": "http://testserver/calendar/"}


def undone(client, undo):
    return client.post(undo.url, undo.fields, headers=in_drawer("toasts"))


def test_a_press_is_taken_back_and_the_patient_waits_again_and_may_be_booked_again(client, cancelled, put, make_patient, desk):
    entry = put(make_patient(surname="Waits"))
    client.force_login(desk)
    for _ in range(2):
        (fit,) = fits(cancelled, desk).fits
        undo = pressed(client, entry, fit, cancelled)
        assert fits(cancelled, desk) is None
        answer = undone(client, undo)
        assert "not booked, and waits again" in answer.content.decode()
        assert not Booking.objects.live().exists()
        entry.refresh_from_db()
        assert (entry.ended_at, entry.ended_as, entry.ended_by) == (None, "", None)
    assert undone(client, undo).status_code == 200  # sent twice, the second changes nothing
    assert AuditEvent.objects.filter(action="waiting.again").count() == 2


@pytest.mark.parametrize("kind", ["session", "review"])
def test_who_was_brought_forward_stands_where_they_stood(client, cancelled, put, treated, diary, book, desk, kind):
    plan = treated(5)
    later = book(diary.at(diary.monday(9), 14), patient=plan.patient, kind=kind, plan=plan if kind == "session" else None)
    entry = put(plan.patient, kind, plan=plan if kind == "session" else None)
    client.force_login(desk)
    (fit,) = fits(cancelled, desk).fits
    undo = pressed(client, entry, fit, cancelled)
    assert undone(client, undo).status_code == 200
    later.refresh_from_db()
    assert (later.status, later.starts_at) == ("booked", diary.at(diary.monday(9), 14))
    entry.refresh_from_db()
    assert entry.ended_at is None


def test_a_second_press_of_the_same_button_offers_no_way_back(client, cancelled, put, treated, desk):
    plan = treated(5)
    entry = put(plan.patient, "session", plan=plan)
    client.force_login(desk)
    (fit,) = fits(cancelled, desk).fits
    assert pressed(client, entry, fit, cancelled) is not None
    assert pressed(client, entry, fit, cancelled) is None


def test_what_has_become_of_it_keeps_the_visit_and_ends_the_waiting(client, cancelled, put, make_patient, desk):
    entry = put(make_patient())
    client.force_login(desk)
    (fit,) = fits(cancelled, desk).fits
    undo = pressed(client, entry, fit, cancelled)
    visit = Booking.objects.live().get()
    door.resize(visit, minutes=45, by=desk)
    answer = undone(client, undo)
    assert answer.status_code == 409
    assert "given another length, by June Park" in answer.content.decode()
    entry.refresh_from_db()
    assert entry.ended_as == "booked"
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=4), tick=False):
        assert "more than three minutes ago" in undone(client, undo).content.decode()


def test_who_was_put_on_the_list_again_meanwhile_waits_once(client, cancelled, put, make_patient, desk):
    patient = make_patient()
    entry = put(patient)
    client.force_login(desk)
    (fit,) = fits(cancelled, desk).fits
    undo = pressed(client, entry, fit, cancelled)
    put(patient)
    assert undone(client, undo).status_code == 200
    assert WaitingEntry.objects.filter(ended_at__isnull=True).count() == 1
    assert not Booking.objects.live().exists()


@pytest.mark.parametrize("sent", ["x", "1", "{pk}/x", "{pk}/-1", "999999/1", "{other}/1"])
def test_a_way_back_that_no_page_of_ours_sent_is_not_found(client, cancelled, put, make_patient, diary, book, desk, sent):
    other = book(diary.at(diary.monday(9), 14), kind="review", patient=make_patient())
    entry = put(make_patient())
    client.force_login(desk)
    address = reverse("followup:book_waiting", args=[entry.pk])
    assert client.post(address, {"undone": sent.format(pk=cancelled.pk, other=other.pk)}).status_code == 404
    other.refresh_from_db()
    assert other.is_live
