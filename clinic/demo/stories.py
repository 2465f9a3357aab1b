"""
What happens to each person. A story is a generator: it gives the moment of its next step and waits until the clinic's clock
has come there, so that all stories go on side by side and the log reads like a month of work.
"""

import datetime as dt
from collections.abc import Iterator

from patients import services as patients
from patients.models import Patient
from plans import services as plans
from sessions.models import Booking
from sessions.services import visit_status

from . import consenting, consulting, picturing, scales, treating
from .people import Course, NoPlan, Person, Visit
from .world import World

Story = Iterator[dt.datetime]
MINUTE = dt.timedelta(minutes=1)
IN_ADVANCE = 4  # days between the telephone call and the first visit


def story_of(world: World, person: Person, position: int) -> Story:
    kind = type(person.story)
    tell = {Visit: first_look, Course: course, NoPlan: no_plan, type(None): only_registered}[kind]
    return tell(world, person, position)


def only_registered(world: World, person: Person, position: int) -> Story:
    yield _call(world, -20 + position % 10, position)
    _register(world, person, position)


def first_look(world: World, person: Person, position: int) -> Story:
    story = person.story
    yield _call(world, min(story.day - IN_ADVANCE, -1), position)
    patient = _register(world, person, position)
    visit = world.book(
        patient=patient, kind=Booking.Kind.CONSULTATION, day=world.day(story.day), clinician=story.clinician, slot=story.slot
    )
    yield from _come(world, visit)


def no_plan(world: World, person: Person, position: int) -> Story:
    story = person.story
    consultation, visit = yield from _consultation(world, person, position)
    if not story.unasked:
        yield visit.starts_at + 25 * MINUTE
        plans.close(consultation, by=world.staff[story.clinician], version=consultation.version, saved_from="demo")


def course(world: World, person: Person, position: int) -> Story:
    """Consultation, plan, sessions."""
    story = person.story
    clinician = world.staff[story.clinician]
    consultation, visit = yield from _consultation(world, person, position)
    yield visit.starts_at + 25 * MINUTE
    if story.ends == "sent":
        consulting.send(consultation, by=clinician)
        return
    plan = consulting.agree(consultation, by=clinician, staff=world.staff)
    consenting.have_signed(world, plan, by=clinician)
    if story.photographed:
        picturing.baseline(world, plan, by=clinician)
    scales.before(plan, by=clinician)
    if story.ends == "superseded":
        yield visit.starts_at + 20 * MINUTE + dt.timedelta(days=7)
        again = consulting.consult(consultation.patient, person, story, by=clinician, today=world.today)
        plan = consulting.agree(again, by=clinician, staff=world.staff)
        consenting.have_signed(world, plan, by=clinician)
    if story.first is None:
        return
    sessions = []
    yield visit.starts_at + 32 * MINUTE
    count = plan.sessions_count if story.booked else story.signed
    day = world.day(story.first)
    for number in range(1, count + 1):
        booking = world.book(
            patient=consultation.patient,
            kind=Booking.Kind.SESSION,
            day=day,
            clinician=story.clinician,
            slot=story.slot if day == world.today else "",
            plan=plan,
            number=number,
        )
        sessions.append(booking)
        gap_days = max(story.gap_days, plan.interval_weeks_min * 7)
        day = booking.starts_at.astimezone(world.zone).date() + dt.timedelta(days=gap_days)
    for booking in sessions:
        yield from _session(world, story, booking)
        if story.ends == "stopped" and booking.session_number == story.signed:
            yield booking.ends_at + dt.timedelta(days=2)
            treating.stop_course(world, plan, sessions[story.signed :])
            return


# Steps that stories share


def _call(world: World, offset: int, position: int) -> dt.datetime:
    """A moment in the desk's day, another for each person."""
    return world.at(offset, dt.time(9 + position % 8, (7 * position) % 60))


