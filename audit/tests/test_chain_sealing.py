"""Sealing the chain: in order, once, also what is committed late, by two sealers, or under a clock that leaps."""

import datetime as dt
import json
import os
import threading
import time

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from audit import chain
from audit.chain import Unusable, anchors, folder, heads, resume, sealing
from audit.chain.reading import rows as rows_of
from audit.chain.sealing import Sealer
from audit.chain.verifying import verify
from audit.models import AuditEvent, AuditSeal
from audit.rows import FIELDS, content
from audit.services import record

from .chain_rows import both, committed, marked, seal, write

# In ordinary times


@marked(both)
def test_rows_are_sealed_in_their_order_and_verified():
    made = write(5)
    assert seal() == 5
    assert list(AuditSeal.objects.order_by("pk").values_list("pk", "event_id")) == [(n, row.pk) for n, row in enumerate(made, start=1)]
    assert heads.last(folder.key()).position == 5
    report = verify()
    assert (report.is_whole, report.checked, report.waiting) == (True, 5, 0)
    write(2)
    assert verify().waiting == 2
    assert chain.trouble() == ""


@marked(both)
def test_nothing_is_sealed_twice_and_a_pass_without_news_writes_nothing():
    write(3)
    assert (seal(), seal()) == (3, 0)
    before = heads.files()[0].read_bytes()
    Sealer().once()
    assert heads.files()[0].read_bytes() == before


@marked(both)
def test_the_lag_says_how_many_rows_wait_and_since_when():
    assert (chain.lag().rows, chain.lag().seconds) == (0, 0.0)
    write(3)
    AuditEvent(at=timezone.now() - dt.timedelta(seconds=90), actor_name="system", action="x.y").save()
    assert chain.lag().rows == 4
    assert chain.lag().seconds == pytest.approx(90, abs=20)


@marked(both)
def test_one_row_costs_one_statement_and_asks_nothing_outside(django_assert_num_queries, audit_folder):
    with django_assert_num_queries(1):
        write(1)
    assert not audit_folder.exists()


def test_every_column_of_a_row_is_in_what_is_sealed():
    columns = {field.attname for field in AuditEvent._meta.concrete_fields}
    assert columns - {"id", "signature"} == set(FIELDS)


@marked(both)
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", dt.datetime(2026, 3, 29, 1, 30, 0, 7, tzinfo=dt.timezone(dt.timedelta(hours=5, minutes=30)))),
        ("at", dt.datetime(2026, 1, 1, tzinfo=dt.UTC)),
        ("address", "2001:DB8:0::0001"),
        ("address", "::ffff:192.0.2.7"),
        ("address", None),
        ("patient_pk", 2**62),
        ("path", "/patients/ÄÖ‮/"),
        ("actor_name", "Zoë 李\u2028 😀"),
        ("detail", {}),
        ("detail", {"b": 1, "a": {"z": [1, 2.0, 0.1, 1e20, 1e-7, -0.0, 1e300], "é": None, "t": True}}),
        ("detail", {"long": 12345678901234567890123, "tuple": (1, 2), 7: "number as key", "nul": "a\tb"}),
    ],
    ids=lambda value: str(value)[:20].encode("ascii", "replace").decode(),
)
def test_a_row_has_the_same_bytes_when_it_is_written_and_when_it_comes_back(column, value):
    """The signature is made from what the program has, and checked on what the engine gives: 1e20 comes back as an integer there."""
    from audit.rows import sign

    row = AuditEvent(**{"at": timezone.now(), "actor_name": "system", "action": "x.y", "detail": {}, column: value})
    sign([row])
    row.save(force_insert=True)
    assert rows_of([row.pk])[row.pk].is_ours
    assert seal() == 1


