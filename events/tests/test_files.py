"""The file of an adverse event: what is kept with it, that it is only added to, and that it goes out ready to report."""

import datetime as dt
import hashlib
import json
from pathlib import Path

import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from audit import guards
from audit.models import AuditEvent
from consent.photos import answer as answer_about_photos
from events import photos
from events.models import AdverseEvent, EventAddition
from events.report import SCHEMA
from events.services import filing
from events.services.session_facts import facts_of
from photos.models import Photo as Picture
from sessions.devices.models import DeviceFile
from sessions.models import Booking, Resource, TreatmentSession

pytestmark = pytest.mark.django_db
SCHEMA_FILE = Path(settings.BASE_DIR) / "docs" / "adverse-event.schema.json"


def typed(**but):
    return {
        "title": "Blisters on the cheek",
        "onset_on": (timezone.localdate() - dt.timedelta(days=1)).isoformat(),
        "onset_at": "18:30",
        "zones": ["cheeks"],
        "description": "Grouped blisters, tingling since the evening",
        "actions": "Swab taken",
        "outcome": "ongoing",
        "request_key": "file-1",
    } | but


def words(response) -> str:
    return " ".join(response.content.decode().split())


@pytest.fixture
def session(session_of, site, clinician):
    device = Resource.objects.create(site=site, kind="device", name="Pen 1", device_kind="pen", device_brand="SkinPen Precision")
    return session_of(days=3, device=device)


@pytest.fixture
def event(session, clinician):
    return filing.open_file(
        session.patient, facts_of(session), site=session.site, title="Blisters", onset_on=timezone.localdate(), onset_at=None,
        zones=["cheeks"], description="Grouped", actions="", outcome="ongoing", by=clinician, request_key="made",
    )  # fmt: skip


def test_a_file_keeps_the_session_as_it_stood(client, clinician, session):
    client.force_login(clinician)
    address = reverse("events:new", args=[session.patient.number])
    assert "B24-0917" in words(client.get(address))
    answer = client.post(address, typed())
    event = AdverseEvent.objects.get()
    assert answer.url == reverse("events:event", args=[event.pk])
    assert event.facts["device"] == {"name": "Pen 1", "brand": "SkinPen Precision", "serial": ""}
    assert event.facts["lots"][0]["lot"] == "B24-0917"
    assert event.facts["zones"][1] == {"zone": "cheeks", "depth_mm": "1.50", "passes": None}
    assert event.facts["operator"] == clinician.display_name
    Resource.objects.filter(name="Pen 1").update(name="Renamed")
    page = words(client.get(answer.url))
    assert "Pen 1" in page
    assert "Renamed" not in page
    assert AuditEvent.objects.get(action="event.opened").patient_pk == session.patient_id


def begun_after(session) -> TreatmentSession:
    """The next session of the same plan, begun just now."""
    visit = Booking.objects.get(pk=session.booking_id)
    visit.pk, visit.session_number, visit.request_key = None, session.session_number + 1, "next"
    visit.save(force_insert=True)
    fields = {"patient": session.patient, "plan": session.plan, "clinician": session.clinician, "session_number": visit.session_number}
    return TreatmentSession.objects.create(booking=visit, started_at=timezone.now() - dt.timedelta(minutes=5), **fields)


def test_the_file_is_about_the_session_its_page_showed(client, clinician, session):
    client.force_login(clinician)
    address = reverse("events:new", args=[session.patient.number])
    shown = client.get(address).content.decode()
    assert f'name="session" value="{session.pk}"' in shown
    newer = begun_after(session)
    client.post(address, typed(session=session.pk))
    assert AdverseEvent.objects.get().session == session
    assert f'name="session" value="{newer.pk}"' in client.get(address).content.decode()
    assert 'name="session" value="none"' in client.get(f"{address}?session=none").content.decode()
    client.post(address, typed(session="none", zones=[], request_key="file-2"))
    assert AdverseEvent.objects.get(request_key="file-2").session is None


def test_a_time_that_cannot_be_is_asked_again(client, clinician, session):
    client.force_login(clinician)
    address = reverse("events:new", args=[session.patient.number])
    later = timezone.localtime() + dt.timedelta(minutes=10)
    answer = client.post(address, typed(onset_on=later.date().isoformat(), onset_at=f"{later:%H:%M}"))
    assert "It cannot have begun in the future" in words(answer)
    before = session.site.local(session.started_at) - dt.timedelta(minutes=10)
    answer = client.post(address, typed(onset_on=before.date().isoformat(), onset_at=f"{before:%H:%M}"))
    assert answer.status_code == 422
    assert "The session began at" in words(answer)
    assert not AdverseEvent.objects.exists()


def test_the_serial_of_the_device_is_kept(session):
    DeviceFile.objects.create(device=session.device, serial="SN-4711")
    row = TreatmentSession.objects.select_related("device__file", "booking__site", "clinician").get(pk=session.pk)
    assert filing.snapshot(facts_of(row))["device"]["serial"] == "SN-4711"


