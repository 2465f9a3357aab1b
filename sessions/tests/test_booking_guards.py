"""The database refuses overlaps by itself, whatever the program does; without its guard it would not."""

import datetime as dt

import pytest
from django.db import IntegrityError, connection, transaction

from audit import guards
from sessions.guards import OVERLAP, is_overlap
from sessions.models import Booking, Hold

pytestmark = [pytest.mark.django_db, pytest.mark.both_engines]


@pytest.fixture
def visit(diary, desk, patient):
    def make(starts_at, minutes=30):
        return Booking.objects.create(
            site=diary.site,
            patient=patient,
            kind="consultation",
            starts_at=starts_at,
            ends_at=starts_at + dt.timedelta(minutes=minutes),
            clinician=diary.osei,
            created_by=desk,
            request_key=diary.key(),
        )

    return make


def hold(booking, resource, starts_at, minutes=30, **fields):
    ends_at = starts_at + dt.timedelta(minutes=minutes)
    return Hold.objects.create(
        booking=booking, resource=resource, subject=f"r{resource.pk}", starts_at=starts_at, ends_at=ends_at, **fields
    )


def refused(action) -> bool:
    try:
        with transaction.atomic():
            action()
    except IntegrityError as error:
        if not is_overlap(error):
            raise
        return True
    return False


TEN = dt.datetime(2027, 1, 11, 10, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("offset", "minutes", "expected"),
    [
        (-30, 30, False),  # ends when the other begins
        (30, 30, False),  # begins when the other ends
        (-29, 30, True),
        (29, 30, True),
        (5, 10, True),  # inside
        (-10, 60, True),  # around
        (0, 30, True),
    ],
)
def test_two_holds_of_one_subject_share_no_minute(diary, visit, offset, minutes, expected):
    hold(visit(TEN), diary.osei, TEN)
    start = TEN + dt.timedelta(minutes=offset)
    assert refused(lambda: hold(visit(start, minutes), diary.osei, start, minutes)) is expected


@pytest.mark.parametrize("microseconds", [1, 999_999])
def test_a_microsecond_of_overlap_is_an_overlap(diary, visit, microseconds):
    hold(visit(TEN), diary.osei, TEN)
    early = TEN + dt.timedelta(minutes=30) - dt.timedelta(microseconds=microseconds)
    assert refused(lambda: hold(visit(early), diary.osei, early))
    just_after = TEN + dt.timedelta(minutes=30, microseconds=microseconds)
    assert not refused(lambda: hold(visit(just_after), diary.osei, just_after))


def test_other_subjects_are_free(diary, visit):
    hold(visit(TEN), diary.osei, TEN)
    assert not refused(lambda: hold(visit(TEN), diary.berg, TEN))


def test_a_hold_that_is_not_live_takes_nothing(diary, visit):
    hold(visit(TEN), diary.osei, TEN, is_live=False)
    assert not refused(lambda: hold(visit(TEN), diary.osei, TEN))


def test_a_change_of_time_of_subject_or_of_life_is_asked_too(diary, visit):
    hold(visit(TEN), diary.osei, TEN)
    later = hold(visit(TEN), diary.osei, TEN + dt.timedelta(hours=1))
    other = hold(visit(TEN), diary.berg, TEN)
    dead = hold(visit(TEN), diary.osei, TEN, is_live=False)
    move = {"starts_at": TEN, "ends_at": TEN + dt.timedelta(minutes=5)}
    assert refused(lambda: Hold.objects.filter(pk=later.pk).update(**move))
    assert refused(lambda: Hold.objects.filter(pk=other.pk).update(subject=f"r{diary.osei.pk}", resource=diary.osei))
    assert refused(lambda: Hold.objects.filter(pk=dead.pk).update(is_live=True))
    assert not refused(lambda: Hold.objects.filter(pk=later.pk).update(ends_at=TEN + dt.timedelta(hours=2)))


def test_a_hold_longer_than_a_day_is_refused(diary, visit):
    with pytest.raises(IntegrityError, match="hold_within_a_day"), transaction.atomic():
        hold(visit(TEN), diary.osei, TEN, minutes=24 * 60 + 1)


def test_the_subject_must_be_the_resource_that_is_held(diary, visit):
    times = {"starts_at": TEN, "ends_at": TEN + dt.timedelta(minutes=5)}
    hold_of_another = Hold(booking=visit(TEN), resource=diary.osei, subject=f"r{diary.berg.pk}", **times)
    with pytest.raises(IntegrityError, match="hold_subject"), transaction.atomic():
        hold_of_another.save()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL stores times, not texts")
def test_a_time_in_another_text_form_is_refused(diary, visit):
    booking = visit(TEN)
    with pytest.raises(IntegrityError, match="hold_time_in_another_form"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO treatment_sessions_hold (booking_id, resource_id, subject, segment, starts_at, ends_at, is_live) "
            "VALUES (%s, %s, %s, 'visit', '2027-01-11T10:00:00', '2027-01-11T10:30:00', 1)",
            [booking.pk, diary.osei.pk, f"r{diary.osei.pk}"],
        )


def test_without_the_guard_the_database_takes_both(diary, visit):
    """The negative control: what the tests above show comes from the guard."""
    hold(visit(TEN), diary.osei, TEN)
    connection.check_constraints()  # PostgreSQL alters no table that has checks waiting for the commit
    guards.remove(OVERLAP)
    try:
        assert not refused(lambda: hold(visit(TEN), diary.osei, TEN))
    finally:
        Hold.objects.all().delete()
        connection.check_constraints()
        guards.install(OVERLAP)


def test_the_guard_stands_after_migrate():
    assert guards.missing() == []
