"""A depth far beyond the plan's is asked again, one above a ceiling refused with limit and source; pain, bleeding, late entries."""

from decimal import Decimal

import pytest
from django.urls import reverse

from sessions.models import TreatmentSession
from sessions.services import gate, record
from sessions.services.signing import sign
from sessions.services.verifying import faults_of
from sessions.views.record_page import entered_late

from .record_case import PASSWORD, RecordCase, as_json, signed

pytestmark = pytest.mark.django_db
NB = "\u00a0"


class ShallowCase(RecordCase):
    """The cheeks are planned at a tenth of the deepest the protocol allows there."""

    ZONES = (("cheeks", "Cheeks", "0.25", "0.25", "pinpoint", 4), ("forehead", "Forehead", "0.5", "0.5", "redness", 3))


@pytest.fixture
def case(site, clinician, patient):
    return ShallowCase(site, clinician, patient)


def save(case, session, **changes):
    session.refresh_from_db()
    return record.save(session, by=case.clinician, typed=case.typed(session, **changes), version=session.version)


def cheeks(case, session, **parts):
    name = f"z{case.zone(session, 'cheeks').pk}"
    return {f"{name}-{part}": value for part, value in parts.items()}


def said(case, saved):
    return saved.form.errors.get(f"z{case.zone(saved.session, 'cheeks').pk}-depth", [""])[0]


@pytest.mark.parametrize("typed", ["2.5", "2,5", "2.50", "2,50 mm"])
def test_ten_times_the_plan_is_asked_again_with_comma_and_point(case, typed):
    session = case.started()
    saved = save(case, session, **cheeks(case, session, depth=typed, reason="wish"))
    words = f"Cheeks 2.5{NB}mm is 10 times the plan's 0.25{NB}mm. Did you mean 0.25{NB}mm? If not, tick that 2.5{NB}mm is right"
    assert said(case, saved) == words
    zone = case.zone(session, "cheeks")
    assert (zone.state, zone.done_depth_mm) == ("not_recorded", None)
    assert record.values_of(saved.session)[f"z{zone.pk}-depth"] == typed
    assert gate.unmet(gate.may_sign(saved.session))


@pytest.mark.parametrize(("depth", "asked"), [("0.5", False), ("0.7", False), ("0.75", True), ("0,75", True), ("1", True)])
def test_three_times_the_plan_is_where_it_begins_to_be_asked(case, depth, asked):
    session = case.started()
    saved = save(case, session, **cheeks(case, session, depth=depth, reason="wish"))
    assert bool(said(case, saved)) is asked


def test_what_was_confirmed_is_kept_and_signed_as_asked_again(case):
    session = case.started()
    saved = save(case, session, **cheeks(case, session, depth="2,5", sure="2.5", reason="wish"))
    assert saved.form.errors == {}
    zone = case.zone(session, "cheeks")
    assert (zone.done_depth_mm, zone.confirmed_mm) == (Decimal("2.5"), Decimal("2.5"))
    done = sign(saved.session, by=case.clinician, password=PASSWORD, version=saved.session.version)
    assert [row.get("asked_again_mm") for row in as_json(done)["zones"]] == ["2.5", None]
    assert list(faults_of(done)) == []


def test_one_depth_confirmed_is_no_leave_for_another(case):
    session = case.started()
    save(case, session, **cheeks(case, session, depth="2.5", sure="2.5", reason="wish"))
    saved = save(case, session, **cheeks(case, session, depth="2.25", sure="2.5", reason="wish"))
    assert "is 9 times the plan's" in said(case, saved)
    saved = save(case, session, **cheeks(case, session, depth="0.25", sure="2.5", reason=""))
    assert said(case, saved) == ""
    assert case.zone(session, "cheeks").confirmed_mm is None


@pytest.mark.parametrize(("typed", "meant"), [("2.75", ""), ("25", f" Did you mean 2.5{NB}mm?"), ("2,6", "")])
def test_above_the_ceiling_is_refused_with_the_limit_and_its_source_and_no_tick_helps(case, typed, meant):
    session = case.started()
    saved = save(case, session, **cheeks(case, session, depth=typed, sure=typed.replace(",", "."), reason="wish"))
    limit = f"Cheeks depth must be 2.5{NB}mm or less: the most protocol 2026.1 allows there"
    assert said(case, saved) == (f"{limit}.{meant}" if meant else limit)
    assert case.zone(session, "cheeks").done_depth_mm is None


def test_the_page_asks_beside_the_zone_and_the_answer_of_an_autosave_does(case, client):
    session = case.started()
    client.force_login(case.clinician)
    address, typed = reverse("sessions:record", args=[session.pk]), cheeks(case, session, depth="2,5", reason="wish")
    page = client.post(address, case.typed(session, **typed) | {"version": session.version}).content.decode()
    assert "2.5 mm is right on Cheeks" in page
    assert 'value="2,5"' in page
    session.refresh_from_db()
    sent = case.typed(session, **typed) | {"version": session.version, "page": "p", "turn": 1}
    answer = client.post(address, sent, headers={"HX-Request": "true"}).content.decode()
    assert "2.5 mm is right on Cheeks" in answer


# Pain, bleeding, and when it was written down


def test_pain_and_bleeding_are_signed_where_they_were_asked(case):
    session = case.started()
    saved = save(case, session, **cheeks(case, session, bleeding="pinpoint"), pain="7")
    done = sign(saved.session, by=case.clinician, password=PASSWORD, version=saved.session.version)
    said = as_json(done)
    assert said["record"]["pain"] == 7
    assert [row.get("bleeding") for row in said["zones"]] == ["pinpoint", None]
    assert list(faults_of(done)) == []


@pytest.mark.parametrize(("field", "value"), [("pain", "11"), ("pain", "-1"), ("bleeding", "much")])
def test_what_is_no_answer_is_said_and_not_kept(case, field, value):
    session = case.started()
    changes = {"pain": value} if field == "pain" else cheeks(case, session, bleeding=value)
    saved = save(case, session, **changes)
    assert "no longer in the list" in str(saved.form.errors)
    assert saved.session.pain is None


def test_bleeding_goes_with_the_zone_that_was_not_treated_after_all(case):
    session = case.started()
    save(case, session, **cheeks(case, session, bleeding="oozing"))
    assert case.zone(session, "cheeks").bleeding == "oozing"
    save(case, session, **cheeks(case, session, bleeding="oozing", skip="on", reason="wish"))
    assert case.zone(session, "cheeks").bleeding == ""


def test_a_late_entry_keeps_when_it_was_done_and_when_it_was_written_down(case, client):
    """Done 60 to 20 minutes ago, written down now: both are signed and shown."""
    done = signed(case)
    row = TreatmentSession.objects.get(pk=done.pk)
    assert entered_late(row) > row.ended_at
    said = as_json(done)["record"]
    assert said["started_at"] < said["ended_at"] < said["start_check"]["at"]
    client.force_login(case.clinician)
    assert "Written down" in client.get(reverse("sessions:record", args=[done.pk])).content.decode()


def test_what_is_written_down_while_it_is_done_is_not_late(case):
    session = case.started(minutes=1)
    saved = save(case, session, ended=None, reaction=None)
    assert entered_late(saved.session) is None
