"""
A record that is begun on a later day: who may, of which visit, as of which moment it is judged, and what then hangs on when it was done
instead of when it was written down.
"""

import contextlib
import datetime as dt
import itertools

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from audit import guards
from audit.models import AuditEvent
from consent.models import ConsentItem, ConsentWithdrawal
from sessions.conversion import record_facts, with_facts
from sessions.handover import hand_over_records, records_of
from sessions.lots.codes import key_of
from sessions.lots.models import Lot
from sessions.models import Booking, DeviceLog, TreatmentSession
from sessions.plan_section import visits
from sessions.services import gate, late
from sessions.services.added import add
from sessions.services.course_again import consequence_of
from sessions.services.gap import soon_words
from sessions.services.record import close_untreated, save, take_over
from sessions.services.signing import MEANING, MEANING_FOR_ANOTHER, NotComplete, sign
from sessions.services.verifying import faults_of

from .record_case import PASSWORD, RecordCase, as_json, signed

pytestmark = pytest.mark.django_db
DAYS = dt.timedelta(days=3)


@pytest.fixture
def case(site, clinician, patient):
    case = RecordCase(site, clinician, patient, answered=False)
    case.answer_all(at=timezone.now() - DAYS - dt.timedelta(hours=3))
    long_ago(case)
    return case


def long_ago(case, by=dt.timedelta(days=30)) -> None:
    """The plan was accepted, and consent signed, before the visits of these tests."""
    when = timezone.now() - by
    with guards.suspended("plans_accepted_plan"):
        type(case.plan).objects.filter(pk=case.plan.pk).update(accepted_at=when)
    moved_consent(when)
    case.plan.refresh_from_db()


def moved_consent(when) -> None:
    names = [guard.name for guard in guards.known() if guard.table == ConsentItem._meta.db_table]
    with guards.suspended(*names):
        ConsentItem.objects.update(signed_at=when)


@pytest.fixture
def visit(case):
    """Three days ago, marked as done, and nothing written."""
    return case.booking(days=-3, status="done")


def entry(case, visit, **fields):
    began = visit.starts_at + dt.timedelta(minutes=10)
    return late.Entry(**{"began": began, "treated_by": case.clinician, "source": "paper", "reason": "Power was out", **fields})


def entered(case, visit, *, by=None, **fields):
    return late.begin(visit, entry(case, visit, **fields), by=by or case.clinician)


def filled(case, session, *, by=None, **changes):
    session = TreatmentSession.objects.get(pk=session.pk)
    return save(session, by=by or case.clinician, typed=case.typed(session, **changes), version=session.version)


def open_conditions(session, by=None):
    return {row.name: row for row in gate.unmet(gate.may_sign(TreatmentSession.objects.get(pk=session.pk), by=by or session.clinician))}


def test_it_is_begun_filled_and_signed_with_both_times(case, visit):
    session = entered(case, visit)
    saved = filled(case, session)
    assert not saved.form.errors
    done = sign(saved.session, by=case.clinician, password=PASSWORD, version=saved.session.version)
    began = visit.starts_at + dt.timedelta(minutes=10)
    assert done.started_at == began
    assert done.entered_at > began + dt.timedelta(days=2)
    assert done.day == done.site.day_of(began)
    said = as_json(done)["record"]
    assert said["entered_late"]["reason"] == "Power was out"
    assert as_json(done)["signed"]["meaning"] == MEANING
    assert not list(faults_of(done))
    assert record_facts(with_facts(TreatmentSession.objects.filter(pk=done.pk)).get()).treated_on == done.day
    assert Booking.objects.get(pk=visit.pk).status == "done"
    row = AuditEvent.objects.get(action="record.entered_late")
    assert row.detail["done_at"] == began.isoformat(timespec="minutes")


