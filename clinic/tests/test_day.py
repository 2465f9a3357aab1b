"""The end of a day and a day on paper: what is left, who settles it, and what a list may say of patients."""

import datetime as dt
import io
import re
import subprocess
import sys

import pytest
from django.urls import reverse
from django.utils import timezone

from aftercare.models import Sheet
from audit.models import AuditEvent
from clinic.day.ending import ending_of
from clinic.day.pack import pack_of
from clinic.today import worklist_of
from papers import drawing
from patients.models import Allergy
from sessions.models import Holiday, Resource, ResourceHours, SessionZone, TreatmentSession

pytestmark = pytest.mark.django_db

ZONE = {
    "zone": "z1", "zone_label": "Zone one", "indication": "i", "level": "l", "depth_mm": 1, "proposed_depth_mm": 1, "min_depth_mm": 1,
    "max_depth_mm": 2, "passes_min": 1, "passes_typical": 2, "passes_max": 3, "endpoint": "e",
}  # fmt: skip


@pytest.fixture
def evening(now, monkeypatch):
    """Eight in the evening of the day on which the visits were."""
    late = now + dt.timedelta(hours=8)
    monkeypatch.setattr(timezone, "now", lambda: late)
    return late


@pytest.fixture
def treated(clinician, book, person, plan_of, now):
    """`treated(surname, minutes, status)`: a session with its record, one zone done."""

    def make(surname, minutes=-120, status="draft", **fields):
        patient = person(surname)
        plan = plan_of(patient, zones=[ZONE])
        visit = book(patient, minutes, "done" if status == "signed" else "in_room", kind="session", plan=plan, number=1)
        record = TreatmentSession.objects.create(
            booking=visit, patient=patient, plan=plan, session_number=1, clinician=clinician, started_at=visit.starts_at,
            needle_lot="B24", **fields,
        )  # fmt: skip
        zone = plan.zones.get()
        SessionZone.objects.create(
            session=record, plan_zone=zone, position=1, zone="z1", zone_label="Zone one", planned_depth_mm=1, ceiling_mm=2,
            planned_passes=2, planned_endpoint="e", state="done", done_depth_mm=1,
        )  # fmt: skip
        if status == "signed":
            signed = {"signed_by": clinician, "signed_at": now, "ended_at": visit.ends_at, "signed_sha256": "0" * 64, "status": "signed"}
            TreatmentSession.objects.filter(pk=record.pk).update(**signed)
            record.refresh_from_db()
        return record

    return make


@pytest.fixture
def make_site(site):
    def make(name):
        return type(site).objects.create(name=name, slug=name.lower(), time_zone=site.time_zone, phone="020 7946 0119")

    return make


def left(user, site, day) -> dict[str, list[tuple[str, str, str]]]:
    return {
        section.id: [(line.who, line.do, line.url) for line in section.lines]
        for section in ending_of(user, site, day).sections
        if section.lines
    }


# The end of the day


def test_a_visit_whose_time_is_over_wants_a_word(desk, site, book, person, evening, now):
    waits, here = book(person("Waits"), -60), book(person("Here"), 0, "arrived")
    book(person("Done"), -200, "done")
    book(person("Missed"), -300, "missed")
    book(person("Off"), -90, "cancelled")
    found = left(desk, site, now.date())["unmarked"]
    assert [who for who, _, _ in found] == ["WAITS, Ada", "HERE, Ada"]
    assert found[0][2] == reverse("sessions:booking", args=[waits.pk])
    assert here.pk


def test_a_visit_to_come_is_not_left_over(desk, site, book, person, now, monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: now)
    book(person("Later"), 30)
    assert left(desk, site, now.date()) == {}


def test_an_unsigned_record_leads_the_clinician_to_it_and_the_desk_to_the_visit(desk, clinician, site, treated, evening, now):
    record = treated("Unsigned")
    assert left(clinician, site, now.date())["unsigned"] == [("UNSIGNED, Ada", "Sign it", reverse("sessions:record", args=[record.pk]))]
    assert left(desk, site, now.date())["unsigned"][0][2] == reverse("sessions:booking", args=[record.booking_id])
    assert "unmarked" not in left(desk, site, now.date())  # the record says what becomes of the visit


