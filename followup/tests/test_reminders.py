"""Reminders: decided when they are sent, each at most once, and never against what the patient or the clock says."""

import datetime as dt
import threading

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.urls import reverse

from followup.models import Reminder, ReminderSettings
from followup.services import contact, deciding, sending
from followup.services.deciding import A_DAY, Standing
from followup.tasks import send_reminder
from sessions.models import Absence, Booking, Holiday
from sessions.services import booking as door

from .reminders import EMAIL, SMS, cancel, verdict

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("a_clinic_that_mails")]


# What goes


def test_it_goes_so_many_hours_before_and_names_clinic_day_time_and_how_to_change_it_and_nothing_else(visit, travel, patient, diary):
    travel(49)
    assert sending.send(visit.pk, EMAIL).standing is Standing.WAITS
    assert mail.outbox == []
    travel(47)
    assert sending.due() == [(visit.pk, EMAIL)]
    sending.send(visit.pk, EMAIL)
    (letter,) = mail.outbox
    assert letter.to == ["nadia@patient.example"]
    day = visit.starts_at.astimezone(diary.zone)
    for said in ("Alder Skin Clinic", "14 Canal Street", "10am", f"{day:%A} {day.day} {day:%B %Y}", "020 7946 0118"):
        assert said in letter.body, said
    whole = f"{letter.subject} {letter.body} {letter.extra_headers}".lower()
    for told in ("rahman", "nadia", "10482", "session", "needl", "cheeks", "plan", "osei", "room", f"/{visit.pk}/", patient.phone):
        assert told.lower() not in whole, told


def test_the_control_a_visits_kind_in_the_words_would_be_noticed(visit, travel, monkeypatch):
    from followup import wording

    real = wording._said
    monkeypatch.setattr(wording, "_said", lambda words, site, at: real(words, site, at) | {"clinic": f"{site.name}, session 1"})
    travel(47)
    sending.send(visit.pk, EMAIL)
    assert "session" in mail.outbox[0].body.lower()


def test_once_whoever_asks_and_how_often(visit, travel):
    travel(47)
    for _ in range(3):
        sending.send(visit.pk, EMAIL)
    assert len(mail.outbox) == 1
    assert sending.due() == []
    travel(20)
    sending.send(visit.pk, EMAIL)
    assert len(mail.outbox) == 1
    assert verdict(visit).standing is Standing.SENT


def test_without_the_row_that_is_the_right_to_send_two_would_go(visit, travel):
    """The control: the row is what keeps the second one back."""
    travel(47)
    sending.send(visit.pk, EMAIL)
    Reminder.objects.all().delete()
    sending.send(visit.pk, EMAIL)
    assert len(mail.outbox) == 2


@pytest.mark.both_engines
def test_two_rows_for_one_visit_time_and_way_are_refused_by_the_database(visit, travel):
    from django.db import IntegrityError, transaction

    travel(47)
    sending.send(visit.pk, EMAIL)
    with pytest.raises(IntegrityError), transaction.atomic():
        Reminder.objects.create(booking=visit, channel=EMAIL, starts_at=visit.starts_at)
    Reminder.objects.create(booking=visit, channel=SMS, starts_at=visit.starts_at)


def test_a_visit_that_is_moved_later_is_reminded_of_at_its_new_time_once(visit, travel, diary, desk):
    travel(47)
    sending.send(visit.pk, EMAIL)
    moved = door.move(visit, starts_at=visit.starts_at + dt.timedelta(days=7), by=desk)
    assert sending.due() == []
    travel(-7 * 24 + 47)
    sending.send(moved.pk, EMAIL)
    sending.send(moved.pk, EMAIL)
    assert len(mail.outbox) == 2
    assert mail.outbox[0].body != mail.outbox[1].body


@pytest.mark.django_db(transaction=True)
@pytest.mark.both_engines
def test_two_workers_with_the_same_number_send_one_mail(visit, travel):
    travel(47)
    together, said = threading.Barrier(4), []

    def work():
        try:
            together.wait(10)
            said.append(sending.send(visit.pk, EMAIL).standing)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(said) == 4
    assert len(mail.outbox) == 1
    assert Reminder.objects.get().state == Reminder.State.SENT


# What does not go


def test_a_visit_cancelled_a_second_ago_gets_nothing_though_it_stood_in_the_queue(visit, travel, desk):
    travel(47)
    queued = sending.due()
    assert queued == [(visit.pk, EMAIL)]
    cancel(visit, desk)
    travel(47, seconds=1)
    for pk, channel in queued:
        send_reminder(pk, channel)
    assert mail.outbox == []
    assert not Reminder.objects.exists()


