"""What the database itself refuses, on whichever engine the tests run."""

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import IntegrityError, connection, transaction

from audit import guards
from audit.models import AuditEvent
from audit.services import record

pytestmark = [pytest.mark.django_db, pytest.mark.both_engines]

AUDIT = "audit_auditevent_locked"


@pytest.fixture
def event():
    row = record("patient.viewed", detail={"fields": ["phone"]})
    connection.check_constraints()  # PostgreSQL alters or empties no table while foreign keys of this transaction wait to be checked
    return row


def _update(event):
    AuditEvent.objects.filter(pk=event.pk).update(action="nothing.happened")


def _save(event):
    event.action = "nothing.happened"
    event.save()


def _raw_update(event):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE audit_auditevent SET actor_name = 'somebody else' WHERE id = %s", [event.pk])


def _delete(event):
    AuditEvent.objects.filter(pk=event.pk).delete()


def _raw_delete(event):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_auditevent")


def _empty_the_table(event):
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE audit_auditevent")


def _replace(event):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT OR REPLACE INTO audit_auditevent "
            "(id, at, actor_name, action, outcome, object_type, object_pk, detail, path, signature) "
            "VALUES (%s, '2026-01-01', 'x', 'nothing.happened', 'done', '', '', '{}', '', '')",
            [event.pk],
        )


# SQLite has no TRUNCATE; PostgreSQL no INSERT OR REPLACE, and its ON CONFLICT DO UPDATE is an UPDATE.
WAYS = [_update, _save, _raw_update, _delete, _raw_delete, _empty_the_table if connection.vendor == "postgresql" else _replace]


@pytest.mark.parametrize("change", WAYS)
def test_an_audit_row_cannot_be_changed_or_removed(event, change):
    before = AuditEvent.objects.filter(pk=event.pk).values().get()
    with pytest.raises(IntegrityError, match="audit rows are only ever added"), transaction.atomic():
        change(event)
    assert AuditEvent.objects.filter(pk=event.pk).values().get() == before


@pytest.mark.parametrize("change", WAYS)
def test_without_the_guard_the_same_change_goes_through(event, change):
    before = AuditEvent.objects.filter(pk=event.pk).values().get()
    with guards.suspended(AUDIT):
        change(event)
    assert AuditEvent.objects.filter(pk=event.pk).values().first() != before


def test_rows_are_still_added_while_the_guard_stands(event):
    assert record("patient.viewed").pk > event.pk


def _check():
    call_command("check", tags=["database"], databases=["default"])


def test_all_guards_stand_after_migrate():
    assert guards.missing() == []
    _check()


@pytest.mark.parametrize("name", sorted(guards._guards))
def test_a_guard_dropped_by_hand_is_reported(name):
    if not getattr(guards._guards[name], connection.vendor):
        pytest.skip("this engine cannot do what the guard is there for")
    guards.remove(name)
    lost = guards.missing()
    assert lost
    with pytest.raises(SystemCheckError, match=lost[0]):
        _check()


def test_migrate_brings_back_what_was_dropped():
    guards.remove()
    assert len(guards.missing()) >= len(guards._guards)
    call_command("migrate", verbosity=0)
    assert guards.missing() == []
    _check()


def test_one_dropped_trigger_of_several_is_reported_by_its_name(event):
    on = " ON audit_auditevent" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {AUDIT}_update{on}")
    assert guards.missing() == [f"{AUDIT}_update"]
    guards.install()
    with pytest.raises(IntegrityError), transaction.atomic():
        _update(event)


def test_a_guard_that_was_defused_under_its_own_name_is_reported_and_mended(event):
    """SQLite: other words under the same name. PostgreSQL: switched off."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"ALTER TABLE audit_auditevent DISABLE TRIGGER {AUDIT}_update")
        else:
            cursor.execute(f"DROP TRIGGER {AUDIT}_update")
            cursor.execute(f"CREATE TRIGGER {AUDIT}_update BEFORE UPDATE ON audit_auditevent FOR EACH ROW WHEN 0 BEGIN SELECT 1; END")
    assert guards.missing() == [f"{AUDIT}_update"]
    guards.install()
    assert guards.missing() == []
    with pytest.raises(IntegrityError), transaction.atomic():
        _update(event)