def test_a_missing_lot_of_needle_or_product_is_named(clinician, site, treated, evening, now):
    record = treated("Lotless", adjuvants=[{"id": "a", "label": "Serum", "product": "S", "lot": ""}])
    TreatmentSession.objects.filter(pk=record.pk).update(needle_lot="")
    (section,) = [one for one in ending_of(clinician, site, now.date()).sections if one.id == "lots"]
    assert [line.facts for line in section.lines] == ["Lot missing: needle, Serum"]
    assert section.lines[0].url == f"{reverse('sessions:record', args=[record.pk])}#f-needle_lot"


def test_a_sheet_is_handed_over_once_it_was_opened_to_print(desk, site, treated, evening, now):
    record = treated("Sheet", status="signed")
    assert left(desk, site, now.date())["sheets"][0][1] == "Ask for it"
    sheet = Sheet.objects.create(session=record, record_version=1, variant="A4", requested_at=evening, state="ready")
    assert left(desk, site, now.date())["sheets"] == [("SHEET, Ada", "Print it", reverse("aftercare:sheet", args=[sheet.pk]))]
    from audit.services import record as write

    write("sheet.opened", actor=desk, patient=record.patient_id, obj=sheet)
    assert "sheets" not in left(desk, site, now.date())


def test_a_sheet_is_handed_over_once_that_was_noted(desk, site, treated, evening, now):
    from aftercare.services.handing_over import hand_over

    record = treated("Given", status="signed")
    sheet = Sheet.objects.create(session=record, record_version=1, variant="A4", requested_at=evening, state="ready")
    assert "sheets" in left(desk, site, now.date())
    hand_over(sheet, by=desk, to="patient", request_key="given")
    assert "sheets" not in left(desk, site, now.date())


def test_another_day_and_another_site_are_not_mixed_in(desk, site, make_site, book, person, evening, now):
    book(person("Yesterday"), -24 * 60)
    assert left(desk, site, now.date()) == {}
    assert "unmarked" in left(desk, site, now.date() - dt.timedelta(days=1))
    other = make_site("Elsewhere")
    assert left(desk, other, now.date() - dt.timedelta(days=1)) == {}


def test_the_end_of_the_day_costs_the_same_for_many(desk, site, treated, evening, now, django_assert_max_num_queries):
    for n in range(4):
        treated(f"P{n}", minutes=-60 * n - 60, status="signed" if n % 2 else "draft")
    ending_of(desk, site, now.date())
    with django_assert_max_num_queries(6):
        assert ending_of(desk, site, now.date()).count


def test_its_page_is_for_who_works_with_patients_and_leaves_a_row(client, desk, make_user, book, person, evening):
    book(person("Waits"), -60)
    client.force_login(desk)
    page = client.get(reverse("clinic:end_of_day")).content.decode()
    assert "1 visit not marked" in page
    assert "WAITS, Ada" in page
    assert AuditEvent.objects.filter(action="day.end_viewed", actor=desk).count() == 1
    client.force_login(make_user("aud", "auditor"))
    assert client.get(reverse("clinic:end_of_day")).status_code == 403


def test_a_day_nobody_can_read_is_today(client, desk, site):
    client.force_login(desk)
    assert client.get(reverse("clinic:end_of_day"), {"day": "soon", "site": "nowhere"}).status_code == 200


# On paper


