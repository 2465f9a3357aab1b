"""An approved version stays as it was signed, whoever asks and however; retiring it is the one thing left."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from audit import guards
from protocols.guards import NAME
from protocols.models import ProtocolEdit, ProtocolStep, ProtocolVersion, VersionStatus
from protocols.services import load_pack

pytestmark = [pytest.mark.django_db, pytest.mark.both_engines]


def _rows(version):
    return ProtocolVersion.objects.filter(pk=version.pk)


def _sql(text, *params):
    with connection.cursor() as cursor:
        cursor.execute(text, params)


CHANGES = {
    "document": lambda v: _rows(v).update(document="{}"),
    "hash": lambda v: _rows(v).update(sha256="0" * 64),
    "name": lambda v: _rows(v).update(version="other"),
    "approver": lambda v: _rows(v).update(approved_by=v.approved_by_id + 1),
    "approver taken away": lambda v: _sql("UPDATE protocols_protocolversion SET approval_reason = NULL"),
    "time of approval": lambda v: _rows(v).update(approved_at=timezone.now()),
    "reason": lambda v: _rows(v).update(approval_reason="Another"),
    "review date": lambda v: _rows(v).update(next_review_on=None),
    "demo mark": lambda v: _rows(v).update(is_demo=True),
    "back to draft": lambda v: _rows(v).update(status=VersionStatus.DRAFT),
    "back to draft in SQL": lambda v: _sql("UPDATE protocols_protocolversion SET status = 'draft'"),
    "retired without a day": lambda v: _rows(v).update(status=VersionStatus.RETIRED),
    "retired and rewritten": lambda v: _rows(v).update(status=VersionStatus.RETIRED, retired_at=timezone.now(), document="{}"),
    "deleted": lambda v: v.delete(),
    "deleted in SQL": lambda v: _sql("DELETE FROM protocols_protocolversion"),
    "saved": lambda v: _save_with(v, document="{}"),
}
if connection.vendor == "sqlite":
    # Every column of the table as it stands in the row, but for what the copy gives: a column added later is copied too.
    _GIVEN = {"status": "'draft'", "document": "'{}'", "approved_by_id": "NULL", "approved_at": "NULL"}
    _NAMES = [field.column for field in ProtocolVersion._meta.concrete_fields]

    def _replace(**given):
        values = ", ".join(given.get(name) or _GIVEN.get(name) or name for name in _NAMES)
        columns, table = ", ".join(_NAMES), "protocols_protocolversion"
        _sql(f"INSERT OR REPLACE INTO {table} ({columns}) SELECT {values} FROM {table}")  # noqa: S608 - our own names

    CHANGES["replaced by its key"] = lambda v: _replace()
    CHANGES["replaced by its name"] = lambda v: _replace(id="id + 100")
    CHANGES["pushed out by another approved one"] = lambda v: _replace(
        id="id + 100", version="'other'", status="'approved'", approved_by_id="approved_by_id", approved_at="approved_at"
    )


def _save_with(version, **fields):
    for name, value in fields.items():
        setattr(version, name, value)
    version.save()


@pytest.fixture
def approved(protocol):
    """Alone: its steps have a guard of their own."""
    with guards.suspended("protocols_protocolstep_locked"):
        ProtocolStep.objects.all().delete()
    connection.check_constraints()  # PostgreSQL empties no table while foreign keys of this transaction wait to be checked
    return protocol


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_an_approved_version_cannot_be_changed(approved, change):
    before = _rows(approved).values().get()
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        change(approved)
    assert list(ProtocolVersion.objects.values()) == [before]


CONTROL = {name: change for name, change in CHANGES.items() if name not in ("approver", "approver taken away")}


@pytest.mark.parametrize("change", CONTROL.values(), ids=CONTROL)
def test_without_the_guard_the_same_change_goes_through(approved, change):
    """Left out: two that another rule of the table refuses anyway (a stranger as approver, an empty reason)."""
    before = _rows(approved).values().get()
    with guards.suspended(NAME):
        change(approved)
        after = list(ProtocolVersion.objects.values())
    assert after != [before]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no TRUNCATE")
def test_the_table_cannot_be_emptied_while_it_holds_an_approved_version(approved):
    others = [name for name in guards._guards if name != NAME]  # TRUNCATE .. CASCADE reaches tables with guards of their own
    with guards.suspended(*others):
        with pytest.raises(IntegrityError, match="an approved protocol version"), transaction.atomic():
            _sql("TRUNCATE protocols_protocolversion CASCADE")
        with guards.suspended(NAME):
            _sql("TRUNCATE protocols_protocolversion CASCADE")
    assert not ProtocolVersion.objects.exists()


def test_an_approved_version_may_be_retired_once(approved):
    _rows(approved).update(status=VersionStatus.RETIRED, retired_at=timezone.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        _rows(approved).update(status=VersionStatus.APPROVED)
    with pytest.raises(IntegrityError), transaction.atomic():
        _rows(approved).update(retired_at=timezone.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        _rows(approved).update(document="{}")
    with pytest.raises(IntegrityError), transaction.atomic():
        _rows(approved).delete()


def test_saving_it_unchanged_is_no_change(approved):
    approved.save()


def test_a_draft_can_be_rewritten_and_deleted(draft_protocol):
    _rows(draft_protocol).update(document="{}")
    draft_protocol.delete()
    assert not ProtocolVersion.objects.exists()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="UPDATE OR REPLACE is SQLite's alone")
def test_a_draft_cannot_be_renamed_over_an_approved_version(approved, pack):
    pack["pack_version"] = "2027.1"
    load_pack(pack)
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        _sql("UPDATE OR REPLACE protocols_protocolversion SET version = %s WHERE version = '2027.1'", approved.version)
    assert ProtocolVersion.objects.count() == 2


# At most one is approved


def _copy(version, **fields):
    row = ProtocolVersion.objects.get(pk=version.pk)
    row.pk = None
    for name, value in {"version": "2030.1", **fields}.items():
        setattr(row, name, value)
    row.save(force_insert=True)
    return row


def test_a_second_approved_version_cannot_be_written(approved):
    with pytest.raises(IntegrityError), transaction.atomic():
        _copy(approved)
    draft = _copy(approved, status=VersionStatus.DRAFT)
    with pytest.raises(IntegrityError), transaction.atomic():
        ProtocolVersion.objects.filter(pk=draft.pk).update(status=VersionStatus.APPROVED)
    with pytest.raises(IntegrityError), transaction.atomic():
        _sql("UPDATE protocols_protocolversion SET status = 'approved' WHERE version = '2030.1'")
    assert list(ProtocolVersion.objects.filter(status=VersionStatus.APPROVED)) == [approved]


def test_without_the_index_there_could_be_two(approved):
    """The negative control: what refuses the second one is the index (and the guard before it), nothing else."""
    _sql("DROP INDEX at_most_one_approved_version")
    with guards.suspended(NAME):
        _copy(approved)
    assert ProtocolVersion.objects.filter(status=VersionStatus.APPROVED).count() == 2


# What was written down once


@pytest.fixture(params=["edit", "step"])
def line(request, draft_protocol, medical_lead):
    given = {"protocol_version": draft_protocol, "made_by": medical_lead, "made_at": timezone.now()}
    if request.param == "edit":
        return ProtocolEdit.objects.create(lock_version=2, section="depths", changes=[], **given)
    return ProtocolStep.objects.create(step="submitted", sha256="0" * 64, **given)


LINE_CHANGES = {
    "updated": lambda line: type(line).objects.update(made_at=timezone.now()),
    "updated in SQL": lambda line: _sql(f"UPDATE {line._meta.db_table} SET made_at = NULL"),  # noqa: S608 - our own names
    "deleted": lambda line: line.delete(),
    "deleted in SQL": lambda line: _sql(f"DELETE FROM {line._meta.db_table}"),  # noqa: S608 - our own names
    "with its version": lambda line: line.protocol_version.delete(),
}


@pytest.mark.parametrize("change", LINE_CHANGES.values(), ids=LINE_CHANGES)
def test_the_history_of_a_version_is_written_once(line, change):
    before = list(type(line).objects.values())
    with pytest.raises(IntegrityError, match="written once"), transaction.atomic():
        change(line)
    assert list(type(line).objects.values()) == before


def test_without_its_guard_the_history_could_be_rewritten(line):
    with guards.suspended(f"{line._meta.db_table}_locked"):
        LINE_CHANGES["deleted"](line)
    assert not type(line).objects.exists()


REPLACED = """
    INSERT OR REPLACE INTO protocols_protocoledit (protocol_version_id, lock_version, section, changes, made_by_id, made_at)
    SELECT protocol_version_id, lock_version, 'other', '[]', made_by_id, made_at FROM protocols_protocoledit WHERE lock_version = 2
"""


@pytest.mark.skipif(connection.vendor != "sqlite", reason="REPLACE is SQLite's alone")
def test_on_sqlite_no_other_row_takes_the_place_of_a_line(draft_protocol, medical_lead):
    """REPLACE deletes the row with the same values of a unique constraint, and fires no DELETE trigger."""
    given = {"protocol_version": draft_protocol, "made_by": medical_lead, "made_at": timezone.now(), "changes": []}
    ProtocolEdit.objects.create(lock_version=2, section="depths", **given)
    with pytest.raises(IntegrityError, match="written once"), transaction.atomic():
        _sql(REPLACED)
    with guards.suspended("protocols_protocoledit_locked"):
        _sql(REPLACED)
    assert ProtocolEdit.objects.get().section == "other"
