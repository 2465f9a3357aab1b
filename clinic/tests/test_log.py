"""The screens of the audit log: who may read which rows, the search, the pages, and the file for a spreadsheet."""

import csv
import datetime as dt
import io
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from accounts.models import Site
from accounts.permissions import PERMISSIONS, Role
from audit.models import AuditEvent
from audit.services import record
from clinic import csv_out
from clinic.log import reading, words
from clinic.log.reading import PAGE_ROWS
from patients.models import Patient
from scripts.checks import APPS

pytestmark = pytest.mark.django_db
LOG, FILE = "/settings/log/", "/settings/log/rows.csv"


@pytest.fixture
def auditor(make_user):
    return make_user("vera", Role.AUDITOR, last_name="Lind")


@pytest.fixture
def elsewhere(make_user):
    """A site of its own with one patient and one member of staff."""
    site = Site.objects.create(name="Birch Skin Clinic", slug="birch")
    person = make_user("ada", Role.CLINICIAN, last_name="Stranger")
    person.sites.set([site])
    patient = Patient.objects.create(number=20001, site=site, surname="Okafor", given="Chidi", birth_date=dt.date(1980, 1, 1))
    return site, person, patient


@pytest.fixture
def looked(clinician, desk, patient):
    """Two people looked at one patient, one of them changed something."""
    record("patient.viewed", actor=clinician, patient=patient, obj=patient)
    record("patient.viewed", actor=desk, patient=patient, obj=patient)
    record("patient.changed", actor=desk, patient=patient, obj=patient, detail={"fields": ["phone"]})


def cells(response) -> list[dict]:
    return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))


# Who opened this record


def test_from_the_patients_page_one_press_says_who_opened_it(client, manager, clinician, desk, patient, looked):
    client.force_login(manager)
    page = client.get(reverse("patients:detail", args=[patient.number])).content.decode()
    assert f'href="/patients/{patient.number}/log/"' in page
    page = client.get(f"/patients/{patient.number}/log/").content.decode()
    assert "RAHMAN" in page
    people = re.findall(r'<th scope="row">([^<]+?)\s*<span class="note">([^<]+)</span></th><td[^>]*>(\d+) times?</td><td[^>]*>(\d+)', page)
    assert (str(desk), "Front desk", "1", "1") in people
    assert (str(clinician), "Clinician", "1", "0") in people


def test_the_auditor_asks_by_number_and_reads_no_name(client, auditor, clinician, patient, looked):
    client.force_login(auditor)
    for address in (f"{LOG}?patient={patient.number}", f"/patients/{patient.number}/log/"):
        page = client.get(address).content.decode()
        assert str(clinician) in page
        assert "Opened the patient" in page
        assert str(patient.number) in page
        assert "rahman" not in page.lower()


@pytest.mark.parametrize("field", ["first_day", "last_day"])
@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_a_day_beyond_every_calendar_is_told_beside_its_field(client, auditor, field, day):
    client.force_login(auditor)
    for address in (LOG, FILE):
        response = client.get(address, {field: day})
        assert response.status_code == 422
        assert "must be a day, like 2026-11-17" in response.content.decode()


def test_a_clinician_and_the_desk_have_no_such_page(client, clinician, desk, patient):
    for person in (clinician, desk):
        client.force_login(person)
        assert "/log/" not in client.get(reverse("patients:detail", args=[patient.number])).content.decode()
        assert client.get(f"/patients/{patient.number}/log/").status_code == 403


def test_looking_into_the_log_is_a_row_of_it(client, auditor, patient, looked):
    client.force_login(auditor)
    client.get(f"/patients/{patient.number}/log/")
    row = AuditEvent.objects.first()
    assert (row.action, row.actor, row.patient_pk, row.detail) == (
        "log.viewed",
        auditor,
        patient.pk,
        {"patient": patient.number, "rows": 3},
    )


# Which rows


def test_rows_of_another_site_are_nobodys_here(client, manager, elsewhere, looked):
    _, person, theirs = elsewhere
    record("patient.viewed", actor=person, patient=theirs, obj=theirs)
    record("today.viewed", actor=person)
    client.force_login(manager)
    page = client.get(LOG).content.decode()
    assert "Stranger" not in page.partition("<table")[2]
    assert str(theirs.number) not in page
    assert client.get(f"/patients/{theirs.number}/log/").status_code == 404
    assert "No row fits this search" in client.get(f"{LOG}?patient={theirs.number}").content.decode()
    assert "Stranger" not in client.get(FILE).content.decode()


def test_whoever_opens_a_record_from_another_site_is_named_to_its_own(client, manager, elsewhere, patient, looked):
    _, person, _ = elsewhere
    record("patient.viewed", actor=person, patient=patient, obj=patient)
    client.force_login(manager)
    assert str(person) in client.get(f"/patients/{patient.number}/log/").content.decode()


def test_one_who_works_at_every_site_reads_every_row(client, auditor, elsewhere):
    site, person, theirs = elsewhere
    auditor.sites.add(site)
    record("patient.viewed", actor=person, patient=theirs, obj=theirs)
    record("backup.made")
    client.force_login(auditor)
    page = client.get(LOG).content.decode()
    assert str(theirs.number) in page
    assert "A backup was made" in page


