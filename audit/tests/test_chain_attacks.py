"""Whoever has every right on the database and none on the audit folder is found out, wherever they strike."""

import contextlib
import os
import random

import pytest
from django.db import connection, transaction

from audit import chain, guards
from audit.chain import folder, heads
from audit.chain.links import first_link, link
from audit.chain.reading import rows
from audit.chain.sealing import Sealer
from audit.chain.verifying import verify
from audit.models import AuditEvent, AuditSeal
from audit.services import record

from . import attacks

pytestmark = [pytest.mark.django_db, pytest.mark.both_engines]

SEED = int(os.environ.get("SEED", 2026))
ROWS = 120
GUARDS = ("audit_auditevent_locked", "audit_auditseal_locked")


def fill(count: int, rng: random.Random) -> None:
    for number in range(count):
        record(
            rng.choice(("patient.viewed", "note.added", "plan.accepted")),
            patient=rng.choice((None, rng.randrange(1, 40))),
            detail=rng.choice(({}, {"fields": ["phone", "surname"], "count": number}, {"share": 0.5, "of": {"b": None, "a": [1, 2.0]}})),
        )


@pytest.fixture
def sealed():
    """Rows sealed in several batches, on PostgreSQL with numbers left out among them; the guards are away."""
    rng = random.Random(SEED)  # noqa: S311 - a place, no secret
    for _ in range(4):
        fill(ROWS // 4, rng)
        with transaction.atomic():
            record("never.happened")
            transaction.set_rollback(True)
        Sealer().all()
    assert verify().is_whole
    connection.check_constraints()
    guards.remove(*GUARDS)  # taken back with the test's own transaction
    return rng


class Undo(Exception):
    pass


def strike(attack, rng: random.Random, *, sealer_runs: bool) -> tuple[int, object]:
    """Attack, look, and take it back: as if it were somebody's first attack. Gives what was struck and what was found."""
    lines = [path.read_bytes() for path in heads.files()]
    try:
        with transaction.atomic():
            struck = attack(rng)
            if sealer_runs:
                with contextlib.suppress(folder.Unusable):  # it does not go on: trouble() says so
                    Sealer().all()
            report, words = verify(), chain.trouble()
            raise Undo
    except Undo:
        for path, text in zip(heads.files(), lines, strict=True):
            path.write_bytes(text)
        (folder.place() / "noticed.json").unlink(missing_ok=True)
    return struck, (report, words)


def missed(attack, places: int) -> list:
    """Strike at so many places, every other time while the sealer runs; gives those where nothing was found or said."""
    silent = []
    for place in range(places):
        rng = random.Random(f"{SEED} {attack.__name__} {place}")  # noqa: S311 - a place, no secret
        struck, (report, words) = strike(attack, rng, sealer_runs=place % 2 == 1)
        if report.is_whole or not words:
            silent.append((place, struck, report, words))
    assert verify().is_whole  # each was taken back
    return silent


@pytest.mark.parametrize("attack", attacks.ATTACKS, ids=lambda one: one.__name__)
def test_every_attack_is_found(sealed, attack):
    assert missed(attack, 4) == []


@pytest.mark.prove
@pytest.mark.parametrize("attack", attacks.ATTACKS, ids=lambda one: one.__name__)
def test_every_attack_is_found_at_fifty_places(sealed, attack):
    assert missed(attack, 50) == []


def found_after(attack, sealer_runs=False):
    return strike(attack, random.Random(SEED), sealer_runs=sealer_runs)  # noqa: S311 - a place, no secret


@pytest.mark.parametrize(
    ("attack", "kinds", "names_it"),
    [
        (attacks.edit, {"edited"}, True),
        (attacks.delete_the_row, {"deleted"}, True),
        (attacks.delete_row_and_seal, {"seals missing"}, False),
        (attacks.delete_the_seal, {"seals missing"}, False),
        (attacks.swap_rows, {"moved"}, True),
        (attacks.swap_what_seals_name, {"moved"}, False),
        (attacks.insert_a_row, {"inserted"}, True),
        (attacks.insert_a_copy, {"inserted"}, True),
        (attacks.insert_with_a_seal, {"inserted"}, True),
        (attacks.cut_the_tail, {"tail cut"}, False),
        (attacks.rebuild_the_chain, {"rebuilt"}, True),
        (attacks.change_the_seal, {"seal changed"}, True),
        (attacks.make_it_unreadable, {"edited"}, True),
    ],
    ids=lambda one: getattr(one, "__name__", None),
)
def test_the_first_bad_row_is_named_with_what_was_done(sealed, attack, kinds, names_it):
    struck, (report, _) = found_after(attack)
    assert report.first.kind in kinds, report.findings
    if names_it:
        assert report.first.row == struck
        assert f"ow {struck}" in report.first.words


def _chain_holds(key: bytes, begin: str) -> bool:
    """The chain alone: every seal made with *key* from the one before, and nothing outside is asked."""
    before = begin
    for position, seal in enumerate(AuditSeal.objects.order_by("pk"), start=1):
        row = rows([seal.event_id]).get(seal.event_id)
        if row is None or seal.pk != position or link(key, before, position, row.number, row.said, row.signature) != seal.link:
            return False
        before = seal.link
    return True


def test_without_the_key_outside_a_rebuilt_chain_is_not_found(sealed):
    """The negative control: a chain whose key lies in the database, or that has none, holds after it was rebuilt."""
    AuditEvent.objects.filter(pk=AuditSeal.objects.get(pk=40).event_id).update(actor_name="somebody else")
    attacks.rebuild_from(1)
    assert _chain_holds(attacks.THEIR_KEY, "0" * 64)
    assert not _chain_holds(folder.key(), first_link(folder.key()))
    assert verify().first.kind == "rebuilt"


def test_without_the_heads_outside_a_tail_that_was_cut_off_is_not_found(sealed):
    attacks.cut_the_tail(random.Random(SEED))  # noqa: S311 - a place, no secret
    assert _chain_holds(folder.key(), first_link(folder.key()))
    assert verify().first.kind == "tail cut"


def test_everything_deleted_is_found(sealed):
    AuditSeal.objects.all().delete()
    AuditEvent.objects.all().delete()
    assert verify().first.kind == "tail cut"
    assert "sealed" in chain.trouble()


def test_several_bad_rows_are_all_counted_and_the_first_comes_first(sealed):
    numbers = list(AuditSeal.objects.filter(pk__in=(10, 11, 50)).order_by("pk").values_list("event_id", flat=True))
    AuditEvent.objects.filter(pk__in=numbers).update(action="nothing.happened")
    report = verify()
    assert [(one.kind, one.row) for one in report.findings] == [("edited", number) for number in numbers]


def test_the_same_meaning_in_other_bytes_is_no_edit(sealed):
    """What an engine may do to JSON by itself: order of keys, blanks, 1 or 1.0."""
    row = record("patient.viewed", detail={"a": 1, "b": [2.0, "x"]})
    Sealer().all()
    cast = "::jsonb" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE audit_auditevent SET detail = %s{cast} WHERE id = %s", ['{ "b": [2, "x"],  "a": 1.0 }', row.pk])  # noqa: S608
    assert verify().is_whole
