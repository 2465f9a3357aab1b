"""What an earlier session left behind is said before the next one and at the consultation, is kept as it was said, and is heeded."""

import datetime as dt

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from audit import guards
from audit.models import AuditEvent
from plans.registry import history_of
from sessions.models import SkinSeen
from sessions.services import gate, planner_today, record, screening, skin
from sessions.services.signing import sign

from .record_case import PASSWORD, RecordCase, signed

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(site, clinician, patient):
    return RecordCase(site, clinician, patient)


@pytest.fixture
def signed_in(client):
    def as_(user):
        client.force_login(user)
        return client

    return as_


@pytest.fixture
def first(case):
    """Session 1, five weeks ago."""
    return signed(case, days=-35)


@pytest.fixture
def second(case, first):
    """Session 2, begun today; nobody has said how the skin is."""
    return case.started(2, skin=False)


def condition(session, name):
    return next((row for row in gate.day_check(session).conditions if row.name == name), None)


def send(client, draft, /, **typed):
    address = reverse("sessions:skin_seen", args=[draft.patient.number])
    back = reverse("sessions:record", args=[draft.pk])
    return client.post(address, {"key": "a-form", "back": back} | {name.replace("__", "."): value for name, value in typed.items()})


# -- before a session --------------------------------------------------------------------------------------------------


@pytest.mark.both_engines
def test_the_needle_waits_until_somebody_has_said_how_the_skin_is(case, first, second):
    waits = condition(second, "skin_seen")
    assert (waits.state, waits.holds) == (gate.LEFT, True)
    assert "session 1" in waits.words
    assert gate.day_check(second).blocked
    saved = record.save(second, by=case.clinician, typed=case.typed(second), version=second.version)
    assert saved.form.errors, "no zone is recorded before"
    case.see_skin(second)
    assert condition(second, "skin_seen").state == gate.OK
    assert "healed, no dark marks" in condition(second, "skin_seen").words
    assert not gate.day_check(second).blocked


def test_nothing_is_asked_before_a_first_session_or_in_other_zones(case):
    assert condition(case.started(skin=False), "skin_seen") is None


def test_what_was_said_on_another_day_is_said_again(case, first, second):
    skin.see(case.patient, {first.pk: ("yes", "no")}, by=case.clinician, key="k", at=timezone.now() - dt.timedelta(days=1))
    assert condition(second, "skin_seen").state == gate.LEFT
    skin.see(case.patient, {first.pk: ("yes", "no")}, by=case.clinician, key="l")
    assert condition(second, "skin_seen").state == gate.OK


def test_skin_that_has_not_healed_stops_the_session(case, first, second):
    case.see_skin(second, healed="no")
    planner = condition(second, "planner")
    assert planner.state == gate.STOP
    assert "not yet healed" in planner.words
    skin.see(case.patient, {first.pk: ("yes", "no")}, by=case.clinician, key="looked again")
    assert condition(second, "planner").state != gate.STOP


def test_dark_marks_hold_the_depth_and_are_decided(case, first, second):
    case.see_skin(second, marks="yes")
    check = gate.day_check(second)
    assert "finding.pigmentation_after_needling" in [change.key for change in check.changes]
    assert condition(second, "planner").state == gate.LEFT


def test_not_known_is_asked_and_holds_the_needle(case, first, second):
    case.see_skin(second, healed="unknown", marks="unknown")
    planner = condition(second, "planner")
    assert (planner.state, planner.holds) == (gate.LEFT, True)
    assert "has the skin healed?" in planner.words
    assert condition(second, "skin_seen").state == gate.OK


def test_a_reason_for_a_shorter_gap_is_not_stopped_by_the_rest_after_needling(case, monkeypatch):
    """The gap is a condition of its own, with a clinician's reason; the planner's rest would allow none."""
    signed(case, days=-20)
    session = case.started(2)
    assert condition(session, "gap").state == gate.LEFT
    assert condition(session, "planner").state == gate.OK
    monkeypatch.setattr(planner_today, "_without_rest", lambda knowledge, plan: knowledge)
    assert condition(session, "planner").state == gate.STOP  # control


