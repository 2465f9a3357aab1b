"""Sessions of the demo: opened, recorded zone by zone, signed; and a course that is stopped."""

import datetime as dt
from decimal import Decimal

from django.utils.datastructures import MultiValueDict

from accounts.models import User
from patients.lists import LIST_PREFIX
from planner.wording import number
from plans import services as plans
from sessions.forms.clock_time import clock_words
from sessions.models import Booking, SessionZone, TreatmentSession
from sessions.services import late, visit_status
from sessions.services import record as records
from sessions.services.due import due_of
from sessions.services.gate import own_blood
from sessions.services.planner_today import to_look_at
from sessions.services.record import values_of
from sessions.services.screening import answer_due
from sessions.services.signing import sign as sign_record
from sessions.services.skin import NOTHING_LEFT, earlier_of, see

from .equipment import check_tube, clean
from .sign_ins import PASSWORD
from .stock import OWN_PLASMA, SERUM_NAME, needle_code
from .world import World

BLEEDING = SessionZone.Bleeding.PINPOINT.value
ADVERSE_NOTE = "Small blisters on the left cheek on the evening of the session, gone after three days. Seen and photographed, no treatment."


def begin(world: World, booking: Booking, *, by: User) -> TreatmentSession:
    """Open the record, ask again what is due, and tick what comes before the first pass."""
    session = records.start(booking, by)
    due = due_of(session.patient, session.plan.protocol_version, booking.starts_at.astimezone(world.zone).date())
    answers = MultiValueDict({f"q.{question.id}": ["no"] for question in due.questions})
    answers.update({f"{LIST_PREFIX}{row.id}": "no" for row in due.lists})
    answer_due(session, answers, by=by)
    _see_skin(world, session, by=by)
    checks = dict.fromkeys(("identity_checked", "skin_checked"), "on")
    _save(session, by=by, turn=1, typed={**checks, **_needle(world, session)})
    return session


def enter_from_paper(world: World, booking: Booking, *, by: User) -> TreatmentSession:
    """The record of a day without power: when the needles were in the skin, and what the paper of that day says was asked."""
    began = booking.starts_at + dt.timedelta(minutes=12)
    session = late.begin(booking, late.Entry(began, by, late.Source.PAPER, "The power was out all afternoon"), by=by)
    checks = dict.fromkeys(("identity_checked", "skin_checked"), "on")
    ended = clock_words(booking.ends_at - dt.timedelta(minutes=10), session.site)
    said = {"late_said": "The questions were asked on paper that day, the sheet is in the file", "ended": ended}
    _save(session, by=by, turn=1, typed={**checks, **_needle(world, session), **said})
    return session


def _see_skin(world: World, session: TreatmentSession, *, by: User) -> None:
    """Healed and without marks, after whatever was treated here before."""
    earlier = to_look_at(session.plan, earlier_of(session.patient, session.day), session.day)
    if earlier:
        key = f"demo-{session.pk}"
        see(session.patient, {row.session.pk: NOTHING_LEFT for row in earlier}, by=by, key=key, at=session.started_at)


def _needle(world: World, session: TreatmentSession) -> dict[str, str]:
    device = session.device or next(r for r in world.resources.values() if r.device_kind == session.plan.device_kind)
    return {"device": str(device.pk), "needle_lot": needle_code(world, session)}


def record_zones(world: World, session: TreatmentSession, *, by: User, deeper: bool = False) -> None:
    """Every zone as planned, but now and then a little shallower, with the reason. deeper: where it goes deepest, a quarter deeper."""
    typed = {}
    for name in own_blood(session) & set(session.plan.adjuvants):
        check_tube(world, session, name, by=by)
    zones = list(SessionZone.objects.filter(session=session).select_related("plan_zone").order_by("position"))
    deepest = max(zone.planned_depth_mm for zone in zones)
    for zone in zones:
        depth, reason = zone.planned_depth_mm, ""
        if zone.plan_zone.min_depth_mm < depth and world.chance.random() < 0.15:
            depth, reason = zone.plan_zone.min_depth_mm, SessionZone.Reason.REACTED
        if deeper and zone.planned_depth_mm == deepest:
            depth, reason = zone.planned_depth_mm + Decimal("0.25"), SessionZone.Reason.ENDPOINT_LATE
            typed[f"z{zone.pk}-sure"] = number(depth)
        typed |= {
            f"z{zone.pk}-depth": f"{depth:.2f}",
            f"z{zone.pk}-passes": str(zone.planned_passes),
            f"z{zone.pk}-endpoint": zone.planned_endpoint,
            f"z{zone.pk}-bleeding": BLEEDING if depth >= 1 else "none",
            f"z{zone.pk}-reason": str(reason),
        }
    for name in session.plan.adjuvants:
        typed[f"adj-{name}-used"] = "on"
        typed[f"adj-{name}-product"] = OWN_PLASMA if name == "prp" else SERUM_NAME
        typed[f"adj-{name}-lot"] = "PT-0902" if name == "prp" else "SE-551"
    _save(session, by=by, turn=2, typed=typed)


def sign(world: World, session: TreatmentSession, *, by: User, adverse: bool) -> TreatmentSession:
    """Record how the skin reacted, then lock the record."""
    kind = TreatmentSession.Reaction.ADVERSE if adverse else TreatmentSession.Reaction.EXPECTED
    saved = _save(
        session,
        by=by,
        turn=3,
        typed={"pain": str(2 + session.pk % 4), "reaction": str(kind), "reaction_note": ADVERSE_NOTE if adverse else ""},
    )
    signed = sign_record(saved, by=by, password=PASSWORD, version=saved.version)
    clean(world, signed, done_at=signed.ended_at + dt.timedelta(minutes=5) if signed.is_late else None)
    return signed


def _save(session: TreatmentSession, *, by: User, turn: int, typed: dict[str, str]) -> TreatmentSession:
    current = TreatmentSession.objects.get(pk=session.pk)
    saved = records.save(current, by=by, typed={**values_of(current), **typed}, version=current.version, page="demo", turn=turn)
    if saved.form.errors:
        raise ValueError(f"{session.patient}: {saved.form.errors.as_json()}")
    return saved.session


def stop_course(world: World, plan, ahead: list[Booking]) -> None:
    """The patient ends the course: what is booked is cancelled, the plan is stopped."""
    for booking in ahead:
        booking.refresh_from_db()
        visit_status.cancel(booking, reason="Patient moved away", by=world.desk)
    plan.refresh_from_db()
    plans.stop(plan, by=plan.accepted_by)
