"""The JSON Schema of an exported record, made from the models, so that it is never behind them."""

import json
from typing import Any

from django.db import models

from audit.patient_models import PatientModel, of_patients

from .content import FORMAT, FORMAT_VERSION, NAMED, fields_of

ADDRESS = "patient-record.schema.json"
_KINDS: list[tuple[type[models.Field], dict[str, Any]]] = [
    (models.BooleanField, {"type": "boolean"}),
    (models.DateTimeField, {"type": "string", "format": "date-time"}),
    (models.DateField, {"type": "string", "format": "date"}),
    (models.TimeField, {"type": "string", "format": "time"}),
    (models.DecimalField, {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"}),
    (models.UUIDField, {"type": "string", "format": "uuid"}),
    (models.JSONField, {}),
    (models.IntegerField, {"type": "integer"}),
    (models.AutoField, {"type": "integer"}),
    (models.CharField, {"type": "string"}),
    (models.TextField, {"type": "string"}),
]


def _of_field(field: models.Field) -> dict[str, Any]:
    if isinstance(field, models.ForeignKey):
        if any(issubclass(field.related_model, model) for model in NAMED):
            said: dict[str, Any] = {
                "type": "object",
                "properties": {"id": {"type": "integer"}, "name": {"type": "string"}},
                "required": ["id", "name"],
                "additionalProperties": False,
            }
        else:
            said = {"type": "integer", "description": f"id of a row of {field.related_model._meta.verbose_name_plural}"}
    else:
        said = dict(next(found for kind, found in _KINDS if isinstance(field, kind)))
    if field.choices:
        values = [value for value, _ in field.flatchoices]
        said["enum"] = [*values, ""] if field.blank and "" not in values else values
        said["description"] = "; ".join(f"{value}: {label}" for value, label in field.flatchoices)
    if field.help_text:
        said["description"] = ". ".join(text for text in (said.get("description"), str(field.help_text)) if text)
    if field.null and said:
        described = {key: said.pop(key) for key in ("description",) if key in said}
        said = {"anyOf": [said, {"type": "null"}], **described}
    return said


def _of_row(entry: PatientModel) -> dict[str, Any]:
    fields = fields_of(entry)
    first = (entry.model.__doc__ or "").strip().partition("\n\n")[0]
    return {
        "type": "object",
        "description": " ".join(first.split()),
        "properties": {field.name: _of_field(field) for field in fields},
        "required": [field.name for field in fields],
        "additionalProperties": False,
    }


def schema() -> dict[str, Any]:
    sections = {entry.section: _of_row(entry) if not entry.path else {"type": "array", "items": _of_row(entry)} for entry in of_patients()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:{FORMAT}:{FORMAT_VERSION}",
        "title": "One patient's whole record",
        "type": "object",
        "properties": {
            "format": {"const": FORMAT},
            "format_version": {"const": FORMAT_VERSION},
            "exported_at": {"type": "string", "format": "date-time"},
            "exported_by": {"type": "string"},
            "clinic": {"type": "string"},
            "record": {"type": "object", "properties": sections, "required": list(sections), "additionalProperties": False},
            "files": {
                "type": "array",
                "description": "What belongs to a row and is no JSON: sheets and photos",
                "items": {
                    "type": "object",
                    "properties": {
                        "name": {"type": "string", "description": "In this archive; empty where the file could not be added"},
                        "section": {"type": "string"},
                        "id": {"type": "integer"},
                        "bytes": {"type": "integer"},
                        "sha256": {"type": "string", "description": "Of the file in this archive"},
                        "state": {
                            "enum": ["whole", "changed", "missing", "withheld"],
                            "description": "whole: as it was made; changed: no longer the file that was made; missing: not in the storage; "
                            "withheld: a photo the patient does not allow in the record, or that was taken out of it",
                        },
                    },
                    "required": ["name", "section", "id", "bytes", "sha256", "state"],
                    "additionalProperties": False,
                },
            },
        },
        "required": ["format", "format_version", "exported_at", "exported_by", "clinic", "record", "files"],
        "additionalProperties": False,
    }


def as_text() -> str:
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"