def test_the_bytes_of_a_row_never_change():
    """Chains that exist were made from these very bytes."""
    at = dt.datetime(2026, 11, 22, 9, 5, tzinfo=dt.UTC)
    values = (at, 7, "Dr Amara Osei", "patient.viewed", "done", 12, "patients.patient", "12", {"b": 2.0, "a": [0.5]}, "2001:db8::1", "/é")
    assert content(values) == (
        b'["2026-11-22T09:05:00.000000+00:00",7,"Dr Amara Osei","patient.viewed","done",12,"patients.patient","12",'
        b'{"a":[0.5],"b":2},"2001:0db8:0000:0000:0000:0000:0000:0001","/\\u00e9"]'
    )


@marked(both)
def test_a_signature_made_before_the_secret_was_changed_still_counts(settings):
    write(2)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another secret of fifty characters or more, for this test"
    assert seal() == 2


@marked(both)
def test_rows_from_before_there_were_signatures_are_sealed_as_they_lie_once():
    def old():
        return AuditEvent.objects.create(at=timezone.now(), actor_name="system", action="from.before")

    old(), old()
    write(1)
    assert seal() == 3
    late = old()
    assert seal() == 0
    assert verify().first.row == late.pk


@marked(both)
def test_the_database_refuses_to_change_a_seal():
    from django.db import IntegrityError

    write(2)
    seal()
    connection.check_constraints()
    ways = [
        lambda: AuditSeal.objects.filter(pk=1).update(link="0" * 64),
        lambda: AuditSeal.objects.filter(pk=2).delete(),
        lambda: connection.cursor().execute("UPDATE audit_auditseal SET event_id = 99 WHERE id = 1"),
    ]
    if connection.vendor == "postgresql":
        ways.append(lambda: connection.cursor().execute("TRUNCATE audit_auditseal"))
    else:
        replace = "INSERT OR REPLACE INTO audit_auditseal (id, event_id, link)"
        ways.append(lambda: connection.cursor().execute(f"{replace} VALUES (1, 77, 'x')"))
        ways.append(lambda: connection.cursor().execute(f"{replace} SELECT 9, event_id, 'x' FROM audit_auditseal"))  # noqa: S608 - our own names
    for way in ways:
        with pytest.raises(IntegrityError, match="seals are only ever added"), transaction.atomic():
            way()
    assert verify().is_whole


# Late commits and two sealers


@marked(committed)
def test_a_row_that_is_committed_after_later_ones_were_sealed_is_sealed_too():
    """On PostgreSQL numbers are given before the commit. On SQLite writers wait for each other and it cannot happen."""
    if connection.vendor != "postgresql":
        pytest.skip("one writer at a time")
    write(1)
    begun, done = threading.Event(), threading.Event()

    def slow():
        try:
            with transaction.atomic():
                record("note.added")
                begun.set()
                done.wait(20)
        finally:
            connections.close_all()

    thread = threading.Thread(target=slow)
    thread.start()
    assert begun.wait(20)
    write(3)
    sealer = Sealer()
    assert sealer.all() == 4
    assert verify().is_whole
    done.set()
    thread.join()
    assert chain.lag().rows == 1
    assert verify().is_whole
    assert sealer.once() == 1
    late = AuditEvent.objects.get(action="note.added").pk
    assert AuditSeal.objects.latest("pk").event_id == late < max(AuditSeal.objects.values_list("event_id", flat=True))
    assert verify().is_whole


@marked(both)
def test_a_late_row_is_found_by_a_sealer_that_began_after_it(monkeypatch):
    made = write(4)
    real = sealing.Sealer._waiting
    monkeypatch.setattr(sealing.Sealer, "_waiting", lambda self: [row for row in real(self) if row.number != made[1].pk])
    seal()  # as if that one had not been committed yet
    monkeypatch.undo()
    assert (chain.lag().rows, verify().waiting) == (1, 1)
    assert seal() == 1
    assert list(AuditSeal.objects.order_by("pk").values_list("event_id", flat=True))[-1] == made[1].pk
    assert verify().is_whole


