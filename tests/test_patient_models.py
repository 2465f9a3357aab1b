"""
Every model of ours says whether it holds patient data. One that does has: rows that only the right people see, a page in the
table of who may open what, its place in the log, the export, the erasure and the backup. A new model without one of them fails.
"""

import ast
import datetime as dt
import io
import json
import zipfile
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models
from django.test.utils import isolate_apps
from django.urls import resolve, reverse

from accounts.models import Site
from audit import pages
from audit.patient_models import OtherModel, PatientModel, Trace, entry_of, of_patients, others, traces
from clinic.durability import rows as backup
from clinic.rights import content, erasing, exporting, schema
from clinic.tests.whole_patient import make
from patients.models import Patient
from scripts.checks import APPS

from .test_access import TABLE

pytestmark = pytest.mark.django_db
OURS = set(APPS) - {"planner", "sessions"} | {"treatment_sessions"}


def of_ours(registry=apps) -> list[type[models.Model]]:
    return [model for model in registry.get_models() if model._meta.app_label in OURS]


@cache
def _logged() -> frozenset[str]:
    """Every text of our code: an action that stands nowhere is written by nobody."""
    found = set()
    for app in set(APPS) - {"planner"}:
        for path in (Path(settings.BASE_DIR) / app).rglob("*.py"):
            if path.name != "kept.py" and "tests" not in path.parts:
                found |= {node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)}
    return frozenset(text for text in found if isinstance(text, str))


def lacks(model: type[models.Model], entry) -> list[str]:
    """What *model* lacks of what every model of ours must have."""
    label = model._meta.label
    if entry is None:
        return [f"{label}: say in kept.py of its app whether it holds patient data"]
    missing = []
    if getattr(entry, "in_backup", True) and model._meta.db_table not in {table.name for table in backup.tables()} - backup.LEFT_OUT:
        missing.append("backup")
    if isinstance(entry, OtherModel | Trace):
        if isinstance(entry, OtherModel):
            missing += [f"of a patient by {name}, and said to hold no patient data" for name in _leads_to_a_patient(model)]
        return [f"{label}: {what}" for what in missing]
    if not hasattr(model._default_manager.all(), "visible_to"):
        missing.append("visible_to")
    if not entry.pages or any(page not in TABLE or not TABLE[page].of_patient for page in entry.pages):
        missing.append("a row in the table of who may open what (tests/test_access.py)")
    known = pages.known()
    if any(page not in known or known[page].patient is None for page in entry.pages):
        missing.append("the page's line in the log (clinic/log/addresses.py)")
    if not entry.logged or any(action not in _logged() for action in entry.logged):
        missing.append("audit")
    if not entry.section or any(one.section == entry.section and one.label != entry.label for one in of_patients()):
        missing.append("export")
    try:
        entry.model._base_manager.filter(**{f"{entry.path}__number" if entry.path else "number": 1}).exists()
    except Exception as error:
        missing.append(f"erasure: {entry.path!r} leads to no patient ({type(error).__name__})")
    return [f"{label}: {what}" for what in missing]


def _leads_to_a_patient(model) -> list[str]:
    """Names of the links of *model* that lead to a patient, directly or over other rows of patients."""
    of = {entry.model for entry in of_patients()}
    return [field.name for field in model._meta.concrete_fields if isinstance(field, models.ForeignKey) and field.related_model in of]


def test_every_model_says_what_it_holds_and_has_what_that_asks_for():
    assert [fault for model in of_ours() for fault in lacks(model, entry_of(model._meta.label))] == []


def test_nothing_is_said_of_a_model_that_is_gone():
    known = {model._meta.label for model in of_ours()}
    said = {entry.label for entry in [*of_patients(), *others()]} | {trace.label for trace in traces() if "." in trace.label}
    assert said - known == set()


@isolate_apps("patients")
def test_a_new_model_without_its_lines_is_noticed():
    """The control: a planted model of a patient fails for each thing it lacks."""

    class PlantedNote(models.Model):
        patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="+")
        text = models.TextField()

        class Meta:
            app_label = "patients"

        def __str__(self):
            return self.text

    registry = PlantedNote._meta.apps
    assert [model for model in of_ours(registry) if model is PlantedNote]
    assert lacks(PlantedNote, entry_of("patients.PlantedNote")) == [
        "patients.PlantedNote: say in kept.py of its app whether it holds patient data"
    ]
    assert "patients.PlantedNote: of a patient by patient, and said to hold no patient data" in lacks(
        PlantedNote, OtherModel("patients.PlantedNote", "nothing")
    )

    class Planted(PatientModel):
        model = PlantedNote

    entry = Planted("patients.PlantedNote", path="patients", section="allergies", pages=("patients:notes",), logged=("note.written",))
    wrong = " ".join(lacks(PlantedNote, entry))
    for what in ("visible_to", "who may open what", "line in the log", "audit", "export", "erasure", "backup"):
        assert what in wrong, what


