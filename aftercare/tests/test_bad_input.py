"""What cannot be printed is a state on the queue in plain words; the record is safe, and the sheet is made as soon as it can be."""

import datetime as dt

import pytest
from django.utils import timezone

from aftercare import maps
from aftercare.models import Sheet
from aftercare.services import files, making, publishing, request_sheet
from aftercare.services.making import make
from audit.models import AuditEvent
from sessions.models import TreatmentSession

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("queue_away", "storage")]


def stands(sheet) -> Sheet:
    return Sheet.objects.get(pk=sheet.pk)


def is_safe(session) -> bool:
    row = TreatmentSession.objects.get(pk=session.pk)
    return row.is_signed and row.signed_sha256 == session.signed_sha256


def in_time(sheet, **more) -> Sheet:
    """As if the pause were over; the sweep offers it and a worker makes it."""
    now = timezone.now()
    Sheet.objects.filter(pk=sheet.pk).update(again_at=now - dt.timedelta(seconds=1), requested_at=now - dt.timedelta(minutes=5), **more)
    publishing.sweep()
    make(sheet.pk)
    return stands(sheet)


def test_a_missing_phone_number_is_said_and_the_sheet_comes_by_itself_once_it_is_there(signed, clinician, site):
    site.phone = ""
    site.save()
    session = signed()
    sheet = request_sheet(session, by=clinician)
    make(sheet.pk)
    row = stands(sheet)
    assert row.state == "failed"
    assert "Enter both in the clinic's settings" in row.problem
    assert timezone.now() < row.again_at < timezone.now() + dt.timedelta(minutes=2)
    assert is_safe(session)
    still = in_time(sheet)
    assert (still.state, still.rounds) == ("failed", 1)
    assert AuditEvent.objects.filter(action="sheet.failed").count() == 1
    site.phone = "020 7946 0118"
    site.save()
    assert in_time(sheet).state == "ready"


def test_before_its_time_it_is_left_alone(signed, clinician, site):
    """The control."""
    site.phone = ""
    site.save()
    sheet = request_sheet(signed(), by=clinician)
    make(sheet.pk)
    publishing.sweep()
    assert stands(sheet).state == "failed"


def test_what_will_not_mend_is_not_tried_for_ever(signed, clinician, site):
    site.phone = ""
    site.save()
    sheet = request_sheet(signed(), by=clinician)
    make(sheet.pk)
    row = in_time(sheet, rounds=making.MOST_ROUNDS)
    assert (row.state, row.again_at) == ("failed", None)


def test_a_full_disk_is_said_and_the_sheet_comes_once_there_is_room(signed, clinician, storage, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    session = signed()
    sheet = request_sheet(session, by=clinician)
    with monkeypatch.context() as patched:
        patched.setattr(files.default_storage, "save", full)
        make(sheet.pk)
    assert "Check that the disk has room" in stands(sheet).problem
    assert is_safe(session)
    assert in_time(sheet).state == "ready"


def test_a_letter_without_a_glyph(signed, clinician):
    session = signed(surname="\U00013000")
    sheet = request_sheet(session, by=clinician)
    make(sheet.pk)
    assert "Our print fonts cannot draw" in stands(sheet).problem
    assert is_safe(session)


def test_a_language_without_words(signed, clinician):
    session = signed()
    sheet = request_sheet(session, by=clinician)
    Sheet.objects.filter(pk=sheet.pk).update(language="tlh")
    make(sheet.pk)
    row = stands(sheet)
    assert row.state == "failed"
    assert "words" in row.problem
    assert "tlh" in row.problem
    assert is_safe(session)


def test_a_zone_that_is_on_no_picture(signed, clinician, monkeypatch):
    from aftercare import render

    monkeypatch.setattr(render, "DRAWN", {**maps.DRAWN, "face": maps.DRAWN["face"] - {"cheeks"}})
    session = signed()
    sheet = request_sheet(session, by=clinician)
    make(sheet.pk)
    assert "picture has no place for the zone “cheeks”" in stands(sheet).problem
    assert is_safe(session)


@pytest.mark.parametrize(
    "name",
    ["W" * 80, "<table><tr><td>" * 5, "{{ c }}{% now %}", "</body></html>", "\u202eRahman\u202c", "a\u0301" * 40],
    ids=["no space", "markup", "template", "end", "turned", "marks"],
)
def test_content_that_would_break_the_layout_is_printed_as_text(signed, clinician, name):
    sheet = request_sheet(signed(surname=name[:80]), by=clinician)
    make(sheet.pk)
    row = stands(sheet)
    assert (row.state, row.problem) == ("ready", "")
    assert row.pages in (2, 3)


def test_a_sheet_of_too_many_pages_is_said(signed, clinician, monkeypatch):
    from aftercare import render

    monkeypatch.setattr(render, "MOST_PAGES", 1)
    session = signed()
    sheet = request_sheet(session, by=clinician)
    make(sheet.pk)
    row = stands(sheet)
    assert row.state == "failed"
    assert "pages, which is more than a patient reads" in row.problem
    assert is_safe(session)


def test_a_sheet_that_wants_too_much_memory_is_said(signed, clinician, monkeypatch):
    def greedy(content, **more):
        raise MemoryError

    monkeypatch.setattr(making, "render", greedy)
    sheet = request_sheet(signed(), by=clinician)
    make(sheet.pk)
    assert "more memory than one sheet may have" in stands(sheet).problem
    assert stands(sheet).again_at is None
