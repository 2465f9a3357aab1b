"""An approved version stays as it was signed, whoever asks and however; retiring it is the one thing left."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from audit import guards
from protocols.guards import NAME
from protocols.models import ProtocolVersion, VersionStatus
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
    _COPY = "SELECT {id}, {version}, 'draft', '{{}}', sha256, created_at, '', is_demo FROM protocols_protocolversion"
    _COLUMNS = "(id, version, status, document, sha256, created_at, approval_reason, is_demo)"
    CHANGES["replaced by its key"] = lambda v: _sql(
        f"INSERT OR REPLACE INTO protocols_protocolversion {_COLUMNS} {_COPY.format(id='id', version='version')}"
    )
    CHANGES["replaced by its name"] = lambda v: _sql(
        f"INSERT OR REPLACE INTO protocols_protocolversion {_COLUMNS} {_COPY.format(id='id + 100', version='version')}"
    )


def _save_with(version, **fields):
    for name, value in fields.items():
        setattr(version, name, value)
    version.save()


@pytest.fixture
def approved(protocol):
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
