"""Answers are added and never changed; what was not answered is "Not recorded"; each form answers for its own patient."""

import datetime as dt
import re

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from audit import guards
from audit.models import AuditEvent
from outcomes.chart import charts
from outcomes.forms import whose
from outcomes.models import OutcomeAnswer
from outcomes.tests.answered import answered
from patients.models import Patient
from patients.overview import overview_of
from plans.models import Consultation
from sessions.models import Booking, Hold, Resource

pytestmark = pytest.mark.django_db


def _post(patient, **fields):
    said = {"whose": whose(patient), "request_key": "k1", "moment": "review", "rated_on": timezone.localdate().isoformat()}
    return said | {name.replace("__", "-"): value for name, value in fields.items()}


@pytest.fixture
def page(patient):
    return reverse("outcomes:record", args=[patient.number])


def test_what_is_answered_is_kept_and_what_is_not_has_no_row(client, clinician, plan, patient, page):
    client.force_login(clinician)
    answer = client.post(page, _post(patient, acne_scars__severity__clinician="2", acne_scars__gais__patient="1"))
    assert answer.status_code == 302
    rows = {(row.kind, row.rater): row for row in OutcomeAnswer.objects.all()}
    assert set(rows) == {("severity", "clinician"), ("gais", "patient")}
    kept = rows["severity", "clinician"]
    assert kept.words.startswith("2, Mild")
    assert (kept.protocol_version, kept.recorded_by, kept.moment) == (plan.protocol_version, clinician, "review")
    html = client.get(reverse("outcomes:patient", args=[patient.number])).content.decode()
    assert "Very much improved" in html
    assert "Not recorded" in html
    assert AuditEvent.objects.filter(action="outcome.recorded", patient_pk=patient.pk).count() == 2


def test_nothing_is_preset(client, clinician, plan, page):
    client.force_login(clinician)
    html = client.get(page).content.decode()
    assert "checked" not in html
    assert "selected" in html
    assert html.count('<option value="" selected>Not recorded</option>') == html.count("<select")


def test_pressing_twice_keeps_once(client, clinician, plan, patient, page):
    client.force_login(clinician)
    for _ in range(2):
        assert client.post(page, _post(patient, acne_scars__severity__clinician="2")).status_code == 302
    assert OutcomeAnswer.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "Nothing is answered yet"),
        ({"acne_scars__severity__clinician": "9"}, "Choose a grade from the list"),
        ({"acne_scars__severity__clinician": "2", "moment": ""}, "Choose whether this is before treatment or a review"),
        ({"acne_scars__severity__clinician": "2", "rated_on": "2999-01-01"}, "today or earlier"),
        ({"acne_scars__severity__clinician": "2", "rated_on": "soon"}, "Day must be a date"),
        ({"acne_scars__gais__patient": "2", "moment": "baseline"}, "Change is judged at a review"),
        ({"acne_scars__severity__clinician": "2", "whose": "forged"}, "opened for another patient"),
    ],
)
def test_bad_input_is_answered_in_words_and_what_was_typed_comes_back(client, clinician, plan, patient, page, fields, words):
    client.force_login(clinician)
    answer = client.post(page, _post(patient, **{"acne_scars__severity__patient": "3" if fields else "", **fields}))
    assert answer.status_code == 422
    html = answer.content.decode()
    assert words in html
    assert not fields or '<option value="3" selected>' in html
    assert not OutcomeAnswer.objects.exists()


def test_a_form_of_another_patient_answers_for_nobody(client, clinician, plan, plan_of, patient, site, page):
    """Two tabs: the form of one is sent to the address of the other."""
    other = Patient.objects.create(number=10999, site=site, surname="Okafor", birth_date=dt.date(1980, 1, 1))
    plan_of(other, adjuvants=[])
    client.force_login(clinician)
    sent = _post(other, acne_scars__severity__clinician="4")
    assert client.post(page, sent).status_code == 422
    assert not OutcomeAnswer.objects.exists()
    assert client.post(reverse("outcomes:record", args=[other.number]), sent).status_code == 302
    assert OutcomeAnswer.objects.get().patient_id == other.pk


def test_a_second_answer_of_a_day_is_a_correction(client, clinician, plan, patient, page):
    client.force_login(clinician)
    client.post(page, _post(patient, acne_scars__severity__clinician="2"))
    answer = client.post(page, _post(patient, request_key="k2", acne_scars__severity__clinician="3"))
    assert answer.status_code == 422
    assert "has an answer already" in answer.content.decode()


