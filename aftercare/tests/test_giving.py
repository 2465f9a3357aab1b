"""A sheet given away: noted on paper, superseded by an addition, and read on a phone through the printed code."""

import datetime as dt
import uuid

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from aftercare.models import HandOver, Sheet, SheetLink
from aftercare.services import links, request_sheet
from aftercare.services.handing_over import NotToBeGiven, hand_over
from aftercare.services.making import make
from audit.models import AuditEvent
from sessions.services.record import correct

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("queue_away", "storage")]


def as_user(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def done(session, by) -> Sheet:
    sheet = request_sheet(session, by=by)
    assert make(sheet.pk), Sheet.objects.get(pk=sheet.pk).problem
    return Sheet.objects.get(pk=sheet.pk)


@pytest.fixture
def ready(signed, clinician):
    return done(signed(), clinician)


@pytest.fixture
def linked(signed, clinician, settings):
    settings.PUBLIC_URL, settings.SHEET_LINK_DAYS = "https://clinic.example", 30
    return done(signed(), clinician)


def address(sheet) -> str:
    """As the phone asks for it."""
    return links.address_of(sheet.link).removeprefix("https://clinic.example")


# Superseded


def test_an_addition_to_the_record_makes_a_newer_version_and_marks_the_older(ready, clinician, storage):
    before = (storage / ready.file).read_bytes()
    correct(ready.session, by=clinician, text="The lot was B24-0918", reason="Misread", request_key="k")
    older, newer = Sheet.objects.order_by("record_version")
    assert (older.pk, older.state, newer.record_version, newer.state) == (ready.pk, "ready", 2, "requested")
    assert older.superseded_at is not None
    assert newer.superseded_at is None
    make(newer.pk)
    assert (storage / older.file).read_bytes() == before
    assert (storage / Sheet.objects.get(pk=newer.pk).file).is_file()
    assert AuditEvent.objects.get(action="sheet.superseded").patient_pk == ready.session.patient_id


def test_an_addition_that_is_rolled_back_supersedes_nothing(ready, clinician):
    with transaction.atomic():
        correct(ready.session, by=clinician, text="The lot was B24-0918", reason="Misread", request_key="k")
        transaction.set_rollback(True)
    assert Sheet.objects.get().superseded_at is None


def test_the_older_versions_page_leads_to_the_newer(ready, clinician):
    correct(ready.session, by=clinician, text="Lot", reason="Misread", request_key="k")
    newer = Sheet.objects.get(record_version=2)
    page = as_user(clinician).get(reverse("aftercare:sheet", args=[ready.pk])).content.decode()
    assert "A newer version took its place" in page
    assert reverse("aftercare:sheet", args=[newer.pk]) in page
    assert 'name="to"' not in page


@pytest.mark.both_engines
def test_the_database_keeps_a_superseded_sheet_so(ready, clinician):
    correct(ready.session, by=clinician, text="Lot", reason="Misread", request_key="k")
    with pytest.raises((IntegrityError, DatabaseError), match="newer one took the place"), transaction.atomic():
        Sheet.objects.filter(pk=ready.pk).update(superseded_at=None)


# Handed over


def test_who_gave_which_version_to_whom_and_when_is_noted_and_shown(ready, desk):
    client = as_user(desk)
    data = {"to": "companion", "name": " Ola   Rahman ", "request_key": str(uuid.uuid4())}
    assert client.post(reverse("aftercare:hand_over", args=[ready.pk]), data).status_code == 302
    given = HandOver.objects.get()
    assert (given.sheet, given.name, given.by) == (ready, "Ola Rahman", desk)
    event = AuditEvent.objects.get(action="sheet.handed_over")
    assert (event.patient_pk, event.detail["record_version"], event.detail["to"]) == (ready.session.patient_id, 1, "companion")
    for place in (reverse("aftercare:queue"), reverse("aftercare:sheet", args=[ready.pk])):
        page = client.get(place).content.decode()
        assert "to Ola Rahman" in page, place
        assert str(desk) in page
    assert "given to Ola Rahman" in client.get(reverse("patients:detail", args=[ready.session.patient.number])).content.decode()


def test_the_record_shows_it_too(ready, clinician):
    hand_over(ready, by=clinician, to="patient", request_key="k")
    page = as_user(clinician).get(reverse("sessions:record", args=[ready.session_id])).content.decode()
    assert "Version 1 given to the patient" in page


def test_a_double_click_notes_once(ready, desk):
    client, data = as_user(desk), {"to": "patient", "request_key": "one"}
    for _ in range(2):
        client.post(reverse("aftercare:hand_over", args=[ready.pk]), data)
    assert HandOver.objects.count() == 1


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"to": "companion", "name": "  ", "request_key": "k"}, "Enter the name"),
        ({"to": "companion", "name": "x" * 121, "request_key": "k"}, "too long"),
        ({"to": "somebody", "request_key": "k"}, "Choose who"),
        ({"request_key": "k"}, "Choose who"),
        ({"to": "patient"}, "not whole"),
    ],
)
def test_what_cannot_be_noted_says_what_to_do_and_keeps_what_was_typed(ready, desk, data, said):
    response = as_user(desk).post(reverse("aftercare:hand_over", args=[ready.pk]), data)
    page = response.content.decode()
    assert response.status_code == 422
    assert said in page
    assert f'value="{data.get("name", "")}"' in page
    assert not HandOver.objects.exists()


