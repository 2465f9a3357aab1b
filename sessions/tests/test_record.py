"""Starting and filling in the record: drafts, values, the gate, stale saves."""

import datetime as dt
import json
from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.versioning import StaleRow
from audit.models import AuditEvent
from plans.models import TreatmentPlan
from sessions.forms.record import read_printed_date
from sessions.models import Booking, SessionZone, TreatmentSession
from sessions.services import gate, record

from .record_case import RecordCase, signed

pytestmark = pytest.mark.django_db
LIMIT = "the most protocol 2026.1 allows there"


@pytest.fixture
def case(site, clinician, patient):
    return RecordCase(site, clinician, patient)


def names(conditions):
    return {condition.name for condition in conditions if not condition.met}


def save(case, session, *, by=None, version=None, **changes):
    session.refresh_from_db()
    version = session.version if version is None else version
    return record.save(session, by=by or case.clinician, typed=case.typed(session, **changes), version=version)


# Start


def test_a_double_start_makes_one_record_and_puts_the_visit_in_the_room(case):
    booking = case.booking()
    first, second = record.start(booking, case.clinician), record.start(booking, case.clinician)
    assert first.pk == second.pk
    assert TreatmentSession.objects.count() == 1
    assert AuditEvent.objects.filter(action="record.started").count() == 1
    booking.refresh_from_db()
    assert booking.status == Booking.Status.IN_ROOM


def test_done_is_empty_until_someone_says_so(case):
    session = case.started()
    for zone in session.zones.all():
        assert (zone.state, zone.done_depth_mm, zone.passes, zone.endpoint) == (SessionZone.State.NOT_RECORDED, None, None, "")
        assert zone.planned_depth_mm > 0


@pytest.mark.parametrize("status", [Booking.Status.MISSED, Booking.Status.CANCELLED, Booking.Status.DONE])
def test_a_visit_that_is_over_starts_no_record(case, status):
    with pytest.raises(record.CannotStart):
        record.start(case.booking(status=status), case.clinician)
    assert not TreatmentSession.objects.exists()


def test_a_plan_that_was_replaced_starts_no_record(case):
    booking = case.booking()
    TreatmentPlan.objects.filter(pk=case.plan.pk).update(status="superseded")
    with pytest.raises(record.CannotStart, match="Plan 1 is superseded"):
        record.start(booking, case.clinician)


@pytest.mark.parametrize(("days", "words"), [(1, "This visit is on"), (30, "move it to today"), (-1, "This visit was on")])
def test_a_visit_of_another_day_starts_no_record(case, days, words):
    booking = case.booking(days=days)
    with pytest.raises(record.CannotStart, match=words):
        record.start(booking, case.clinician)
    booking.refresh_from_db()
    assert (booking.status, TreatmentSession.objects.count()) == (Booking.Status.ARRIVED, 0)


def test_a_consultation_starts_no_record(case):
    with pytest.raises(record.CannotStart, match="no treatment plan"):
        record.start(case.booking(kind="consultation", plan=case.plan, session_number=None), case.clinician)


# Values


