"""What somebody with every right on the database, and none on the audit folder, can do to sealed rows. The guards are gone first."""

import datetime as dt
import random
from collections.abc import Callable

from django.db import connection
from django.db.models import F, Max

from audit.chain.links import link
from audit.chain.reading import rows
from audit.models import AuditEvent, AuditSeal

THEIR_KEY = b"a key of their own, 32 bytes long"
FAR = 10**12  # where numbers are parked while two change places


def _sql(statement: str, *values) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def _any(rng: random.Random) -> AuditSeal:
    """A sealed row with neighbours on both sides."""
    return rng.choice(list(AuditSeal.objects.order_by("pk"))[1:-1])


def _words(row: AuditEvent) -> dict:
    """Another content for each column."""
    return {
        "at": row.at + dt.timedelta(microseconds=1),
        "actor_name": row.actor_name + "x",
        "action": "patient.seen",
        "outcome": "refused" if row.outcome == "done" else "done",
        "patient_pk": (row.patient_pk or 0) + 1,
        "object_type": "patients.note",
        "object_pk": row.object_pk + "1",
        "detail": {**row.detail, "fields": ["email"]},
        "address": "2001:db8::9",
        "path": "/patients/1/",
        "signature": row.signature[::-1],
    }


def edit(rng: random.Random) -> int:
    row = AuditEvent.objects.get(pk=_any(rng).event_id)
    column, value = rng.choice(sorted(_words(row).items(), key=lambda one: one[0]))
    AuditEvent.objects.filter(pk=row.pk).update(**{column: value})
    return row.pk


def delete_the_row(rng: random.Random) -> int:
    seal = _any(rng)
    AuditEvent.objects.filter(pk=seal.event_id).delete()
    return seal.event_id


def delete_row_and_seal(rng: random.Random) -> int:
    seal = _any(rng)
    AuditEvent.objects.filter(pk=seal.event_id).delete()
    AuditSeal.objects.filter(pk=seal.pk).delete()
    return seal.pk


def delete_and_close_the_gap(rng: random.Random) -> int:
    """The row goes, its seal goes, and every later seal moves up by one."""
    seal = _any(rng)
    AuditEvent.objects.filter(pk=seal.event_id).delete()
    AuditSeal.objects.filter(pk=seal.pk).delete()
    _renumber_seals(seal.pk + 1, -1)
    return seal.pk


def delete_the_seal(rng: random.Random) -> int:
    seal = _any(rng)
    AuditSeal.objects.filter(pk=seal.pk).delete()
    return seal.event_id


def swap_rows(rng: random.Random) -> int:
    """Two rows change their numbers."""
    one, other = _two(rng)
    for old, new in ((one.event_id, FAR), (other.event_id, one.event_id), (FAR, other.event_id)):
        _sql("UPDATE audit_auditevent SET id = %s WHERE id = %s", new, old)
    return one.event_id


def swap_seals(rng: random.Random) -> int:
    """Two seals change their positions."""
    one, other = _two(rng)
    for old, new in ((one.pk, FAR), (other.pk, one.pk), (FAR, other.pk)):
        _sql("UPDATE audit_auditseal SET id = %s WHERE id = %s", new, old)
    return one.event_id


def swap_what_seals_name(rng: random.Random) -> int:
    one, other = _two(rng)
    for seal, number in ((one.pk, FAR), (other.pk, one.event_id), (one.pk, other.event_id)):
        AuditSeal.objects.filter(pk=seal).update(event_id=number)
    return one.event_id


def insert_a_row(rng: random.Random) -> int:
    """A row of their own, written as the clinic's are, among the others or behind them."""
    like = AuditEvent.objects.get(pk=_any(rng).event_id)
    like.pk = rng.choice((None, FAR, _free_number(like.pk)))
    like.actor_name, like.signature = "somebody else", rng.choice(("", like.signature))
    like.save(force_insert=True)
    return like.pk


def insert_a_copy(rng: random.Random) -> int:
    """A row that is ours, word for word and with its signature, a second time."""
    like = AuditEvent.objects.get(pk=_any(rng).event_id)
    like.pk = None
    like.save(force_insert=True)
    return like.pk


