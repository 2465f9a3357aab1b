"""
A stranger to the code adds an indication by YAML alone, doing what `docs/adding-a-protocol.md` says with the example that
stands there. The page is read by this test, so it cannot say what does not work.
"""

import datetime as dt
import io
import json
import re
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from django.conf import settings
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from aftercare.content import content
from aftercare.conversion import approval_of, facts_of
from aftercare.facts import SheetFacts, SiteFacts
from aftercare.render import render
from plans.models import Consultation
from plans.tests.test_references import Screen
from protocols.documents import packaged_paths, read_pack
from protocols.knowledge import knowledge_of
from protocols.models import ProtocolVersion
from protocols.services import approve, current_version, load_pack, submit
from sessions.models import Booking, Resource, SessionZone, TreatmentSession

pytestmark = pytest.mark.django_db

PAGE = Path(settings.BASE_DIR) / "docs" / "adding-a-protocol.md"
_BLOCK = re.compile(r"```yaml\n# example: (.+?)\n(.*?)```", re.DOTALL)


@pytest.fixture(autouse=True)
def plain_static(settings):
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}


def examples() -> tuple[dict, dict]:
    """The pack's fragment and the case, as the page shows them."""
    blocks = [yaml.safe_load(text) for _, text in _BLOCK.findall(PAGE.read_text(encoding="utf-8"))]
    assert len(blocks) == 2
    return blocks[0], blocks[1]


@pytest.fixture
def files(tmp_path):
    """`my-pack.yaml`: a copy of the newest pack with each list of the example appended; `case.yaml`."""
    fragment, case = examples()
    pack = read_pack(packaged_paths()[-1])
    for key, value in fragment.items():
        pack[key] = [*pack[key], *value] if isinstance(value, list) else value
    pack_file, case_file = tmp_path / "my-pack.yaml", tmp_path / "case.yaml"
    pack_file.write_text(yaml.safe_dump(pack, allow_unicode=True, sort_keys=False), encoding="utf-8")
    case_file.write_text(yaml.safe_dump(case, sort_keys=False), encoding="utf-8")
    return pack_file, case_file


def said(command, *args) -> str:
    out = io.StringIO()
    call_command(command, *map(str, args), stdout=out)
    return out.getvalue()


@pytest.fixture
def in_force(files, clinician, medical_lead):
    """The example stored, handed over and approved, as the page says."""
    said("load_protocols", files[0])
    version = ProtocolVersion.objects.get(version=examples()[0]["pack_version"])
    submit(version, by=clinician)
    version.refresh_from_db()
    approve(version, by=medical_lead, reason="Example of the documentation", next_review_on=timezone.localdate() + dt.timedelta(days=365))
    version.refresh_from_db()
    return version


def test_the_example_says_that_it_is_none_to_treat_by():
    text = PAGE.read_text(encoding="utf-8")
    assert "not a clinical recommendation" in text
    fragment, _ = examples()
    for row in fragment["depth_ranges"]:
        assert row["unverified"] is True
    assert all(ref["unverified"] for ref in fragment["references"])


def test_the_file_is_tried_without_a_database_and_changes_no_case_of_the_library(files):
    assert re.search(r"Protocol 2026\.3-example .*: \d+ cases, 0 changed, 0 failing\.", said("bench_protocol", files[0]))


def test_a_case_is_tried_on_the_stored_draft(files):
    said("load_protocols", files[0])
    fragment, case = examples()
    proposal = json.loads(said("propose", files[1], "--version", fragment["pack_version"]))
    assert proposal["status"] == "plan"
    rows = {(row["level"], row["zone"]): row for row in fragment["depth_ranges"]}
    level = case["requests"][0]["level"]
    for zone in proposal["zones"]:
        assert zone["depth_mm"] == {side: rows[level, zone["zone"]][side] for side in ("min", "typical", "max")}
        assert zone["no_study"] is True
    assert not any(proposal["adjuvants"][part] for part in ("use", "offered"))


def test_it_is_approved_and_holds_from_then_on(in_force):
    assert in_force.is_approved
    assert current_version() == in_force


def test_without_the_fragment_the_indication_is_unknown(files):
    """The negative control: nothing of the example stands in the code or in the packaged protocol."""
    load_pack(read_pack(packaged_paths()[-1]))
    said_of_it = io.StringIO()
    name = read_pack(packaged_paths()[-1])["pack_version"]
    call_command("propose", str(files[1]), "--version", name, stdout=said_of_it)
    proposal = json.loads(said_of_it.getvalue())
    assert proposal["status"] == "ask"
    assert "zones" not in proposal or not proposal["zones"]


