"""Blocking a lot everywhere at once, lifting that, who was treated with it, and how far telling them has come."""

import datetime as dt
import functools
import operator
from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from accounts.permissions import may
from audit.services import gathered, record
from patients.models import Patient
from sessions.lots.codes import key_of
from sessions.lots.rule import is_of, same_lot, wait_for_signatures
from sessions.models import Lot, Product, SessionZone, TreatmentSession, UsedLot

from .models import Recall, RecallContact

Status = RecallContact.Status
OPEN = (Status.TO_CALL, Status.NOT_REACHED)


class Refused(Exception):
    """Nothing was written; the message says why, `field` beside which input."""

    def __init__(self, message: str, *, field: str = ""):
        super().__init__(message)
        self.message, self.field = message, field


@dataclass(frozen=True)
class Treated:
    """One session in which the lot was used. by_number: the product was not known there, the lot number is the same."""

    pk: int
    day: dt.date
    number: int
    is_draft: bool
    zones: str
    used_as: str
    is_needle: bool
    by_number: bool


@dataclass
class Person:
    """Somebody who was treated with the lot, and how far telling them has come."""

    patient: Patient
    sessions: list[Treated] = field(default_factory=list)
    contact: RecallContact | None = None
    attempts: int = 0

    @property
    def status(self) -> str:
        return self.contact.status if self.contact else Status.TO_CALL

    @property
    def status_words(self) -> str:
        return Status(self.status).label

    @property
    def is_open(self) -> bool:
        return self.status in OPEN


def used(lot: Lot):
    """Every use of *lot* on somebody, whoever may see it. A record that was closed without treatment used nothing."""
    return UsedLot.objects.filter(same_lot(lot)).exclude(session__status=TreatmentSession.Status.CLOSED)


def people_of(user, lot: Lot, recall: Recall | None = None) -> list[Person]:
    """Who was treated with *lot* and may be seen by *user*: who is still to be reached first. Four queries, however many."""
    rows = used(lot).visible_to(user).select_related("session__patient__site", "session__patient__merged_into", "session__booking__site")
    rows = rows.only(
        "kind", "product", "session__session_number", "session__status", "session__started_at", "session__booking__site__time_zone",
        *(f"session__patient__{name}" for name in _NAMED), *(f"session__patient__merged_into__{name}" for name in _NAMED),
        "session__patient__site__name",
    )  # fmt: skip
    rows = list(rows.order_by("session__started_at", "session", "place"))
    zones: dict[int, list[str]] = {}
    done = SessionZone.objects.filter(session__in={row.session_id for row in rows}, state=SessionZone.State.DONE)
    for session, label in done.order_by("session", "position").values_list("session_id", "zone_label"):
        zones.setdefault(session, []).append(label)
    people: dict[int, Person] = {}
    for row in rows:
        patient = row.session.patient
        person = people.setdefault(patient.person_pk, Person(patient.merged_into or patient))
        if any(one.pk == row.session_id and one.used_as == row.get_kind_display() for one in person.sessions):
            continue
        person.sessions.append(
            Treated(
                pk=row.session_id,
                day=row.session.day,
                number=row.session.session_number,
                is_draft=row.session.status == TreatmentSession.Status.DRAFT,
                zones=", ".join(zones.get(row.session_id, [])) or gettext("No zone recorded yet"),
                used_as=row.get_kind_display(),
                is_needle=row.kind == UsedLot.Kind.NEEDLE,
                by_number=lot.product_id is not None and row.product_id is None,
            )
        )
    if recall is not None:
        _with_contacts(recall, people)
    order = list(Status)
    return sorted(people.values(), key=lambda one: (not one.is_open, order.index(one.status), one.patient.surname_key, one.patient.number))


_NAMED = ("number", "surname", "given", "surname_key", "phone", "address", "birth_date", "site", "merged_into")


def _with_contacts(recall: Recall, people: dict[int, Person]) -> None:
    for row in RecallContact.objects.of_people(people).filter(recall=recall).select_related("by").order_by("at", "pk"):
        person = people.get(row.person)
        if person is not None:
            person.contact, person.attempts = row, person.attempts + 1