@pytest.mark.parametrize(("text", "depth"), [("1,5", "1.5"), (".5", "0.5"), ("0.75 mm", "0.75"), ("1", "1")])
def test_depths_are_read_with_point_or_comma(case, text, depth):
    session = case.started()
    zone = case.zone(session, "cheeks")
    save(case, session, **{f"z{zone.pk}-depth": text})
    zone.refresh_from_db()
    assert (zone.state, zone.done_depth_mm) == (SessionZone.State.DONE, Decimal(depth))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("abc", "Cheeks depth must be a number such as 1.25"),
        ("1.2.3", "Cheeks depth must be a number such as 1.25"),
        ("1.255", "Cheeks depth must have two decimals or fewer, such as 1.25"),
        ("0", "Cheeks depth must be more than 0 mm"),
        ("-1", "Cheeks depth must be more than 0 mm"),
        ("2.75", f"Cheeks depth must be 2.5\u00a0mm or less: {LIMIT}"),
        ("75", f"Cheeks depth must be 2.5\u00a0mm or less: {LIMIT}. Did you mean 0.75\u00a0mm?"),
        ("15", f"Cheeks depth must be 2.5\u00a0mm or less: {LIMIT}. Did you mean 1.5\u00a0mm?"),
        ("\u0661", "Cheeks depth must be a number such as 1.25"),
    ],
)
def test_a_depth_that_cannot_be_is_refused_beside_the_field_and_kept_as_typed(case, text, words):
    session = case.started()
    zone = case.zone(session, "cheeks")
    name = f"z{zone.pk}-depth"
    saved = save(case, session, **{name: text})
    assert saved.form.errors[name] == [words]
    session.refresh_from_db()
    zone.refresh_from_db()
    assert (zone.state, zone.done_depth_mm) == (SessionZone.State.NOT_RECORDED, None)
    again = record.form_for(TreatmentSession.objects.get(pk=session.pk))
    assert again[name].value() == text
    assert again.errors[name] == [words]
    assert "unread" in names(gate.may_sign(session))
    # The rest of the same save is kept.
    assert session.needle_lot == "b24-0917X"


def test_the_ceiling_is_the_pinned_protocols(case):
    session = case.started()
    assert {zone.zone: zone.ceiling_mm for zone in session.zones.all()} == {"cheeks": Decimal("2.5"), "forehead": Decimal("1")}


def test_nobody_records_deeper_than_they_are_signed_off_for(case, signed_off):
    signed_off(case.clinician, max_depth_mm=Decimal("1.25"))
    session = case.started()
    zone = case.zone(session, "cheeks")
    saved = save(case, session, **{f"z{zone.pk}-depth": "1.5"})
    assert "must be 1.25\u00a0mm or less" in saved.form.errors[f"z{zone.pk}-depth"][0]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2028-03", dt.date(2028, 3, 31)),
        ("02/2028", dt.date(2028, 2, 29)),
        ("31 Mar 2028", dt.date(2028, 3, 31)),
        ("2028-03-15", dt.date(2028, 3, 15)),
        ("20280315", dt.date(2028, 3, 15)),
        ("31/03/2028", dt.date(2028, 3, 31)),
        ("March 2028", dt.date(2028, 3, 31)),
        ("03/04/2028", None),
        ("28-03-31", None),
        ("30 Feb 2028", None),
        ("2028-13", None),
        ("00/2028", None),
        ("soon", None),
    ],
)
def test_dates_as_printed_are_read_and_what_could_mean_two_days_is_refused(text, day):
    assert read_printed_date(text) == day


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("device", "999999", "Device is no longer in the list. Choose again"),
        ("needle_lot", "x" * 41, "Needle lot must be 40 letters or fewer"),
        ("note", "x" * 4001, "Note must be 4000 letters or fewer"),
    ],
)
def test_what_a_list_or_a_column_cannot_take_is_said_in_plain_words(case, name, text, words):
    assert save(case, case.started(), **{name: text}).form.errors[name] == [words]


def test_a_needle_past_its_date_is_refused_and_lot_letters_are_kept(case):
    session = case.started()
    yesterday = timezone.localdate() - dt.timedelta(days=1)
    saved = save(case, session, needle_expires_on=yesterday.isoformat())
    assert saved.form.errors["needle_expires_on"] == ["Use-by date must be in the future. Take another needle"]
    session.refresh_from_db()
    assert session.needle_expires_on is None
    assert session.needle_lot == "b24-0917X"
    assert "use_by" in names(gate.may_sign(session))


def test_the_end_lies_after_the_start(case):
    session = case.started()
    saved = save(case, session, started="11:00", ended="10:59")
    assert saved.form.errors["ended"] == ["End time must be after the start time"]
    assert TreatmentSession.objects.get(pk=session.pk).ended_at is None


