"""
The registry of what is kept of patients: each app says in AppConfig.ready which of its models hold it and how a row leads to
its patient. Export, erasure and the test that walks all models read this list; a model that is on neither list fails that test.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.apps import apps
from django.db.models import Model, QuerySet


@dataclass(frozen=True)
class PatientModel:
    """
    label: "patients.Allergy". path: look-up from a row to its patient, "" for the patient's own row.
    section: its name in the export. pages: addresses that show it; opening one leaves an audit row that names the patient.
    logged: the actions under which a change of it stands in the audit log.
    contact: the field that says when the patient was last seen or heard of; the retention period counts from the newest.
    leaves_out: columns made from others (search keys) or of no meaning outside, which the export leaves out.
    files: (rows) -> iterator of StoredFile that go out with the export and go with an erasure; empty where there are none.
    is_inner: rows that nobody would count, as they only carry others (the minutes a visit holds).
    open_rows: (rows) -> those that stand in the way of an erasure, because somebody still waits for them; with a sentence for them.
    """

    label: str
    path: str
    section: str
    pages: tuple[str, ...]
    logged: tuple[str, ...]
    contact: str = ""
    leaves_out: tuple[str, ...] = ()
    files: Callable[[QuerySet], Iterator["StoredFile"]] | None = None
    open_rows: Callable[[QuerySet], QuerySet] | None = None
    open_words: str = ""
    is_inner: bool = False

    @property
    def model(self) -> type[Model]:
        return apps.get_model(self.label)

    def rows_of(self, patient_pk: int) -> QuerySet:
        """All rows of one patient, also those a manager would hide (taken back, superseded), in the order they were made."""
        # Of just this record, also where two are one person: `patient=` would ask for both (see patients.person).
        where = {f"{self.path}__pk" if self.path else "pk": patient_pk}
        return self.model._base_manager.filter(**where).order_by("pk")


@dataclass(frozen=True)
class StoredFile:
    """
    row: primary key of the row it belongs to. name: in the storage, empty where none was made. title: what it is called outside.
    sha256: as the row has it. withheld: it does not go out with the export. also: further names in the storage that go with an
    erasure; one ending with * stands for all that begin so.
    """

    row: int
    name: str
    title: str
    sha256: str
    also: tuple[str, ...] = ()
    withheld: bool = False


@dataclass(frozen=True)
class Trace:
    """
    Something else that may hold a patient's content and hangs on no single patient: search helpers, bench cases, web sessions.
    why: in words. erase(patient) -> rows erased, called within the transaction of the erasure, before the patient's rows go.
    """

    label: str
    why: str
    erase: Callable[[Model], int]


@dataclass(frozen=True)
class OtherModel:
    """
    A model without patient data; why: in words. exported: its rows go into the export of everything, without *leaves_out*.
    in_backup: False where a restore must not bring it back.
    """

    label: str
    why: str
    exported: bool = False
    leaves_out: tuple[str, ...] = ()
    in_backup: bool = True


_of_patients: dict[str, PatientModel] = {}
_traces: dict[str, Trace] = {}
_others: dict[str, OtherModel] = {}


def register(*entries: PatientModel | Trace | OtherModel) -> None:
    """Called from AppConfig.ready; below first, so that children come after their parents."""
    for entry in entries:
        kind = {PatientModel: _of_patients, Trace: _traces, OtherModel: _others}[type(entry)]
        kind[entry.label] = entry


def of_patients() -> list[PatientModel]:
    """Parents before their children: erase from the end."""
    return list(_of_patients.values())


def traces() -> list[Trace]:
    return list(_traces.values())


def others() -> list[OtherModel]:
    return list(_others.values())


def entry_of(label: str) -> PatientModel | Trace | OtherModel | None:
    return _of_patients.get(label) or _traces.get(label) or _others.get(label)