def test_a_superseded_sheet_and_one_still_being_made_are_given_to_nobody(ready, clinician, signed):
    correct(ready.session, by=clinician, text="Lot", reason="Misread", request_key="k")
    with pytest.raises(NotToBeGiven, match="newer version"):
        hand_over(ready, by=clinician, to="patient", request_key="k")
    with pytest.raises(NotToBeGiven, match="not ready"):
        hand_over(Sheet.objects.get(record_version=2), by=clinician, to="patient", request_key="k")


@pytest.mark.both_engines
def test_the_database_keeps_what_was_noted(ready, clinician):
    hand_over(ready, by=clinician, to="patient", request_key="k")
    for change in (lambda: HandOver.objects.update(to="post"), lambda: HandOver.objects.all().delete()):
        with pytest.raises((IntegrityError, DatabaseError), match="stays as it was noted"), transaction.atomic():
            change()
    with pytest.raises(IntegrityError), transaction.atomic():
        HandOver.objects.create(sheet=ready, to="companion", at=timezone.now(), by=clinician, request_key="nameless")


# All of today's


def test_all_of_todays_asks_for_what_is_missing_and_failed_and_counts_them_as_one(signed, clinician, desk):
    now = timezone.now()
    there = done(signed(ended_at=now), clinician)
    failed = request_sheet(signed(ended_at=now), by=clinician)
    Sheet.objects.filter(pk=failed.pk).update(state="failed", problem="Something went wrong.")
    missing = signed(ended_at=now)
    yesterday = signed(ended_at=now - dt.timedelta(days=2))
    client = as_user(desk)
    assert "2 without a sheet" in client.get(reverse("aftercare:queue")).content.decode()
    response = client.post(reverse("aftercare:make_today"))
    assert Sheet.objects.filter(state="requested").count() == 2
    assert Sheet.objects.filter(session=missing).exists()
    assert not Sheet.objects.filter(session=yesterday).exists()
    page = client.get(response["Location"]).content.decode()
    assert "Today: 1 of 3 ready" in page
    assert "since=today" in page
    assert client.post(reverse("aftercare:make_today")).status_code == 302
    assert Sheet.objects.count() == 3
    assert Sheet.objects.get(pk=there.pk).state == "ready"


# On the phone


def test_without_the_setting_nothing_is_printed_and_no_page_is_kept(ready):
    assert not SheetLink.objects.exists()


def test_the_address_opens_the_sheet_without_name_and_each_opening_is_logged(linked, client):
    response = client.get(address(linked))
    page = response.content.decode().replace("\u00a0", " ")
    assert response.status_code == 200
    assert "Call 999 now if" in page
    assert "020 7946" in page
    patient = linked.session.patient
    for word in (patient.surname, patient.given, "4 March 1991", str(patient.number)):
        assert word not in page
    assert response["Cache-Control"] == "no-store"
    assert "noindex" in response["X-Robots-Tag"]
    client.get(address(linked))
    rows = AuditEvent.objects.filter(action="sheet.link_opened")
    assert [row.patient_pk for row in rows] == [patient.pk] * 2
    assert not any("key" in row.path for row in rows)
    assert SheetLink.objects.get().openings == 2