def _register(world: World, person: Person, position: int) -> Patient:
    by = world.desk
    surname = person.surname.casefold()
    mailbox = surname if surname.isascii() and surname.isalpha() else "patient"
    return patients.register(
        site=world.site,
        by=by,
        surname=person.surname,
        given=person.given,
        preferred_name=person.preferred,
        birth_date=dt.date.fromisoformat(person.born),
        sex=person.sex,
        phone=f"07700 900{100 + position:03d}" if position % 4 else f"020 7946 0{200 + position:03d}",
        email=f"{mailbox}.{position + 1}@example.org" if position % 5 else "",
        language=person.language,
        address=f"{position + 1} Example Row, Exampleton EX{1 + position % 9} 2BB",
        is_demo=True,
    )


def _consultation(world: World, person: Person, position: int):
    """From the telephone call to the proposal on the screen. Returns (consultation, visit)."""
    story = person.story
    clinician = world.staff[story.clinician]
    yield _call(world, story.seen - IN_ADVANCE, position)
    patient = _register(world, person, position)
    visit = world.book(patient=patient, kind=Booking.Kind.CONSULTATION, day=world.day(story.seen), clinician=story.clinician, back=True)
    yield visit.starts_at - 6 * MINUTE
    visit_status.arrive(visit, by=world.desk)
    yield visit.starts_at + 2 * MINUTE
    visit_status.in_room(visit, by=clinician)
    _take_history(world, person, patient, by=clinician)
    yield visit.starts_at + 18 * MINUTE
    consultation = consulting.consult(patient, person, story, by=clinician, today=world.today)
    yield visit.starts_at + 24 * MINUTE
    visit_status.done(visit, by=clinician)
    return consultation, visit


def _take_history(world: World, person: Person, patient: Patient, *, by) -> None:
    for name, stopped in person.medicines:
        patients.add_medicine(patient, by=by, name=name, stopped_on=world.day(int(stopped)) if stopped else None)
    for substance, reaction, year in person.allergies:
        patients.add_allergy(patient, by=by, substance=substance, reaction=reaction, year=year)
    for what, zone, day in person.procedures:
        patients.add_procedure(patient, by=by, what=what, performed_on=world.day(day), zone=zone)


def _come(world: World, visit: Booking) -> Story:
    """The patient comes a little early; the clinic takes them in on time."""
    yield visit.starts_at - 6 * MINUTE
    visit_status.arrive(visit, by=world.desk)


def _session(world: World, story: Course, booking: Booking) -> Story:
    clinician = world.staff[story.clinician]
    if story.today == "missed" and booking.starts_at.astimezone(world.zone).date() == world.today:
        yield booking.starts_at + 20 * MINUTE
        visit_status.missed(booking, by=world.desk)
        return
    yield from _come(world, booking)
    yield booking.starts_at + 3 * MINUTE
    if story.on_paper == booking.session_number:
        yield from _on_paper(world, booking, by=clinician)
        return
    session = treating.begin(world, booking, by=clinician)
    if story.photographed:
        picturing.of_session(world, session, by=clinician)
    yield booking.starts_at + 40 * MINUTE
    treating.record_zones(world, session, by=clinician, deeper=story.deeper == booking.session_number)
    yield booking.ends_at - 8 * MINUTE
    signed = treating.sign(world, session, by=clinician, adverse=story.adverse == booking.session_number)
    scales.after(signed, by=clinician)


def _on_paper(world: World, booking: Booking, *, by) -> Story:
    """The power is out: the visit is marked, and its record entered from paper the next morning."""
    visit_status.in_room(booking, by=by)
    yield booking.ends_at - 8 * MINUTE
    visit_status.done(booking, by=by)
    yield booking.ends_at + dt.timedelta(hours=20)
    session = treating.enter_from_paper(world, booking, by=by)
    treating.record_zones(world, session, by=by)
    scales.after(treating.sign(world, session, by=by, adverse=False), by=by)
