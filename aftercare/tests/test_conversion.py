"""From rows to what the sheet says: medicines and allergies of the patient's file, the next visit, the approval."""

import datetime as dt

import pytest
from django.db import transaction

from accounts.models import Site
from aftercare.conversion import content_of
from aftercare.facts import SheetCannotBeMade
from aftercare.models import Sheet
from aftercare.services import request_sheet
from aftercare.services.requests import sheet_on_signing
from aftercare.tests.signed_record import ENDED
from audit import guards
from patients.models import Allergy, Medication
from protocols.models import ProtocolVersion
from sessions.models import Booking, Resource, TreatmentSession
from sessions.services.signing import on_signed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("queue_away", "storage")]


def sheet_for(session, clinician):
    return content_of(request_sheet(session, by=clinician))


def told(sheet) -> str:
    return " ".join(line.text for line in sheet.did)


def test_a_record_becomes_its_sheet(signed, clinician):
    session = signed(zones=[("forehead", "0.5"), ("cheeks", "1.25")], left_out=[("chin", "other", "Cut while shaving")], numbing="")
    sheet = sheet_for(session, clinician)
    assert [(zone.zone, zone.depth) for zone in sheet.zone_rows[0]] == [("forehead", "0.5\u00a0mm"), ("cheeks", "1.25\u00a0mm")]
    assert "We left out your chin. Why: Cut while shaving." in told(sheet)
    assert sheet.who[2].text == "Session 1 of 4, by Dr Amara Osei"
    assert sheet.checked[0].text.startswith("Demo approval by Dr Amara Osei on 2\u00a0September\u00a02026")


@pytest.mark.parametrize(
    ("name", "answered", "stopped", "kept"),
    [
        ("Apixaban 5 mg twice daily", "", None, True),
        ("ELIQUIS", "", None, True),
        ("Apixaban 5 mg", "", dt.date(2026, 1, 1), False),
        ("something unheard of", "", None, False),
        ("something unheard of", "antiplatelet", None, True),
        ("cetirizine", "", None, False),
    ],
)
def test_a_blood_thinner_still_taken_is_kept(signed, clinician, name, answered, stopped, kept):
    session = signed()
    Medication.objects.create(patient=session.patient, name=name, said_classes=[answered] if answered else None, stopped_on=stopped)
    lines = [line.text for line in sheet_for(session, clinician).extras]
    assert lines == ([f"Keep taking {name} as your doctor told you. You may bruise more."] if kept else [])


@pytest.mark.parametrize(("substance", "said"), [("Lidocaine", True), ("EMLA cream", True), ("Penicillin", False)])
def test_numbing_that_was_not_used_because_of_an_allergy_is_said(signed, clinician, substance, said):
    session = signed()
    Allergy.objects.create(patient=session.patient, substance=substance)
    assert (f"because you are allergic to {substance}." in told(sheet_for(session, clinician))) is said


def test_the_next_live_visit_is_printed_and_a_cancelled_one_is_not(signed, clinician):
    session = signed()

    def visit(days, status):
        starts = ENDED + dt.timedelta(days=days)
        return Booking.objects.create(
            site=session.booking.site,
            patient=session.patient,
            plan=session.plan,
            kind="session",
            session_number=2,
            status=status,
            starts_at=starts,
            ends_at=starts + dt.timedelta(minutes=90),
            clinician=session.booking.clinician,
            created_by=clinician,
            request_key=f"next-{days}",
        )

    visit(28, "cancelled")
    assert sheet_for(session, clinician).visit.day is None
    visit(35, "booked")
    assert sheet_for(session, clinician).visit.day.text == "Tuesday 22\u00a0December\u00a02026"


def test_a_protocol_changed_behind_our_back_makes_no_sheet(signed, clinician):
    from audit import guards

    sheet = request_sheet(signed(), by=clinician)
    with guards.suspended():
        # The same version, another text: its hash no longer fits.
        ProtocolVersion.objects.update(document="{}", sha256="f" * 64)
    with pytest.raises(SheetCannotBeMade, match="Restore it from a backup"):
        content_of(Sheet.objects.get(pk=sheet.pk))


def test_signing_asks_for_the_sheet_in_its_own_transaction(signed, clinician):
    assert sheet_on_signing in on_signed
    session = signed()
    with transaction.atomic():
        sheet_on_signing(session, clinician)
        transaction.set_rollback(True)
    assert not Sheet.objects.exists()
    sheet_on_signing(session, clinician)
    assert Sheet.objects.get().variant == "A4"


def test_the_sheet_is_on_the_clock_of_its_site_and_the_next_visit_on_that_of_its_own(signed, clinician, site, desk):
    """A treatment that ended at 01:30 in Karachi, the evening before by UTC, and goes on in London."""
    Site.objects.filter(pk=site.pk).update(time_zone="Asia/Karachi")
    site.refresh_from_db()
    session = signed(ended_at=dt.datetime(2026, 11, 17, 20, 30, tzinfo=dt.UTC))
    approved = dt.datetime(2026, 9, 2, 20, 30, tzinfo=dt.UTC)
    with guards.suspended("protocol_version_locked"):
        ProtocolVersion.objects.update(approved_at=approved)
    other = Site.objects.create(name="Thames Street", slug="thames-street", time_zone="Europe/London", address="2 Thames Street")
    starts = dt.datetime(2026, 12, 22, 10, 30, tzinfo=dt.UTC)
    person = Resource.objects.create(site=other, kind="clinician", name="Dr Amara Osei")
    Booking.objects.create(
        site=other, patient=session.patient, kind="review", starts_at=starts, ends_at=starts + dt.timedelta(minutes=30),
        clinician=person, created_by=desk, request_key="there",
    )  # fmt: skip
    sheet = content_of(request_sheet(TreatmentSession.objects.get(pk=session.pk), by=clinician))
    assert "Wednesday 18\u00a0November\u00a02026" in sheet.who[1].text
    assert "3\u00a0September\u00a02026" in sheet.checked[0].text
    assert (sheet.visit.day.text, sheet.visit.clock.text) == ("Tuesday 22\u00a0December\u00a02026", "10:30am")
    assert "2 Thames Street" in sheet.visit.lines[0].text
