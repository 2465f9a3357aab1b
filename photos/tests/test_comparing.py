"""Only what can be compared is put beside each other; what differs is said under it, and why not is said in its place."""

import datetime as dt
import re
from dataclasses import dataclass

import pytest
from django.urls import reverse
from django.utils import timezone

from photos.comparing import judge, pair_of
from photos.models import Photo
from photos.tests.pictures import allow, photo_of

BASE = {
    "area": "face", "area_label": "Face", "view": "front", "light": "lamp", "distance_cm": 90, "make_up": False, "lens_mm": 52,
    "camera": "Acme", "width": 900, "height": 1200,
}  # fmt: skip


def photo(pk=1, **changes) -> Photo:
    return Photo(pk=pk, **{**BASE, **changes})


# what changes in the second -> (can they be compared, words that are said)
TABLE = [
    ({}, True, ""),
    ({"view": "side_left"}, False, "One shows face, front, the other face, side left"),
    ({"area": "neck", "area_label": "Neck"}, False, "the other neck, front"),
    ({"light": "daylight"}, False, "The light differs: clinic lamp, then daylight"),
    ({"make_up": True}, False, "Make-up was worn in the second"),
    ({"distance_cm": 80}, True, "The distance differs a little: 90\xa0cm, then 80\xa0cm"),
    ({"distance_cm": 72}, True, "differs a little"),
    ({"distance_cm": 71}, False, "The distance differs too much: 90\xa0cm, then 71\xa0cm"),
    ({"distance_cm": 113}, False, "differs too much"),
    ({"lens_mm": 50}, True, "The lens differs a little: 52\xa0mm, then 50\xa0mm"),
    ({"lens_mm": 24}, False, "The lens differs too much"),
    ({"lens_mm": None}, True, "The lens is known of one only (52\xa0mm)"),
    ({"camera": "Birch"}, True, "Another camera: Acme, then Birch"),
    ({"width": 1200, "height": 900}, True, "One is upright, the other lies across"),
]


@pytest.mark.parametrize(("changes", "comparable", "words"), TABLE)
def test_each_difference_has_its_one_answer(changes, comparable, words):
    found = judge(photo(), photo(2, **changes))
    assert found.comparable is comparable
    said = " ".join(found.differences if comparable else found.why_not)
    assert words in said if words else said == ""
    back = judge(photo(2, **changes), photo())
    assert back.comparable is comparable, "either way round"


def test_close_ups_of_two_zones_and_one_picture_twice_are_not_compared():
    assert not judge(photo(view="close_up", zone="chin"), photo(2, view="close_up", zone="nose")).comparable
    assert judge(photo(), photo()).why_not == ("It is the same picture twice: choose two dates.",)
    assert judge(photo(make_up=True), photo(2, make_up=True)).differences == ("Make-up was worn in both.",)
    assert judge(photo(lens_mm=None), photo(2, lens_mm=None)).differences == ("The lens is known of neither.",)


def test_the_newest_is_shown_with_the_oldest_that_fits():
    rows = [photo(1, light="flash"), photo(2), photo(3), photo(4)]
    assert [one.pk for one in pair_of(rows)] == [2, 4]
    assert [one.pk for one in pair_of([photo(1, light="flash"), photo(2)])] == [1, 2], "none fits: the page says why"
    assert pair_of([photo()]) is None


@dataclass
class Page:
    client: object
    address: str

    def words(self, **query) -> str:
        answer = self.client.get(self.address, query)
        assert answer.status_code == 200
        return re.sub(r"[ \n]+", " ", answer.content.decode())


@pytest.fixture
def page(db, client, clinician, patient, settings, tmp_path):
    allow(patient, by=clinician)
    settings.MEDIA_ROOT = tmp_path / "files"
    client.force_login(clinician)
    return Page(client, reverse("photos:compare", args=[patient.number]))


@pytest.fixture
def dated(patient, clinician):
    def make(days: int, **fields):
        return photo_of(patient, by=clinician, taken_at=timezone.now() - dt.timedelta(days=days), **fields)

    return make


def test_two_dates_are_side_by_side_with_what_differs_and_for_what_they_may_be_used(page, dated):
    first, then = dated(60), dated(1, distance_cm=85)
    words = page.words()
    assert words.index(f"/photos/{first.pk}/screen.jpg") < words.index(f"/photos/{then.pk}/screen.jpg")
    assert "The distance differs a little: 90\xa0cm, then 85\xa0cm." in words
    assert words.count("Record only") == 2
    assert 'type="range"' in words


def test_a_pair_that_would_deceive_is_not_shown_and_others_are_offered(page, dated):
    first, fits, then = dated(60, light="flash"), dated(30), dated(1)
    words = page.words(area="face", view="front", first=first.pk, then=then.pk)
    assert "The light differs: flash, then clinic lamp." in words
    assert "screen.jpg" not in words
    assert f"first={fits.pk}&amp;then={then.pk}" in words


def test_odd_questions_are_answered_with_what_there_is(page, dated, patient):
    assert "There are no photos yet." in page.words()
    first = dated(60)
    assert "Two dates are needed" in page.words()
    then = dated(1)
    for query in (
        {"area": "moon", "view": "front"},
        {"first": "x", "then": "9" * 30},
        {"first": first.pk, "then": 10**9},
        {"area": "face", "view": "back", "first": first.pk},
    ):
        assert f"/photos/{then.pk}/screen.jpg" in page.words(**query)
    assert "same picture twice" in page.words(area="face", view="front", first=then.pk, then=then.pk)
