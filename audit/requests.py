"""
What one request is asked to account for, from its start until it is answered.

A write appends its row at once, in its own transaction. A read is only noted; the row is appended when the answer is known
and before it leaves, so that one request leaves one row and the row says how it ended.
"""

import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import connection, transaction
from django.utils import timezone

from .models import AuditEvent, Outcome
from .pages import Page, page_of

SHOWN_AGAIN = 304  # the browser shows what it has: somebody looks at it
FORBIDDEN, NOT_FOUND, NOT_ALLOWED = 403, 404, 405

_request: ContextVar["RequestLog | None"] = ContextVar("audit_request", default=None)


class Standing:
    """Whether what was written at this moment still stands: False once its transaction, or the part of it, was rolled back."""

    def __init__(self):
        self.committed = False
        transaction.on_commit(self)

    def __call__(self) -> None:
        self.committed = True

    def __bool__(self) -> bool:
        # Django takes it off this list where the savepoint it was made in is rolled back.
        return self.committed or any(callback is self for _, callback, *_ in connection.run_on_commit)


class RequestLog:
    """The rows one request leaves."""

    def __init__(self, request):
        self.request = request
        self.reached = False  # the view: nobody on the way to it answered instead
        self.nothing_new = False
        self.patient_pk: int | None = None  # as a view said
        self.refusal: dict = {}
        self.marks: dict = {}
        self.notes: list[AuditEvent] = []
        self.written: list[Standing] = []

    @property
    def user(self):
        user = getattr(self.request, "user", None)
        return user if user is not None and user.is_authenticated else None

    def rows(self, status: int) -> list[AuditEvent]:
        """What is still to be appended, now that the answer has *status*."""
        page = page_of(self.request)
        if page is None or any(self.written) or self.nothing_new:
            return []
        if self.user is None:
            return []  # nobody is known and nothing was shown: signing in has rows of its own
        if not self.reached:
            return [self._refused(page, status)] if status == FORBIDDEN else []
        if status == FORBIDDEN or (status in (NOT_FOUND, NOT_ALLOWED) and page.patient is not None):
            return [self._refused(page, status)]
        if self.request.method in ("GET", "HEAD", "OPTIONS"):
            return self._looked(page, status)
        return self._sent(page, status)

    def _looked(self, page: Page, status: int) -> list[AuditEvent]:
        if 300 <= status < 400 and status != SHOWN_AGAIN:
            return []  # led elsewhere: that page has its own row
        if not self.notes:
            return [self._row(page, page.reads, status)] if page.reads else []
        if status >= 400:
            for note in self.notes:
                note.outcome = _ended(status)
                note.detail |= {"status": status}
        return self.notes

    def _sent(self, page: Page, status: int) -> list[AuditEvent]:
        if not page.writes:
            return self.notes
        if status < 400:
            # Pressed twice, or there was nothing to change: no row of a change stands, so none is claimed.
            return self.notes or [self._row(page, page.writes, status, Outcome.NOTHING)]
        row = self._row(page, page.writes, status)
        for note in self.notes:
            row.detail |= note.detail | {"shown": note.action}
            if note.patient_pk is not None:
                row.patient_pk, row.object_type, row.object_pk = note.patient_pk, note.object_type, note.object_pk
        return [row]

    def _refused(self, page: Page, status: int) -> AuditEvent:
        return self._row(page, "access.refused", status, detail=self.refusal or {"status": status})

    def _row(self, page: Page, action: str, status: int, outcome=None, detail=None) -> AuditEvent:
        if detail is None:
            detail = {"status": status} if status >= 400 else {}
        patient = self.patient_pk if self.patient_pk is not None else page.patient_of(self.request)
        return event(action, actor=self.user, patient=patient, detail=detail, outcome=outcome or _ended(status))

    def note(self, row: AuditEvent) -> None:
        """One for each patient: a second look at the same one in one request is the same look."""
        if any(earlier.patient_pk == row.patient_pk or row.patient_pk is None for earlier in self.notes):
            return
        self.notes = [earlier for earlier in self.notes if earlier.patient_pk is not None] + [row]


def _ended(status: int) -> Outcome:
    if status >= 500:
        return Outcome.FAILED
    return Outcome.REFUSED if status >= 400 else Outcome.DONE


def current() -> RequestLog | None:
    """The request that is being answered here, or None: in a task or a command."""
    return _request.get()


@contextmanager
def answering(request) -> Iterator[RequestLog]:
    log = RequestLog(request)
    token = _request.set(log)
    try:
        yield log
    finally:
        _request.reset(token)


def event(action, *, actor=None, patient=None, obj=None, request=None, detail=None, outcome=Outcome.DONE) -> AuditEvent:
    """A row as `record` appends it, not saved."""
    answering = current()
    request = request if request is not None else answering and answering.request
    if actor is None and request is not None and request.user.is_authenticated:
        actor = request.user
    return AuditEvent(
        at=timezone.now(),
        actor=actor,
        actor_name=str(actor) if actor else "system",
        action=action,
        outcome=outcome,
        patient_pk=getattr(patient, "pk", patient),
        object_type=obj._meta.label_lower if obj is not None else "",
        object_pk=str(obj.pk) if obj is not None else "",
        detail=detail or {},
        address=_address(request) if request is not None else None,
        path=request.path[:300] if request is not None else "",
    )


def _address(request) -> str | None:
    """The caller's network address, seen through the clinic's own proxies; None on a socket of this machine."""
    try:
        return str(ipaddress.ip_address(request.META.get("REMOTE_ADDR", "").partition("%")[0]))
    except ValueError:
        return None