def test_from_the_consultation_to_the_sheet_of_the_patient(in_force, client, clinician, patient):
    fragment, case = examples()
    (indication,) = fragment["indications"]
    wanted = case["requests"][0]
    client.force_login(clinician)

    # The screen offers it, with its levels and zones.
    url = client.post(reverse("plans:consult_start", args=[patient.number])).url
    html = client.get(url).content.decode()
    assert indication["short_label"] in html
    consultation = Consultation.objects.get()
    fields = {
        "concern": [indication["id"]],
        f"level.{indication['id']}": wanted["level"],
        f"zones.{indication['id']}": wanted["zones"],
        "phototype": "2",
        "device": ["pen"],
        "medicines_asked": "none",
        "allergies_asked": "none",
        "saved_from": "page-1",
        "version": consultation.version,
    }
    fields |= {f"q.{question.id}": "no" for question in knowledge_of(in_force).questions}
    assert client.post(url, fields, HTTP_HX_REQUEST="true").status_code == 200
    html = client.get(url).content.decode()
    assert 'id="row-abdomen"' in html
    assert "No study" in html
    assert not Screen(html).without_reference

    # The plan is accepted.
    consultation.refresh_from_db()
    shown = re.search(r'name="shown" id="state-shown" value="(\w+)"', html)[1]
    accepted = {**fields, "version": consultation.version, "shown": shown}
    for decision in re.findall(r'name="decide" value="([^"|]+\|seen)"', html):
        client.post(url, {**accepted, "decide": decision}, HTTP_HX_REQUEST="true")
        consultation.refresh_from_db()
        accepted["version"] = consultation.version
    response = client.post(reverse("plans:accept", args=[patient.number, consultation.pk]), accepted)
    assert response.status_code == 302, re.findall(r'<div class="problem".*?</div>', response.content.decode(), re.DOTALL)
    plan = consultation.plan
    assert {zone.zone for zone in plan.zones.all()} == set(wanted["zones"])
    assert plan.protocol_version == in_force
    assert client.get(reverse("plans:plan", args=[patient.number, plan.number])).status_code == 200

    # A session of it is recorded and signed, and its sheet renders in the words of this very version.
    session = signed_session(plan, clinician)
    knowledge = knowledge_of(in_force)
    sheet = content(
        facts_of(session, knowledge),
        knowledge,
        site=SiteFacts("Alder Skin Clinic", "14 Canal Street", "020 7946 0118", "Every day", "999", "GB", "Europe/London"),
        approval=approval_of(in_force, session.site),
        sheet=SheetFacts("AC-00001", 1, "A4"),
    )
    assert {zone.zone for row in sheet.zone_rows for zone in row} == set(wanted["zones"])
    assert in_force.version in " ".join(line.text for line in sheet.checked)
    pdf = render(sheet)
    assert pdf.data.startswith(b"%PDF")
    assert pdf.is_tagged


def signed_session(plan, clinician) -> TreatmentSession:
    """The first session of *plan*, done at the planned depths."""
    ended = timezone.now()
    person = Resource.objects.get_or_create(site=plan.patient.site, kind="clinician", name=clinician.display_name)[0]
    booking = Booking.objects.create(
        site=plan.patient.site,
        patient=plan.patient,
        plan=plan,
        kind="session",
        session_number=1,
        status="done",
        starts_at=ended - dt.timedelta(hours=1),
        ends_at=ended,
        clinician=person,
        created_by=clinician,
        request_key="sixth-indication",
    )
    session = TreatmentSession.objects.create(
        booking=booking,
        patient=plan.patient,
        plan=plan,
        session_number=1,
        clinician=clinician,
        started_at=ended - dt.timedelta(hours=1),
        ended_at=ended,
        needle_lot="B24-0917",
        needle_expires_on=ended.date() + dt.timedelta(days=300),
    )
    for position, zone in enumerate(plan.zones.order_by("position"), start=1):
        SessionZone.objects.create(
            session=session,
            plan_zone=zone,
            position=position,
            zone=zone.zone,
            zone_label=zone.zone_label,
            planned_depth_mm=zone.depth_mm,
            ceiling_mm=Decimal(3),
            planned_passes=2,
            planned_endpoint=zone.endpoint,
            state="done",
            done_depth_mm=zone.depth_mm,
        )
    TreatmentSession.objects.filter(pk=session.pk).update(
        status="signed", signed_by=clinician, signed_at=ended, signed_content="{}", signed_sha256="0" * 64
    )
    return TreatmentSession.objects.select_related("booking__site", "patient", "plan").get(pk=session.pk)
