"""
One patient's whole record, or everything, as an archive. It is read in one snapshot of the database, so that all of it belongs
together, and made while it is sent.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import ClinicSettings
from audit.patient_models import of_patients, others
from patients.models import Patient

from . import content, schema
from .zipping import PIECE, Archive

README = """One patient's whole record

record.json      everything the clinic keeps of the patient; described by patient-record.schema.json
files/           the sheets that were handed out, and photos where the patient allows them in the record
merged/NUMBER/   the same of another record of this patient, where the patient was registered twice
SHA256SUMS       checksums: `sha256sum -c SHA256SUMS`

Days are year-month-day, times are in UTC, depths are in millimetres.
Who opened the record and when is kept in the clinic's log, and not in here.
"""
README_ALL = """Everything the clinic keeps

patients/NUMBER/record.json   each patient's whole record; described by patient-record.schema.json
patients/NUMBER/files/        the sheets that were handed out, and photos where the patient allows them in the record
tables/                       what is of no single patient, one JSON object a line: staff, sites, protocols, diary, log
SHA256SUMS                    checksums: `sha256sum -c SHA256SUMS`

Days are year-month-day, times are in UTC, depths are in millimetres. Passwords and other secrets are left out.
"""


def _json(value: Any, *, indent: int | None = 1) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=indent, default=content.plain).encode()


def _archive() -> Archive:
    return Archive(timezone.now().timetuple()[:6])


@contextmanager
def _snapshot():
    """Reads in this block see one moment and hold nobody up."""
    if connection.in_atomic_block:
        yield
        return
    if connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
        return
    with connection.cursor() as cursor:
        cursor.execute("BEGIN DEFERRED")  # atomic() would take the one write lock
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ROLLBACK")


def _file(name: str) -> bytes | None:
    try:
        with default_storage.open(name) as stored:
            return stored.read()
    except OSError:
        return None


def _one(archive: Archive, pk: int, *, folder: str, by: str, clinic: str, names: content.Names) -> Iterator[bytes]:
    files: list[dict[str, Any]] = []
    for entry in of_patients():
        if entry.files is None:
            continue
        for file in entry.files(entry.rows_of(pk)):
            if not file.name:
                continue
            data = None if file.withheld else _file(file.name)
            state = "withheld" if file.withheld else "missing"
            said = {"name": "", "section": entry.section, "id": file.row, "bytes": 0, "sha256": "", "state": state}
            if data is not None:
                name, digest = f"{folder}files/{entry.section}/{file.title}", hashlib.sha256(data).hexdigest()
                said |= {"name": name, "bytes": len(data), "sha256": digest, "state": "whole" if digest == file.sha256 else "changed"}
                yield from archive.add(name, (data[start : start + PIECE] for start in range(0, len(data), PIECE)))
            files.append(said)
    about = {
        "format": content.FORMAT,
        "format_version": content.FORMAT_VERSION,
        "exported_at": content.plain(timezone.now()),
        "exported_by": by,
        "clinic": clinic,
        "record": content.record_of(pk, names),
        "files": files,
    }
    yield from archive.add(f"{folder}record.json", iter([_json(about)]))


def of_patient(patient: Patient, *, by: str) -> Iterator[bytes]:
    """The archive of one patient, piece by piece, with the records that were merged into this one."""
    archive = _archive()
    with _snapshot():
        yield from archive.add("README.txt", iter([README.encode()]))
        yield from archive.add(schema.ADDRESS, iter([schema.as_text().encode()]))
        clinic, names = ClinicSettings.current().name, content.Names()
        yield from _one(archive, patient.pk, folder="", by=by, clinic=clinic, names=names)
        for pk, number in patient.merged_records.order_by("pk").values_list("pk", "number"):
            yield from _one(archive, pk, folder=f"merged/{number}/", by=by, clinic=clinic, names=names)
    yield from archive.end()


def of_everything(*, by: str) -> Iterator[bytes]:
    """The archive of everything, piece by piece; what is in memory at once is one patient."""
    archive, names = _archive(), content.Names()
    with _snapshot():
        clinic = ClinicSettings.current().name
        yield from archive.add("README.txt", iter([README_ALL.encode()]))
        yield from archive.add(schema.ADDRESS, iter([schema.as_text().encode()]))
        for pk, number in Patient.objects.order_by("pk").values_list("pk", "number").iterator():
            yield from _one(archive, pk, folder=f"patients/{number}/", by=by, clinic=clinic, names=names)
        for entry in others():
            if entry.exported:
                yield from archive.add(f"tables/{entry.label}.jsonl", _lines(entry, names))
    yield from archive.end()


def _lines(entry, names: content.Names) -> Iterator[bytes]:
    model = apps.get_model(entry.label)
    fields = content.fields_of(entry, model)
    for row in model._base_manager.order_by("pk").iterator(chunk_size=500):
        yield _json(content.as_mapping(row, fields, names), indent=None) + b"\n"