def test_at_check_in_nobody_is_called_for_what_is_looked_at_in_the_room(case, first):
    booking = case.booking(2)
    found = screening.check_in(booking, by=case.clinician, on=timezone.localdate())
    assert not found.needs_clinician
    skin.see(case.patient, {first.pk: ("no", "no")}, by=case.clinician, key="k")
    assert screening.check_in(booking, by=case.clinician, on=timezone.localdate()).needs_clinician


# -- the form ----------------------------------------------------------------------------------------------------------


@pytest.mark.both_engines
def test_one_press_says_that_all_is_well(signed_in, case, first, second):
    page = signed_in(case.clinician).get(reverse("sessions:record", args=[second.pk])).content.decode()
    assert "Healed, no dark marks" in page
    answer = send(signed_in(case.clinician), second, session=str(first.pk), all_well="1")
    assert (answer.status_code, answer.url) == (302, reverse("sessions:record", args=[second.pk]))
    row = SkinSeen.objects.get()
    assert (row.session, row.healed, row.dark_marks, row.seen_by) == (first, "yes", "no", case.clinician)
    event = AuditEvent.objects.get(action="skin.seen")
    assert (event.patient_pk, event.actor_id) == (case.patient.pk, case.clinician.pk)
    assert "Healed, no dark marks" not in signed_in(case.clinician).get(answer.url).content.decode()


def test_what_is_said_of_every_planned_zone_is_the_look_at_the_skin(signed_in, case, first, second):
    """One press instead of two: who says how the skin is has looked at it."""
    version = second.version
    send(signed_in(case.clinician), second, session=str(first.pk), all_well="1", record=str(second.pk))
    second.refresh_from_db()
    assert second.skin_checked
    assert second.version == version + 1
    assert AuditEvent.objects.get(action="skin.seen").detail["ticked"] == second.pk


def test_a_zone_that_was_never_needled_is_looked_at_for_itself(signed_in, case):
    first = case.started(days=-35)
    left = f"z{case.zone(first, 'forehead').pk}"
    typed = case.typed(first, **{f"{left}-depth": None, f"{left}-passes": None, f"{left}-skip": "on", f"{left}-reason": "pain"})
    saved = record.save(first, by=case.clinician, typed=typed, version=first.version).session
    sign(saved, by=case.clinician, password=PASSWORD, version=saved.version)
    second = case.started(2, skin=False)
    send(signed_in(case.clinician), second, session=str(first.pk), all_well="1", record=str(second.pk))
    second.refresh_from_db()
    assert SkinSeen.objects.count() == 1
    assert not second.skin_checked


def test_a_record_of_somebody_else_is_not_ticked(signed_in, case, first, second):
    for number in ("x", "999999", str(first.pk)):
        send(signed_in(case.clinician), second, session=str(first.pk), all_well="1", record=number, key=number)
    second.refresh_from_db()
    assert not second.skin_checked


@pytest.mark.both_engines
def test_a_double_click_adds_once(signed_in, case, first, second):
    for _ in range(2):
        assert send(signed_in(case.clinician), second, session=str(first.pk), all_well="1").status_code == 302
    assert SkinSeen.objects.count() == 1
    assert AuditEvent.objects.filter(action="skin.seen", outcome="done").count() == 1