# The search


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"action": "patient.changed"}, {"patient.changed"}),
        ({"outcome": "refused"}, {"access.refused"}),
        ({"address": "192.0.2.9"}, {"user.signed_in"}),
        ({"patient": "10482", "action": "patient.viewed"}, {"patient.viewed"}),
        ({"first_day": "2000-01-01", "last_day": "2000-12-31"}, set()),
        ({"first_day": "today", "last_day": "today", "outcome": "refused"}, {"access.refused"}),
    ],
)
def test_each_question_finds_its_rows_and_no_others(client, rf, auditor, desk, looked, asked, found):
    record("access.refused", actor=desk, outcome="refused")
    request = rf.get("/", REMOTE_ADDR="192.0.2.9")
    request.user = desk
    record("user.signed_in", request=request)
    asked = {name: timezone.localdate().isoformat() if value == "today" else value for name, value in asked.items()}
    client.force_login(auditor)
    response = client.get(FILE, asked)
    assert {row["Action"] for row in cells(response)} == found
    page = client.get(LOG, asked).content.decode()
    assert set(re.findall(r"<dt>Action</dt><dd[^>]*>([^<]+)</dd>", page)) == found


def test_a_person_is_chosen_from_the_own_staff(client, manager, desk, elsewhere, looked):
    client.force_login(manager)
    rows = cells(client.get(FILE, {"person": desk.pk}))
    assert {row["Person"] for row in rows} == {str(desk)}
    response = client.get(LOG, {"person": elsewhere[1].pk})
    assert response.status_code == 422
    assert "Choose a person from the list" in response.content.decode()


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"patient": "9" * 30}, "Patient number must be a number, like 10482"),
        ({"patient": "x"}, "Patient number must be a number, like 10482"),
        ({"address": "somewhere"}, "Network address must be one address, like 192.0.2.17"),
        ({"first_day": "17/11/2026"}, "From must be a day, like 2026-11-17"),
        ({"first_day": "2026-11-17", "last_day": "2026-11-16"}, "To must be the same day as From, or later"),
        ({"action": "nothing.known"}, "Choose what was done from the list"),
    ],
)
def test_what_cannot_be_asked_is_said_and_kept(client, auditor, asked, words):
    client.force_login(auditor)
    for address in (LOG, FILE):
        response = client.get(address, asked)
        assert response.status_code == 422
        assert words in response.content.decode()


NOON = dt.datetime(2026, 9, 10, 12, tzinfo=dt.UTC)


def _written(desk, *moments: dt.datetime) -> list[int]:
    """Rows in this order, each with what the clock showed."""
    rows = [AuditEvent(at=at, actor=desk, actor_name="June Park", action="patient.viewed", patient_pk=4711) for at in moments]
    return [row.pk for row in AuditEvent.objects.bulk_create(rows)]


@pytest.mark.parametrize("few_enough", [reading.FEW_ENOUGH, 100], ids=["few of that day", "many of that day"])
def test_a_day_is_found_whole_though_the_clock_was_wrong_when_some_of_it_was_written(desk, auditor, monkeypatch, few_enough):
    """One row with the clock a week ahead, one after it was put back to midnight: each is of the day it shows, and hides none."""
    monkeypatch.setattr(reading, "FEW_ENOUGH", few_enough)
    week, minute = dt.timedelta(days=7), dt.timedelta(seconds=1)
    (ahead,) = _written(desk, NOON + week)
    _written(desk, *(NOON + minute * number for number in range(2_500)))
    later = _written(desk, *(NOON + week + minute * number for number in range(2_500)))
    (put_back,) = _written(desk, NOON.replace(hour=0))
    search = {name: reading.Search(patient=None, person=desk.pk, **days) for name, days in {
        "then": {"first_day": (NOON + week).date(), "last_day": (NOON + week).date()},
        "from": {"first_day": NOON.date()},
        "until": {"last_day": NOON.date()},
    }.items()}  # fmt: skip
    found = {name: set(reading.found(auditor, one).values_list("pk", flat=True)) for name, one in search.items()}
    assert found["then"] == {ahead, *later}
    assert found["from"] == set(AuditEvent.objects.filter(actor=desk).values_list("pk", flat=True))
    assert found["until"] == set(range(ahead + 1, later[0])) | {put_back}


@pytest.mark.parametrize("nonsense", ["before=x", "after=-1", "before=" + "9" * 40, "before=&after=", "patient=%00", "person=%F0%9F"])
def test_nonsense_in_the_address_is_no_fault(client, auditor, looked, nonsense):
    client.force_login(auditor)
    assert client.get(f"{LOG}?{nonsense}").status_code in (200, 400, 422)


