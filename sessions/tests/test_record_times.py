"""
The times of a record are those of the site it is done at: typed, stored, shown, printed and counted in days there, whatever the clock
of the installation. Over five zones and every clock change of ten years what is shown leads back to what is stored.
"""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django import forms
from django.urls import reverse
from django.utils import timezone

from accounts.models import Site
from accounts.templatetags.clinic_format import clock
from audit import guards
from sessions.conversion import record_facts
from sessions.forms.clock_time import Clock, ClockTime, after, before, clock_words
from sessions.models import TreatmentSession
from sessions.services import record

from .clock_changes import QUARTER, ZONES, changes
from .record_case import RecordCase, signed

KARACHI = ZoneInfo("Asia/Karachi")  # five hours on from London in winter, and no clock changes
TOOK = [dt.timedelta(minutes=minutes) for minutes in (5, 30, 45, 60, 90, 200)]


def read(words: str) -> Clock:
    return ClockTime(label="Start time").clean(words)


def around(name: str) -> list[dt.datetime]:
    """Moments round each change of ten years, and round a midnight where there is none."""
    middle = changes(name) or [dt.datetime(2026, 6, 1, 18, 30, tzinfo=dt.UTC)]
    return [change + step * QUARTER for change in middle for step in range(-12, 13)]


@pytest.mark.parametrize("name", ZONES)
def test_what_is_stored_is_shown_and_read_again(name):
    site = Site(time_zone=name)
    for moment in around(name):
        words = clock_words(moment, site)
        assert words.removesuffix(" first").removesuffix(" second") == clock(moment, site)
        assert read(words).on(site.day_of(moment), site.zone) == moment


@pytest.mark.parametrize("name", ZONES)
def test_a_treatment_ends_when_it_ended_also_past_midnight_and_over_a_change(name):
    site = Site(time_zone=name)
    for start in around(name):
        for took in TOOK:
            end = start + took
            assert after(read(clock_words(end, site)), start, site.day_of(start), site.zone) == end
            assert before(read(clock_words(start, site)), end, site.day_of(end), site.zone) == start


@pytest.mark.parametrize("name", ZONES[:4])
def test_a_time_of_the_record_that_is_none_is_refused_and_one_that_comes_twice_is_asked(name):
    site, left_out, twice = Site(time_zone=name), 0, 0
    for change in changes(name):
        last, first = site.local(change - QUARTER).replace(tzinfo=None), site.local(change).replace(tzinfo=None)
        shown = last + QUARTER if first > last + QUARTER else first
        typed = Clock(shown.time())
        with pytest.raises(forms.ValidationError, match="go forward over it" if first > last + QUARTER else "comes twice on"):
            typed.on(shown.date(), site.zone)
        left_out, twice = left_out + (first > last + QUARTER), twice + (first <= last)
    assert min(left_out, twice) >= 9


def test_the_control_a_clock_of_one_zone_reads_another_ones_words_wrong():
    moment = dt.datetime(2026, 7, 1, 20, 30, tzinfo=dt.UTC)
    words = clock_words(moment, Site(time_zone="Asia/Karachi"))
    assert read(words).on(dt.date(2026, 7, 2), ZoneInfo("Europe/London")) != moment


# A record at a site on another clock than the installation's


@pytest.fixture(autouse=True)
def noon():
    with time_machine.travel(timezone.localtime().replace(hour=12, minute=0), tick=True):
        yield


@pytest.fixture
def case(site, clinician, patient):
    Site.objects.filter(pk=site.pk).update(time_zone="Asia/Karachi")
    site.refresh_from_db()
    patient.refresh_from_db()
    return RecordCase(site, clinician, patient)


@pytest.fixture
def late(case):
    """An open record begun at half past eight in the evening by London, at half past one of the next day at its site."""
    session = case.started(days=-1)
    yesterday = timezone.localdate() - dt.timedelta(days=1)
    began = dt.datetime.combine(yesterday, dt.time(20, 30), tzinfo=dt.UTC)
    TreatmentSession.objects.filter(pk=session.pk).update(started_at=began)
    return TreatmentSession.objects.select_related("booking__site", "patient__site").get(pk=session.pk)


pages = pytest.mark.django_db


