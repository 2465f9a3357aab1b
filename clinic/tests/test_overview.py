"""The patient page: course strip and timeline for clinicians, bookings only for the desk, one next step."""

import datetime as dt
from decimal import Decimal

import pytest
from django.urls import reverse

from audit.models import AuditEvent
from consent.services.withdrawing import withdraw
from consent.tests.signed import consented
from patients.overview import overview_of
from patients.storyboard import facts_of
from patients.timeline import timeline_of
from planner.wording import day
from sessions.models import SessionZone, TreatmentSession

pytestmark = pytest.mark.django_db


@pytest.fixture
def course(clinician, book, person, plan_of, now):
    """A plan of four: the first session recorded, the second booked, the third missed, the fourth not booked."""
    patient = person("Okafor", "Chidi")
    row = {
        "zone": "z1", "zone_label": "Zone one", "indication": "i", "level": "l", "depth_mm": Decimal("1.25"),
        "proposed_depth_mm": Decimal("1.25"), "min_depth_mm": 1, "max_depth_mm": 2, "passes_min": 1, "passes_typical": 2,
        "passes_max": 3, "endpoint": "e",
    }  # fmt: skip
    plan = plan_of(patient, zones=[row])
    zone = plan.zones.get()
    minutes = 24 * 60
    first = book(patient, -30 * minutes, "done", kind="session", plan=plan, number=1)
    book(patient, 2 * minutes, kind="session", plan=plan, number=2)
    book(patient, -2 * minutes, "missed", kind="session", plan=plan, number=3)
    record = TreatmentSession.objects.create(
        booking=first, patient=patient, plan=plan, session_number=1, clinician=clinician, started_at=first.starts_at, reaction="none"
    )
    SessionZone.objects.create(
        session=record,
        plan_zone=zone,
        position=1,
        zone="z1",
        zone_label="Zone one",
        planned_depth_mm=1,
        ceiling_mm=2,
        planned_passes=2,
        state="done",
        done_depth_mm=Decimal("1.25"),
    )
    return patient


def test_the_strip_says_done_when_and_what_to_book(clinician, course, now):
    strip = overview_of(course, clinician).courses[0]
    assert [(step.number, step.state) for step in strip.steps] == [(1, "done"), (2, "booked"), (3, "missed"), (4, "open")]
    assert strip.steps[1].text == day(now + dt.timedelta(days=2), weekday=True)
    assert strip.action.label == "Book the rest"
    assert strip.action.url == reverse("sessions:book_course", args=[course.number, 1])


def test_the_timeline_is_newest_first_with_the_facts_that_matter(clinician, course):
    entries = timeline_of(course, clinician).entries
    assert [entry.order for entry in entries] == sorted((entry.order for entry in entries), reverse=True)
    session = next(entry for entry in entries if entry.title == "Session 1 of 4")
    assert session.facts == "Zone one 1.25\xa0mm, no reaction"
    assert session.tag == "Not signed"


def test_the_desk_sees_bookings_and_nothing_clinical(client, desk, course):
    entries = timeline_of(course, desk).entries
    assert {entry.url.split("/")[1] for entry in entries} == {"bookings"}
    client.force_login(desk)
    html = client.get(reverse("patients:detail", args=[course.number])).content.decode()
    assert "1.25" not in html
    assert "no reaction" not in html
    assert f'"{reverse("plans:plan", args=[course.number, 1])}"' not in html
    assert "Start a consultation" not in html
    assert "Book a visit" in html


def test_clinicians_consult_first_and_the_desk_books(clinician, desk, person):
    patient = person("Okafor")
    assert {action.label: action.primary for action in overview_of(patient, clinician).actions} == {
        "Start a consultation": True,
        "Book a visit": False,
        "Put on the waiting list": False,
        "Questions on the tablet": False,
    }
    assert {action.label: action.primary for action in overview_of(patient, desk).actions} == {
        "Book a visit": True,
        "Put on the waiting list": False,
        "Questions on the tablet": False,
    }


def test_header_shows_the_next_booking(desk, course, now):
    assert dict(facts_of(course, desk))["Next booking"].text == f"{day(now + dt.timedelta(days=2))}, 12:00"


def test_opening_a_patient_is_logged_once(client, desk, patient):
    client.force_login(desk)
    client.get(reverse("patients:detail", args=[patient.number]))
    assert AuditEvent.objects.filter(action="patient.viewed", patient_pk=patient.pk, actor=desk).count() == 1


def test_patients_of_other_sites_are_not_here(client, desk, patient):
    desk.sites.clear()
    client.force_login(desk)
    assert client.get(reverse("patients:detail", args=[patient.number])).status_code == 404


def test_a_record_closed_without_treatment_says_why(clinician, course):
    TreatmentSession.objects.filter(patient=course).update(status="closed", closed_reason="Cold sore on the lip")
    entry = next(entry for entry in timeline_of(course, clinician).entries if entry.title == "Session 1 of 4")
    assert (entry.facts, entry.tag) == ("Nothing was treated: Cold sore on the lip", "Not treated")


def test_header_says_how_consent_stands(clinician, desk, manager, course):
    assert dict(facts_of(course, clinician))["Consent"].text == "To sign"
    signed = consented(course.plans.get(), by=clinician)
    for user in (clinician, desk):
        assert dict(facts_of(course, user))["Consent"].text == f"Signed {day(course.site.day_of(signed.signed_at))}"
    withdraw(course, list(signed.items.all()), said_by="The patient", reason="", by=desk)
    assert dict(facts_of(course, clinician))["Consent"].text == f"Withdrawn {day(course.site.day_of(signed.signed_at))}"
    assert "Consent" not in dict(facts_of(course, manager))  # "Not asked" would be a guess