@pytest.mark.parametrize(
    ("but", "said"),
    [
        ({"title": ""}, "Say in a few words what it is"),
        ({"description": ""}, "Describe what is seen and felt"),
        ({"outcome": ""}, "Choose how it stands"),
        ({"onset_on": ""}, "Enter the day on which it began"),
        ({"onset_on": "31.31.2026"}, "Enter the day as a date"),
        ({"onset_on": "2999-01-01"}, "It cannot have begun in the future"),
        ({"onset_on": "2020-01-01"}, "That is before the session of"),
        ({"onset_at": "half past"}, "Enter the time like 14:30"),
        ({"zones": ["nose of somebody else"]}, "Choose among the zones of the session"),
        ({"title": "x" * 121}, "must be 120 letters or fewer"),
    ],
)
def test_what_cannot_be_kept_is_said_and_what_was_typed_comes_back(client, clinician, session, but, said):
    client.force_login(clinician)
    answer = client.post(reverse("events:new", args=[session.patient.number]), typed(**but))
    assert answer.status_code == 422
    page = words(answer)
    assert said in page
    assert "Swab taken" in page
    assert not AdverseEvent.objects.exists()


def test_a_double_press_opens_one_file(client, clinician, session):
    client.force_login(clinician)
    address = reverse("events:new", args=[session.patient.number])
    assert client.post(address, typed()).url == client.post(address, typed()).url
    assert AdverseEvent.objects.count() == 1


def test_a_file_from_a_call_names_the_call_and_its_session(client, clinician, session, rung):
    call = rung(session, blisters="yes")
    client.force_login(clinician)
    client.post(f"{reverse('events:new', args=[session.patient.number])}?call={call.pk}", typed())
    event = AdverseEvent.objects.get()
    assert (event.call, event.session) == (call, session)


def test_a_file_may_have_to_do_with_no_session(client, clinician, session):
    client.force_login(clinician)
    client.post(f"{reverse('events:new', args=[session.patient.number])}?session=none", typed(zones=[]))
    event = AdverseEvent.objects.get()
    assert (event.session, event.facts) == (None, {})
    page = words(client.get(reverse("events:event", args=[event.pk])))
    assert "The file names no session" in page


@pytest.mark.parametrize("query", ["session=4711", "call=4711", "call=x", "session=x"])
def test_a_session_or_call_that_is_not_this_persons_is_not_there(client, clinician, session, query):
    client.force_login(clinician)
    assert client.get(f"{reverse('events:new', args=[session.patient.number])}?{query}").status_code == 404


def test_what_becomes_known_later_is_added_with_its_date(client, clinician, event):
    client.force_login(clinician)
    address = reverse("events:add", args=[event.pk])
    assert client.post(address, {"kind": "course", "text": "", "request_key": "a"}).status_code == 422
    client.post(address, {"kind": "course", "text": "Dry and flat", "outcome": "resolved", "request_key": "a"})
    client.post(address, {"kind": "course", "text": "Dry and flat", "outcome": "resolved", "request_key": "a"})
    client.post(address, {"kind": "reported", "text": "Told the maker", "outcome": "", "request_key": "b"})
    page = words(client.get(reverse("events:event", args=[event.pk])))
    assert EventAddition.objects.count() == 2
    assert "Healed" in page
    assert "Told the maker" in page
    assert "Healed" in words(client.get(reverse("events:events")))


@pytest.mark.both_engines
@pytest.mark.parametrize("name", ["event_kept", "event_addition_kept"])
def test_the_database_refuses_a_change(name, event, clinician):
    filing.add(event, kind="course", text="Flat", outcome="", by=clinician, request_key="a")
    rows, change = {
        "event_kept": (AdverseEvent.objects.all(), {"description": "Nothing was there"}),
        "event_addition_kept": (EventAddition.objects.all(), {"text": "Nothing"}),
    }[name]
    with pytest.raises(DatabaseError), transaction.atomic():
        rows.update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        rows._raw_delete(rows.db)
    connection.check_constraints()
    with guards.suspended(name):  # the control
        assert rows.update(**change) == 1
        connection.check_constraints()


# Ready to report


def matches(value, schema, where="$") -> list[str]:
    """What of *value* is not as *schema* says: the part of JSON Schema that our file uses."""
    kinds = schema.get("type")
    kinds = kinds if isinstance(kinds, list) else [kinds] if kinds else []
    names = {"string": str, "integer": int, "boolean": bool, "object": dict, "array": list, "null": type(None)}
    if kinds and not any(isinstance(value, names[kind]) and (kind != "integer" or not isinstance(value, bool)) for kind in kinds):
        return [f"{where}: {kinds}"]
    wrong = []
    if "const" in schema and value != schema["const"]:
        wrong.append(f"{where}: {schema['const']}")
    if "enum" in schema and value not in schema["enum"]:
        wrong.append(f"{where}: {schema['enum']}")
    if isinstance(value, dict):
        known = schema.get("properties", {})
        wrong += [f"{where}.{name}: missing" for name in schema.get("required", ()) if name not in value]
        wrong += [f"{where}.{name}: not described" for name in value if name not in known]
        for name, one in value.items():
            wrong += matches(one, known.get(name, {}), f"{where}.{name}")
    if isinstance(value, list):
        for place, one in enumerate(value):
            wrong += matches(one, schema.get("items", {}), f"{where}[{place}]")
    return wrong


