"""The timeline: one page of what every source has, newest first, with a bounded number of queries whatever the patient has."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from patients import timeline
from patients.overview import Entry
from patients.timeline import PAGE, Source, timeline_of

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.UTC)


class Lines:
    """A source over a list of moments, as a table would answer."""

    def __init__(self, word: str, moments: list[dt.datetime]):
        self.rows = sorted(enumerate(moments), key=lambda row: (row[1], row[0]), reverse=True)
        self.word = word

    def __call__(self, patient, user, until):
        rows = [row for row in self.rows if until.moment is None or row[1] <= until.moment]
        return [Entry(at, f"{self.word} {number}", on=at.date()) for number, at in rows[: until.limit]]


@pytest.fixture
def sources(monkeypatch):
    def use(*found):
        monkeypatch.setattr(timeline, "_sources", list(found))

    return use


def _pages(patient, user, kind=""):
    before, shown = "", []
    for _ in range(200):
        page = timeline_of(patient, user, kind=kind, before=before)
        assert len(page.entries) <= PAGE
        shown += [entry.title for entry in page.entries]
        if not page.older:
            return shown
        before = page.older
    raise AssertionError("the pages have no end")


@pytest.mark.parametrize("count", [0, 1, PAGE, PAGE + 1, 3 * PAGE + 7])
def test_every_line_stands_on_exactly_one_page_in_the_order_of_time(patient, clinician, sources, count):
    hours = [NOW - dt.timedelta(hours=number % 11, minutes=number) for number in range(count)]
    days = [NOW - dt.timedelta(days=number) for number in range(count)]
    sources(Source("plans", "plans.view", Lines("Plan", hours)), Source("visits", "bookings.view", Lines("Visit", days)))
    shown = _pages(patient, clinician)
    assert len(shown) == len(set(shown)) == 2 * count
    order = {f"Plan {n}": at for n, at in enumerate(hours)} | {f"Visit {n}": at for n, at in enumerate(days)}
    assert [order[title] for title in shown] == sorted((order[title] for title in shown), reverse=True)


def test_many_lines_of_one_moment_are_neither_lost_nor_shown_twice(patient, clinician, sources):
    """A bulk import writes a hundred rows at one and the same moment."""
    sources(
        Source("plans", "plans.view", Lines("Plan", [NOW] * (2 * PAGE + 3))),
        Source("visits", "bookings.view", Lines("Visit", [NOW] * PAGE)),
    )
    shown = _pages(patient, clinician)
    assert len(shown) == len(set(shown)) == 3 * PAGE + 3


def test_one_kind_alone(patient, clinician, sources):
    sources(Source("plans", "plans.view", Lines("Plan", [NOW] * 3)), Source("visits", "bookings.view", Lines("Visit", [NOW] * 40)))
    assert set(_pages(patient, clinician, kind="plans")) == {"Plan 0", "Plan 1", "Plan 2"}
    assert len(_pages(patient, clinician, kind="nonsense")) == 43


def test_a_kind_that_may_not_be_seen_is_neither_offered_nor_shown(patient, desk, sources):
    sources(Source("plans", "plans.view", Lines("Plan", [NOW])), Source("visits", "bookings.view", Lines("Visit", [NOW])))
    page = timeline_of(patient, desk, kind="plans")
    assert [key for key, _ in page.kinds] == ["visits"]
    assert [entry.title for entry in page.entries] == ["Visit 0"]


@pytest.mark.parametrize("before", ["x", "-", "1-", "-1", "9" * 40, "99999999999999999-1", "1-9999", "\u0661-\u0661", "1-1-1", "1.5-1"])
def test_a_mark_that_is_none_begins_at_the_newest(patient, clinician, client, before, sources):
    sources(Source("visits", "bookings.view", Lines("Visit", [NOW])))
    assert timeline_of(patient, clinician, before=before).is_first or before == "99999999999999999-1"
    client.force_login(clinician)
    assert client.get(reverse("patients:detail", args=[patient.number]), {"before": before}).status_code == 200


def test_a_source_of_no_known_kind_is_a_bug():
    with pytest.raises(KeyError):
        timeline.register_source(Source("rumours", "plans.view", Lines("x", [])))


def test_days_and_times_are_read_up_to_the_moment(patient, clinician):
    """`Until.newest` on a real table: the rows not newer than the moment, newest first."""
    from patients.models import ScreeningAnswer

    for hours in range(4):
        ScreeningAnswer.objects.create(
            patient=patient, question=f"q{hours}", protocol_version="x", answer=True, answered_at=NOW - dt.timedelta(hours=hours)
        )
    until = timeline.Until(NOW - dt.timedelta(hours=1), 2)
    found = until.newest(ScreeningAnswer.objects.filter(patient=patient), "answered_at")
    assert [row.question for row in found] == ["q1", "q2"]
    assert timezone.is_aware(found[0].answered_at)