def test_each_thing_is_looked_for_by_itself():
    """The control of the control: an entry that is whole lacks nothing, and each part alone is missed."""
    entry = entry_of("patients.Allergy")
    assert lacks(entry.model, entry) == []
    broken = {
        "who may open what": replace(entry, pages=("clinic:today",)),
        "audit": replace(entry, logged=("allergy.eaten",)),
        "export": replace(entry, section="medications"),
        "erasure": replace(entry, path="nobody"),
    }
    for what, one in broken.items():
        assert what in " ".join(lacks(entry.model, one)), what


# What was said is so


@pytest.fixture(autouse=True)
def places(settings, tmp_path):
    settings.MEDIA_ROOT, settings.AUDIT_DIR = tmp_path / "files", tmp_path / "audit"


@pytest.fixture
def whole(site, clinician):
    return make(site, clinician)


def test_rows_of_every_model_are_seen_by_the_own_site_and_by_nobody_else(whole, medical_lead, make_user):
    stranger = make_user("ada", "medical_lead")
    stranger.sites.set([Site.objects.create(name="Birch", slug="birch")])
    for entry in of_patients():
        mine, theirs = (
            set(entry.model._default_manager.visible_to(user).values_list("pk", flat=True)) for user in (medical_lead, stranger)
        )
        rows = set(entry.rows_of(whole.pk).values_list("pk", flat=True))
        assert rows, entry.label
        assert mine & rows, entry.label
        assert not theirs, entry.label


def _record(patient) -> tuple[dict, dict[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(b"".join(exporting.of_patient(patient, by="Omar Reed")))) as archive:
        assert archive.testzip() is None
        found = {name: archive.read(name) for name in archive.namelist()}
    return json.loads(found["record.json"]), found


def test_every_row_of_every_model_goes_out_and_is_as_the_schema_says(whole):
    import jsonschema  # loads a grammar of addresses for seconds: not in a run that only passes by

    said, _ = _record(whole)
    jsonschema.validate(said, schema.schema())
    for entry in of_patients():
        rows = said["record"][entry.section]
        rows = rows if entry.path else [rows]
        assert [row["id"] for row in rows] == list(entry.rows_of(whole.pk).values_list("pk", flat=True)), entry.label
        names = {field.name for field in entry.model._meta.concrete_fields} - set(entry.leaves_out)
        assert set(rows[0]) == names, entry.label
    assert said["record"]["allergies"][1]["removed_at"] is not None, "also what was taken back"


def test_a_record_that_is_not_as_the_schema_says_is_noticed(whole):
    import jsonschema

    said, _ = _record(whole)
    said["record"]["allergies"][0]["colour"] = "red"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(said, schema.schema())


def test_the_schema_in_the_docs_is_the_one_in_use():
    docs = Path(settings.BASE_DIR) / "docs" / schema.ADDRESS
    assert docs.read_text() == schema.as_text(), "python manage.py export_schema > docs/patient-record.schema.json"


def test_an_erasure_takes_rows_of_every_model(whole, manager):
    gone = whole.pk
    wish = erasing.Wish(whole.number, whole.birth_date, "patient_asked", "Letter of 3 May")
    order = erasing.erase(whole, wish, by=manager)
    assert [entry.label for entry in of_patients() if entry.rows_of(gone).exists()] == []
    assert set(order.erased) == {entry.label for entry in [*of_patients(), *traces()]}


@pytest.mark.parametrize("name", sorted({page for entry in of_patients() for page in entry.pages}))
def test_the_page_of_a_model_leads_somewhere(name):
    """Each page named in the registry is an address of ours."""
    assert resolve(reverse(name, args=[1 for _ in TABLE[name].args])).view_name == name


def test_the_format_says_its_version(whole):
    said, _ = _record(whole)
    assert (said["format"], said["format_version"]) == (content.FORMAT, content.FORMAT_VERSION)
    assert dt.datetime.fromisoformat(said["exported_at"]).tzinfo is not None
