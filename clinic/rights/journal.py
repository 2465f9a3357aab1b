"""
The erasure orders outside the database: one signed line each in AUDIT_DIR, so that a restored backup can be held to them.

`code {"at":...,"key":...,"number":...}`; the code binds the line to all before it and can be made with the audit key only. The
journal is written from the orders in the database, after their commit and again whenever it lags: it never names an erasure
that did not happen. It holds numbers, no content.
"""

import fcntl
import hmac
import json
import os
import uuid
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from django.db import connection, transaction
from django.db.models import Exists, Max, OuterRef

from audit.chain import folder, links
from audit.models import ErasureOrder
from audit.services import record
from patients.models import Patient

FILE = "erasures.log"
USE = b"erasures"
SET_ASIDE = ".before-restore-"


class Damaged(Exception):
    """A line is not one of ours; the text says which and what to do."""


@dataclass
class Reapplied:
    """erased: numbers of patients who were there again. noted: orders whose patient is not in this database. known: already here."""

    erased: list[int] = field(default_factory=list)
    noted: int = 0
    known: int = 0
    problems: list[str] = field(default_factory=list)


def path() -> Path:
    return folder.place() / FILE


def _code(key: bytes, before: str, text: str) -> str:
    return hmac.digest(links.use(key, USE), f"{before} {text}".encode(), "sha256").hex()[: links.LINE_MAC]


def read(source: Path, key: bytes) -> tuple[list[dict], str]:
    """
    The entries of *source*, oldest first, and the code of its last line. The torn end of a line in the making is left out.

    Raises:
        Damaged: a line was changed, taken out or written with another key.
    """
    found, before = [], ""
    if not source.exists():
        return found, before
    lines = source.read_bytes().split(b"\n")[:-1]
    for number, line in enumerate(lines, start=1):
        code, _, text = line.decode(errors="replace").partition(" ")
        if not hmac.compare_digest(code.encode(), _code(key, before, text).encode()):
            raise Damaged(
                f"Line {number} of {source} is not one of ours: the journal or the audit key is damaged or of another clinic. "
                "Put AUDIT_DIR back from a newer backup or copy of it."
            )
        found.append(json.loads(text))
        before = code
    return found, before


def _entry(order: ErasureOrder) -> dict:
    return {
        "at": order.ordered_at.isoformat(),
        "by": [order.ordered_by_id, order.ordered_by_name],
        "ground": order.ground,
        "key": str(order.key),
        "kept_until": order.kept_until.isoformat() if order.kept_until else None,
        "number": order.patient_number,
        "patient": order.patient_pk,
        "patient_key": str(order.patient_key),
        "reason": order.reason,
        "site": order.site_pk,
    }


