"""Consent in the demo clinic: texts that two people stand behind, signed with each plan; one on an older text, one withdrawn."""

import math

from accounts.models import User
from consent import photos
from consent.models import Kind, Language
from consent.needs import names_in_force
from consent.services import signing, texts, withdrawing
from consent.standing import SIGNED, newest_items, stands_for, state_of
from consent.wording import first_draft, language_of
from plans.models import TreatmentPlan
from sessions.models import Booking

from .world import World

OLDER = ("wrinkles", Language.GERMAN)  # a newer version of this text came after it was signed


def write_texts(staff: dict[str, User]) -> None:
    """Every text in every language, written by a clinician and approved by the medical lead."""
    for (kind, code), label in names_in_force().items():
        for language in Language.values:
            _publish(kind, code, language, *first_draft(kind, code, language, label), staff=staff)


def _publish(kind: str, code: str, language: str, title: str, body: str, *, staff: dict[str, User]) -> None:
    made = texts.draft(kind=kind, code=code, language=language, title=title, body=body, by=staff["amara"])
    texts.approve(made, version=made.version, by=staff["iris"])


def have_signed(world: World, plan: TreatmentPlan, *, by: User) -> None:
    """What the plan needs and was not signed yet: drawn by the patient, in front of who treats."""
    patient, language = plan.patient, language_of(plan.patient)
    wanted = [row.need for row in stands_for(plan).open]
    if not wanted:
        return
    name = str(patient)
    signature = signing.Signature("patient", name, "", by, by.display_name, _drawn(name))
    found = texts.in_use(language, wanted)
    signing.sign(patient, found, signature, site=world.site, by=by, request_key=f"demo-{plan.pk}")
    answers = {"record": True, "teaching": plan.pk % 3 == 0} | ({"marketing": False} if plan.pk % 2 else {})
    photos.answer(patient, answers, language=language, said_by=name, by=by, request_key=f"demo-{plan.pk}")


def _drawn(name: str) -> list[list[list[int]]]:
    """A line that looks signed, another for each name."""
    turn = sum(map(ord, name)) % 7 + 3
    wave = [[60 + 4 * step, round(105 + 45 * math.sin(step / turn) * math.cos(step / 17))] for step in range(110)]
    return [wave, [[70, 160], [500, 150 + turn]]]


def afterwards(world: World) -> None:
    """A newer version of one text, and somebody who withdrew before the next session."""
    code, language = OLDER
    title, body = first_draft(Kind.INDICATION, code, language, code)
    more = "Wenn Sie am Tag der Behandlung krank sind oder einen Sonnenbrand haben, rufen Sie uns vorher an."
    _publish(Kind.INDICATION, code, language, title, f"{body}\n\n{more}", staff=world.staff)
    coming = Booking.objects.filter(kind=Booking.Kind.SESSION, status=Booking.Status.BOOKED, plan__status="accepted")
    for booking in coming.filter(starts_at__date__gt=world.today).select_related("patient", "plan").order_by("-starts_at", "pk"):
        item = newest_items(booking.patient).get((Kind.INDICATION.value, booking.plan.zones.first().indication))
        if item is not None and state_of(item) == SIGNED:
            who = str(booking.patient)
            reason = "Wants to wait until after the summer"
            withdrawing.withdraw(booking.patient, [item], said_by=who, reason=reason, by=world.staff["june"])
            return