def test_what_runs_past_midnight_ends_on_the_next_day(case):
    session = case.started()
    late = session.site.local(session.started_at - dt.timedelta(days=1)).replace(hour=23, minute=30)
    TreatmentSession.objects.filter(pk=session.pk).update(started_at=late)
    session.refresh_from_db()
    typed = {"started": "23:30", "ended": "00:20", "numbing": "Example cream", "numbing_on": "23:50", "numbing_off": "00:05"}
    saved = save(case, session, **typed)
    assert "ended" not in saved.form.errors
    assert session.site.local(saved.session.ended_at) == late + dt.timedelta(minutes=50)
    assert saved.form["ended"].value() == "00:20"  # shown as it was typed, and read the same again
    assert save(case, saved.session, **typed).session.ended_at == saved.session.ended_at


def test_numbing_put_on_before_midnight_was_put_on_the_day_before(case):
    session = case.started()
    early = session.site.local(session.started_at).replace(hour=0, minute=30)
    TreatmentSession.objects.filter(pk=session.pk).update(started_at=early)
    session.refresh_from_db()
    saved = save(case, session, started="00:30", ended="01:10", numbing="Example cream", numbing_on="23:40", numbing_off="00:20")
    assert saved.session.numbing_off_at - saved.session.numbing_on_at == dt.timedelta(minutes=40)
    assert saved.session.ended_at - saved.session.started_at == dt.timedelta(minutes=40)


def test_the_reaction_sets_the_end_time_where_none_was_typed(case):
    session = case.started()
    save(case, session, ended=None)
    session.refresh_from_db()
    assert timezone.now() - session.ended_at < dt.timedelta(minutes=2)


def test_not_treated_clears_what_was_done_and_asks_why(case):
    session = case.started()
    zone = case.zone(session, "forehead")
    save(case, session, **{f"z{zone.pk}-skip": "on"})
    zone.refresh_from_db()
    assert (zone.state, zone.done_depth_mm, zone.passes) == (SessionZone.State.NOT_TREATED, None, None)
    assert f"zone-{zone.zone}" in names(gate.may_sign(TreatmentSession.objects.get(pk=session.pk)))


# A draft may be saved at any point; the gate asks at signing


def test_an_empty_draft_saves_and_the_gate_names_all_that_is_missing(case):
    session = case.started()
    record.save(session, by=case.clinician, typed={}, version=session.version)
    session.refresh_from_db()
    assert names(gate.may_sign(session, by=case.clinician)) == {
        "identity", "skin", "device", "needle_lot", "use_by", "zone-cheeks", "zone-forehead", "reaction", "ended",
    }  # fmt: skip


def test_a_whole_record_lacks_nothing(case):
    session = case.started()
    save(case, session)
    assert names(gate.may_sign(TreatmentSession.objects.get(pk=session.pk), by=case.clinician)) == set()


@pytest.mark.parametrize(
    ("change", "lacking"),
    [
        ({"identity_checked": None}, "identity"),
        ({"skin_checked": None}, "skin"),
        ({"device": None}, "device"),
        ({"needle_lot": None}, "needle_lot"),
        ({"needle_expires_on": None}, "use_by"),
        ({"reaction": None, "ended": None}, "reaction"),
        ({"reaction": "adverse"}, "reaction_note"),
        ({"numbing": "Lidocaine cream"}, "numbing_on"),
        ({"adj-hyaluronic_acid-lot": None}, "adj-hyaluronic_acid"),
    ],
)
def test_each_part_is_asked_for_by_name(case, change, lacking):
    session = case.started()
    save(case, session, **change)
    assert lacking in names(gate.may_sign(TreatmentSession.objects.get(pk=session.pk), by=case.clinician))