def test_what_it_shows_is_what_was_printed_and_not_what_came_since(linked, client):
    patient = linked.session.patient
    patient.medications.create(name="Warfarin", recorded_by=linked.requested_by)
    assert "Warfarin" not in client.get(address(linked)).content.decode()


def test_one_that_was_taken_back_ran_out_or_was_never_made_opens_nothing(linked, client, clinician, signed):
    url = address(linked)
    key, _, signature = url.partition("%3A")
    other = done(signed(surname="Other"), clinician)
    swapped = f"{address(other).partition('%3A')[0]}%3A{signature}"
    for wrong in (url[:-1], f"{key}x%3A{signature}", swapped, reverse("aftercare:read"), f"{reverse('aftercare:read')}?key=%00%FF"):
        answer = client.get(wrong)
        assert answer.status_code in (404, 429), wrong
        assert "This page is not open" in answer.content.decode() or answer.status_code == 429
    assert as_user(clinician).post(reverse("aftercare:end_link", args=[linked.pk])).status_code == 302
    assert SheetLink.objects.get(sheet=linked).page == ""
    assert Client(REMOTE_ADDR="192.0.2.9").get(url).status_code == 404
    assert AuditEvent.objects.filter(action="sheet.link_ended").count() == 1
    assert not AuditEvent.objects.filter(action="sheet.link_opened").exists()


def test_a_link_whose_time_is_over_opens_nothing_and_its_page_is_thrown_away(linked, client, monkeypatch):
    url = address(linked)
    later = timezone.now() + dt.timedelta(days=31)
    monkeypatch.setattr(links.timezone, "now", lambda: later)
    assert client.get(url).status_code == 404
    assert links.throw_away() == 1
    assert SheetLink.objects.get().page == ""


def test_a_link_that_is_asked_for_too_often_waits(linked, client):
    SheetLink.objects.update(window_at=timezone.now(), window_openings=links.OPENINGS_A_WINDOW)
    assert client.get(address(linked)).status_code == 429


def test_after_an_addition_the_page_says_that_there_is_a_newer_one(linked, client, clinician):
    correct(linked.session, by=clinician, text="Lot", reason="Misread", request_key="k")
    assert "There is a newer sheet" in client.get(address(linked)).content.decode()


def test_a_name_of_markup_stays_text_on_the_phone(signed, clinician, client, settings, site):
    settings.PUBLIC_URL, settings.SHEET_LINK_DAYS = "https://clinic.example", 30
    type(site).objects.filter(pk=site.pk).update(phone_hours="<img src=x onerror=alert(1)>")
    sheet = done(signed(), clinician)
    page = client.get(address(sheet)).content.decode()
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page


@pytest.mark.both_engines
def test_the_database_keeps_a_link_as_it_is(linked, clinician):
    for change in (
        {"page": "another"},
        {"key": "another"},
        {"ends_at": timezone.now() + dt.timedelta(days=900)},
    ):
        with pytest.raises((IntegrityError, DatabaseError)), transaction.atomic():
            SheetLink.objects.update(**change)
    links.end(linked.link, by=clinician)
    with pytest.raises((IntegrityError, DatabaseError), match="taken back"), transaction.atomic():
        SheetLink.objects.update(ended_at=None)


def test_the_code_on_paper_says_where_it_leads_and_how_long(linked, storage):
    import pikepdf

    with pikepdf.open(storage / linked.file) as pdf:
        told = repr(pdf.Root.StructTreeRoot)
        alternatives = [str(one.Alt) for one in pdf.objects if isinstance(one, pikepdf.Dictionary) and "/Alt" in one]
    assert told
    assert any("opens this sheet on a phone until" in text.replace("\u00a0", " ") for text in alternatives), alternatives
