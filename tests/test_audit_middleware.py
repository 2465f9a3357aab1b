"""One request leaves one row, however it ends: each kind of answer, from views that say something and views that forgot."""

import io

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.http import FileResponse, Http404, HttpResponse, HttpResponseNotModified, HttpResponseRedirect, StreamingHttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import path

from accounts.permissions import public, requires
from audit import guards, pages
from audit.models import AuditEvent
from audit.services import about, gathered, mark, note_nothing_new, note_read, note_refusal, record
from patients.models import Patient

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.test_audit_middleware")]
NUMBER = 10482


def view(answer):
    def inner(request, **kwargs):
        return answer(request)

    return requires("patients.view")(inner)


def _note(request):
    note_read("patient.viewed", request=request, patient=Patient.objects.get(number=NUMBER))
    return HttpResponse("shown")


def _two_looks(request):
    _note(request)
    return _note(request)


def _write(request):
    with transaction.atomic():
        record("patient.changed", request=request, patient=Patient.objects.get(number=NUMBER))
    note_read("patient.viewed", request=request, patient=Patient.objects.get(number=NUMBER))
    return HttpResponseRedirect("/")


def _rolled_back(request):
    try:
        with transaction.atomic():
            record("patient.changed", request=request, patient=Patient.objects.get(number=NUMBER))
            raise ValueError
    except ValueError:
        return HttpResponse("stale", status=409)


def _several(request):
    patient = Patient.objects.get(number=NUMBER)
    with transaction.atomic(), gathered():
        record("patient.changed", request=request, patient=patient)
        try:
            with transaction.atomic():
                record("patient.erased", patient=patient)
                raise ValueError
        except ValueError:
            record("patient.asked", patient=patient)
    return HttpResponse()


def _refused(request):
    about(Patient.objects.get(number=NUMBER))
    note_refusal(why="asleep")
    raise PermissionDenied


def _raise(error):
    def answer(request):
        raise error

    return answer


def _marked(request):
    mark(opening=7)
    return _note(request)


def _nothing_new(request):
    note_nothing_new()
    return HttpResponse("as before")


ANSWERS = {
    "note": _note,
    "two-looks": _two_looks,
    "write": _write,
    "rolled-back": _rolled_back,
    "several": _several,
    "forgot": lambda request: HttpResponse("shown"),
    "file": lambda request: FileResponse(io.BytesIO(b"%PDF"), content_type="application/pdf"),
    "stream": lambda request: StreamingHttpResponse(iter([b"a", b"b"])),
    "same": lambda request: HttpResponseNotModified(),
    "led-on": lambda request: HttpResponseRedirect("/"),
    "gate": lambda request: HttpResponse(status=409),
    "mend": lambda request: HttpResponse(status=422),
    "refused": _refused,
    "gone": _raise(Http404()),
    "fault": _raise(RuntimeError("a secret")),
    "nothing-new": _nothing_new,
    "marked": _marked,
}
urlpatterns = [path(f"{name}/<int:number>/", view(answer), name=name) for name, answer in ANSWERS.items()]
urlpatterns += [
    path("unlisted/<int:number>/", view(ANSWERS["forgot"]), name="unlisted"),
    path("open/", public(lambda request: HttpResponse()), name="open"),
]


@pytest.fixture(autouse=True)
def listed():
    before = pages.known()

    def finder(request, kwargs):
        return Patient.objects.filter(number=kwargs["number"]).values_list("pk", flat=True)

    pages.register({name: pages.Page("page.opened", "page.sent", finder) for name in ANSWERS} | {"open": pages.Page()})
    yield
    pages._pages.clear()
    pages.register(before)


@pytest.fixture
def ask(clinician, patient):
    """(action, outcome, patient) of each row one request left."""
    client = Client(raise_request_exception=False, REMOTE_ADDR="198.51.100.4")
    client.force_login(clinician)

    def ask(name, method="get", **extra):
        newest = AuditEvent.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        with CaptureQueriesContext(connection) as queries:
            getattr(client, method)(f"/{name}/{NUMBER}/", **extra)
        assert sum('INSERT INTO "audit_auditevent"' in query["sql"] for query in queries) <= (2 if name == "rolled-back" else 1)
        rows = list(AuditEvent.objects.filter(pk__gt=newest).order_by("pk"))
        assert {row.address for row in rows} <= {"198.51.100.4"}
        assert {row.actor for row in rows} <= {clinician}
        assert {row.patient_pk for row in rows} <= {patient.pk}
        return [(row.action, row.outcome) for row in rows]

    ask.client = client
    return ask