def test_a_score_is_read_with_point_or_comma(client, clinician, plan_of, patient, page):
    from consent.tests.conftest import ZONE
    from plans.tests.rows import plan_with

    first = plan_of(patient)
    consultation = first.consultation
    consultation.pk = None
    consultation.save()
    same = {
        field.name: getattr(first, field.name)
        for field in first._meta.concrete_fields
        if field.name not in ("id", "consultation", "number")
    }
    plan_with([{**ZONE, "indication": "dyschromia", "level": "melasma"}], **{**same, "consultation": consultation, "number": 2})
    client.force_login(clinician)
    assert client.post(page, _post(patient, dyschromia__severity__clinician="24,5")).status_code == 422
    assert client.post(page, _post(patient, dyschromia__severity__clinician="nan")).status_code == 422
    assert client.post(page, _post(patient, dyschromia__severity__clinician="7,5")).status_code == 302
    assert OutcomeAnswer.objects.get().words == "7.5"


def test_the_review_visit_leads_to_it_and_shows_it(client, clinician, plan, patient, site):
    who = Resource.objects.create(site=site, kind="clinician", name="Dr Osei", user=clinician)
    now = timezone.now()
    visit = Booking.objects.create(
        site=site, patient=patient, plan=plan, kind="review", starts_at=now, ends_at=now + dt.timedelta(minutes=30), clinician=who,
        created_by=clinician, request_key="review",
    )  # fmt: skip
    Hold.objects.create(
        booking=visit, resource=who, subject=f"r{who.pk}", segment="visit", starts_at=visit.starts_at, ends_at=visit.ends_at
    )
    client.force_login(clinician)
    html = client.get(reverse("sessions:booking", args=[visit.pk])).content.decode()
    assert f"?visit={visit.pk}" in html
    page = f"{reverse('outcomes:record', args=[patient.number])}?visit={visit.pk}"
    assert re.search(r'value="review"[^>]* checked', client.get(page).content.decode())
    assert client.post(page, _post(patient, acne_scars__severity__patient="1")).status_code == 302
    assert OutcomeAnswer.objects.get().booking_id == visit.pk
    assert "1, Macular" in client.get(reverse("sessions:booking", args=[visit.pk])).content.decode()


def test_the_desk_sees_none(client, desk, plan, patient, clinician, page):
    row = answered(plan, by=clinician)[0]
    client.force_login(desk)
    for address in (page, reverse("outcomes:patient", args=[patient.number]), reverse("outcomes:correct", args=[row.pk])):
        assert client.get(address).status_code == 403
    assert "Acne scars" not in client.get(reverse("patients:detail", args=[patient.number])).content.decode()


# Corrections


def _correct(client, row, **fields):
    said = {"whose": whose(row.patient), "request_key": "c1", "value": "2", "reason": "Read wrongly"} | fields
    return client.post(reverse("outcomes:correct", args=[row.pk]), said)


def test_a_correction_stands_beside_what_was_said(client, clinician, plan, patient):
    (row,) = answered(plan, by=clinician)
    client.force_login(clinician)
    assert _correct(client, row).status_code == 302
    row.refresh_from_db()
    assert (row.value, row.correction.value, row.correction.reason) == (3, 2, "Read wrongly")
    assert list(OutcomeAnswer.objects.standing()) == [row.correction]
    html = client.get(reverse("outcomes:patient", args=[patient.number])).content.decode()
    assert "Corrected since" in html
    assert "Read wrongly" in html


def test_recorded_in_error_counts_no_more_and_is_still_read(client, clinician, plan, patient):
    (row,) = answered(plan, by=clinician)
    client.force_login(clinician)
    assert _correct(client, row, value="", in_error="on").status_code == 302
    assert not OutcomeAnswer.objects.standing().exists()
    assert OutcomeAnswer.objects.count() == 2


@pytest.mark.parametrize("fields", [{"reason": ""}, {"reason": "   "}, {"value": ""}, {"value": "3"}, {"value": "7"}, {"in_error": "on"}])
def test_a_correction_without_reason_or_difference_is_refused(client, clinician, plan, fields):
    (row,) = answered(plan, by=clinician)
    client.force_login(clinician)
    assert _correct(client, row, **fields).status_code == 422
    assert OutcomeAnswer.objects.count() == 1


