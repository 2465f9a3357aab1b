"""
After the signature nothing changes what was signed, whoever asks and however: forms sent again, any method at any address of the record,
the admin, bulk statements, the models' own ways, SQL. The content and the hash are compared to the byte, on both engines.
"""

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction
from django.db.models import F
from django.urls import NoReverseMatch, get_resolver, reverse

from audit import guards
from sessions.models import SessionCorrection, SessionZone, TreatmentSession, UsedLot
from sessions.services import record
from sessions.services.signing import content_of, sha256

from .record_case import PASSWORD, RecordCase, signed

pytestmark = pytest.mark.django_db
both = pytest.mark.both_engines
LOCKED = ("signed_record_locked", "signed_zones_locked", "signed_lots_locked", "corrections_only_added")


@pytest.fixture
def case(site, clinician, patient):
    return RecordCase(site, clinician, patient)


@pytest.fixture
def session(case):
    found = signed(case)
    record.correct(found, by=case.clinician, text="The lot was B24-0917Y.", reason="Misread", request_key="first")
    return TreatmentSession.objects.get(pk=found.pk)


def as_it_stands(pk: int) -> dict:
    """Every column of the record and of what hangs on it, read past the models' own managers; corrections may be added, not changed."""
    found = {TreatmentSession: {"pk": pk}, SessionZone: {"session": pk}, UsedLot: {"session": pk}, SessionCorrection: {"session": pk}}
    rows = {model.__name__: list(model._base_manager.filter(**of).order_by("pk").values()) for model, of in found.items()}
    rows["SessionCorrection"] = rows["SessionCorrection"][:1]
    return rows


def assert_unchanged(session, before: dict) -> None:
    after = as_it_stands(session.pk)
    assert after == before
    (row,) = after["TreatmentSession"]
    assert sha256(row["signed_content"]) == row["signed_sha256"] == session.signed_sha256
    from sessions.services.canonical import canonical

    assert canonical(content_of(TreatmentSession.objects.get(pk=session.pk))) == row["signed_content"]


# Over HTTP

METHODS = ("get", "head", "post", "put", "patch", "delete", "options")
NAMES = (name for name in get_resolver().namespace_dict["sessions"][1].reverse_dict if isinstance(name, str))
WRITING = {"record", "sign", "correct"}  # the three through which a row is written: asked on PostgreSQL in the ordinary run too
OF_A_RECORD = sorted(name for name in NAMES if name in {"record", "sign", "correct"} or name.startswith("record_"))


def _address(name: str, session) -> str:
    of_booking = name == "record_start"
    return reverse(f"sessions:{name}", args=[session.booking_id if of_booking else session.pk])


def _forms(case, session) -> list[dict]:
    """What was sent before the signature, once more; the same with other values; a forged one of every column; nothing."""
    typed = case.typed(session)
    columns = {field.name: "1" for field in TreatmentSession._meta.concrete_fields}
    other = {**typed, "note": "Changed afterwards", "needle_lot": "OTHER", "reaction": "adverse", "reaction_note": "x"}
    return [
        {},
        {**typed, "version": session.version, "page": session.saved_page, "turn": "99"},
        {**typed, "version": "1", "page": "", "turn": "0"},
        {**other, "version": session.version, "next": "sign"},
        {**other, "version": session.version, "keep": session.version, "all_as_planned": "1"},
        {"password": PASSWORD, "version": session.version},
        {"reason": "Nothing was treated", "version": session.version},
        {"q.pregnancy": "no", "again": "1", "decided_reason": "planned", "change": "depth.cheeks:1"},
        columns,
    ]


@pytest.mark.parametrize("name", [pytest.param(name, marks=both if name in WRITING else ()) for name in OF_A_RECORD])
def test_no_method_and_no_form_sent_again_changes_it(client, case, session, name, clinician, medical_lead, manager):
    before = as_it_stands(session.pk)
    address, forms = _address(name, session), _forms(case, session)
    client.force_login(clinician)
    for method in METHODS:
        for form in forms if method == "post" else forms[1:2]:
            headers = {"HTTP_HX_REQUEST": "true"} if "turn" in form else {}
            answer = getattr(client, method)(address, form if method in ("get", "head", "post") else b"note=x", **headers)
            assert answer.status_code < 500, (method, address, form)
    assert client.post(address, {"_method": "DELETE"}, HTTP_X_HTTP_METHOD_OVERRIDE="DELETE").status_code < 500
    for other in (medical_lead, manager):
        client.force_login(other)
        assert client.post(address, forms[1]).status_code < 500
    assert_unchanged(session, before)


def test_every_address_of_a_record_is_tried():
    """A new one is found by its name, and is then among those above."""
    assert {"record", "record_start", "record_answers", "record_close", "sign", "correct"} <= set(OF_A_RECORD)


@both
def test_a_correction_is_an_addition_and_the_first_one_stays(client, case, session, clinician):
    before = as_it_stands(session.pk)
    client.force_login(clinician)
    sent = {"text": "And the end was 11:50.", "reason": "Looked again", "request_key": "second"}
    assert client.post(_address("correct", session), sent).status_code == 302
    assert SessionCorrection.objects.filter(session=session).count() == 2
    assert_unchanged(session, before)


