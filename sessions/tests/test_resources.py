"""What a visit takes: bays, cleaning, hours that change, closed days, retired things, who may use what, and how long it is."""

import datetime as dt
from contextlib import contextmanager

import pytest

from sessions.models import DeviceUse, Hold, Holiday, NumbingTime, ServiceTime
from sessions.services import booking as door
from sessions.services import visit_status
from sessions.services.away import away_words
from sessions.services.free_time import free_times
from sessions.services.hours import visit_again, visit_of
from sessions.services.refusals import NotSuitable, OutsideHours, ResourceAbsent, SlotTaken
from sessions.tests.record_case import RecordCase

pytestmark = pytest.mark.django_db


@contextmanager
def clash(words: str):
    """The refusal that says who or what is taken."""
    with pytest.raises(SlotTaken) as refused:
        yield
    assert refused.value.message.startswith(words)


@pytest.fixture
def bays(diary):
    return [diary.add("bay", "Bay 1"), diary.add("bay", "Bay 2")]


@pytest.mark.both_engines
def test_two_patients_numb_while_a_third_is_treated_in_the_one_room(diary, book, bays, make_patient):
    """Numbing 30, needling 50, clean-down 10: two bays and one room take a patient each 60 minutes."""
    day, room = diary.monday(), {"room": diary.room1}
    treated = book(diary.at(day, 9), **room)  # needled 9:30 to 10:20
    second = book(diary.at(day, 10), patient=make_patient(), **room)  # numbed from 10:00
    third = book(diary.at(day, 11), patient=make_patient(), **room)
    assert [visit.bay for visit in (treated, second, third)] == [bays[0], bays[0], bays[0]]
    later = book(diary.at(day, 11, 30), patient=make_patient(), minutes={"numbing": 90}, **room)
    other = {"clinician": diary.berg, "device": diary.pen2, "room": diary.room2}
    beside = book(diary.at(day, 12), patient=make_patient(), minutes={"numbing": 60}, **other)
    assert (later.bay, beside.bay) == tuple(bays)
    noon = diary.at(day, 12, 30)
    assert Hold.objects.filter(segment="numbing", resource__kind="bay", starts_at__lte=noon, ends_at__gt=noon).count() == 2


def test_the_clinician_and_the_room_are_free_while_a_patient_numbs_in_a_bay(diary, book, bays, make_patient):
    booking = book(diary.at(diary.monday(), 10))
    held = {(hold.segment, hold.subject) for hold in booking.holds.all()}
    assert ("numbing", f"r{bays[0].pk}") in held
    assert ("numbing", f"r{diary.room1.pk}") not in held
    assert book(diary.at(diary.monday(), 10), kind="consultation", patient=make_patient(), minutes={"needling": 30}).pk


@pytest.mark.both_engines
def test_with_every_bay_taken_the_numbing_is_in_the_room(diary, book, make_patient):
    bay = diary.add("bay", "Bay 1")
    first = book(diary.at(diary.monday(), 10))
    second = book(diary.at(diary.monday(), 10), patient=make_patient(), clinician=diary.berg, room=diary.room2, device=diary.pen2)
    assert (first.bay, second.bay) == (bay, None)
    assert second.holds.filter(resource=diary.room2, segment="numbing").exists()


def test_a_named_bay_that_is_taken_is_a_clash(diary, book, bays, make_patient):
    book(diary.at(diary.monday(), 10), bay=bays[0])
    with clash("Bay 1 is taken at 10:00"):
        book(
            diary.at(diary.monday(), 10),
            patient=make_patient(),
            bay=bays[0],
            clinician=diary.berg,
            room=diary.room2,
            device=diary.pen2,
        )


@pytest.mark.both_engines
def test_moved_and_brought_back_it_finds_another_bay_where_its_own_is_taken(diary, book, bays, desk, make_patient):
    day = diary.monday()
    visit = book(diary.at(day, 9))
    visit_status.cancel(visit, reason="Wish", by=desk)
    other = {"clinician": diary.berg, "room": diary.room2, "device": diary.pen2}
    book(diary.at(day, 9), patient=make_patient(), **other)
    visit.refresh_from_db()
    back = door.reinstate(visit, by=desk)
    assert back.bay == bays[1]
    moved = door.move(back, starts_at=diary.at(day, 13), by=desk)
    assert moved.bay == bays[1]
    assert visit_again(moved) == visit_of(diary.site, "session")


@pytest.mark.both_engines
def test_a_device_is_held_until_it_is_ready_again(diary, book, make_patient):
    diary.pen.cleaning_minutes = 20
    diary.pen.save()
    first = book(diary.at(diary.monday(), 9))  # needled 9:30 to 10:20, the pen ready at 10:40
    other = {"patient": make_patient(), "clinician": diary.berg, "room": diary.room2}
    with clash("Powered pen A is taken"):
        book(diary.at(diary.monday(), 10, 5), **other)  # needled from 10:35
    assert book(diary.at(diary.monday(), 10, 10), **other).pk
    assert visit_again(first).minutes == 90