def test_the_next_visit_waits_from_when_it_was_done(case, visit):
    saved = filled(case, entered(case, visit))
    sign(saved.session, by=case.clinician, password=PASSWORD, version=saved.session.version)
    after = case.booking(2, days=26, status="booked")  # 29 days after it was done, 26 after it was written down
    assert soon_words(after) == ""
    sooner = case.booking(3, days=12, status="booked")
    assert soon_words(sooner) != ""


def test_what_is_not_at_hand_that_day_is_said_openly_and_then_signed(case, visit):
    type(case.patient).objects.filter(pk=case.patient.pk).update(medicines_asked="not_asked", medicines_asked_at=None)
    session = filled(case, entered(case, visit)).session
    assert set(open_conditions(session)) == {"screening", "planner"} or "screening" in open_conditions(session)
    assert all(row.field == gate.LATE_SAID for row in open_conditions(session).values())
    session = filled(case, session, late_said="Asked on paper, page 2").session
    assert not open_conditions(session)
    done = sign(session, by=case.clinician, password=PASSWORD, version=session.version)
    words = [row["words"] for row in done.start_check["conditions"] if row["name"] == "screening"]
    assert "Asked on paper, page 2" in words[0]


# As of when it was done


def test_consent_counts_as_it_stood_then(case, visit):
    session = filled(case, entered(case, visit)).session
    assert "consent" not in open_conditions(session)
    for item in ConsentItem.objects.all():
        ConsentWithdrawal.objects.create(item=item, at=timezone.now(), said_by="Ada", recorded_by=case.clinician)
    assert "consent" not in open_conditions(session)
    assert any("taken back" in words for words in gate.day_check(session).cautions)
    moved_consent(timezone.now())
    assert "not by then" in open_conditions(session)["consent"].words


def test_the_healing_gap_is_measured_to_the_day_it_was_done(case):
    first = signed(case, days=-40)
    visit = case.booking(2, days=-13, status="done")  # 27 days after, written down 40 after
    session = filled(case, entered(case, visit), identity_checked="on").session
    assert first.session_number == 1
    assert open_conditions(session)["gap"].words.startswith("27 days since session 1")
    assert not open_conditions(session)["gap"].holds
    assert {zone.state for zone in session.zones.all()} == {"done"}  # what was done is taken before the reason is said
    ok = filled(case, session, gap_reason="Healed, seen on paper")
    assert "gap" not in open_conditions(ok.session)


def test_a_device_counts_as_it_stood_then(case, visit):
    session = filled(case, entered(case, visit)).session
    now = timezone.now()
    fields = {"device": case.pen, "at": now, "done_by": "Lena Berg", "by": case.clinician, "note": "Motor noise"}
    DeviceLog.objects.create(what="out", done_at=now - dt.timedelta(days=1), request_key="later", **fields)
    assert "device" not in open_conditions(session)
    DeviceLog.objects.create(what="out", done_at=now - dt.timedelta(days=5), request_key="before", **fields)
    assert open_conditions(session)["device"].field == "f-device_reason"


def test_a_needle_that_ran_out_since_was_good_then_and_one_that_ran_out_before_is_said(case, visit):
    yesterday = (visit.starts_at + dt.timedelta(days=1)).date().isoformat()
    session = filled(case, entered(case, visit), needle_expires_on=yesterday)
    assert not session.form.errors
    assert "use_by" not in open_conditions(session.session)
    before = (visit.starts_at - dt.timedelta(days=1)).date().isoformat()
    saved = filled(case, session.session, needle_expires_on=before)
    assert not saved.form.errors
    assert open_conditions(saved.session)["use_by"].field == gate.LATE_SAID


@pytest.mark.parametrize(("days", "words"), [(1, "after it was used"), (5, "before it was used")])
def test_a_lot_recalled_since_is_shown_and_answered(case, visit, days, words):
    session = entered(case, visit)
    Lot.objects.create(
        number="b24-0917X",
        key=key_of("b24-0917X"),
        blocked_at=timezone.now() - dt.timedelta(days=days),
        blocked_by=case.clinician,
        blocked_reason="Recall",
        added_at=timezone.now(),
        added_by=case.clinician,
    )
    saved = filled(case, session)
    assert not saved.form.errors
    assert words in open_conditions(saved.session)["needle-after-block"].words
    again = filled(case, saved.session, needle_after="Patient phoned").session
    sign(again, by=case.clinician, password=PASSWORD, version=again.version)