@both
def test_there_is_no_admin_to_change_it_in(client, make_user, session):
    assert not apps.is_installed("django.contrib.admin")
    with pytest.raises(NoReverseMatch):
        reverse("admin:index")
    client.force_login(make_user("root", "manager", is_superuser=True, is_staff=True))
    for address in ("/admin/", f"/admin/treatment_sessions/treatmentsession/{session.pk}/change/"):
        assert client.post(address, {"note": "x"}).status_code == 404


# Past the pages

RECORDS, ZONES, USED, ADDED = (model._base_manager for model in (TreatmentSession, SessionZone, UsedLot, SessionCorrection))


def _save(session):
    session.note = "Changed"
    session.save()


def _bulk_update(session):
    session.note = "Changed"
    RECORDS.bulk_update([session], ["note"])


def _upsert(session):
    session.note = "Changed"
    RECORDS.bulk_create([session], update_conflicts=True, unique_fields=["id"], update_fields=["note"])


def _sql(statement: str):
    def run(session):
        with connection.cursor() as cursor:
            cursor.execute(statement.format(pk=session.pk))

    return run


WAYS = {
    "save": _save,
    "save of one column": lambda s: (setattr(s, "signed_sha256", "0" * 64), s.save(update_fields=["signed_sha256"])),
    "update": lambda s: RECORDS.filter(pk=s.pk).update(note="Changed"),
    "update of many": lambda s: RECORDS.all().update(needle_lot="OTHER"),
    "update by expression": lambda s: RECORDS.filter(pk=s.pk).update(version=F("version") + 1),
    "update or create": lambda s: RECORDS.update_or_create(pk=s.pk, defaults={"note": "Changed"}),
    "bulk update": _bulk_update,
    "upsert": _upsert,
    "delete": lambda s: s.delete(),
    "raw delete": lambda s: RECORDS.filter(pk=s.pk)._raw_delete(RECORDS.db),
    "another signer": lambda s: RECORDS.filter(pk=s.pk).update(signed_by=None, status="draft"),
    "content and hash together": lambda s: RECORDS.filter(pk=s.pk).update(signed_content="{}", signed_sha256=sha256("{}")),
    "a depth": lambda s: ZONES.filter(session=s).update(done_depth_mm="0.25"),
    "a zone away": lambda s: ZONES.filter(session=s).delete(),
    "a zone more": lambda s: _one_more(ZONES.filter(session=s)[0], zone="chin", position=9),
    "a lot": lambda s: USED.filter(session=s).update(number="OTHER"),
    "a lot away": lambda s: USED.filter(session=s).delete(),
    "a lot more": lambda s: _one_more(USED.filter(session=s)[0], place="adj-more"),
    "a correction": lambda s: ADDED.filter(session=s).update(text="Changed"),
    "a correction away": lambda s: ADDED.filter(session=s).delete(),
    "sql update": _sql("UPDATE treatment_sessions_treatmentsession SET note = 'Changed' WHERE id = {pk}"),
    "sql delete": _sql("DELETE FROM treatment_sessions_treatmentsession WHERE id = {pk}"),
    "sql of a zone": _sql("UPDATE treatment_sessions_sessionzone SET passes = 1 WHERE session_id = {pk}"),
}


def _one_more(row, **fields):
    row.pk, row._state.adding = None, True
    for name, value in fields.items():
        setattr(row, name, value)
    row.save(force_insert=True)


@both
@pytest.mark.parametrize("way", WAYS)
def test_no_way_past_the_pages_changes_it(session, way):
    before = as_it_stands(session.pk)
    with pytest.raises(DatabaseError), transaction.atomic():
        WAYS[way](TreatmentSession.objects.get(pk=session.pk))
    assert_unchanged(session, before)


@both
@pytest.mark.parametrize(
    "way", ["save", "update", "bulk update", "upsert", "a depth", "a zone away", "a lot", "a correction", "sql update"]
)
def test_without_the_guards_it_would_be_changed_and_seen(session, way):
    """The control: what refuses is the guard, and the comparison sees a change."""
    before = as_it_stands(session.pk)
    with guards.suspended(*LOCKED):
        WAYS[way](TreatmentSession.objects.get(pk=session.pk))
        assert as_it_stands(session.pk) != before


@both
@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="a statement of SQLite's own")
@pytest.mark.parametrize("statement", [
    "INSERT OR REPLACE INTO treatment_sessions_treatmentsession SELECT * FROM treatment_sessions_treatmentsession WHERE id = {pk}",
    "UPDATE OR REPLACE treatment_sessions_treatmentsession SET note = 'Changed' WHERE id = {pk}",
])  # fmt: skip
def test_nothing_is_pushed_out_and_put_back(session, statement):
    before = as_it_stands(session.pk)
    with pytest.raises(DatabaseError), transaction.atomic():
        _sql(statement)(session)
    assert_unchanged(session, before)


@both
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has no TRUNCATE")
@pytest.mark.parametrize("table", ["treatmentsession", "sessionzone", "usedlot", "sessioncorrection"])
def test_no_table_is_emptied(session, table):
    before = as_it_stands(session.pk)
    with pytest.raises(DatabaseError), transaction.atomic():
        _sql(f"TRUNCATE treatment_sessions_{table} CASCADE")(session)
    assert_unchanged(session, before)
