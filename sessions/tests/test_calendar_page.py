"""What the calendar computes: columns, segments, gaps, places, and its state as an address."""

import datetime as dt
import re
from zoneinfo import ZoneInfo

import pytest
from django.http import QueryDict
from django.utils import timezone

from sessions.calendar_page import Block, Column, Grid, Held, Names, held_words
from sessions.calendar_page_address import read_address
from sessions.calendar_page_days import Reading, day_grid, rows_of, week_grid
from sessions.calendar_page_html import draw
from sessions.models import Absence, Booking, Holiday, Resource
from sessions.services.away import away_words

from .clock_changes import coming

pytestmark = pytest.mark.django_db
LONDON = ZoneInfo("Europe/London")


@pytest.fixture
def read(diary):
    def make(day, days=1, now=None, kinds=()):
        return Reading(Booking.objects.all(), diary.site, day, days, now or timezone.now(), kinds)

    return make


def blocks(grid, resource, look):
    column = next(column for column in grid.columns if column.resource == resource)
    return [block for block in column.blocks if block.look == look]


def blocks_of(grid, look):
    return [block for column in grid.columns for block in column.blocks if block.look == look]


def test_a_session_is_drawn_by_its_holds(diary, book, plan, read):
    day = diary.monday()
    visit = book(diary.at(day, 10), plan=plan)
    by_people = day_grid(read(day), "people")
    (numb,), (main,) = blocks(by_people, diary.osei, "numbing"), blocks(by_people, diary.osei, "visit")
    assert (numb.starts, main.starts, numb.beside) == ("10:00", "10:30", "beside")
    said = dict(re.findall(r'data-([a-z]+)="([^"]*)"', main.attributes))
    assert said["lead"] == "6"  # half an hour of numbing before the clinician comes
    assert {part.split(":")[0] for part in said["holds"].split()} == {str(r.pk) for r in (diary.osei, diary.room1, diary.pen)}
    assert f"{diary.osei.pk}:6-16" in said["holds"]
    assert f"{diary.room1.pk}:0-18" in said["holds"]
    by_rooms = day_grid(read(day), "rooms")
    assert [block.look for block in next(c for c in by_rooms.columns if c.resource == diary.room1).blocks if block.booking] == [
        "numbing",
        "visit",
        "clean",
    ]
    assert [b.starts for b in blocks(day_grid(read(day), "devices"), diary.pen, "visit")] == ["10:30"]
    assert " data-movable" in main.attributes
    assert main.key == f"b{visit.pk}"


def test_two_who_numb_at_once_stand_beside_each_other_while_a_third_is_treated(diary, book, make_patient, make_plan, read):
    day = diary.monday()
    room3 = diary.add("room", "Room 3")
    for hour, minute, room, device in ((9, 0, diary.room1, diary.pen), (9, 50, diary.room2, diary.pen2), (10, 40, room3, diary.pen)):
        patient = make_patient()
        book(diary.at(day, hour, minute), patient=patient, plan=make_plan(patient), room=room, device=device)
    # The second numbs 09:50 to 10:20, while the first is treated until 10:20.
    numbing = blocks(day_grid(read(day), "people"), diary.osei, "numbing")
    assert [block.beside for block in numbing] == ["beside", "beside", "beside"]
    first = blocks(day_grid(read(day), "people"), diary.osei, "visit")[0]
    assert first.narrow
    Booking.objects.filter(starts_at=diary.at(day, 10, 40)).first().holds.filter(segment="numbing").update(
        starts_at=diary.at(day, 10, 5), ends_at=diary.at(day, 10, 35)
    )
    numbing = blocks(day_grid(read(day), "people"), diary.osei, "numbing")
    assert [block.beside for block in numbing] == ["beside", "half1", "half2"]


def test_what_is_closed_and_what_is_free(diary, book, read):
    day = diary.monday()
    Absence.objects.create(resource=diary.osei, starts_at=diary.at(day, 12), ends_at=diary.at(day, 13), reason="Lunch")
    book(diary.at(day, 9), kind="review")
    grid = day_grid(read(day), "people")
    assert [(b.starts, b.ends) for b in blocks(grid, diary.osei, "free")] == [("09:30", "12:00"), ("13:00", "17:00")]
    assert "Lunch" in [b.words for b in blocks(grid, diary.osei, "closed")]
    assert grid.hours[0] == (0, "09:00")
    assert grid.steps == 8 * 12


