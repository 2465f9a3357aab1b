"""What the demo clinic knows from ringing its patients: calls that went well, one that waits for a clinician, and the file of an event."""

import datetime as dt

from django.utils import timezone

from events.models import FollowUpCall
from events.services import calling, check_ins, filing, script
from events.services.session_facts import facts_of
from protocols.follow_up import questions_for
from sessions.models import TreatmentSession

from . import clock
from .world import World

LEFT_OPEN = 3  # of the calls that are due, so that the list of today has something to ring


def ring_round(world: World) -> None:
    """After everything else of the demo: the calls of the last days, each on its day, but for those still to make."""
    in_force, desk = script.in_force(), world.staff["june"]
    if in_force is None:
        return
    due = check_ins.tasks_of(desk, in_force, world.today, today=world.today, site=world.site)
    due = sorted((one for one in due if one.session and not one.is_done), key=lambda one: (one.due_on, one.booking))
    left = due[-LEFT_OPEN:]
    for place, task in enumerate(due[:-LEFT_OPEN] + left[:1]):
        back = (task.due_on - world.today).days
        with clock.shown(world.at(back, dt.time(9, 5 + 7 * place % 50)), world.zone):
            _ring(world, in_force, task, outcome="no_answer" if task in left else "reached")
    _one_that_waits(world, in_force)
    _one_file(world)


def _ring(world: World, in_force, task, *, outcome: str = "reached", remark: str = "", **but) -> FollowUpCall:
    session = TreatmentSession.objects.select_related("booking__site", "clinician", "device__file", "patient").get(pk=task.session)
    return _call(world, in_force, session, outcome=outcome, check_in=task.check_in.id, remark=remark, **but)


def _call(world: World, in_force, session, *, outcome="reached", check_in="", remark="", by=None, **but) -> FollowUpCall:
    facts = facts_of(session)
    day, band = calling.day_of_call(facts, timezone.now()), facts.band(in_force.knowledge)
    asked = questions_for(in_force.calls, day=day, band=band.id if band else None)
    answers = {one.id: one.expected[0] for one in asked}
    return calling.keep(
        facts,
        in_force,
        outcome=outcome,
        answers=answers | but,
        by=by or world.staff["june"],
        request_key=f"demo-call-{session.pk}-{check_in}-{day}",
        day=day,
        check_in=check_in,
        remark=remark,
    )


def _recent(world: World):
    rows = TreatmentSession.objects.filter(booking__site=world.site, status=TreatmentSession.Status.SIGNED)
    rows = rows.filter(started_at__lt=world.at(-1, "00:00"), started_at__gt=world.at(-14, "00:00"))
    return rows.select_related("booking__site", "clinician", "device__file", "patient").order_by("-started_at", "pk")


def _one_that_waits(world: World, in_force) -> None:
    """Somebody rang this morning of their own accord; nobody has it in hand yet."""
    rung = set(FollowUpCall.objects.values_list("session__patient", flat=True))
    session = next((row for row in _recent(world) if row.patient_id not in rung), None)
    if session is None:
        return
    with clock.shown(world.at(0, "10:41"), world.zone):
        _call(world, in_force, session, remark="Cannot stop scratching since last night", by=world.staff["ravi"], weeping="yes")


def _one_file(world: World) -> None:
    """The session that was recorded with an adverse reaction has its file, with what came of it."""
    session = (
        TreatmentSession.objects.filter(booking__site=world.site, reaction=TreatmentSession.Reaction.ADVERSE)
        .select_related("booking__site", "clinician", "device__file", "patient")
        .order_by("-started_at")
        .first()
    )
    if session is None:
        return
    facts = facts_of(session)
    ended = session.ended_at or session.started_at
    with clock.shown(ended + dt.timedelta(hours=1), world.zone):
        event = filing.open_file(
            session.patient,
            facts,
            site=session.site,
            title="Weals where the numbing cream was",
            onset_on=session.day,
            onset_at=session.site.local(ended).time().replace(second=0, microsecond=0),
            zones=[zone.label for zone in facts.zones[:1]],
            description="Raised, itching weals in the area of the cream, gone pale on pressure. Breathing and voice normal.",
            actions="Cream washed off, cool compress, watched for an hour. An antihistamine was offered and taken.",
            outcome="ongoing",
            by=session.clinician,
            request_key=f"demo-event-{session.pk}",
        )
    with clock.shown(min(world.now, ended + dt.timedelta(days=1)), world.zone):
        words = "Rung the next morning: no weals, no itching. To be treated without that cream from now on."
        filing.add(event, kind="course", text=words, outcome="resolved", by=session.clinician, request_key=f"demo-event-{session.pk}-1")