@marked(committed)
def test_two_sealers_at_once_make_one_chain():
    total = 150 if os.environ.get("PROVE") else 60
    stop = threading.Event()
    wrong = []

    def work():
        sealer = Sealer()
        try:
            while not stop.is_set():
                sealer.once()
        except Exception as error:
            wrong.append(error)
        finally:
            connections.close_all()

    sealers = [threading.Thread(target=work) for _ in range(2)]
    for thread in sealers:
        thread.start()
    for _ in range(total):
        write(1)
    deadline = time.monotonic() + 60
    while AuditSeal.objects.count() < total and time.monotonic() < deadline:
        time.sleep(0.02)
    stop.set()
    for thread in sealers:
        thread.join()
    assert wrong == []
    assert list(AuditSeal.objects.order_by("pk").values_list("pk", flat=True)) == list(range(1, total + 1))
    assert verify().is_whole


@marked(both)
def test_a_sealer_on_another_machine_with_another_folder_does_not_write_into_the_chain(settings, tmp_path):
    write(3)
    seal()
    settings.AUDIT_DIR = tmp_path / "another"
    write(1)
    with pytest.raises(Unusable, match="missing"):
        seal()
    folder.make_key()
    with pytest.raises(Unusable):
        seal()
    assert AuditSeal.objects.count() == 3


@marked(both)
def test_a_number_that_no_sequence_gave_is_not_sealed(without_guards):
    """Sealed, it would hide from the sealer every row whose number is smaller."""
    write(3)
    seal()
    (row,) = write(1)
    without_guards()
    AuditEvent.objects.filter(pk=row.pk).update(id=2**60)
    (next_one,) = write(1) if connection.vendor == "postgresql" else [None]
    assert seal() == (1 if next_one else 0)
    assert f"Row {2**60} was moved there" in chain.trouble()
    resume("Looked at")
    write(2)
    seal()
    assert (chain.trouble(), chain.lag().rows) == ("", 0)
    assert AuditSeal.objects.count() == AuditEvent.objects.count()


@marked(both)
@pytest.mark.parametrize("number", [0, -5, -(10**15)])
def test_a_row_under_a_number_before_the_first_is_found(number):
    write(3)
    seal()
    anchors.make(folder.key())
    AuditEvent.objects.create(pk=number, at=timezone.now(), actor_name="system", action="x.y")
    assert verify().first.row == number
    assert seal() == 0
    assert f"Row {number} was inserted" in chain.trouble()  # it lies before the anchor: the sealer saw it


@marked(both)
@pytest.mark.parametrize("position", [0, -3, -(10**15)])
@pytest.mark.parametrize("ahead", [2, 10**12])
def test_a_seal_put_where_no_chain_has_one_is_named_and_hides_no_other_row(position, ahead):
    """For a row that is yet to come: the sealer would take it for sealed, and it could be changed afterwards."""
    newest = write(2)[-1].pk
    seal()
    AuditSeal.objects.create(id=position, event_id=newest + ahead, link="a" * 64)
    write(4)
    assert seal() == (3 if ahead == 2 else 4)
    report = verify()
    assert [finding.words for finding in report.findings] == [
        f"Row {newest + ahead} has a seal at position {position}, where no chain has one: it was put there, and protects nothing."
    ]
    assert chain.trouble()
    resume("It was looked into.")
    assert verify().is_whole
    write()
    assert seal() == 1


@marked(both)
def test_the_clock_may_leap(monkeypatch):
    real = timezone.now
    for days in (0, 400, -400, 0):
        monkeypatch.setattr(timezone, "now", lambda days=days: real() + dt.timedelta(days=days))
        write(2)
        assert seal() == 2
    assert verify().is_whole
    assert chain.lag().rows == 0


def test_nothing_of_the_heads_is_content():
    """What lies outside and may be taken off the machine holds numbers and codes only."""
    head = heads.Head(heads.SEALED, 5, 9, "ab", "2026-11-22T10:00:00Z")
    said = json.loads(heads._line(b"k" * 32, head).decode().partition(" ")[2])
    assert set(said) == {"kind", "position", "row", "link", "at"}