@pages
def test_its_day_is_the_day_there(late):
    there = late.started_at.astimezone(KARACHI).date()
    assert late.day == late.started_at.date() + dt.timedelta(days=1) == there
    assert record_facts(late).treated_on == there


@pages
def test_what_is_typed_is_the_time_there(case, late):
    typed = case.typed(late, started="01:30", ended="02:10", numbing="Example cream", numbing_on="00:50", numbing_off="01:20")
    saved = record.save(late, by=case.clinician, typed=typed, version=late.version)
    assert not saved.form.errors
    saved.session.refresh_from_db()
    assert saved.session.started_at == late.started_at
    assert saved.session.ended_at - late.started_at == dt.timedelta(minutes=40)
    assert saved.session.numbing_on_at == late.started_at - dt.timedelta(minutes=40)


@pages
def test_the_open_record_shows_it(client, case, late):
    client.force_login(case.clinician)
    text = client.get(reverse("sessions:record", args=[late.pk])).content.decode()
    assert 'value="01:30"' in text
    assert 'data-clock="Asia/Karachi"' in text
    for other in (late.started_at, late.started_at.astimezone(ZoneInfo("Europe/London"))):
        assert f'value="{other:%H:%M}"' not in text


@pages
def test_so_do_the_signed_one_and_the_patients_page(client, case):
    session = signed(case)
    client.force_login(case.clinician)
    text = client.get(reverse("sessions:record", args=[session.pk])).content.decode()
    shown = f"{session.started_at.astimezone(KARACHI):%H:%M} to {session.ended_at.astimezone(KARACHI):%H:%M}"
    assert shown in text
    assert f"{session.signed_at.astimezone(KARACHI):%H:%M}" in text
    # In the evening by London it is another day there, and both pages and the header say that one.
    evening = session.started_at.replace(hour=19, minute=10)
    with guards.suspended("signed_record_locked"):
        TreatmentSession.objects.filter(pk=session.pk).update(started_at=evening, ended_at=evening + dt.timedelta(minutes=40))
    day = evening.astimezone(KARACHI).date()
    assert day != evening.date()
    words = f"{day.day}\xa0{day:%b}\xa0{day.year}"
    assert words in client.get(reverse("patients:detail", args=[case.patient.number])).content.decode()
    assert words in client.get(reverse("sessions:record", args=[session.pk])).content.decode()


@pages
def test_answers_of_yesterday_there_are_of_yesterday(case, late):
    """An answer of an hour before midnight there is a day old an hour after it, though by London's clock both are of one day."""
    from patients.models import ScreeningAnswer
    from sessions.services.due import due_of

    midnight = dt.datetime.combine(late.day, dt.time.min, tzinfo=KARACHI)
    ScreeningAnswer.objects.update(answered_at=midnight + dt.timedelta(hours=1))
    every_visit = {question.id for question in due_of(late.patient, case.version, late.day).questions}
    ScreeningAnswer.objects.update(answered_at=midnight - dt.timedelta(hours=1))
    assert {question.id for question in due_of(late.patient, case.version, late.day).questions} > every_visit


def told(case, session, turn, **changes):
    """One save of a page that hears no answers: `ended_known` is what the page knows of the end."""
    session.refresh_from_db()
    typed = case.typed(session, **changes)
    return record.save(session, by=case.clinician, typed=typed, version=session.version, page="one", turn=turn)


@pytest.mark.django_db
@pytest.mark.parametrize(("knows", "stays"), [("", True), ("10:30", False), ("typed", False)])
def test_the_end_set_with_the_reaction_is_cleared_by_a_person_alone(site, clinician, patient, knows, stays):
    """The answer to the save before is still on the way, or was lost: the page's empty field says nothing about the end."""
    case = RecordCase(site, clinician, patient)
    session = case.started()
    told(case, session, 1, ended="", reaction="", ended_known="")
    told(case, session, 2, ended="", ended_known="")
    session.refresh_from_db()
    ended = session.ended_at
    assert ended is not None
    told(case, session, 3, ended="", ended_known=knows, note="Sent before the answer came")
    session.refresh_from_db()
    assert session.ended_at == (ended if stays else None)
    assert session.note == "Sent before the answer came"