def test_what_was_typed_comes_back_with_what_is_missing(signed_in, case, first, second):
    answer = send(signed_in(case.clinician), second, session=str(first.pk), **{f"healed__{first.pk}": "no"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Say whether dark marks have appeared after session 1" in page
    assert f'name="healed.{first.pk}" value="no" checked' in page
    assert not SkinSeen.objects.exists()
    wrong = send(signed_in(case.clinician), second, session=str(first.pk), **{f"healed__{first.pk}": "maybe", f"marks__{first.pk}": "no"})
    assert wrong.status_code == 422


def test_one_by_one(signed_in, case, first, second):
    typed = {f"healed__{first.pk}": "no", f"marks__{first.pk}": "unknown"}
    assert send(signed_in(case.clinician), second, session=str(first.pk), **typed).status_code == 302
    assert str(SkinSeen.objects.get()) == "not healed, marks not known"


def test_a_session_of_somebody_else_and_one_that_is_not_signed_are_not_found(signed_in, case, first, second):
    for pk in (second.pk, 999_999, "x"):
        assert send(signed_in(case.clinician), second, session=str(pk), all_well="1").status_code == 404
    assert send(signed_in(case.clinician), second, all_well="1").status_code == 404
    assert not SkinSeen.objects.exists()


@pytest.mark.both_engines
def test_what_was_said_can_be_said_again_from_the_gate(signed_in, case, first, second):
    client = signed_in(case.clinician)
    case.see_skin(second, healed="no")
    here = reverse("sessions:record", args=[second.pk])
    again = f"{reverse('sessions:skin_seen', args=[case.patient.number])}?back={here}"
    assert again in client.get(here).content.decode()
    assert f'name="back" value="{here}"' in client.get(again).content.decode()
    elsewhere = client.get(again.replace(here, "https://example.org/")).content.decode()
    assert f'value="{reverse("patients:detail", args=[case.patient.number])}"' in elsewhere
    assert 'name="back" value="https' not in elsewhere


def test_it_leads_to_no_other_host(signed_in, case, first, second):
    answer = send(signed_in(case.clinician), second, session=str(first.pk), all_well="1", back="https://example.org/")
    assert answer.url == reverse("patients:detail", args=[case.patient.number])


def test_the_page_of_its_own_and_the_signed_record_show_what_was_said(signed_in, case, first):
    client = signed_in(case.clinician)
    own = reverse("sessions:skin_seen", args=[case.patient.number])
    assert "Nobody has said so far" in client.get(own).content.decode()
    skin.see(case.patient, {first.pk: ("yes", "yes")}, by=case.clinician, key="k")
    assert "healed, dark marks" in client.get(own).content.decode()
    assert "healed, dark marks" in client.get(reverse("sessions:record", args=[first.pk])).content.decode()


# -- what it means to the planner --------------------------------------------------------------------------------------


@pytest.mark.both_engines
def test_a_consultation_knows_what_was_said_last(case, first):
    today = timezone.localdate()
    assert "healed" not in history_of(case.patient, today)[0]
    skin.see(case.patient, {first.pk: ("no", "unknown")}, by=case.clinician, key="k")
    assert (history_of(case.patient, today)[0]["healed"], history_of(case.patient, today)[0]["pigmentation"]) == (False, None)
    skin.see(case.patient, {first.pk: ("yes", "yes")}, by=case.clinician, key="l")
    assert (history_of(case.patient, today)[0]["healed"], history_of(case.patient, today)[0]["pigmentation"]) == (True, True)


def test_older_sessions_are_asked_until_a_later_look_answers_for_them(case, first):
    later = signed(case, 2, days=-5)
    today = timezone.localdate()

    def asked():
        return [row.session for row in skin.to_answer(skin.earlier_of(case.patient, today))]

    with guards.suspended("skin_seen_only_added"):
        SkinSeen.objects.all().delete()
    assert asked() == [later, first]
    skin.see(case.patient, {later.pk: ("yes", "yes")}, by=case.clinician, key="k")
    assert asked() == [later, first], "marks of the later one say nothing of the first"
    skin.see(case.patient, {later.pk: ("yes", "no")}, by=case.clinician, key="l")
    assert asked() == [later]


# -- only ever added ---------------------------------------------------------------------------------------------------

CHANGES = ("UPDATE treatment_sessions_skinseen SET healed = 'yes'", "DELETE FROM treatment_sessions_skinseen")


@pytest.mark.both_engines
@pytest.mark.parametrize("change", CHANGES)
def test_the_database_refuses_to_change_what_was_seen(case, first, change):
    skin.see(case.patient, {first.pk: ("no", "yes")}, by=case.clinician, key="k")
    connection.check_constraints()
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)
    with guards.suspended("skin_seen_only_added"), connection.cursor() as cursor:
        cursor.execute(change)
        assert cursor.rowcount == 1, "control: without the guard it goes through"
        connection.check_constraints()


@pytest.mark.both_engines
def test_the_database_knows_three_answers(case, first):
    with pytest.raises(DatabaseError), transaction.atomic():
        SkinSeen.objects.create(
            session=first, healed="perhaps", dark_marks="no", seen_by=case.clinician, seen_at=timezone.now(), request_key="k"
        )


def test_only_sessions_of_the_patient_are_spoken_of(case, first, second):
    for said in ({}, {second.pk: ("yes", "no")}, {first.pk: ("yes", "")}):
        with pytest.raises(ValueError, match="no signed session"):
            skin.see(case.patient, said, by=case.clinician, key="k")