def to_reach(user) -> list[tuple[Recall, Patient, str]]:
    """
    (recall, person, how it stands in words) of everybody who is still to be told of a recall that stands, the recall ordered first in
    front. Three queries, however many recalls.
    """
    recalls = list(open_for(user).order_by("ordered_at", "pk"))
    if not recalls:
        return []
    any_of_them = functools.reduce(operator.or_, (same_lot(recall.lot) for recall in recalls))
    rows = UsedLot.objects.visible_to(user).filter(any_of_them).exclude(session__status=TreatmentSession.Status.CLOSED)
    rows = rows.select_related("session__patient__merged_into").order_by("session__started_at", "session", "place")
    named = [f"session__patient__{way}{name}" for way in ("", "merged_into__") for name in ("number", "surname", "given", "surname_key")]
    rows = list(rows.only("key", "product", "session__patient__merged_into", *named))
    found: dict[tuple[int, int], Patient] = {}
    for recall in recalls:
        for row in rows:
            if is_of(recall.lot, row.key, row.product_id):
                patient = row.session.patient
                found.setdefault((recall.pk, patient.person_pk), patient.merged_into or patient)
    contacts = RecallContact.objects.of_people({person for _, person in found}).filter(recall__in=recalls).order_by("at", "pk")
    stands = {(recall, person): status for recall, person, status in contacts.values_list("recall", "person", "status")}
    place, order = {recall.pk: at for at, recall in enumerate(recalls)}, list(Status)
    left = [
        (recall, patient, stands.get((recall, person), Status.TO_CALL))
        for (recall, person), patient in found.items()
        if stands.get((recall, person), Status.TO_CALL) in OPEN
    ]
    left.sort(key=lambda one: (place[one[0]], order.index(one[2]), one[1].surname_key, one[1].number))
    return [(recalls[place[recall]], patient, Status(status).label) for recall, patient, status in left]


def how_many(lot: Lot) -> tuple[int, int]:
    """(people, sessions) treated with *lot* at all sites."""
    pairs = used(lot).order_by().values_list("session", "session__patient", "session__patient__merged_into").distinct()
    found = list(pairs)
    return len({merged or patient for _, patient, merged in found}), len({session for session, _, _ in found})


def find(number: str, product: Product | None = None) -> list[Lot]:
    """Lots of that number the clinic knows, of *product* where it is said."""
    rows = Lot.objects.filter(key=key_of(number)).select_related("product", "blocked_by")
    return list(rows.filter(product=product) if product else rows)


def order(*, number: str, product: Product | None, reason: str, letter: str, by, request_key: str, request=None) -> Recall:
    """
    Block the lot at every site from this moment on. The same *request_key* orders once.

    Raises:
        Refused: it is blocked already.
    """
    with transaction.atomic():
        standing = Recall.objects.filter(request_key=request_key).first()
        if standing is not None:
            return standing
        wait_for_signatures()
        now = timezone.now()
        lot, _ = Lot.objects.get_or_create(
            product=product, key=key_of(number), defaults={"number": number, "added_at": now, "added_by": by}
        )
        lot = Lot.objects.select_for_update(of=("self",)).get(pk=lot.pk)
        if lot.is_blocked:
            raise Refused(
                gettext("Lot %(number)s is blocked already, since %(at)s.")
                % {"number": lot.number, "at": f"{timezone.localtime(lot.blocked_at):%H:%M, %d.%m.%Y}"},
                field="number",
            )
        lot.blocked_at, lot.blocked_by, lot.blocked_reason = now, by, reason
        lot.save(update_fields=["blocked_at", "blocked_by", "blocked_reason"])
        made = Recall.objects.create(lot=lot, reason=reason, letter=letter, ordered_at=now, ordered_by=by, request_key=request_key)
        people, sessions = how_many(lot)
        detail = {"lot": lot.number, "people": people, "sessions": sessions}
        record("lot.blocked", actor=by, obj=made, request=request, detail=detail)
    return made


def lift(recall: Recall, *, reason: str, by, request=None) -> Recall:
    """The lot may be used again. Lifted already: nothing changes."""
    with transaction.atomic():
        stored = Recall.objects.select_for_update(of=("self",)).select_related("lot").get(pk=recall.pk)
        if stored.lifted_at is None:
            stored.lifted_at, stored.lifted_by, stored.lifted_reason = timezone.now(), by, reason
            stored.save(update_fields=["lifted_at", "lifted_by", "lifted_reason"])
            Lot.objects.filter(pk=stored.lot_id).update(blocked_at=None, blocked_by=None, blocked_reason="")
            record("lot.unblocked", actor=by, obj=stored, request=request, detail={"lot": stored.lot.number})
    return stored


def say(recall: Recall, patient: Patient, *, status: str, note: str, by, request_key: str, request=None) -> RecallContact:
    """Add how an attempt to reach *patient* went. The same *request_key* adds once."""
    with transaction.atomic():
        standing = RecallContact.objects.filter(request_key=request_key).first()
        if standing is not None:
            return standing
        made = RecallContact.objects.create(
            recall=recall, patient=patient, status=status, note=note, at=timezone.now(), by=by, request_key=request_key
        )
        record("recall.contacted", actor=by, patient=patient, obj=recall, request=request, detail={"status": status})
    return made


def letters_went(recall: Recall, people: list[Person], *, by, request=None) -> None:
    """That the letter of each of *people* was printed: one row of the log for each name that went onto paper."""
    with transaction.atomic(), gathered():
        for person in people:
            record("recall.letter_printed", actor=by, patient=person.patient, obj=recall, request=request)


def open_for(user):
    """Recalls that stand."""
    rows = Recall.objects.filter(lifted_at__isnull=True).select_related("lot__product", "ordered_by")
    return rows if may(user, "recall.view") else rows.none()