@pytest.mark.parametrize(
    ("name", "method", "left"),
    [
        ("note", "get", [("patient.viewed", "done")]),
        ("note", "head", [("patient.viewed", "done")]),
        ("two-looks", "get", [("patient.viewed", "done")]),
        ("forgot", "get", [("page.opened", "done")]),
        ("forgot", "head", [("page.opened", "done")]),
        ("file", "get", [("page.opened", "done")]),
        ("file", "head", [("page.opened", "done")]),
        ("stream", "get", [("page.opened", "done")]),
        ("same", "get", [("page.opened", "done")]),
        ("led-on", "get", []),
        ("nothing-new", "get", []),
        ("gone", "get", [("access.refused", "refused")]),
        ("refused", "get", [("access.refused", "refused")]),
        ("fault", "get", [("page.opened", "failed")]),
        ("write", "post", [("patient.changed", "done")]),
        ("several", "post", [("patient.changed", "done"), ("patient.asked", "done")]),
        ("forgot", "post", [("page.sent", "nothing")]),
        ("led-on", "post", [("page.sent", "nothing")]),
        ("rolled-back", "post", [("page.sent", "refused")]),
        ("gate", "post", [("page.sent", "refused")]),
        ("mend", "post", [("page.sent", "refused")]),
        ("gone", "post", [("access.refused", "refused")]),
        ("fault", "post", [("page.sent", "failed")]),
    ],
)
def test_what_each_answer_leaves(ask, name, method, left):
    assert ask(name, method) == left


def test_a_part_of_a_file_is_a_look_at_it(ask):
    assert ask("file", HTTP_RANGE="bytes=0-99") == [("page.opened", "done")]


def test_a_refusal_says_why_and_what_let_somebody_in_stands_on_the_row(ask):
    ask("refused")
    assert AuditEvent.objects.first().detail == {"why": "asleep"}
    ask("marked")
    assert AuditEvent.objects.first().detail == {"opening": 7}


def test_a_page_nobody_listed_is_still_kept(clinician, ask):
    ask.client.get(f"/unlisted/{NUMBER}/")
    row = AuditEvent.objects.first()
    assert (row.action, row.outcome, row.path) == ("page.opened", "done", f"/unlisted/{NUMBER}/")


def test_without_a_stale_page_s_secret_the_refusal_is_kept(clinician, patient):
    client = Client(enforce_csrf_checks=True)
    client.force_login(clinician)
    assert client.post(f"/write/{NUMBER}/").status_code == 403
    row = AuditEvent.objects.first()
    assert (row.action, row.outcome, row.patient_pk) == ("access.refused", "refused", patient.pk)


def test_what_cannot_be_accounted_for_is_not_shown(ask):
    """The row is written before the answer leaves: where the log refuses it, the page does too."""
    guard = guards.Guard(
        name="no_more_rows",
        table="audit_auditevent",
        sqlite=("CREATE TRIGGER no_more_rows BEFORE INSERT ON audit_auditevent BEGIN SELECT RAISE(ABORT, 'full'); END",),
        sqlite_drop=("DROP TRIGGER IF EXISTS no_more_rows",),
        postgresql=(
            "CREATE FUNCTION no_more_rows() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'full'; END $$",
            "CREATE TRIGGER no_more_rows BEFORE INSERT ON audit_auditevent FOR EACH ROW EXECUTE FUNCTION no_more_rows()",
        ),
        postgresql_drop=("DROP TRIGGER IF EXISTS no_more_rows ON audit_auditevent", "DROP FUNCTION IF EXISTS no_more_rows"),
    )
    with transaction.atomic():
        guards._run(guard.sqlite if connection.vendor == "sqlite" else guard.postgresql)
        response = ask.client.get(f"/forgot/{NUMBER}/")
        assert response.status_code == 500
        assert b"shown" not in response.content
        transaction.set_rollback(True)
    assert ask.client.get(f"/forgot/{NUMBER}/").content == b"shown"


def test_gathered_stands_inside_its_transaction_only(transactional_db):
    with pytest.raises(RuntimeError), gathered():
        pass