def test_the_control_judged_by_what_was_queued_it_would_have_gone(visit, travel, desk, monkeypatch):
    """With the question at sending time taken away, the cancelled visit is written to: so the test above can fail."""
    travel(47)
    queued = sending.due()
    cancel(visit, desk)
    monkeypatch.setattr(sending, "decide", lambda *args, **named: deciding.Verdict(Standing.NOW, ""))
    for pk, channel in queued:
        send_reminder(pk, channel)
    assert len(mail.outbox) == 1


@pytest.mark.parametrize("status", ["arrived", "in_room", "done", "missed", "cancelled"])
def test_only_a_visit_that_is_booked_is_reminded_of(visit, travel, status):
    travel(47)
    Booking.objects.filter(pk=visit.pk).update(status=status)
    assert sending.send(visit.pk, EMAIL).standing is Standing.NEVER
    assert (mail.outbox, sending.due()) == ([], [])


def _closed(visit):
    return Holiday.objects.create(site=visit.site, day=visit.site.day_of(visit.starts_at), name="Stocktaking")


def _away(visit):
    around = {"starts_at": visit.starts_at - A_DAY, "ends_at": visit.ends_at + A_DAY}
    return Absence.objects.create(resource=visit.clinician, reason="leave", **around)


@pytest.mark.parametrize(("enter", "words"), [(_closed, "Closed: Stocktaking."), (_away, "Dr Amara Osei away: leave.")])
def test_nobody_is_reminded_to_come_to_a_closed_door_or_to_who_is_away(visit, travel, enter, words):
    travel(47)
    entered = enter(visit)
    verdict = sending.send(visit.pk, "email")
    assert verdict.standing is Standing.NEVER
    assert verdict.words.startswith(words)
    assert mail.outbox == []
    entered.delete()  # settled: what stands when it is asked again counts
    assert sending.send(visit.pk, "email").standing is Standing.SENT
    assert len(mail.outbox) == 1


def test_a_visit_moved_far_ahead_in_the_same_second_gets_nothing_now(visit, travel, desk):
    travel(47)
    door.move(visit, starts_at=visit.starts_at + dt.timedelta(days=7), by=desk)
    assert sending.send(visit.pk, EMAIL).standing is Standing.WAITS
    assert mail.outbox == []


def test_three_minutes_are_waited_out_after_every_change(visit, travel, diary, desk):
    travel(47)
    cancel(visit, desk)
    door.reinstate(Booking.objects.get(pk=visit.pk), by=desk)
    assert sending.send(visit.pk, EMAIL).standing is Standing.WAITS
    travel(47, seconds=179)
    sending.send(visit.pk, EMAIL)
    assert mail.outbox == []
    travel(47, seconds=181)
    sending.send(visit.pk, EMAIL)
    assert len(mail.outbox) == 1


def test_an_erased_patient_gets_nothing(visit, travel):
    travel(47)
    pk = visit.pk
    Booking.objects.filter(pk=pk).delete()
    assert sending.send(pk, EMAIL).standing is Standing.NEVER
    assert mail.outbox == []


def test_who_wants_none_gets_none_and_who_wants_them_again_gets_them(visit, travel, patient, desk):
    travel(47)

    def want(email):
        choice = contact.choice_of(patient)
        contact.set_choice(patient, wanted={EMAIL: email, SMS: True}, was=contact.seen_of(choice), by=desk)

    want(email=False)
    assert sending.due() == []
    assert "wants no reminders" in sending.send(visit.pk, EMAIL).words
    want(email=True)
    sending.send(visit.pk, EMAIL)
    assert len(mail.outbox) == 1


@pytest.mark.parametrize("left_out", ["site off", "way off", "no address", "no mail server"])
def test_what_else_keeps_it_back_is_said(visit, travel, patient, reminding, settings, left_out):
    travel(47)
    if left_out == "site off":
        ReminderSettings.objects.update(is_on=False)
    elif left_out == "way off":
        ReminderSettings.objects.update(by_email=False, by_sms=True)
    elif left_out == "no address":
        type(patient).objects.update(email="")
    else:
        settings.MAIL_FROM = ""
    found = sending.send(visit.pk, EMAIL)
    assert found.standing is Standing.NEVER
    assert found.words.endswith(".")
    assert mail.outbox == []


# Quiet hours


@pytest.mark.parametrize(
    ("clock", "goes"),
    [("19:59", "19:59"), ("20:00", "08:00 next"), ("23:30", "08:00 next"), ("00:10", "08:00"), ("07:59", "08:00"), ("08:00", "08:00")],
)
def test_quiet_hours_over_midnight_are_the_sites_own(clock, goes, diary):
    day, zone = dt.date(2026, 7, 15), diary.zone  # summer time: an hour off UTC
    at = dt.datetime.combine(day, dt.time.fromisoformat(clock), tzinfo=zone)
    found = deciding.past_quiet(at, zone, dt.time(20), dt.time(8)).astimezone(zone)
    hour, _, after = goes.partition(" ")
    assert (found.date() - day).days == (1 if after else 0)
    assert f"{found:%H:%M}" == hour