def test_a_list_names_place_time_phone_and_alert_words_and_no_notes(desk, site, book, person, column, other_column, now):
    room = Resource.objects.create(site=site, kind="room", name="Room 7")
    ada = person("Allergica", phone="07700 900555", allergies_asked="listed")
    Allergy.objects.create(patient=ada, substance="Nickel", reaction="blisters")
    book(ada, 0, room=room, note="Owes for the last visit")
    book(person("Other"), 30, clinician=other_column)
    book(person("Cancelled"), 60, "cancelled")
    pack = pack_of(desk, site, now.date())
    assert [(sheet.clinician, [line.name for line in sheet.lines]) for sheet in pack.sheets] == [
        ("Dr Amara Osei", ["ALLERGICA, Ada"]),
        ("Elin Berg", ["OTHER, Ada"]),
    ]
    line = pack.lines[0]
    assert (line.clock, line.phone, line.room, line.alerts) == ("12:00", "07700 900555", "Room 7", ("Allergy: Nickel",))
    assert "Owes" not in repr(pack)
    assert "blisters" not in repr(pack)
    assert pack.lines[1].alerts == ("Allergies not asked",)


def test_who_works_without_a_visit_has_a_list_that_says_so_and_who_does_not_work_is_named(
    client, desk, site, book, person, column, other_column, make_user, now, django_assert_max_num_queries
):
    day, weekday = now.date(), now.weekday()
    third = Resource.objects.create(site=site, kind="clinician", name="Cleo Brandt", user=make_user("cleo", "clinician"))
    for one in (column, other_column):
        ResourceHours.objects.create(resource=one, weekday=weekday, opens=dt.time(9), closes=dt.time(17))
    book(person("Comes"), 0)
    with django_assert_max_num_queries(14):
        pack = pack_of(desk, site, day)
    assert [(sheet.clinician, len(sheet.lines)) for sheet in pack.sheets] == [("Dr Amara Osei", 1), ("Elin Berg", 0)]
    assert pack.not_there == (third.name,)
    client.force_login(desk)
    asked = {"site": site.slug, "day": day.isoformat()}
    page = client.get(reverse("clinic:pack"), asked).content.decode()
    assert "Nothing is booked with Elin Berg on this day." in page
    assert "Not in on this day: Cleo Brandt." in page
    reply = client.post(reverse("clinic:print_pack"), asked)
    text = subprocess.run(["pdftotext", "-layout", "-", "-"], input=reply.content, capture_output=True, check=True).stdout.decode()
    assert re.search(r"Elin Berg\s.*nothing is booked", text, re.DOTALL)
    Holiday.objects.create(site=site, day=day, name="Spring holiday")
    page = client.get(reverse("clinic:pack"), asked).content.decode()
    assert "is closed on this day (Spring holiday), and visits still stand" in page
    assert "Not in on this day: Cleo Brandt, Elin Berg." in page


def test_two_of_one_name_are_told_apart(desk, site, book, person, now):
    book(person("Smith", "Ann"), 0)
    book(person("Smith", "Bea"), 60)
    assert all("2 with this name that day" in line.alerts for line in pack_of(desk, site, now.date()).lines)


@pytest.fixture
def printed(client, desk, site, book, person, now):
    book(person("Papermann"), 0)
    book(person("Łękowska-Đurić"), 60)
    client.force_login(desk)
    return lambda: client.post(reverse("clinic:print_pack"), {"site": site.slug, "day": now.date().isoformat()})


def test_the_pack_is_a_tagged_pdf_with_every_name_and_each_print_is_in_each_patients_log(printed, desk):
    pikepdf = pytest.importorskip("pikepdf")
    reply = printed()
    assert (reply.status_code, reply["Content-Type"]) == (200, "application/pdf")
    with pikepdf.open(io.BytesIO(reply.content)) as document:
        assert "/StructTreeRoot" in document.Root
        width, height = (float(edge) for edge in document.pages[0].mediabox[2:])
        assert (round(width), round(height)) == (842, 595)
    text = subprocess.run(["pdftotext", "-layout", "-", "-"], input=reply.content, capture_output=True, check=True).stdout.decode()
    assert "PAPERMANN, Ada" in text
    assert "ŁĘKOWSKA-ĐURIĆ, Ada" in text
    assert "shred it" in text
    rows = AuditEvent.objects.filter(action="day.pack_printed", actor=desk)
    assert rows.count() == 2
    assert None not in rows.values_list("patient_pk", flat=True)