def test_pages_follow_one_another_without_a_row_lost_or_twice(client, auditor, desk, patient):
    for _ in range(2 * PAGE_ROWS + 20):
        record("patient.viewed", actor=desk, patient=patient)
    client.force_login(auditor)
    address, seen = f"{LOG}?action=patient.viewed", []
    while address:
        page = client.get(address).content.decode()
        seen.append([int(pk) for pk in re.findall(r"<dt>Row</dt><dd[^>]*>(\d+)</dd>", page)])
        older = re.search(r'rel="next" href="([^"]+)"', page)
        address = LOG + older[1].replace("&amp;", "&") if older else ""
    assert [len(rows) for rows in seen] == [PAGE_ROWS, PAGE_ROWS, 20]
    flat = [pk for rows in seen for pk in rows]
    assert flat == sorted(set(flat), reverse=True)
    back = re.search(r'rel="prev" href="([^"]+)"', page)[1].replace("&amp;", "&")
    newer = client.get(LOG + back).content.decode()
    assert [int(pk) for pk in re.findall(r"<dt>Row</dt><dd[^>]*>(\d+)</dd>", newer)] == seen[1]


# The file


def test_the_file_holds_every_row_in_utc_and_its_taking_is_logged_with_its_hash(client, auditor, patient, looked):
    import hashlib

    client.force_login(auditor)
    before = list(AuditEvent.objects.exclude(action__startswith="user.").order_by("-pk"))
    response = client.get(FILE, {"patient": patient.number})
    rows = cells(response)
    assert [(int(row["Row"]), row["Action"], row["Patient number"]) for row in rows] == [(r.pk, r.action, "10482") for r in before]
    assert all(row["Time (UTC)"].endswith("+00:00") for row in rows)
    assert response["Content-Disposition"].startswith("attachment; ")
    kept = AuditEvent.objects.first()
    whole = hashlib.sha256(response.content).hexdigest()
    assert (kept.action, kept.outcome, kept.patient_pk) == ("log.exported", "done", patient.pk)
    assert (kept.detail["rows"], kept.detail["sha256"]) == (3, whole)


def test_a_file_that_is_full_says_from_where_the_next_goes_on(client, auditor, monkeypatch, looked):
    from clinic.log import views

    monkeypatch.setattr(views, "MOST_IN_FILE", 2)
    client.force_login(auditor)
    first = client.get(FILE, {"patient": 10482})
    last = re.search(r"more-before-(\d+)\.csv", first["Content-Disposition"])[1]
    second = client.get(FILE, {"patient": 10482, "before": last})
    actions = [row["Action"] for row in cells(first) + cells(second) if row["Action"].startswith("patient.")]
    assert actions == ["patient.changed", "patient.viewed", "patient.viewed"]


@pytest.mark.parametrize(
    "typed", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\n=cmd|' /C calc'!A0", "\uff1d1", "\u00a0=1", "\ufeff=1", "\0=1"]
)
def test_no_cell_is_a_formula(typed):
    (written,) = list(csv.reader(io.StringIO("".join(csv_out.lines(["head"], [[typed]])))))[1]
    assert written.startswith("'")


@pytest.mark.parametrize(
    ("value", "written"), [(-5, "-5"), (None, ""), (True, "yes"), ("Cheeks, 1 mm", "Cheeks, 1 mm"), ('a "b"\nc', 'a "b"\nc')]
)
def test_what_is_no_formula_stays_as_it_is(value, written):
    assert csv_out.cell(value) == written


def test_a_name_that_is_a_formula_leaves_the_clinic_as_text(client, auditor, desk, patient):
    desk.first_name, desk.last_name = "=HYPERLINK(1)", ""
    record("patient.viewed", actor=desk, patient=patient, detail={"fields": ["=1"]})
    client.force_login(auditor)
    (row,) = cells(client.get(FILE, {"patient": patient.number}))
    assert row["Person"] == "'=HYPERLINK(1)"


def _sources():
    for app in set(APPS) - {"planner"}:
        for path in sorted((Path(settings.BASE_DIR) / app).rglob("*.py")):
            if "tests" not in path.parts and "migrations" not in path.parts:
                yield path, path.read_text()


def test_only_one_module_writes_files_for_spreadsheets():
    writers = [path.name for path, text in _sources() if re.search(r"^\s*(import csv|from csv )", text, re.MULTILINE)]
    assert writers == ["csv_out.py"]


# The words


def test_every_action_has_its_words():
    named = {action for _, text in _sources() for action in re.findall(r'(?:record|note_read|log)\(\s*"([a-z_]+\.[a-z_]+)"', text)}
    assert len(named) > 60
    assert {action for action in named if action not in words.WORDS} == set()


def test_every_action_of_the_table_of_addresses_has_its_words():
    from audit import pages

    named = {action for page in pages.known().values() for action in (page.reads, page.writes) if action}
    assert {action for action in named if action not in words.WORDS} == set()


def test_an_action_without_words_is_still_read(client, auditor):
    record("thing.was_done", actor=auditor)
    client.force_login(auditor)
    assert "Thing was done" in client.get(LOG).content.decode()


def test_who_may_read_the_log():
    assert PERMISSIONS["audit.view"] == {Role.MEDICAL_LEAD, Role.MANAGER, Role.AUDITOR}
