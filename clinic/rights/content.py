"""
Rows as the export writes them: every column of a patient model under its own name, but for search keys. Days and times are ISO
8601 (times in UTC), decimals are text, a link to a person, site or protocol carries a name beside its number.

The form is described by `schema`, and by docs/patient-record.schema.json, which is made from it.
"""

import datetime as dt
import decimal
import uuid
from typing import Any

from django.db import models

from accounts.models import Site, User
from audit.patient_models import OtherModel, PatientModel, of_patients
from protocols.models import ProtocolVersion

FORMAT = "microneedle-clinic/patient-record"
FORMAT_VERSION = 1
# Links that are of no use as a bare number outside: which attribute says in words what is meant.
NAMED = {User: "display_name", Site: "name", ProtocolVersion: "version"}


def plain(value: Any) -> Any:
    """*value* as JSON has it."""
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, decimal.Decimal | uuid.UUID):
        return str(value)
    return value


class Names:
    """Names of people, sites and protocols; each kind is read once, and most exports meet few."""

    def __init__(self):
        self._known: dict[type, dict[int, str]] = {}

    def of(self, model: type[models.Model], pk: int) -> str:
        known = self._known.setdefault(model, {})
        if pk not in known:
            defer = ("document",) if model is ProtocolVersion else ()
            row = model._base_manager.defer(*defer).filter(pk=pk).first()
            known[pk] = str(getattr(row, NAMED[model])) if row is not None else ""
        return known[pk]


def fields_of(entry: PatientModel | OtherModel, model: type[models.Model] | None = None) -> list[models.Field]:
    model = model or entry.model
    return [field for field in model._meta.concrete_fields if field.name not in entry.leaves_out]


def as_mapping(row: models.Model, fields: list[models.Field], names: Names) -> dict[str, Any]:
    mapping: dict[str, Any] = {}
    for field in fields:
        value = field.value_from_object(row)
        if isinstance(field, models.ForeignKey):
            named = next((model for model in NAMED if issubclass(field.related_model, model)), None)
            if named is not None:
                value = None if value is None else {"id": value, "name": names.of(named, value)}
        mapping[field.name] = plain(value)
    return mapping


def record_of(patient_pk: int, names: Names) -> dict[str, Any]:
    """{section: rows}; `patient` is one mapping, every other section a list in the order the rows were made."""
    record: dict[str, Any] = {}
    for entry in of_patients():
        fields = fields_of(entry)
        rows = [as_mapping(row, fields, names) for row in entry.rows_of(patient_pk).iterator(chunk_size=200)]
        record[entry.section] = rows if entry.path else rows[0]
    return record