def test_what_the_operator_was_not_signed_off_for_is_recorded_and_said(case, visit, signed_off):
    signed_off(case.clinician, max_depth_mm=1)
    saved = filled(case, entered(case, visit))
    assert not saved.form.errors
    assert case.zone(saved.session, "cheeks").done_depth_mm == case.zone(saved.session, "cheeks").planned_depth_mm


def test_what_was_used_beyond_the_plan_is_recorded_with_who_must_sign_for_it(case, visit):
    session = entered(case, visit)
    add(session, "tranexamic_acid", by=case.clinician)
    typed = {"adj-tranexamic_acid-used": "on", "adj-tranexamic_acid-product": "TXA", "adj-tranexamic_acid-lot": "T1"}
    saved = filled(case, session, **typed, **{"adj-tranexamic_acid-reason": "Wished for"})
    assert not saved.form.errors
    assert "Tranexamic" in open_conditions(saved.session)["added_consent"].words
    again = filled(case, saved.session, **typed, **{"adj-tranexamic_acid-reason": "Wished for"}, late_said="Signed on paper").session
    done = sign(again, by=case.clinician, password=PASSWORD, version=again.version)
    assert [(need["key"], need["who"]) for need in done.needs] == [("adjuvant.tranexamic_acid", "medical_lead")]


def test_words_about_a_day_that_is_over_are_for_late_records_alone(case):
    session = case.started()
    assert save(session, by=case.clinician, typed=case.typed(session, late_said="x"), version=session.version).session.late_said == ""


def _lists_not_asked(case, session):
    type(case.patient).objects.filter(pk=case.patient.pk).update(medicines_asked="not_asked", medicines_asked_at=None)


def _consent_signed_since(case, session):
    moved_consent(timezone.now())


def _device_out_then(case, session):
    now, fields = timezone.now(), {"device": case.pen, "what": "out", "done_by": "Lena Berg", "by": case.clinician, "note": "Motor noise"}
    DeviceLog.objects.create(done_at=now - dt.timedelta(days=5), at=now, request_key="before", **fields)


def _needle_over_then(case, session):
    day = (session.started_at - dt.timedelta(days=1)).date()
    TreatmentSession.objects.filter(pk=session.pk).update(needle_expires_on=day)


AGAINST = {"screening": _lists_not_asked, "consent": _consent_signed_since, "device": _device_out_then, "use_by": _needle_over_then}


class Rollback(Exception):
    pass


def test_every_combination_of_what_was_not_in_order_gives_its_one_answer(case, visit):
    session = filled(case, entered(case, visit)).session
    every_one = [set(names) for count in range(len(AGAINST) + 1) for names in itertools.combinations(AGAINST, count)]
    for against in every_one:
        with contextlib.suppress(Rollback), transaction.atomic():
            for name in against:
                AGAINST[name](case, session)
            found = open_conditions(session)
            assert set(found) - {"planner"} == against  # a list nobody asked for is a question to the planner too
            assert not any(row.holds or row.state == gate.STOP for row in found.values())
            TreatmentSession.objects.filter(pk=session.pk).update(late_said="On paper")
            assert set(open_conditions(session)) == against & {"device"}  # a device has a reason of its own
            raise Rollback
    assert len(every_one) == 16


# Somebody enters for them


def test_one_who_enters_for_another_signs_and_says_so(case, visit, make_user):
    lena = make_user("lena", "clinician", last_name="Holm")
    lena.sites.add(case.site)
    session = entered(case, visit, by=lena)
    assert session.clinician == case.clinician
    saved = filled(case, session, by=lena)
    done = sign(saved.session, by=lena, version=saved.session.version, shown="pin")
    assert as_json(done)["signed"]["meaning"] == MEANING_FOR_ANOTHER
    assert (done.clinician, done.signed_by, done.entered_by) == (case.clinician, lena, lena)
    assert not list(faults_of(done))


