"""
Who treats is judged on the day of treatment: certificates, device, zones and depths. A countersignature covers the clinician it
was given for, and what it named; before it nothing is booked and nothing starts.
"""

import datetime as dt
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from audit import guards
from plans.models import PlanCountersignature, TreatmentPlan
from sessions.models import Booking
from sessions.services import gate, record
from sessions.services.party import why_unfit
from sessions.services.refusals import BookingRefused

from .record_case import RecordCase

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture
def case(site, clinician, patient):
    return RecordCase(site, clinician, patient)


@pytest.fixture
def today():
    return timezone.localdate()


def countersigned(plan, by, *keys) -> None:
    """As if *plan* had waited for the medical lead and was signed, for what *keys* name."""
    need = {
        "key": "k",
        "finding": "",
        "who": "medical_lead",
        "subject": "x",
        "zones": [],
        "choices": [["agreed", "Agreed"]],
        "keys": [*keys],
    }
    with guards.suspended("plans_accepted_plan", "plans_plan_countersigned", "plans_countersignature_in_time"):
        TreatmentPlan.objects.filter(pk=plan.pk).update(needs=[need], countersigned_by=by)
        PlanCountersignature.objects.create(plan=plan, role="medical_lead", agreed=True, reason="x", by=by, at=timezone.now())


def operator(session):
    session = type(session).objects.get(pk=session.pk)
    return next(condition for condition in gate.may_start(session) if condition.name == "operator")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"max_depth_mm": Decimal("1")}, "Cheeks 1.25\u00a0mm, more than 1\u00a0mm"),
        ({"zones": ["cheeks"]}, "forehead with the"),
        ({"device": "roller"}, "signed off for: the "),
        ({"valid_until": "yesterday"}, "certificate that does not hold"),
        ({"valid_from": "tomorrow"}, "certificate that does not hold"),
    ],
)
def test_beyond_the_sign_off_nothing_starts(case, signed_off, today, fields, words):
    dates = {"yesterday": today - DAY, "tomorrow": today + DAY}
    signed_off(case.clinician, **{name: dates.get(value, value) if isinstance(value, str) else value for name, value in fields.items()})
    condition = operator(case.started())
    assert (condition.state, condition.holds) == (gate.STOP, True)
    assert words in condition.words


def test_within_it_and_with_nothing_recorded_it_starts(case, signed_off, today):
    session = case.started()
    assert operator(session).met
    signed_off(case.clinician, device="pen", zones=["cheeks", "forehead"], max_depth_mm=Decimal("1.25"), valid_until=today)
    assert operator(session).met


def test_the_countersignature_covers_the_one_it_was_given_for(case, signed_off, medical_lead, make_user):
    session = case.started()
    signed_off(case.clinician, max_depth_mm=Decimal("1"))
    countersigned(case.plan, medical_lead, "depth.cheeks")
    condition = operator(session)
    assert condition.met
    assert str(medical_lead) in condition.words
    other = make_user("lena", "clinician", last_name="Holm")
    signed_off(other, max_depth_mm=Decimal("1"))
    type(session).objects.filter(pk=session.pk).update(clinician=other)
    assert operator(session).state == gate.STOP


def test_it_covers_what_it_named_and_nothing_else(case, signed_off, medical_lead):
    session = case.started()
    signed_off(case.clinician, zones=["cheeks"], max_depth_mm=Decimal("1"))
    countersigned(case.plan, medical_lead, "depth.cheeks")
    assert "forehead" in operator(session).words
    assert operator(session).state == gate.STOP


def test_a_certificate_that_ran_out_since_is_not_covered(case, signed_off, medical_lead, today):
    session = case.started()
    signed_off(case.clinician, max_depth_mm=Decimal("1"), valid_until=today - DAY)
    countersigned(case.plan, medical_lead, "depth.cheeks")
    assert operator(session).state == gate.STOP


def test_somebody_who_takes_over_is_judged_by_their_own(case, signed_off, make_user):
    session = case.started()
    saved = record.save(session, by=case.clinician, typed=case.typed(session), version=session.version)
    assert gate.day_check(saved.session).is_kept
    other = make_user("lena", "clinician", last_name="Holm")
    signed_off(other, max_depth_mm=Decimal("1"))
    taken = record.take_over(saved.session, by=other, version=saved.session.version)
    assert operator(taken).state == gate.STOP


def test_control_without_the_condition_it_would_start(case, signed_off, monkeypatch):
    session = case.started()
    signed_off(case.clinician, max_depth_mm=Decimal("1"))
    monkeypatch.setattr(gate, "beyond", lambda *args, **kwargs: [])
    assert operator(session).met


