"""
One patient's data, gone in one transaction under its order.

The order is written open, everything of the patient is deleted, the order is closed: the database lets locked rows go only in
between, and takes no commit before the end (see `audit.models.ErasureOrder`). Files follow after the commit, from an outbox.
"""

import datetime as dt
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.permissions import may
from audit.models import ErasedFile, ErasureOrder
from audit.patient_models import of_patients, traces
from audit.services import record
from patients.models import NumberCounter, Patient
from patients.services import FIRST_NUMBER

from . import journal, leftovers
from .retention import by_a_rule_to_come, kept_of

REFERENCE_LEAST = 3
GIVEN = ("kept_until", "ground", "reason", "reference")


class CannotErase(Exception):
    """The text says in whole sentences why not, and what to do."""


class NotThatPatient(CannotErase):
    """The number or the birth date that was typed is not the patient's."""


@dataclass(frozen=True)
class Wish:
    """What a person asks for on the screen. reason: of `ErasureOrder.Reason`, empty = the period is over."""

    number: int | None
    birth_date: dt.date | None
    reason: str = ""
    reference: str = ""


def records(patient: Patient) -> list[Patient]:
    """The records that go with *patient*, in the order in which they go: those that were merged into it, then itself."""
    return [*patient.merged_records.select_related("site").order_by("pk"), patient]


def in_the_way(patient: Patient) -> list[str]:
    """What somebody still waits for: settled first, so that an erasure surprises nobody."""
    entries = [entry for entry in of_patients() if entry.open_rows]
    pks = [one.pk for one in records(patient)]
    return [_(entry.open_words) for entry in entries if any(entry.open_rows(entry.rows_of(pk)).exists() for pk in pks)]


def counts(patient: Patient) -> list[tuple[str, int]]:
    """(what, how many) of everything that would go, without what there is none of."""
    entries = [entry for entry in of_patients() if entry.path and not entry.is_inner]
    pks = [one.pk for one in records(patient)]
    found = [(entry.model._meta, sum(entry.rows_of(pk).count() for pk in pks)) for entry in entries]
    return [(_(str(about.verbose_name if count == 1 else about.verbose_name_plural)), count) for about, count in found if count]


def erase(patient: Patient, wish: Wish, *, by, request=None) -> ErasureOrder:
    """
    Erase *patient*, whom *by* reaches, and return the order. The records that were merged into this one are of the same person: each
    goes under an order of its own, with the same reason, in the same transaction.

    Raises:
        CannotErase: nothing was erased. NotThatPatient: what was typed to confirm is not this patient's.
    """
    if not may(by, "erasure.order"):
        raise CannotErase(_("Only a manager or a medical lead orders an erasure."))
    if (wish.number, wish.birth_date) != (patient.number, patient.birth_date):
        raise NotThatPatient(_("Type the number and the date of birth of this patient."))
    with transaction.atomic():
        rows = Patient.objects.visible_to(by).filter(site__in=by.site_ids())  # an emergency access is not enough
        locked = rows.select_related("site").select_for_update(of=("self",)).filter(pk=patient.pk).first()
        if locked is None:
            raise CannotErase(_("This patient has been erased meanwhile."))
        if locked.merged_into_id is not None:
            raise CannotErase(
                _("No. %(number)s was merged into no. %(number2)s, and is erased with it.")
                % {"number": locked.number, "number2": locked.merged_into.number}
            )
        every = records(locked)
        obstacles = in_the_way(locked)
        given = ErasureOrder()
        _give_reason(given, locked, wish)
        if obstacles:
            raise CannotErase(" ".join(obstacles))
        now = timezone.now()
        for one in every:
            order = ErasureOrder(site_pk=one.site_id, ordered_by=by, ordered_by_name=str(by), ordered_at=now)
            for name in GIVEN:
                setattr(order, name, getattr(given, name))
            carry_out(order, one)
            record(
                "patient.erased",
                actor=by,
                request=request,
                patient=order.patient_pk,
                obj=order,
                detail={"order": str(order.key), "ground": order.ground, "reason": order.reason, "rows": sum(order.erased.values())},
            )
    return order


def _give_reason(order: ErasureOrder, patient: Patient, wish: Wish) -> None:
    stand = kept_of(patient)
    order.kept_until = stand.until
    if not wish.reason:
        if not stand.is_over(timezone.localdate()):
            shorter = by_a_rule_to_come(stand, timezone.localdate())
            if shorter is None:
                raise CannotErase(_("The retention period is not over. To erase earlier, choose why and say where the request is filed."))
            raise CannotErase(
                _(
                    "The retention period is not over. It would be over by a rule that does not hold yet. %(words)s %(stands)s "
                    "To erase earlier, choose why and say where the request is filed."
                )
                % {"words": shorter.words, "stands": shorter.stands}
            )
        order.ground, order.reason = ErasureOrder.Ground.RETENTION, ErasureOrder.Reason.PERIOD_OVER
        return
    if wish.reason not in ErasureOrder.Reason.values or wish.reason == ErasureOrder.Reason.PERIOD_OVER:
        raise CannotErase(_("Choose one of the reasons."))
    if len(wish.reference.strip()) < REFERENCE_LEAST:
        raise CannotErase(_("Say where the request is filed."))
    order.ground, order.reason, order.reference = ErasureOrder.Ground.OVERRIDE, wish.reason, wish.reference.strip()[:120]


def carry_out(order: ErasureOrder, patient: Patient) -> None:
    """Delete everything of *patient* under *order*, within the caller's transaction; files and journal follow its commit."""
    order.patient_pk, order.patient_number, order.patient_key = patient.pk, patient.number, patient.request_key
    order.pending_id = ErasureOrder.OPEN
    order.save(force_insert=True)
    entries = of_patients()
    names = {
        name
        for entry in entries
        if entry.files
        for file in entry.files(entry.rows_of(patient.pk))
        for name in (file.name, *file.also)
        if name
    }
    ErasedFile.objects.bulk_create(ErasedFile(order=order, name=name) for name in sorted(names))
    leftovers.note_database(order)
    order.erased = {}
    for trace in traces():
        order.erased[trace.label] = trace.erase(patient)
    for entry in reversed(entries):  # children first: a guard asks the parent whose row it is
        order.erased[entry.label] = entry.rows_of(patient.pk).order_by()._raw_delete("default")
    never_give_again(patient.number)
    order.pending_id = None
    ErasureOrder.objects.filter(pk=order.pk).update(pending=None, erased=order.erased)
    transaction.on_commit(leftovers.clear, robust=True)
    transaction.on_commit(journal.write, robust=True)


def never_give_again(number: int) -> None:
    """The counter may stand below a number that was brought in from elsewhere."""
    NumberCounter.objects.get_or_create(pk=1, defaults={"last": max(number, FIRST_NUMBER - 1)})
    NumberCounter.objects.filter(pk=1, last__lt=number).update(last=number)