def test_nobody_else_signs_it(case, visit, make_user):
    tomas = make_user("tomas", "clinician", last_name="Wolf")
    saved = filled(case, entered(case, visit))
    with pytest.raises(NotComplete):
        sign(saved.session, by=tomas, version=saved.session.version, shown="pin")


def test_another_goes_on_entering_and_who_treated_stays(case, visit, make_user):
    tomas = make_user("tomas", "clinician", last_name="Wolf")
    session = entered(case, visit)
    taken = take_over(session, by=tomas, version=session.version)
    assert (taken.clinician, taken.entered_by) == (case.clinician, tomas)


def test_of_a_leaver_somebody_else_goes_on_entering_and_who_treated_stays(case, visit, make_user):
    tomas = make_user("tomas", "clinician", last_name="Wolf")
    entered(case, visit)
    assert len(records_of(case.clinician)) == 1
    outcome = hand_over_records(case.clinician, [tomas], tomas)
    assert not outcome.left
    row = TreatmentSession.objects.get(booking=visit)
    assert (row.clinician, row.entered_by) == (case.clinician, tomas)
    assert not records_of(case.clinician)


# Bounds


def refused(case, visit, **fields):
    with pytest.raises(late.NotEntered) as said:
        entered(case, visit, **fields)
    assert not TreatmentSession.objects.filter(booking=visit).exists()
    return said.value


def test_not_in_the_future(case):
    visit = case.booking(days=0, status="done")
    assert "still to come" in refused(case, visit, began=timezone.now() + dt.timedelta(minutes=5)).message


def test_not_before_the_plan_and_not_after_its_end(case, visit):
    long_ago(case, by=dt.timedelta(days=1))
    assert "Nothing was treated under it before then" in refused(case, visit).message
    long_ago(case)
    newer = case.make_plan()
    with guards.suspended("plans_accepted_plan", "plans_plan_way"):
        type(newer).objects.filter(pk=newer.pk).update(supersedes=case.plan)
        type(newer).objects.filter(pk=case.plan.pk).update(status="superseded")
    visit.refresh_from_db()
    assert entered(case, visit).plan == case.plan  # replaced today, treated three days ago


def test_not_after_a_plan_was_replaced(case, visit):
    newer = case.make_plan()
    with guards.suspended("plans_accepted_plan", "plans_plan_way"):
        type(newer).objects.filter(pk=newer.pk).update(supersedes=case.plan, accepted_at=timezone.now() - dt.timedelta(days=9))
        type(newer).objects.filter(pk=case.plan.pk).update(status="superseded")
    assert "was replaced on" in refused(case, visit).message


# Of a visit that was marked as missed or cancelled


def gone(case, status="missed", number=1, *, days=-3):
    """A visit of that day that holds nothing any more."""
    visit = case.booking(number, days=days, status=status, cancel_reason="Snow" if status == "cancelled" else "")
    visit.holds.update(is_live=False)
    return visit


def held(case, visit, **fields):
    ended = visit.starts_at + dt.timedelta(minutes=50)
    return entered(case, visit, **{"ended": ended, "room": case.room, "device": case.pen, **fields})


@pytest.mark.parametrize("status", ["missed", "cancelled"])
def test_somebody_was_treated_after_all(case, status):
    visit = gone(case, status)
    assert status in " ".join(late.what_changes(visit))
    assert "Session 1 is then no longer to be booked again." in late.what_changes(visit)
    session = held(case, visit)
    visit = Booking.objects.get(pk=visit.pk)
    began = session.started_at
    assert (visit.status, visit.starts_at, visit.arrived_at, visit.cancel_reason) == ("in_room", began, began, "")
    assert visit.ends_at == session.ended_at == began + dt.timedelta(minutes=40)
    live = {hold.subject for hold in visit.holds.filter(is_live=True)}
    assert live == {f"r{case.room.pk}", f"r{case.pen.pk}", f"r{case.person.pk}", f"p{case.patient.person_pk}"}
    saved = filled(case, session)
    sign(saved.session, by=case.clinician, password=PASSWORD, version=saved.session.version)
    assert Booking.objects.get(pk=visit.pk).status == "done"
    assert consequence_of(Booking.objects.get(pk=visit.pk), by=case.clinician) is None
    assert AuditEvent.objects.get(action="booking.treated_after_all").detail["from"] == status