@pytest.mark.parametrize(("field", "value"), [("depth", "1"), ("passes", "12"), ("endpoint", "even redness, no or hardly any bleeding")])
def test_what_differs_from_the_plan_needs_a_reason(case, field, value):
    session = case.started()
    zone = case.zone(session, "cheeks")
    save(case, session, **{f"z{zone.pk}-{field}": value})
    session = TreatmentSession.objects.get(pk=session.pk)
    assert names(gate.may_sign(session)) == {"zone-cheeks"}
    save(case, session, **{f"z{zone.pk}-{field}": value, f"z{zone.pk}-reason": "other"})
    assert names(gate.may_sign(TreatmentSession.objects.get(pk=session.pk))) == {"zone-cheeks"}
    save(case, session, **{f"z{zone.pk}-{field}": value, f"z{zone.pk}-reason": "pain"})
    assert names(gate.may_sign(TreatmentSession.objects.get(pk=session.pk))) == set()


def test_passes_within_the_plans_range_need_no_reason(case):
    session = case.started()
    zone = case.zone(session, "cheeks")
    save(case, session, **{f"z{zone.pk}-passes": "5"})
    assert names(gate.may_sign(TreatmentSession.objects.get(pk=session.pk))) == set()


def test_somebody_elses_record_is_not_mine_to_sign_until_i_treat(case, medical_lead):
    session = case.started()
    save(case, session)
    session = TreatmentSession.objects.get(pk=session.pk)
    assert "signer" in names(gate.may_sign(session, by=medical_lead))
    session = record.take_over(session, by=medical_lead, version=session.version)
    assert "signer" not in names(gate.may_sign(session, by=medical_lead))


# The day


def test_safety_checks_grown_old_are_asked_again_and_hold_the_needle_back(case):
    case.patient.screening_answers.all().delete()
    case.answer_all(at=timezone.now() - dt.timedelta(days=400))
    session = case.started()
    assert "screening" in names(gate.may_start(session))
    zone = case.zone(session, "cheeks")
    saved = save(case, session)
    assert "Ask again first" in saved.form.errors[f"z{zone.pk}-depth"][0]
    zone.refresh_from_db()
    assert zone.state == SessionZone.State.NOT_RECORDED
    # Nothing typed is lost.
    assert TreatmentSession.objects.get(pk=session.pk).unread[f"z{zone.pk}-depth"] == "1.25"


def test_answers_hold_for_their_valid_days_and_one_day_longer_is_due(case):
    questions = {row["id"]: row["valid_days"] for row in json.loads(case.version.document)["questions"]}
    name, days = max(questions.items(), key=lambda item: item[1])
    session = case.started()
    for extra, due in ((0, False), (1, True)):
        case.patient.screening_answers.filter(question=name).update(answered_at=session.started_at - dt.timedelta(days=days + extra))
        assert (name in gate.due_questions(session, timezone.localdate())) is due


def test_the_planner_is_asked_again_and_its_stop_stops_the_session(case):
    case.answer_all(retinoid_capsules={"isotretinoin_current": {"answer": True}})
    session = case.started()
    planner = next(condition for condition in gate.may_start(session) if condition.name == "planner")
    assert planner.state == gate.STOP
    assert "isotretinoin" in planner.words.lower() or "retinoid" in planner.words.lower()
    zone = case.zone(session, "cheeks")
    assert f"z{zone.pk}-depth" in save(case, session).form.errors


def test_what_was_lifted_for_the_plan_stays_lifted_and_its_labs_are_known(case):
    lifted = {"answer": True, "override": {"by": "medical_lead", "reason": "Low dose, seen together"}}
    case.plan.case = {
        **case.plan.case,
        "screening": {"isotretinoin_current": lifted},
        "labs": [{"name": "HbA1c", "value": "6", "unit": "%"}],
    }
    case.answer_all(retinoid_capsules={"isotretinoin_current": {"answer": True, "note": "10 mg"}})
    session = case.started()
    session.plan = case.plan
    today = gate.case_today(session, timezone.localdate())
    assert today["screening"]["isotretinoin_current"] == {"answer": True, "note": "10 mg", "override": lifted["override"]}
    assert today["labs"] == case.plan.case["labs"]
    case.answer_all()
    assert "override" not in gate.case_today(session, timezone.localdate())["screening"]["isotretinoin_current"]