def test_deeper_than_signed_off_is_not_recorded_and_countersigned_only_as_deep_as_agreed(case, signed_off, medical_lead):
    session = case.started()
    signed_off(case.clinician, max_depth_mm=Decimal("1"))
    cheeks = case.zone(session, "cheeks")
    name = f"z{cheeks.pk}-depth"
    form = record.form_for(type(session).objects.get(pk=session.pk), case.typed(session, **{name: "1.25"}))
    assert "signed off for" in form.errors[name][0]
    countersigned(case.plan, medical_lead, "depth.cheeks")
    session = type(session).objects.get(pk=session.pk)
    assert name not in record.form_for(session, case.typed(session, **{name: "1.25"})).errors
    assert "signed off for" in record.form_for(session, case.typed(session, **{name: "1.5"})).errors[name][0]


# -- the doors before it is countersigned ------------------------------------------------------------------------------


@pytest.fixture
def waiting(plan):
    with guards.suspended("plans_plan_way"):
        TreatmentPlan.objects.filter(pk=plan.pk).update(status="awaiting")
    plan.refresh_from_db()
    return plan


def test_nothing_is_booked_from_a_plan_that_waits(diary, book, waiting):
    with pytest.raises(BookingRefused, match="waiting for countersignature"):
        book(diary.at(diary.monday(), 10), plan=waiting)


def test_the_course_page_says_so_and_books_nothing(client, clinician, waiting, diary):
    client.force_login(clinician)
    url = reverse("sessions:book_course", args=[waiting.patient.number, waiting.number])
    shown = client.get(url).content.decode()
    assert "This plan is waiting for countersignature" in shown
    assert f"{waiting}, sent <span" in shown  # nobody has agreed to it
    first = diary.monday()
    asked = {"first_day": first.isoformat(), "time": "10:00", "request_key": diary.key(), "book": "1"}
    answer = client.post(url, asked).content.decode()
    assert "waiting for countersignature" in answer
    assert "All visits of this course are booked" not in answer
    assert not Booking.objects.exists()


def test_no_session_starts_from_it(case):
    booking = case.booking()
    with guards.suspended("plans_plan_way"):
        TreatmentPlan.objects.filter(pk=case.plan.pk).update(status="awaiting")
    with pytest.raises(record.CannotStart, match="waiting for countersignature"):
        record.start(booking, case.clinician)


def test_the_gate_says_so_where_a_session_is_open(case):
    session = case.started()
    for status, words in (("awaiting", "waits for a countersignature"), ("returned", "was sent back")):
        with guards.suspended("plans_plan_way"):
            TreatmentPlan.objects.filter(pk=case.plan.pk).update(status=status)
        conditions = gate.may_start(type(session).objects.get(pk=session.pk))
        assert words in next(condition.words for condition in conditions if condition.name == "plan")


def test_a_clinician_is_booked_by_what_they_hold_whatever_its_day(case, signed_off, today):
    """A certificate may be renewed until then, and the treatment room asks again; what it never covered is refused."""
    signed_off(case.clinician, valid_until=today - DAY)
    assert why_unfit(case.person, "session", case.plan) == ""
    other = type(case.clinician).objects.create(username="lena", role="clinician", first_name="Lena", last_name="Holm")
    signed_off(other, zones=["cheeks"])
    case.person.user = other
    assert "forehead with the" in why_unfit(case.person, "session", case.plan)


NUMBED = {"numbing": "Example cream", "numbing_on": "09:00", "numbing_off": "09:30"}


@pytest.fixture
def no_prescriber(case):
    type(case.clinician).objects.filter(pk=case.clinician.pk).update(is_prescriber=False)
    case.clinician.refresh_from_db()


@pytest.mark.parametrize(("planned", "words"), [("", "leaves numbing to the day"), ("No numbing", "is without numbing")])
def test_numbing_nobody_who_prescribes_decided_on_holds_the_needle(case, no_prescriber, planned, words):
    with guards.suspended("plans_accepted_plan"):
        TreatmentPlan.objects.filter(pk=case.plan.pk).update(numbing=planned)
    session = case.started()
    saved = record.save(session, by=case.clinician, typed=case.typed(session, **NUMBED), version=session.version)
    assert not saved.session.start_check
    (condition,) = [row for row in gate.day_check(saved.session).conditions if row.name == "numbing_prescriber"]
    assert (condition.state, condition.holds) == (gate.LEFT, True)
    assert words in condition.words
    again = record.save(saved.session, by=case.clinician, typed=case.typed(session), version=saved.session.version)
    assert again.session.start_check  # nothing was put on: it begins


def test_numbing_the_plan_names_was_decided_with_it(case, no_prescriber):
    with guards.suspended("plans_accepted_plan"):
        TreatmentPlan.objects.filter(pk=case.plan.pk).update(numbing="Numbing cream")
    session = case.started()
    assert record.save(session, by=case.clinician, typed=case.typed(session, **NUMBED), version=session.version).session.start_check


def test_a_prescriber_decides_on_the_day(case):
    with guards.suspended("plans_accepted_plan"):
        TreatmentPlan.objects.filter(pk=case.plan.pk).update(numbing="")
    session = case.started()
    assert record.save(session, by=case.clinician, typed=case.typed(session, **NUMBED), version=session.version).session.start_check