def test_it_needs_a_paper_record_and_when_the_last_needle_was_out(case):
    visit = gone(case)
    with pytest.raises(late.NotEntered) as said:
        held(case, visit, source="memory")
    assert said.value.field == "source"
    assert "changed while you looked" in refused(case, visit).message
    assert Booking.objects.get(pk=visit.pk).status == "missed"


@pytest.mark.both_engines
def test_what_was_used_cannot_have_been_at_another_visit(case, make_patient):
    visit = gone(case)
    other = case.booking(number=2, days=-3, patient=make_patient("Two"), plan=None, kind="consultation", request_key="other")
    with pytest.raises(late.NotEntered) as said:
        held(case, visit)
    assert said.value.field == "room"
    local = case.site.local(other.starts_at)
    assert f"{case.room} was with another visit from {local:%H:%M}" in said.value.message
    visit.refresh_from_db()
    assert (visit.status, visit.version) == ("missed", 1)
    assert held(case, visit, room=None).is_late


def test_a_session_that_was_booked_again_is_cancelled_first(case):
    visit = gone(case)
    case.booking(1, days=4, status="booked")
    assert "was booked again" in refused(case, visit).message


def test_one_that_can_be_brought_back_is(case):
    assert "bring it back" in refused(case, gone(case, days=0)).message


def test_closed_without_treatment_it_is_missed_again(case):
    visit = gone(case)
    session = held(case, visit)
    close_untreated(session, by=case.clinician, version=session.version, reason="Wrong person")
    visit = Booking.objects.get(pk=visit.pk)
    assert (visit.status, visit.arrived_at) == ("missed", None)
    assert not visit.holds.filter(is_live=True).exists()


def test_the_front_door_says_what_it_does_to_the_visit(client, case):
    visit = gone(case)
    client.force_login(case.clinician)
    url = reverse("sessions:enter_record", args=[visit.pk])
    assert url in client.get(reverse("sessions:booking", args=[visit.pk])).content.decode()
    page = client.get(url).content.decode()
    assert "marked as missed. That is taken back" in page
    assert "no longer to be booked again" in page
    local = case.site.local(visit.starts_at)
    sent = {"began": f"{local:%H:%M}", "treated_by": case.clinician.pk, "source": "paper", "reason": "Power was out", "room": case.room.pk}
    answer = client.post(url, sent)
    assert answer.status_code == 422
    assert "Enter when the last needle was out" in answer.content.decode()
    assert "Choose with which device it was" in answer.content.decode()
    later = case.site.local(visit.starts_at + dt.timedelta(minutes=45))
    answer = client.post(url, {**sent, "ended": f"{later:%H:%M}", "device": case.pen.pk}, follow=True)
    assert "no longer missed and is not to be booked again" in answer.content.decode()


# Of a session that nobody booked


def unbooked(case, *, plan=None, days=-3, key="one", by=None, **fields):
    began = (timezone.now() - dt.timedelta(minutes=90)).replace(second=0, microsecond=0) + dt.timedelta(days=days)
    fields = {"began": began, "treated_by": case.clinician, "source": "paper", "reason": "Power was out"} | fields
    said = late.Entry(**{"ended": fields["began"] + dt.timedelta(minutes=40), "room": case.room, "device": case.pen, **fields})
    return late.begin_unbooked(plan or case.plan, said, by=by or case.clinician, request_key=key)