def test_once_begun_a_later_answer_does_not_undo_what_was_true_when_the_needle_touched_the_skin(case):
    session = case.started()
    save(case, session)
    case.answer_all(retinoid_capsules={"isotretinoin_current": {"answer": True}})
    session = TreatmentSession.objects.get(pk=session.pk)
    assert names(gate.may_sign(session, by=case.clinician)) == set()
    assert session.start_check["conditions"]


def test_the_healing_gap_is_held_or_explained(case):
    signed(case, days=-27)
    session = case.started(2)
    gap = next(condition for condition in gate.may_start(session) if condition.name == "gap")
    assert (gap.met, gap.field) == (False, "f-gap_reason")
    assert "27 days since session 1" in gap.words
    save(case, session, gap_reason="Patient moves abroad; skin healed on day 5")
    session = TreatmentSession.objects.get(pk=session.pk)
    assert (session.gap_by, session.gap_at is not None) == (case.clinician, True)
    assert "gap" not in names(gate.may_start(session))


def test_the_healing_gap_is_met_to_the_day(case):
    signed(case, days=-28)
    assert "gap" not in names(gate.may_start(case.started(2)))


def test_an_operator_signed_off_for_less_than_the_plan_does_not_start(case, signed_off):
    signed_off(case.clinician, max_depth_mm=Decimal("1"))
    session = case.started()
    operator = next(condition for condition in gate.may_start(session) if condition.name == "operator")
    assert operator.state == gate.STOP
    assert "Cheeks 1.25\u00a0mm" in operator.words


def test_a_device_out_of_service_or_of_another_kind_is_not_offered_and_not_accepted(case):
    session = case.started()
    case.pen.is_active = False
    case.pen.save()
    assert "device" in names(gate.may_start(TreatmentSession.objects.get(pk=session.pk)))
    assert "device" in save(case, session).form.errors


# Two at once


def test_a_save_from_an_old_page_is_refused_and_overwrites_nothing(case, medical_lead):
    session = case.started()
    opened = session.version
    save(case, session, by=medical_lead, needle_lot="THEIRS")
    with pytest.raises(StaleRow):
        save(case, session, version=opened, needle_lot="MINE")
    assert TreatmentSession.objects.get(pk=session.pk).needle_lot == "THEIRS"


def test_the_same_pages_repeat_is_no_clash_and_a_late_one_undoes_nothing(case):
    session = case.started()

    def send(turn, lot):
        return record.save(
            session, by=case.clinician, typed=case.typed(session, needle_lot=lot), version=session.version, page="page-1", turn=turn
        )

    send(1, "FIRST")
    send(2, "SECOND")  # the answer to the first was lost: the version on the page is still the old one
    send(1, "FIRST")  # and arrives late
    assert TreatmentSession.objects.get(pk=session.pk).needle_lot == "SECOND"


def test_a_visit_in_which_nothing_was_treated_is_closed_with_its_reason_and_its_times_are_free(case):
    session = case.started()
    with pytest.raises(ValueError, match="Say why"):
        record.close_untreated(session, by=case.clinician, version=session.version, reason=" ")
    closed = record.close_untreated(session, by=case.clinician, version=session.version, reason="Fever since yesterday")
    assert closed.status == TreatmentSession.Status.CLOSED
    booking = Booking.objects.get(pk=session.booking_id)
    assert booking.status == Booking.Status.CANCELLED
    assert not booking.holds.filter(is_live=True).exists()
    with pytest.raises(record.Locked):
        save(case, session)


def test_a_record_with_a_treated_zone_is_not_closed(case):
    session = case.started()
    save(case, session)
    session.refresh_from_db()
    with pytest.raises(ValueError, match="was treated"):
        record.close_untreated(session, by=case.clinician, version=session.version, reason="Changed our mind")