def test_the_data_is_as_its_schema_says(client, clinician, event, session):
    schema = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    filing.add(event, kind="action", text="Antiviral", outcome="", by=clinician, request_key="a")
    client.force_login(clinician)
    answer = client.get(reverse("events:json", args=[event.pk]))
    said = json.loads(answer.content)
    assert said["schema"] == SCHEMA
    assert matches(said, schema) == []
    assert said["session"]["device"]["name"] == "Pen 1"
    assert said["additions"][0]["text"] == "Antiviral"
    row = AuditEvent.objects.get(action="event.exported")
    assert row.detail["sha256"] == hashlib.sha256(answer.content).hexdigest()
    # The control: what is left out, and what is not described, is seen.
    assert matches({key: value for key, value in said.items() if key != "onset"}, schema) == ["$.onset: missing"]
    assert matches(said | {"more": 1}, schema) == ["$.more: not described"]


def test_a_file_without_a_session_is_as_its_schema_says_too(client, clinician, patient, site):
    event = filing.open_file(
        patient, None, site=site, title="Faint", onset_on=timezone.localdate(), onset_at=None, zones=[], description="In the waiting room",
        actions="", outcome="unknown", by=clinician, request_key="alone",
    )  # fmt: skip
    client.force_login(clinician)
    said = json.loads(client.get(reverse("events:json", args=[event.pk])).content)
    assert matches(said, json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))) == []
    assert said["session"] is None


def test_the_paper_is_drawn_and_logged(client, clinician, event):
    client.force_login(clinician)
    answer = client.get(reverse("events:pdf", args=[event.pk]))
    assert answer.status_code == 200
    assert answer.content.startswith(b"%PDF-1.")
    assert AuditEvent.objects.filter(action="event.printed", patient_pk=event.patient_id).count() == 1


def test_photos_come_from_whoever_keeps_them(client, clinician, event, monkeypatch):
    taken = timezone.now()
    shown = photos.Photo("Left cheek", taken, "/photos/1/", "a" * 64)
    monkeypatch.setattr(photos, "_providers", [lambda event, user: [shown]])
    client.force_login(clinician)
    assert "Left cheek" in words(client.get(reverse("events:event", args=[event.pk])))
    said = json.loads(client.get(reverse("events:json", args=[event.pk])).content)
    assert said["photos"] == [{"title": "Left cheek", "taken_at": taken.isoformat(), "sha256": "a" * 64}]


def test_the_clinics_photos_stand_in_the_file_where_the_patient_allows_it(client, clinician, event, session, site):
    for key, since in (("before", -9), ("after", 0)):
        Picture.objects.create(
            patient=session.patient, site=site, occasion="review", area="face", area_label="Face", view="front", taken_at=timezone.now() +
            dt.timedelta(days=since), way="camera", light="lamp", distance_cm=60, make_up=False, width=10, height=10, original_kind="jpeg",
            original_bytes=9, original_sha256=key.ljust(64, "0"), full_file=key, full_sha256="0" * 64, screen_file=key,
            screen_sha256="0" * 64, thumb_file=key, thumb_sha256="0" * 64, added_by=clinician, added_at=timezone.now(), request_key=key,
        )  # fmt: skip
    client.force_login(clinician)
    address = reverse("events:json", args=[event.pk])
    assert json.loads(client.get(address).content)["photos"] == []
    answer_about_photos(session.patient, {"record": True}, language="en", said_by="The patient", by=clinician, request_key="photos")
    assert [one["sha256"][:6].strip("0") for one in json.loads(client.get(address).content)["photos"]] == ["after"]


def test_nothing_of_a_file_is_kept_by_a_browser_or_a_proxy(client, clinician, event):
    client.force_login(clinician)
    for name in ("events:event", "events:json"):
        assert "no-store" in client.get(reverse(name, args=[event.pk])).headers["Cache-Control"]


def test_the_desk_opens_no_file(client, desk, event):
    client.force_login(desk)
    for name in ("events:event", "events:json", "events:pdf"):
        assert client.get(reverse(name, args=[event.pk])).status_code == 403
    page = words(client.get(reverse("patients:detail", args=[event.patient.number])))
    assert "Adverse event" not in page
    assert "Blisters" not in page


def test_the_patients_page_tells_of_calls_and_events(client, clinician, event, rung, session):
    rung(session, fever="yes")
    client.force_login(clinician)
    page = words(client.get(reverse("patients:detail", args=[event.patient.number])))
    assert reverse("events:event", args=[event.pk]) in page
    assert "Nobody has it in hand" in page