def test_a_session_nobody_booked_makes_its_visit_once(case):
    session = unbooked(case)
    assert unbooked(case).pk == session.pk
    visit = Booking.objects.get()
    assert (visit.status, visit.starts_at, visit.session_number) == ("in_room", session.started_at, 1)
    assert visit.holds.filter(is_live=True).count() == 4
    saved = filled(case, session)
    done = sign(saved.session, by=case.clinician, password=PASSWORD, version=saved.session.version)
    assert Booking.objects.get().status == "done"
    assert not list(faults_of(done))
    assert unbooked(case, key="two", days=-1).session_number == 2


def test_it_takes_its_place_in_the_course(case):
    signed(case, days=-10)
    ahead = case.booking(2, days=20, status="booked")
    with pytest.raises(late.NotEntered, match="Session 2 of plan 1 is booked on"):
        unbooked(case)
    Booking.objects.filter(pk=ahead.pk).update(status="cancelled", cancel_reason="Done already")
    ahead.holds.update(is_live=False)
    assert unbooked(case).session_number == 2
    assert unbooked(case, key="earlier", days=-11).session_number == 3  # none is left before session 1
    assert unbooked(case, key="last", days=-2).session_number == 4
    with pytest.raises(late.NotEntered, match="All 4 sessions"):
        unbooked(case, key="more", days=-1)


def test_a_visit_of_that_day_is_entered_from_its_own_page(case):
    gone(case)
    with pytest.raises(late.NotEntered, match="Session 1 of 4 stands on that day"):
        unbooked(case)


@pytest.mark.both_engines
def test_nobody_is_at_two_places(case):
    unbooked(case)
    with pytest.raises(late.NotEntered, match="was with another visit") as said:
        unbooked(case, key="two", room=None, device=None)
    assert said.value.field == "treated_by"
    assert Booking.objects.count() == TreatmentSession.objects.count() == 1


def test_not_before_its_plan_and_not_longer_than_any_treatment(case):
    with pytest.raises(late.NotEntered, match="Nothing was treated under it before then"):
        unbooked(case, days=-40)
    now = timezone.now()
    with pytest.raises(late.NotEntered, match="at most 8 hours"):
        unbooked(case, began=now - dt.timedelta(hours=12), ended=now - dt.timedelta(hours=3))


def test_the_page_of_a_session_nobody_booked(client, case):
    client.force_login(case.clinician)
    url = reverse("sessions:enter_unbooked", args=[case.patient.number, case.plan.number])
    assert ("Enter a session that was not booked", url) in visits(case.plan, case.clinician).links
    began = case.site.local(timezone.now() - dt.timedelta(days=3, minutes=90))
    ended = began + dt.timedelta(minutes=40)
    sent = {"day": f"{began:%Y-%m-%d}", "began": f"{began:%H:%M}", "ended": "26:00", "treated_by": case.clinician.pk, "source": "paper"}
    sent |= {"room": "none", "device": "none"}
    answer = client.post(url, sent)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "26:00" in page
    assert "Say why it was not recorded" in page
    tomorrow = {**sent, "day": f"{began + dt.timedelta(days=9):%Y-%m-%d}", "ended": f"{ended:%H:%M}", "reason": "Power was out"}
    assert "still to come" in client.post(url, tomorrow).content.decode()
    whole = {**sent, "ended": f"{ended:%H:%M}", "reason": "Power was out"}
    ahead = case.booking(1, days=20, status="booked")
    page = client.post(url, whole).content.decode()
    assert "took its place in the course" in page
    assert reverse("sessions:booking", args=[ahead.pk]) in page
    assert "Power was out" in page
    Booking.objects.filter(pk=ahead.pk).update(status="cancelled", cancel_reason="Done already")
    answer = client.post(url, whole)
    session = TreatmentSession.objects.get()
    assert answer.url == reverse("sessions:record", args=[session.pk])
    assert session.booking.starts_at == session.started_at == began.replace(second=0, microsecond=0)
    assert (session.booking.room, session.device) == (None, None)