def test_who_corrects_second_is_shown_what_the_first_said(client, clinician, plan):
    (row,) = answered(plan, by=clinician)
    client.force_login(clinician)
    _correct(client, row)
    answer = _correct(client, row, request_key="c2", value="4", reason="Mine")
    assert answer.status_code == 409
    html = answer.content.decode()
    assert "Read wrongly" in html
    assert "Mine" in html
    assert OutcomeAnswer.objects.count() == 2


# The database


@pytest.mark.parametrize("how", ["save", "update", "sql", "delete", "bulk"])
def test_the_database_refuses_to_change_an_answer(clinician, plan, how):
    (row,) = answered(plan, by=clinician)
    with pytest.raises(IntegrityError), transaction.atomic():
        _change(row, how)
    row.refresh_from_db()
    assert row.value == 3
    with guards.suspended("outcome_said"), transaction.atomic():
        _change(row, how)  # the control: without the guard it goes through
    assert not OutcomeAnswer.objects.filter(pk=row.pk, value=3).exists()


def _change(row, how: str) -> None:
    rows = OutcomeAnswer.objects.filter(pk=row.pk)
    if how == "save":
        row.value, row.words = 1, "1"
        row.save()
    elif how == "update":
        rows.update(value=1)
    elif how == "bulk":
        row.value = 1
        OutcomeAnswer.objects.bulk_update([row], ["value"])
    elif how == "delete":
        rows._raw_delete(rows.db)
    else:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE outcomes_outcomeanswer SET value = 1 WHERE id = %s", [row.pk])


def test_a_correction_is_of_the_same_patient_scale_rater_and_day(clinician, plan):
    (row,) = answered(plan, by=clinician)
    with pytest.raises(IntegrityError), transaction.atomic():
        answered(plan, by=clinician, corrects=row, reason="Wrong", kind="gais", moment="review")


# The chart and the table beside it


def test_the_chart_says_what_the_table_says(clinician, plan):
    answered(plan, by=clinician, days_ago=60, value=4)
    answered(plan, by=clinician, days_ago=0, value=1, moment="review")
    answered(plan, by=clinician, days_ago=0, value=2, rater="patient", moment="review")
    (chart,) = charts(OutcomeAnswer.objects.standing())
    clinicians, patients = chart.series
    assert [point.y for point in clinicians.points] == sorted(point.y for point in clinicians.points), "less severe is lower"
    assert clinicians.points[0].x < clinicians.points[1].x == patients.points[0].x
    assert [[one and one.words for one in row.said] for row in chart.rows] == [["1", "2"], ["4", None]]
    assert abs(clinicians.label_y - patients.label_y) >= 12
    assert "Clinician: 4 on" in chart.summary


def test_what_was_never_answered_is_said_to_be(clinician, plan):
    answered(plan, by=clinician)
    (chart,) = charts(OutcomeAnswer.objects.standing())
    assert "Patient: not recorded." in chart.summary


def test_kinds_are_not_drawn_as_steps(clinician, plan):
    answered(plan, by=clinician, is_ordered=False)
    (chart,) = charts(OutcomeAnswer.objects.standing())
    assert not chart.is_drawn
    assert chart.rows


def test_the_patient_page_draws_it_and_offers_it(client, clinician, plan, patient):
    assert "Record outcome scales" in {action.label for action in overview_of(patient, clinician).actions}
    answered(plan, by=clinician)
    client.force_login(clinician)
    html = client.get(reverse("patients:detail", args=[patient.number])).content.decode()
    assert "<svg viewBox" in html
    assert "Outcome scales, before treatment" in html
    assert "Acne scars, severity: 3 (clinician)" in html


def test_the_consultation_asks_the_scales_of_its_concerns(client, clinician, plan, patient):
    consultation = Consultation.objects.create(
        patient=patient, site=patient.site, clinician=clinician, visit_date=timezone.localdate(),
        protocol_version=plan.protocol_version, inputs={"concern": ["wrinkles"]},
    )  # fmt: skip
    client.force_login(clinician)
    shown = client.get(reverse("plans:consultation", args=[patient.number, consultation.pk])).content.decode()
    assert "Before treatment: not recorded." in shown
    page = f"{reverse('outcomes:record', args=[patient.number])}?consultation={consultation.pk}"
    html = client.get(page).content.decode()
    assert "Lemperle" in html
    assert "Goodman" not in html
    said = _post(patient, wrinkles__severity__patient="5", moment="baseline")
    assert client.post(page, said).status_code == 302
    assert OutcomeAnswer.objects.get().consultation_id == consultation.pk