def test_a_room_that_needs_longer_is_held_longer(diary, book, make_patient):
    diary.room1.cleaning_minutes = 30
    diary.room1.save()
    book(diary.at(diary.monday(), 9))  # needled until 10:20, the room ready at 10:50 instead of 10:30
    other = {"patient": make_patient(), "clinician": diary.berg, "device": diary.pen2}
    with clash("Room 1 is taken"):
        book(diary.at(diary.monday(), 10, 45), **other)
    assert book(diary.at(diary.monday(), 10, 50), **other).pk


@pytest.mark.both_engines
def test_hours_hold_from_and_until_their_days(diary, book):
    day = diary.monday(2)
    diary.osei.hours.update(valid_until=day - dt.timedelta(days=1))
    with pytest.raises(OutsideHours, match="Dr Amara Osei does not work on Mondays"):
        book(diary.at(day, 10), kind="consultation")
    assert book(diary.at(day - dt.timedelta(days=7), 10), kind="consultation").pk
    diary.osei.hours.model.objects.create(resource=diary.osei, weekday=0, opens=dt.time(13), closes=dt.time(18), valid_from=day)
    with pytest.raises(OutsideHours, match="13:00 to 18:00 on Mondays"):
        book(diary.at(day, 10), kind="consultation")
    assert book(diary.at(day, 16), kind="consultation").pk


def test_nothing_is_booked_on_a_day_the_site_is_closed(diary, book):
    day = diary.monday()
    Holiday.objects.create(site=diary.site, day=day, name="Spring holiday")
    with pytest.raises(ResourceAbsent, match=r"is closed on .* \(Spring holiday\)"):
        book(diary.at(day, 10))
    assert not free_times(site=diary.site, kind="consultation", first_day=day)
    assert book(diary.at(day + dt.timedelta(days=1), 10)).pk


def test_a_retired_device_takes_nothing_from_its_day_on(diary, book):
    day = diary.monday()
    diary.pen.retired_on = day
    diary.pen.save()
    with pytest.raises(NotSuitable, match="Powered pen A is out of service from"):
        book(diary.at(day, 10))
    diary.pen.retired_on = day + dt.timedelta(days=1)
    diary.pen.save()
    assert book(diary.at(day, 10)).pk


def test_a_device_some_are_trained_on_goes_to_them_only(diary, book, make_patient):
    DeviceUse.objects.create(device=diary.pen, clinician=diary.berg)
    day = diary.monday()
    with pytest.raises(NotSuitable, match="Dr Amara Osei is not trained on Powered pen A"):
        book(diary.at(day, 10))
    assert book(diary.at(day, 10), device=None).device == diary.pen2
    assert book(diary.at(day, 12), clinician=None, patient=make_patient()).clinician == diary.berg


def test_a_session_is_as_long_as_its_zones_and_its_numbing_ask(diary, plan, make_plan, patient, book):
    ServiceTime.objects.create(
        site=diary.site,
        kind="session",
        numbing_minutes=30,
        needling_minutes=40,
        clean_down_minutes=10,
        zones_included=1,
        minutes_per_zone=15,
    )
    NumbingTime.objects.create(site=diary.site, product="Numbing cream", minutes=45)
    assert [part.minutes for part in visit_of(diary.site, "session", plan=plan).parts] == [30, 40, 10]
    cream = make_plan(patient, number=2, numbing="numbing cream")
    assert [part.minutes for part in visit_of(diary.site, "session", plan=cream).parts] == [45, 40, 10]
    none = make_plan(patient, number=3, numbing="No numbing")
    NumbingTime.objects.create(site=diary.site, product="No numbing", minutes=0)
    assert [part.segment for part in visit_of(diary.site, "session", plan=none).parts] == ["needling", "clean_down"]
    booking = book(diary.at(diary.monday(), 10), plan=cream)
    assert booking.ends_at - booking.starts_at == dt.timedelta(minutes=95)


def test_each_zone_beyond_those_included_takes_longer(site, clinician, patient):
    case = RecordCase(site, clinician, patient)  # a plan of two zones
    row = ServiceTime.objects.create(site=site, kind="session", needling_minutes=40, zones_included=1, minutes_per_zone=15)
    assert visit_of(site, "session", plan=case.plan).minutes == 55
    row.zones_included = 3
    row.save()
    assert visit_of(site, "session", plan=case.plan).minutes == 40


@pytest.mark.both_engines
def test_a_visit_that_stands_on_a_closed_day_or_with_a_retired_thing_is_marked(diary, book, make_patient):
    day = diary.monday()
    first, second, third = (book(diary.at(day + dt.timedelta(days=n), 10), patient=make_patient()) for n in range(3))
    Holiday.objects.create(site=diary.site, day=day, name="Spring holiday")
    diary.pen.retired_on = day + dt.timedelta(days=2)
    diary.pen.save()
    words = away_words([first, second, third])
    assert words[first.pk] == "Closed: Spring holiday"
    assert second.pk not in words
    assert words[third.pk].startswith("Powered pen A out of service from")