def test_not_twice_and_never_of_a_visit_with_a_signed_record(case, visit):
    saved = filled(case, entered(case, visit))
    with pytest.raises(late.NotEntered, match="stands already"):
        entered(case, visit)
    sign(saved.session, by=case.clinician, password=PASSWORD, version=saved.session.version)
    with pytest.raises(late.NotEntered, match="is signed: add a correction"):
        entered(case, visit)
    assert TreatmentSession.objects.count() == 1


def test_a_visit_nobody_marked_needs_a_paper_record(case):
    visit = case.booking(days=-3, status="booked")
    assert refused(case, visit, source="memory").field == "source"
    entered(case, visit)
    assert Booking.objects.get(pk=visit.pk).status == "in_room"
    assert Booking.objects.get(pk=visit.pk).arrived_at == visit.starts_at + dt.timedelta(minutes=10)


def test_a_visit_of_now_is_started_and_not_entered(case):
    assert "can still be begun" in refused(case, case.booking()).message


def test_a_visit_marked_as_done_an_hour_ago_is_entered(case):
    assert entered(case, case.booking(status="done")).is_late


@pytest.mark.both_engines
def test_the_database_holds_who_and_why_together(case, visit):
    session = entered(case, visit)
    with pytest.raises(IntegrityError):
        TreatmentSession.objects.filter(pk=session.pk).update(late_reason="")


def test_closed_without_treatment_the_visit_is_cancelled(case, visit):
    session = entered(case, visit)
    close_untreated(session, by=case.clinician, version=session.version, reason="Wrong visit")
    assert Booking.objects.get(pk=visit.pk).status == "cancelled"


# On the screen


def test_the_page_asks_and_what_was_typed_comes_back(client, case, visit):
    client.force_login(case.clinician)
    url = reverse("sessions:enter_record", args=[visit.pk])
    assert url in client.get(reverse("sessions:booking", args=[visit.pk])).content.decode()
    assert "Who treated" in client.get(url).content.decode()
    answer = client.post(url, {"began": "25:00", "treated_by": case.clinician.pk, "source": "paper", "reason": "Power was out"})
    assert answer.status_code == 422
    assert "25:00" in answer.content.decode()
    assert "Power was out" in answer.content.decode()
    local = case.site.local(visit.starts_at + dt.timedelta(minutes=10))
    sent = {"began": f"{local:%H:%M}", "treated_by": case.clinician.pk, "source": "paper", "reason": "Power was out"}
    answer = client.post(url, sent)
    session = TreatmentSession.objects.get(booking=visit)
    assert answer.url == reverse("sessions:record", args=[session.pk])
    assert session.started_at == visit.starts_at + dt.timedelta(minutes=10)
    page = client.get(answer.url).content.decode()
    assert "Entered later" in page
    assert "Power was out" in page
    assert client.get(url).url == answer.url


def test_just_past_midnight_is_the_day_after(client, case, visit):
    zone = case.site.zone
    day = case.site.day_of(visit.starts_at)
    starts = dt.datetime.combine(day, dt.time(23, 30), tzinfo=zone)
    Booking.objects.filter(pk=visit.pk).update(starts_at=starts, ends_at=starts + dt.timedelta(hours=1))
    client.force_login(case.clinician)
    url = reverse("sessions:enter_record", args=[visit.pk])
    client.post(url, {"began": "00:10", "treated_by": case.clinician.pk, "source": "paper", "reason": "Power was out"})
    assert case.site.day_of(TreatmentSession.objects.get(booking=visit).started_at) == day + dt.timedelta(days=1)


def test_the_refused_start_leads_to_it(client, case):
    visit = case.booking(days=-3, status="in_room")
    client.force_login(case.clinician)
    answer = client.post(reverse("sessions:record_start", args=[visit.pk]))
    assert answer.status_code == 422
    assert reverse("sessions:enter_record", args=[visit.pk]) in answer.content.decode()