def test_what_is_drawn_fetches_nothing(tmp_path, monkeypatch):
    import threading
    from http.server import BaseHTTPRequestHandler, HTTPServer

    asked = []

    class Listens(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(404)
            self.end_headers()

        def log_message(self, *args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Listens)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        import json

        from django.conf import settings

        from aftercare.render import font_folder

        outside = (f"http://127.0.0.1:{server.server_port}/a.png", "file:///etc/hostname")
        page = '<html lang="en"><title>x</title>' + "".join(f'<img alt="x" src="{url}">' for url in outside) + "<p>Words"
        done = subprocess.run(
            [sys.executable, "-m", "aftercare.page_printer"],
            input=json.dumps({"html": page, "css": "", "fonts": str(font_folder())}).encode(),
            capture_output=True,
            cwd=settings.BASE_DIR,
            check=True,
        )
    finally:
        server.shutdown()
        server.server_close()
    assert done.stdout.startswith(b"%PDF-1.")
    assert asked == []


def test_where_nothing_can_be_drawn_it_is_said_and_logged_as_failed(printed, monkeypatch):
    monkeypatch.setattr(drawing.sys, "executable", "/bin/false")
    reply = printed()
    assert reply.status_code == 503
    assert "could not be made" in reply.content.decode()
    assert AuditEvent.objects.get(action="day.pack_printed").outcome == "failed"


@pytest.mark.parametrize(("deaths", "status"), [(1, 200), (2, 503)], ids=["once", "again and again"])
def test_a_drawing_process_that_dies_is_tried_once_more(printed, monkeypatch, tmp_path, deaths, status):
    python, died = sys.executable, tmp_path / "died"
    dying = tmp_path / "python"
    dying.write_text(
        f'#!/bin/sh\nif [ "$(cat {died} | wc -c)" -lt {deaths} ]; then printf x >> {died}; kill -SEGV $$; fi\nexec {python} "$@"\n'
    )
    dying.chmod(0o700)
    died.touch()
    monkeypatch.setattr(drawing.sys, "executable", str(dying))
    assert printed().status_code == status
    assert died.read_text() == "x" * deaths


def test_a_list_of_another_site_is_nobody_elses_to_print(client, make_user, make_site, book, person, now, site):
    book(person("Private"), 0)
    other = make_site("Elsewhere")
    stranger = make_user("stranger", "front_desk")
    stranger.sites.set([other])
    client.force_login(stranger)
    page = client.get(reverse("clinic:pack"), {"site": site.slug, "day": now.date().isoformat()}).content.decode()
    assert "PRIVATE" not in page


# Today, for each


def test_who_looks_after_the_clinic_sees_what_is_to_finish_first(desk, clinician, make_user, book, person, now):
    book(person("Comes"), 10)
    assert not worklist_of(desk, now=now).piles_first
    assert not worklist_of(clinician, now=now).piles_first
    for role in ("medical_lead", "manager", "auditor"):
        assert worklist_of(make_user(role, role), now=now).piles_first


def test_a_lead_with_patients_waiting_sees_them_first(make_user, site, book, person, now):
    lead = make_user("lead", "medical_lead")
    column = Resource.objects.create(site=site, kind="clinician", name="Lead", user=lead)
    assert worklist_of(lead, now=now).piles_first
    book(person("Comes"), 10, clinician=column)
    assert not worklist_of(lead, now=now).piles_first


def test_the_auditor_sees_what_was_refused_today(client, make_user, desk):
    client.force_login(desk)
    client.get(reverse("clinic:log"))
    auditor = make_user("aud", "auditor")
    piles = {pile.id: pile for pile in worklist_of(auditor).piles}
    assert piles["refusals"].words == "1 thing refused today"
    assert "outcome=refused" in piles["refusals"].url
    assert not [pile for pile in worklist_of(desk).piles if pile.id == "refusals"]