def test_the_past_of_a_day_offers_nothing(diary, read):
    day = diary.monday()
    grid = day_grid(read(day, now=diary.at(day, 11, 2)), "people")
    assert [b.starts for b in blocks(grid, diary.osei, "free")] == ["11:05"]
    assert grid.now_at == 24


def test_a_day_on_which_nobody_works_is_closed_from_top_to_bottom(diary, read):
    sunday = diary.monday() - dt.timedelta(days=1)
    grid = day_grid(read(sunday), "people")
    assert [b.words for b in blocks(grid, diary.osei, "closed")] == ["Not in"]
    assert not blocks(grid, diary.osei, "free")


def test_a_closed_day_of_the_site_is_closed_for_all_and_says_why(diary, read):
    day = diary.monday()
    Holiday.objects.create(site=diary.site, day=day, name="Spring holiday")
    for by in ("people", "rooms", "devices"):
        for column in day_grid(read(day), by).columns:
            assert [(block.look, block.words) for block in column.blocks] == [("closed", "Closed: Spring holiday")]


def test_a_visit_on_a_closed_day_says_closed_though_its_clinician_is_on_leave_too(diary, book, read):
    day = diary.monday()
    visit = book(diary.at(day, 10), kind="review")
    Absence.objects.create(resource=diary.osei, starts_at=diary.at(day, 0), ends_at=diary.at(day, 23), reason="Leave")
    assert read(day).away == away_words([visit]) == {visit.pk: "Dr Amara Osei away: Leave"}
    Holiday.objects.create(site=diary.site, day=day, name="Spring holiday")
    assert read(day).away == away_words([visit]) == {visit.pk: "Closed: Spring holiday"}
    assert [block.flag for block in blocks(day_grid(read(day), "people"), diary.osei, "visit")] == ["Closed: Spring holiday"]


def test_in_its_week_a_closed_day_hides_no_leave_of_another_day_and_neither_does_what_is_retired(diary, read):
    day = diary.monday()
    tuesday, friday = day + dt.timedelta(days=1), day + dt.timedelta(days=4)
    Absence.objects.create(resource=diary.osei, starts_at=diary.at(tuesday, 12), ends_at=diary.at(tuesday, 13), reason="Course")
    Holiday.objects.create(site=diary.site, day=day, name="Spring holiday")
    Resource.objects.filter(pk=diary.osei.pk).update(retired_on=friday)
    reading = Reading(Booking.objects.all(), diary.site, day, 7, diary.at(day, 8))
    osei = Resource.objects.get(pk=diary.osei.pk)
    said = [[b.words for b in column.blocks if b.look == "closed"] for column in week_grid(reading, "people", osei).columns]
    assert said[0] == ["Closed: Spring holiday"]
    assert "Course" in said[1]
    assert [("Out of service" in words) for words in said] == [False] * 4 + [True] * 3


def test_what_is_retired_is_shown_only_where_a_visit_still_stands_with_it(diary, book, plan, read):
    day = diary.monday()
    book(diary.at(day, 10), plan=plan)
    Resource.objects.filter(pk__in=(diary.pen.pk, diary.pen2.pk)).update(retired_on=day)
    (column,) = day_grid(read(day), "devices").columns
    assert column.resource == diary.pen
    assert "Out of service" in [block.words for block in column.blocks]


def test_a_bay_has_its_column_and_the_numbing_says_which(diary, book, plan, read):
    day = diary.monday()
    bay = diary.add("bay", "Bay A")
    book(diary.at(day, 10), plan=plan)
    grid = day_grid(read(day), "rooms")
    assert [block.starts for block in blocks(grid, bay, "numbing")] == ["10:00"]
    assert not blocks(grid, diary.room1, "numbing")
    (numb,) = blocks(day_grid(read(day), "people"), diary.osei, "numbing")
    assert numb.words == "Numb, Bay A"


def test_only_the_columns_that_are_asked_for(diary, read):
    day = diary.monday()
    assert [c.resource for c in day_grid(read(day), "people", (diary.berg.pk,)).columns] == [diary.berg]
    # Somebody of another view, or of nowhere, asks for nothing: everybody is shown.
    assert len(day_grid(read(day), "people", (diary.room1.pk, 999_999)).columns) == 2