def insert_with_a_seal(rng: random.Random) -> int:
    """A row among the sealed ones with a seal of their own making; every later seal moves down by one."""
    seal = _any(rng)
    row = AuditEvent.objects.get(pk=seal.event_id)
    row.pk, row.actor_name = None, "somebody else"
    row.save(force_insert=True)
    _renumber_seals(seal.pk, +1)
    AuditSeal.objects.create(id=seal.pk, event_id=row.pk, link="5" * 64)
    return row.pk


def cut_the_tail(rng: random.Random) -> int:
    seal = _any(rng)
    AuditEvent.objects.filter(pk__in=AuditSeal.objects.filter(pk__gte=seal.pk).values("event_id")).delete()
    AuditSeal.objects.filter(pk__gte=seal.pk).delete()
    return seal.pk


def cut_the_tail_and_write_another(rng: random.Random) -> int:
    before = list(AuditSeal.objects.order_by("pk").values_list("pk", flat=True))
    seal = cut_the_tail(rng)
    rebuild_from(max(1, seal - 1))
    for position in before[before.index(seal) :]:
        row = AuditEvent.objects.latest("pk")
        row.pk, row.actor_name = None, "somebody else"
        row.save(force_insert=True)
        AuditSeal.objects.create(id=position, event_id=row.pk, link=f"{position:064x}")
    return seal


def rebuild_the_chain(rng: random.Random) -> int:
    """A row is edited, and every seal from it on made anew, with a key of their own."""
    seal = _any(rng)
    AuditEvent.objects.filter(pk=seal.event_id).update(actor_name="somebody else")
    rebuild_from(seal.pk)
    return seal.event_id


def change_the_seal(rng: random.Random) -> int:
    seal = _any(rng)
    AuditSeal.objects.filter(pk=seal.pk).update(link=seal.link[::-1])
    return seal.event_id


def make_it_unreadable(rng: random.Random) -> int:
    """SQLite keeps whatever it is given; PostgreSQL takes only what fits the column."""
    seal = _any(rng)
    if connection.vendor == "sqlite":
        junk = (("at", "the other day"), ("patient_pk", "many"), ("at", b"\xff"), ("actor_name", b"\xff"))
        column, value = rng.choice(junk)
        _sql(f"UPDATE audit_auditevent SET {column} = %s WHERE id = %s", value, seal.event_id)  # noqa: S608 - our own names
    else:
        _sql("UPDATE audit_auditevent SET at = 'infinity' WHERE id = %s", seal.event_id)
    return seal.event_id


def rebuild_from(position: int, key: bytes = THEIR_KEY) -> None:
    """Make every seal from *position* on anew, as the sealer would, with *key*."""
    before = AuditSeal.objects.filter(pk=position - 1).values_list("link", flat=True).first() or "0" * 64
    for seal in AuditSeal.objects.filter(pk__gte=position).order_by("pk"):
        row = rows([seal.event_id])[seal.event_id]
        before = link(key, before, seal.pk, row.number, row.said, row.signature)
        AuditSeal.objects.filter(pk=seal.pk).update(link=before)


def _two(rng: random.Random) -> tuple[AuditSeal, AuditSeal]:
    seals = list(AuditSeal.objects.order_by("pk"))
    first = rng.randrange(1, len(seals) - 1)
    second = rng.choice((first + 1, rng.randrange(first + 1, len(seals))))
    return seals[first], seals[second]


def _free_number(near: int) -> int:
    taken = set(AuditEvent.objects.values_list("pk", flat=True))
    return next(number for number in range(near, near - 10**6, -1) if number not in taken)


def _renumber_seals(first: int, by: int) -> None:
    far = AuditSeal.objects.aggregate(end=Max("pk"))["end"] + FAR
    AuditSeal.objects.filter(pk__gte=first).update(id=F("id") + far)
    AuditSeal.objects.filter(pk__gte=far).update(id=F("id") - far + by)


ATTACKS: tuple[Callable[[random.Random], int], ...] = (
    edit,
    delete_the_row,
    delete_row_and_seal,
    delete_and_close_the_gap,
    delete_the_seal,
    swap_rows,
    swap_seals,
    swap_what_seals_name,
    insert_a_row,
    insert_a_copy,
    insert_with_a_seal,
    cut_the_tail,
    cut_the_tail_and_write_another,
    rebuild_the_chain,
    change_the_seal,
    make_it_unreadable,
)
