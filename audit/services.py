"""The writers of the audit log."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import transaction

from .models import AuditEvent, Outcome
from .requests import Standing, current, event
from .rows import sign

_gathering: ContextVar[list[tuple[AuditEvent, Standing]] | None] = ContextVar("audit_gathering", default=None)


def record(action, *, actor=None, patient=None, obj=None, request=None, detail=None, outcome=Outcome.DONE) -> AuditEvent:
    """
    Append one row and return it. Called inside the transaction of the change it speaks of, so both stand or neither.

    action: "noun.verb" in the past tense, for example "plan.accepted".
    actor: the user; taken from the request where it is not given; None means the system.
    patient: a Patient or its primary key. obj: the model instance that was read or changed.
    detail: field names, ids and counts. Never clinical text: the log is read by people who may not read records.
    """
    row = event(action, actor=actor, patient=patient, obj=obj, request=request, detail=detail, outcome=outcome)
    answering = current()
    if answering is not None:
        answering.written.append(Standing())
    gathered_rows = _gathering.get()
    if gathered_rows is not None:
        gathered_rows.append((row, Standing()))
    else:
        append([row])
    return row


def note_read(action, *, request, patient=None, obj=None, detail=None, outcome=Outcome.DONE) -> None:
    """
    Say what a view is about to show, as `record` would. The row is appended when the answer is known; a write in the same request
    stands for both. Where it is forgotten, `audit.pages` still says that the page was opened, and whose it is.
    """
    answering = current()
    row = event(action, actor=None, patient=patient, obj=obj, request=request, detail=detail, outcome=outcome)
    if answering is None:
        append([row])
    else:
        answering.note(row)


def about(patient) -> None:
    """Whom the request is about, a Patient or its primary key, once a view has found them: nobody has to look again."""
    if (answering := current()) is not None:
        answering.patient_pk = getattr(patient, "pk", patient)


def note_nothing_new() -> None:
    """This answer to a poll shows nothing that was not on the screen: it leaves no row."""
    if (answering := current()) is not None:
        answering.nothing_new = True


def note_refusal(**detail) -> None:
    """Why the request is refused, for the row of the refusal."""
    if (answering := current()) is not None:
        answering.refusal |= detail


def mark(**detail) -> None:
    """Put *detail* on every row this request leaves from now on, for example the grant that let somebody in."""
    if (answering := current()) is not None:
        answering.marks |= detail


@contextmanager
def gathered() -> Iterator[None]:
    """
    Append the rows recorded in this block with one INSERT at its end, in the order they were recorded. Stands inside the
    transaction, as `with transaction.atomic(), gathered():`, so that the rows stand or fall with the change.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("gathered() must stand inside the transaction whose rows it gathers")
    if _gathering.get() is not None:
        yield  # the block round this one appends them
        return
    rows: list[tuple[AuditEvent, Standing]] = []
    token = _gathering.set(rows)
    try:
        yield
    finally:
        _gathering.reset(token)
    append([row for row, stands in rows if stands])


def append(rows: list[AuditEvent]) -> None:
    """Sign *rows* and insert them with one statement."""
    answering = current()
    if answering is not None and answering.marks:
        for row in rows:
            row.detail = {**row.detail, **answering.marks}
    sign(rows)
    if len(rows) == 1:
        rows[0].save(force_insert=True)
    elif rows:
        AuditEvent.objects.bulk_create(rows)