def test_a_week_is_one_resource_on_seven_days(diary, book, read):
    monday = diary.monday()
    book(diary.at(monday + dt.timedelta(days=2), 10), kind="review")
    grid = week_grid(read(monday, 7), "people", diary.osei)
    assert [column.booked for column in grid.columns] == [0, 0, 1, 0, 0, 0, 0]
    assert len({column.key for column in grid.columns}) == 7


@pytest.mark.parametrize("day", [dt.date(2027, 3, 28), dt.date(2027, 10, 31)])
def test_the_clock_down_the_side_is_the_clinics_on_the_day_it_changes(diary, read, day):
    """Hours are the wall clock also on the day of 23 and the day of 25 hours."""
    from sessions.models import ResourceHours

    ResourceHours.objects.create(resource=diary.osei, weekday=6, opens=dt.time(8), closes=dt.time(12))
    grid = day_grid(read(day), "people")
    assert [clock for _, clock in grid.hours] == ["08:00", "09:00", "10:00", "11:00"]
    assert [(b.starts, b.ends) for b in blocks(grid, diary.osei, "free")] == [("08:00", "12:00")]


def step_of(block) -> int:
    return int(re.search(r"\bat(\d+)\b", block.css)[1])


def drawn(grid) -> list[tuple[str, str]]:
    """(what the clock down the side shows where it stands, when it begins) of each visit and each free time."""
    shown = [(step, int(clock[:2]) * 60 + int(clock[3:])) for step, clock in grid.hours]
    found = []
    for column in grid.columns:
        for block in (one for one in column.blocks if one.look in ("visit", "free")):
            step, clock = [hour for hour in shown if hour[0] <= step_of(block)][-1]
            minutes = clock + 5 * (step_of(block) - step)
            found.append((f"{minutes // 60:02}:{minutes % 60:02}", block.starts))
    return found


@pytest.mark.parametrize("change", ["forward", "back", "none"])
@pytest.mark.parametrize("opens", [8, 0])
def test_a_week_in_which_the_clocks_change_stands_beside_its_clock(diary, book, read, change, opens):
    """Every column of it: the clock down the side is the one that each visit and each free time begins at."""
    from sessions.models import ResourceHours

    day = coming(forward=change == "forward") + dt.timedelta(weeks=2 if change == "none" else 0)
    for one in (diary.osei, diary.room1):
        ResourceHours.objects.create(resource=one, weekday=6, opens=dt.time(opens), closes=dt.time(16))
    friday = day - dt.timedelta(days=2)
    book(diary.at(day, 10), kind="review")
    book(diary.at(friday, 10), kind="review")
    grid = week_grid(read(day - dt.timedelta(days=6), 7), "people", diary.osei)
    assert [(block.starts, step_of(block)) for block in blocks_of(grid, "visit")] == [("10:00", 12 * (10 - min(opens, 9)))] * 2
    assert len(drawn(grid)) >= 10
    assert [shown for shown, _ in drawn(grid)] == [begins for _, begins in drawn(grid)]
    assert grid.hours[0] == (0, f"{min(opens, 9):02}:00")
    (visit,) = [block for block in grid.columns[6].blocks if block.look == "visit"]
    assert f"for{30 // 5}" in visit.css.split()


def test_the_control_by_the_hours_since_midnight_it_would_stand_an_hour_off(diary, book, read, monkeypatch):
    from sessions.models import ResourceHours

    for one in (diary.osei, diary.room1):
        ResourceHours.objects.create(resource=one, weekday=6, opens=dt.time(8), closes=dt.time(16))
    day = coming(forward=True)
    book(diary.at(day, 10), kind="review")
    monkeypatch.setattr(Column, "place", lambda column, second: second - column.whole[0])
    grid = week_grid(read(day - dt.timedelta(days=6), 7), "people", diary.osei)
    assert ("09:00", "10:00") in drawn(grid)


