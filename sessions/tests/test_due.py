"""Answers grow old: what is due, asking it at check-in and before the needle, and today's proposal beside the plan."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db.models import prefetch_related_objects
from django.urls import reverse
from django.utils import timezone

from patients import services as on_file
from patients.lists import LIST_PREFIX
from patients.models import Asked, Medication, ScreeningAnswer
from plans.since import Since
from sessions.models import SessionZone
from sessions.services import gate, planner_today
from sessions.services import record as records
from sessions.services.due import due_of

from .record_case import RecordCase, signed

pytestmark = pytest.mark.django_db

MELASMA = {"marks_and_moles": {"melasma_active": {"answer": True, "zone": "cheeks"}}}
SKIN_CARE_ALLERGY = {"allergies": {"cosmeceutical_allergy": {"answer": True}}}
THINNER = {"medicines": {"anticoagulant": {"answer": True}}}
STILL_TAKEN = {"retinoid_capsules": {"isotretinoin_current": {"answer": True}}}


@pytest.fixture
def case(site, clinician, patient):
    return RecordCase(site, clinician, patient)


@pytest.fixture
def desk(make_user):
    return make_user("june", "front_desk")


def days_ago(days: int) -> dt.datetime:
    return timezone.now() - dt.timedelta(days=days)


def due_lists(case) -> list[str]:
    case.patient.refresh_from_db()
    return [row.id for row in due_of(case.patient, case.version, timezone.localdate()).lists]


def save(case, session, **changes):
    session.refresh_from_db()
    return records.save(session, by=case.clinician, typed=case.typed(session, **changes), version=session.version)


def read_as_accepted_with(case, proposal: dict) -> None:
    """A plan is never edited: it is only read here as if it had been accepted so."""
    case.plan.proposal = {**case.plan.proposal, **proposal}


# Lists


def test_a_list_holds_as_long_as_the_protocol_says_and_one_day_longer_is_due(case):
    for name, column in (("medicines", "medicines_asked_at"), ("allergies", "allergies_asked_at")):
        days = planner_today.knowledge_of(case.version).lists[name].valid_days
        for extra, due in ((0, False), (1, True)):
            type(case.patient).objects.filter(pk=case.patient.pk).update(**{column: days_ago(days + extra)})
            assert (name in due_lists(case)) is due


def test_a_list_nobody_asked_for_is_due(case):
    type(case.patient).objects.filter(pk=case.patient.pk).update(medicines_asked=Asked.NOT_ASKED)
    assert due_lists(case) == ["medicines"]


def test_a_medicines_list_of_eight_months_ago_holds_the_needle_back(case):
    type(case.patient).objects.filter(pk=case.patient.pk).update(medicines_asked_at=days_ago(240))
    session = case.started()
    saved = save(case, session)
    assert "medicines list" in saved.form.errors[f"z{case.zone(session, 'cheeks').pk}-depth"][0]
    case.patient.refresh_from_db()
    on_file.confirm_list(case.patient, "medicines_asked", by=case.clinician)
    assert not save(case, session).form.errors


def test_a_list_said_to_have_changed_is_due_until_somebody_goes_through_it(case):
    def say(changed: bool):
        ScreeningAnswer.objects.create(
            patient=case.patient,
            question=f"{LIST_PREFIX}medicines",
            protocol_version="2026.1",
            answer=changed,
            answered_at=timezone.now(),
            answered_by=case.clinician,
        )

    say(True)
    assert due_lists(case) == ["medicines"]
    on_file.add_medicine(case.patient, by=case.clinician, name="apixaban 5 mg")
    assert due_lists(case) == []
    say(True)
    assert due_lists(case) == ["medicines"]
    say(False)
    assert due_lists(case) == []


# Today's proposal beside the plan


def test_a_new_caution_that_caps_the_depth_holds_that_zone_and_says_what_to_do(case):
    session = case.started()
    cheeks = case.zone(session, "cheeks")
    case.answer_all(**MELASMA)
    check = gate.day_check(session)
    most, why = check.limits["cheeks"]
    assert most < cheeks.planned_depth_mm
    assert why
    assert "Decide first: Melasma" in check.blocked
    case.decide(session)
    assert gate.day_check(session.__class__.objects.get(pk=session.pk)).blocked == ""
    saved = save(case, session)
    (said,) = saved.form.errors[f"z{cheeks.pk}-depth"]
    assert "or less today" in said
    assert "make a new plan" in said
    cheeks.refresh_from_db()
    assert cheeks.state == SessionZone.State.NOT_RECORDED
    # The other zone is recorded, and this one at the depth of today with its reason.
    saved = save(case, session, **{f"z{cheeks.pk}-depth": str(most), f"z{cheeks.pk}-reason": "skin"})
    assert not saved.form.errors
    assert saved.session.start_check["limits"]["cheeks"]["mm"] == str(most)


def test_without_the_comparison_the_deeper_zone_would_go_through(case, monkeypatch):
    monkeypatch.setattr(Since, "limits", {})
    session = case.started()
    case.answer_all(**MELASMA)
    case.decide(session)
    assert not save(case, session).form.errors


def test_a_darker_phototype_recorded_since_holds_the_zone(case):
    session = case.started()
    case.patient.phototype = 5
    case.patient.save()
    session.refresh_from_db()
    assert set(gate.day_check(session).limits) == {"cheeks"}


def test_what_the_clinician_chose_beyond_the_proposal_stays_chosen_under_the_same_limit(case):
    session = case.started()
    assert gate.day_check(session).limits == {}
    prefetch_related_objects([case.plan], "zones")
    next(zone for zone in case.plan.zones.all() if zone.zone == "cheeks").depth_mm = Decimal("2.0")
    session.plan = case.plan
    assert gate.day_check(session).limits == {}


def test_an_adjuvant_refused_today_is_left_out_with_its_reason(case):
    session = case.started()
    case.answer_all(**SKIN_CARE_ALLERGY)
    assert "hyaluronic_acid" in gate.day_check(session).adjuvants_out
    case.decide(session)
    saved = save(case, session)
    assert "left out today" in saved.form.errors["adj-hyaluronic_acid-used"][0]
    unticked = {"adj-hyaluronic_acid-used": None, "adj-hyaluronic_acid-product": None, "adj-hyaluronic_acid-lot": None}
    assert not save(case, session, **unticked).form.errors


def test_an_adjuvant_refused_when_the_plan_was_made_is_not_news(case):
    session = case.started()
    case.answer_all(**SKIN_CARE_ALLERGY)
    read_as_accepted_with(case, {"adjuvants": {"refused": [{"id": "hyaluronic_acid"}]}})
    session.plan = case.plan
    assert gate.day_check(session).adjuvants_out == {}


def test_a_decision_the_plan_does_not_know_of_stops_the_session(case):
    session = case.started()
    read_as_accepted_with(case, {"decisions": []})
    session.plan = case.plan
    assert "planner" not in {c.name for c in gate.unmet(gate.may_start(session))}
    case.answer_all(**THINNER)
    planner = next(c for c in gate.may_start(session) if c.name == "planner")
    assert planner.state == gate.STOP
    assert "new plan" in planner.words


def test_an_answer_a_colleague_changes_between_looking_and_starting_is_seen(case):
    session = case.started()
    assert gate.day_check(session).blocked == ""
    case.answer_all(**STILL_TAKEN)  # meanwhile, by somebody else
    saved = save(case, session)
    assert saved.form.errors[f"z{case.zone(session, 'cheeks').pk}-depth"][0].startswith(("Stop:", "Defer:"))


def test_an_unknown_medicine_added_meanwhile_is_a_question_before_the_needle(case):
    session = case.started()
    medicine = on_file.add_medicine(case.patient, by=case.clinician, name="zorblaxin 10 mg")
    session.refresh_from_db()
    assert "zorblaxin" in gate.day_check(session).blocked
    on_file.say_what_it_is(medicine, classes=[], key="zorblaxin", by=case.clinician)
    assert gate.day_check(session).blocked == ""


def test_a_file_the_planner_cannot_read_is_a_question_never_a_pass(case):
    Medication.objects.create(patient=case.patient, name="x", said_classes="nonsense", said_by=case.clinician, said_at=timezone.now())
    session = case.started()
    assert gate.day_check(session).blocked != ""


# At check-in


@pytest.fixture
def asked(case, client, desk):
    """The visit of today as the desk has it, with everything that is asked at each visit due again."""
    ScreeningAnswer.objects.all().update(answered_at=days_ago(20))
    booking = case.booking()
    client.force_login(desk)
    return booking


def no_to_everything(case, **yes) -> dict:
    due = due_of(case.patient, case.version, timezone.localdate())
    sent = {f"q.{question.id}": "no" for question in due.questions if question.asked_of == "patient"}
    sent |= {f"{LIST_PREFIX}{row.id}": "no" for row in due.lists}
    return {**sent, **{name.replace("__", "."): value for name, value in yes.items()}}


def test_the_desk_asks_what_is_due_and_sees_no_earlier_answer_and_no_reason(case, asked, client):
    page = client.get(reverse("sessions:booking", args=[asked.pk])).content.decode()
    assert "Ask before the session" in page
    page = client.get(reverse("sessions:ask", args=[asked.pk])).content.decode()
    assert "Are you pregnant" in page
    assert "Last answer" not in page
    assert "For the clinician" not in page
    answer = client.post(reverse("sessions:ask", args=[asked.pk]), no_to_everything(case))
    assert answer.status_code == 302
    page = client.get(reverse("sessions:booking", args=[asked.pk])).content.decode()
    assert "Do not start" not in page
    assert "Ask now" not in page
    assert "The clinician asks the rest" in page


def test_what_changes_the_plan_is_do_not_start_for_the_desk_and_reasons_for_the_clinician(case, asked, client):
    yes = {"q__retinoid_capsules": "yes", "rule__retinoid_capsules": "isotretinoin_current"}
    ScreeningAnswer.objects.filter(question="retinoid_capsules").update(answered_at=days_ago(40))
    assert client.post(reverse("sessions:ask", args=[asked.pk]), no_to_everything(case, **yes)).status_code == 302
    page = client.get(reverse("sessions:booking", args=[asked.pk])).content.decode()
    assert "Do not start: a clinician must look" in page
    assert "isotretinoin" not in page.lower()
    client.force_login(case.clinician)
    page = client.get(reverse("sessions:booking", args=[asked.pk])).content.decode()
    assert "isotretinoin" in page.lower()


def test_a_changed_list_is_not_asked_of_the_desk_twice(case, asked, client):
    type(case.patient).objects.filter(pk=case.patient.pk).update(medicines_asked_at=days_ago(240))
    case.patient.refresh_from_db()
    client.post(reverse("sessions:ask", args=[asked.pk]), no_to_everything(case, list__medicines="yes"))
    page = client.get(reverse("sessions:booking", args=[asked.pk])).content.decode()
    assert "Do not start" in page
    assert "Ask now" not in page


def test_an_answer_left_out_is_said_beside_its_question_and_the_others_are_kept(case, asked, client):
    sent = no_to_everything(case)
    del sent["q.reproduction"]
    answer = client.post(reverse("sessions:ask", args=[asked.pk]), sent)
    assert answer.status_code == 422
    assert "Answer yes or no: Are you pregnant" in answer.content.decode()
    due = due_of(case.patient, case.version, timezone.localdate())
    assert [question.id for question in due.questions if question.asked_of == "patient"] == ["reproduction"]


def test_a_manager_asks_nothing(case, client, make_user):
    client.force_login(make_user("omar", "manager"))
    booking = case.booking()
    assert client.get(reverse("sessions:ask", args=[booking.pk])).status_code == 403
    assert "Ask before" not in client.get(reverse("sessions:booking", args=[booking.pk])).content.decode()


def test_answers_of_check_in_are_not_asked_again_at_the_start(case, asked, client):
    client.post(reverse("sessions:ask", args=[asked.pk]), no_to_everything(case))
    left = due_of(case.patient, case.version, timezone.localdate()).questions
    assert all(question.asked_of == "clinician" for question in left)


def arrive(client, booking) -> str:
    return client.post(reverse("sessions:arrive", args=[booking.pk]), {"version": booking.version}, follow=True).content.decode()


def test_who_marks_an_arrival_is_told_that_checks_are_due_and_where(case, asked, client):
    type(asked).objects.filter(pk=asked.pk).update(status="booked")
    page = arrive(client, asked)
    assert f'Marked as here. <a href="{reverse("sessions:ask", args=[asked.pk])}">Safety checks due: ask now</a>' in page


def test_an_arrival_with_nothing_left_to_ask_says_so_by_its_silence(case, asked, client):
    type(asked).objects.filter(pk=asked.pk).update(status="booked")
    client.post(reverse("sessions:ask", args=[asked.pk]), no_to_everything(case))
    page = arrive(client, asked)
    assert "Marked as here." in page
    assert "Safety checks due" not in page


# A list on the record's page


def due_fieldset(page: str) -> str:
    (found,) = [part for part in page.split('<fieldset class="ask">') if 'name="list.medicines"' in part]
    return found.split("</fieldset>")[0]


def test_a_due_list_is_asked_on_the_record_with_its_day_and_the_way_to_it(case, client):
    type(case.patient).objects.filter(pk=case.patient.pk).update(medicines_asked_at=days_ago(240))
    session = case.started()
    client.force_login(case.clinician)
    part = due_fieldset(client.get(reverse("sessions:record", args=[session.pk])).content.decode())
    question = planner_today.knowledge_of(case.version).lists["medicines"].text
    assert part.startswith(f"<legend>{question}</legend>")
    assert "Last gone through on " in part
    assert f'href="{reverse("patients:details", args=[case.patient.number])}#h-medicines"' in part
    for value in ("no", "yes"):
        assert f'<input type="radio" name="list.medicines" value="{value}">' in part
    assert 'name="list.allergies"' not in client.get(reverse("sessions:record", args=[session.pk])).content.decode()


def test_the_desk_is_asked_about_a_due_list_without_its_day_or_a_way_to_it(case, asked, client):
    type(case.patient).objects.filter(pk=case.patient.pk).update(medicines_asked_at=days_ago(240))
    part = due_fieldset(client.get(reverse("sessions:ask", args=[asked.pk])).content.decode())
    assert "gone through" not in part
    assert "href" not in part


# The healing gap


@pytest.mark.parametrize(("days", "met"), [(-27, False), (-28, True)])
def test_answers_of_today_that_ask_for_a_longer_gap_hold_the_needle_until_then(case, days, met):
    """The plan leaves two weeks; the protocol with today's answers four."""
    signed(case, days=days)
    session = case.started(2)
    read_as_accepted_with(case, {"interval_weeks": {"min": 2}})
    case.plan.interval_weeks_min = 2
    session.plan = case.plan
    assert planner_today.planner_today(case.plan, case.patient, timezone.localdate()).interval_weeks == 4
    gap = next(condition for condition in gate.may_start(session) if condition.name == "gap")
    assert gap.met is met
    if not met:
        assert "today's answers ask for at least 4 weeks, so from " in gap.words
        assert (gap.field, gap.holds) == ("f-gap_reason", True)


def test_a_gap_the_plan_was_made_with_is_the_plans_own(case):
    """The control: the protocol asked for as much when the plan was made, and the clinician chose less."""
    signed(case, days=-20)
    session = case.started(2)
    read_as_accepted_with(case, {"interval_weeks": {"min": 4}})
    case.plan.interval_weeks_min = 2
    session.plan = case.plan
    gap = next(condition for condition in gate.may_start(session) if condition.name == "gap")
    assert gap.met