def write() -> int:
    """Add the orders that are not in the journal yet and have them on the disk; returns how many. Safe to run twice and for two at once."""
    key = folder.make_key()
    with (folder.make() / f"{FILE}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        entries, before = read(path(), key)
        known = {entry["key"] for entry in entries}
        new = [_entry(order) for order in carried_out().order_by("pk") if str(order.key) not in known]
        if new:
            _append(key, before, new)
    return len(new)


def carried_out():
    """Orders that are closed and whose patient is not there: whatever else somebody wrote into the table is no erasure."""
    there = Patient.objects.filter(request_key=OuterRef("patient_key"))
    return ErasureOrder.objects.filter(~Exists(there), pending=None)


def count() -> int:
    """How many orders the journal holds. Raises Damaged, and Unusable without the audit key."""
    return len(read(path(), folder.make_key())[0]) if path().exists() else 0


def _append(key: bytes, before: str, entries: list[dict]) -> None:
    is_new = not path().exists()
    with os.fdopen(os.open(path(), os.O_RDWR | os.O_CREAT, 0o600), "r+b") as out:
        whole = out.read().rpartition(b"\n")
        out.seek(len(whole[0]) + len(whole[1]))
        out.truncate()  # what a killed writer left of a line
        for entry in entries:
            text = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            before = _code(key, before, text)
            out.write(f"{before} {text}\n".encode())
        out.flush()
        os.fsync(out.fileno())
    if is_new:
        folder.sync_folder(path().parent)


def sources() -> list[Path]:
    """The journal, and those a restore has set aside: they may be newer than the backup's."""
    here = folder.place()
    aside = sorted(here.parent.glob(f"{here.name}{SET_ASIDE}*/{FILE}"))
    return [source for source in (path(), *aside) if source.exists()]


def reapply(*more: Path) -> Reapplied:
    """
    Erase again whoever is in this database though an order was carried out: after a restore. *more*: journals kept elsewhere.
    A patient is known by the key made at the registration, never by the number alone.
    """
    from .erasing import carry_out

    done = Reapplied()
    key = folder.make_key()
    entries: dict[str, dict] = {}
    for source in (*sources(), *more):
        if not source.exists():
            done.problems.append(f"There is no file {source}.")
            continue
        try:
            entries |= {entry["key"]: entry for entry in read(source, key)[0]}
        except Damaged as problem:
            done.problems.append(str(problem))
    known = {str(one) for one in ErasureOrder.objects.values_list("key", flat=True)}
    for entry in sorted(entries.values(), key=lambda entry: entry["at"]):
        if entry["key"] in known:
            done.known += 1
            continue
        with transaction.atomic():
            _again(entry, done, carry_out)
    try:
        write()
    except Damaged as problem:
        if str(problem) not in done.problems:
            done.problems.append(str(problem))
    if done.erased or done.noted:
        _past_all_numbers()
    return done


def _again(entry: dict, done: Reapplied, carry_out) -> None:
    from accounts.models import User

    pk, name = entry["by"]
    order = ErasureOrder(
        key=uuid.UUID(entry["key"]),
        site_pk=entry["site"],
        ground=entry["ground"],
        reason=entry["reason"],
        kept_until=date.fromisoformat(entry["kept_until"]) if entry["kept_until"] else None,
        ordered_by=User.objects.filter(pk=pk).first(),
        ordered_by_name=name,
        ordered_at=datetime.fromisoformat(entry["at"]),
        is_reapplied=True,
    )
    patient = Patient.objects.select_for_update().filter(request_key=entry["patient_key"]).first()
    if patient is not None:
        carry_out(order, patient)
        done.erased.append(entry["number"])
    elif Patient.objects.filter(number=entry["number"]).exists() or Patient.objects.filter(pk=entry["patient"]).exists():
        done.problems.append(
            f"Patient number {entry['number']} was erased, and somebody else has been registered with it since the restore. "
            "Nobody was erased for it; look at both in the audit log."
        )
        return
    else:
        order.patient_pk, order.patient_number = entry["patient"], entry["number"]
        order.patient_key = uuid.UUID(entry["patient_key"])
        order.save(force_insert=True)
        done.noted += 1
    record("patient.erased", patient=order.patient_pk, obj=order, detail={"order": entry["key"], "again": "after a restore"})


def _past_all_numbers() -> None:
    """Numbers and keys of erased patients lie behind us, also where the restored database had not come that far."""
    highest = ErasureOrder.objects.aggregate(pk=Max("patient_pk"), number=Max("patient_number"))
    from .erasing import never_give_again

    table = Patient._meta.db_table
    with transaction.atomic(), connection.cursor() as cursor:
        never_give_again(highest["number"])
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", [table])
            sequence = cursor.fetchone()[0]
            cursor.execute(f"SELECT setval(%s, GREATEST(%s, (SELECT last_value FROM {sequence})))", [sequence, highest["pk"]])  # noqa: S608
        else:
            cursor.execute("UPDATE sqlite_sequence SET seq = %s WHERE name = %s AND seq < %s", [highest["pk"], table, highest["pk"]])
            if not cursor.rowcount:
                cursor.execute(
                    "INSERT INTO sqlite_sequence (name, seq) SELECT %s, %s "
                    "WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = %s)",
                    [table, highest["pk"], table],
                )