def test_the_list_has_every_visit_once_with_the_gone_ones_last(diary, book, make_patient, desk, read):
    from sessions.services.visit_status import cancel

    day = diary.monday()
    cancel(book(diary.at(day, 9), kind="review", patient=make_patient("Alpha")), reason="Patient is ill", by=desk)
    book(diary.at(day, 11), kind="consultation", patient=make_patient("Beta"))
    rows = rows_of(read(day), "people")
    assert [(row.booking.patient.surname, row.status) for row in rows] == [("Beta", "Booked"), ("Alpha", "Cancelled")]
    assert [row.booking.patient.surname for row in rows_of(read(day, kinds=["review"]), "people")] == ["Alpha"]
    assert not rows_of(read(day), "people", show=[diary.berg.pk])


def test_what_a_poll_has_seen_changes_with_what_is_shown_and_not_with_the_minute(diary, patient, desk, read):
    from sessions.services.visit_status import arrive, in_room

    day = timezone.now().astimezone(LONDON).date()
    visit = Booking.objects.create(
        site=diary.site,
        patient=patient,
        kind="consultation",
        starts_at=diary.at(day, 10),
        ends_at=diary.at(day, 10, 30),
        clinician=diary.osei,
        created_by=desk,
        request_key=diary.key(),
    )
    visit.holds.create(resource=diary.osei, subject=f"r{diary.osei.pk}", starts_at=visit.starts_at, ends_at=visit.ends_at)
    at = diary.at(day, 9, 1)
    before = day_grid(read(day, now=at), "people").seen
    assert day_grid(read(day, now=at + dt.timedelta(minutes=2)), "people").seen == before
    in_room(arrive(visit, by=desk), by=desk)
    assert day_grid(read(day, now=at), "people").seen != before


def test_the_place_of_a_hold_is_a_room_or_a_bay(diary):
    names = Names({r.pk: r for r in Resource.objects.all()})
    places = {r.kind: names.place(Held(r.pk, "needling", 0, 60)) for r in names.rows.values()}
    assert places[Resource.Kind.CLINICIAN] == places[Resource.Kind.DEVICE] == "" != places[Resource.Kind.ROOM]
    assert names.place(Held(0, "needling", 0, 60)) == ""
    assert held_words(600, []) == ""
    assert (
        held_words(600, [Held(3, "numbing", 600, 1200), Held(5, "needling", 900, 1500), Held(3, "needling", 1200, 1500)]) == "3:0-3 5:1-3"
    )


def test_what_anybody_typed_is_text_in_a_block(diary):
    """The blocks are written without a template: each word in them is escaped all the same."""
    evil = "<img src=x onerror=alert(1)>'\"&"
    column = Column("c1", evil, diary.osei, timezone.localdate())
    for look in ("visit", "numbing", "clean", "closed", "free"):
        words = dict.fromkeys(("words", "status", "flag", "who", "where"), evil)
        column.blocks.append(Block(look, 0, 600, icon="i-ok", starts="09:00", ends="09:10", url="/bookings/1/", key="b1", **words))
    grid = Grid([column], [], [], 1, None, 0)
    draw(grid, by="people", slug="canal-street", bookable=True)
    assert column.drawn.count("<li") == 5
    assert "<img" not in column.drawn
    assert "'" not in column.drawn
    assert "&lt;img src=x onerror=alert(1)&gt;&#x27;&quot;&amp;" in column.drawn
    draw(grid, by="people", slug="", bookable=False)
    assert column.drawn.count("<li") == 4, "free time that nobody may take is not shown"


# The address


def test_the_address_keeps_what_was_asked_for():
    day = dt.date(2026, 11, 24)
    asked = QueryDict("by=rooms&view=list&show=5&show=7&show=5&kind=review&open=new&time=10:00&clinician=3")
    address = read_address(asked, day, site="canal-street")
    again = read_address(QueryDict(address.url.partition("?")[2]), day, site="canal-street")
    assert again == address
    assert address.url.startswith("/calendar/2026-11-24/?by=rooms&view=list&site=canal-street&show=5&show=7&kind=review&open=new")


@pytest.mark.parametrize("query", ["by=moons", "view=year", "show=abc", "show=-1", "kind=party", "time=10:00", "show=99999999999999999999"])
def test_what_cannot_be_read_counts_as_not_asked(query):
    day = dt.date(2026, 11, 24)
    assert read_address(QueryDict(query), day).url == "/calendar/2026-11-24/?by=people"