def test_quiet_hours_within_a_day_and_none_at_all(diary):
    noon = dt.datetime(2026, 7, 15, 13, tzinfo=diary.zone)
    assert f"{deciding.past_quiet(noon, diary.zone, dt.time(12), dt.time(14)).astimezone(diary.zone):%H:%M}" == "14:00"
    assert deciding.past_quiet(noon, diary.zone, dt.time(9), dt.time(9)) == noon


def test_a_worker_that_was_away_in_the_evening_disturbs_nobody_at_night(visit, travel):
    travel(36)  # 22:00 two evenings before
    assert sending.due() == []
    found = sending.send(visit.pk, EMAIL)
    assert found.standing is Standing.WAITS
    assert "08:00" in found.words
    travel(25.9)
    sending.send(visit.pk, EMAIL)
    assert len(mail.outbox) == 1


def test_what_could_only_go_shortly_before_the_visit_does_not_go(visit, travel):
    travel(1.9)
    assert sending.send(visit.pk, EMAIL).standing is Standing.NEVER


def small(reminding, hours=4):
    ReminderSettings.objects.update(hours_before=hours)
    return ReminderSettings.objects.get()


def test_what_would_be_too_late_after_the_quiet_hours_goes_in_the_hour_before_them(diary, book, make_patient, reminding, travel):
    """The visit is at nine, four hours before it is night, and at eight it is an hour away."""
    small(reminding)
    early = book(diary.at(diary.monday(2) + dt.timedelta(days=1), 9), kind="review", patient=make_patient(email="ada@patient.example"))
    evening = diary.at(diary.monday(2), 19)
    with time_machine.travel(evening - dt.timedelta(minutes=1), tick=False) as clock:
        assert sending.due() == []
        assert "19:00" in sending.send(early.pk, EMAIL).words
        clock.move_to(evening)
        assert sending.due() == [(early.pk, EMAIL)]
        assert sending.send(early.pk, EMAIL).standing is Standing.SENT
        assert sending.due() == []
    assert len(mail.outbox) == 1


@pytest.mark.parametrize("after", [dt.timedelta(hours=1), dt.timedelta(hours=13)])
def test_where_that_hour_is_missed_too_it_goes_neither_at_night_nor_too_late(diary, book, make_patient, reminding, travel, after):
    small(reminding)
    early = book(diary.at(diary.monday(2) + dt.timedelta(days=1), 9), kind="review", patient=make_patient(email="ada@patient.example"))
    with time_machine.travel(diary.at(diary.monday(2), 19) + after, tick=False):
        assert sending.due() in ([], [(early.pk, EMAIL)])
        assert sending.send(early.pk, EMAIL).standing is Standing.NEVER
    assert mail.outbox == []


@pytest.mark.parametrize("quiet", [("20:00", "08:00"), ("12:00", "14:00"), ("00:00", "06:00"), ("18:00", "11:00"), ("22:00", "22:00")])
@pytest.mark.parametrize("day", [dt.date(2027, 3, 28), dt.date(2027, 10, 31), dt.date(2027, 7, 14)])
def test_whatever_is_set_it_is_due_in_no_quiet_hour_and_two_hours_before_the_visit(reminding, diary, quiet, day):
    reminding.quiet_from, reminding.quiet_until = (dt.time.fromisoformat(clock) for clock in quiet)
    for hours in (4, 5, 7, 12, 24, 48, 336):
        reminding.hours_before = hours
        for half in range(48):
            starts_at = diary.at(day, half // 2, half % 2 * 30)
            due = deciding.due_at(starts_at, reminding)
            assert due <= starts_at - deciding.LEAST
            assert deciding.past_quiet(due, diary.zone, reminding.quiet_from, reminding.quiet_until) == due


def test_the_settings_say_when_reminders_go(client, reminding, manager):
    small(reminding)
    client.force_login(manager)
    page = client.get(reverse("followup:reminder_settings")).content.decode()
    assert "in the hour before they begin" in page
    assert '<span class="num">09:00</span>: the day before at 19:00' in page
    assert '<span class="num">13:00</span>: the same day at 09:00' in page


def test_nothing_leaves_while_a_new_booking_can_be_taken_back(diary, book, make_patient, reminding, travel):
    day = diary.monday(2)
    with time_machine.travel(diary.at(day, 9), tick=False) as clock:
        soon = book(diary.at(day + dt.timedelta(days=1), 10), kind="review", patient=make_patient(email="ada@patient.example"))
        clock.shift(door.UNDO - dt.timedelta(seconds=1))
        assert sending.send(soon.pk, EMAIL).standing is Standing.WAITS
        clock.shift(dt.timedelta(seconds=2))
        assert sending.send(soon.pk, EMAIL).standing is Standing.SENT
