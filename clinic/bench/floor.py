"""
The floor: the same tasks with hand-written SQL and strings, with nothing but what the task itself needs. It reads the same
tables, checks that the person is signed in and may, writes the same log row, and puts the same facts on a page.
"""

import datetime as dt
import json
import uuid
from html import escape

from django.db import connection, transaction
from django.http import HttpResponse
from django.urls import path
from django.utils import timezone

from sessions.models import Booking, Hold

_LOG = (
    "INSERT INTO audit_auditevent (at, actor_id, actor_name, action, outcome, patient_pk, object_type, object_pk, detail, path) "
    "VALUES (%s, %s, %s, %s, 'done', %s, %s, %s, %s, %s)"
)


def log(cursor, user_id: int, action: str, patient: int | None, path: str) -> None:
    cursor.execute(_LOG, [dt.datetime.now(dt.UTC), user_id, "bench", action, patient, "", "", json.dumps({}), path])


def _may(cursor, user_id: int) -> list[int]:
    cursor.execute("SELECT role, is_active FROM accounts_user WHERE id = %s", [user_id])
    role, active = cursor.fetchone()
    if not active or role not in ("clinician", "front_desk", "medical_lead", "manager"):
        raise PermissionError
    cursor.execute("SELECT site_id FROM accounts_user_sites WHERE user_id = %s", [user_id])
    return [row[0] for row in cursor.fetchall()]


def _page(title: str, body: str) -> bytes:
    return f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(title)}</title><main>{body}</main></html>".encode()


def search(user_id: int, text: str) -> bytes:
    """Twenty people whose surname begins with *text*."""
    with connection.cursor() as cursor:
        sites = _may(cursor, user_id)
        marks = ", ".join(["%s"] * len(sites))
        cursor.execute(
            "SELECT number, surname, given, birth_date, phone FROM patients_patient "  # noqa: S608 - only placeholders are put in
            f"WHERE surname_key >= %s AND surname_key < %s AND site_id IN ({marks}) ORDER BY surname_key, given_key, id LIMIT 20",
            [text, f"{text}\U0010ffff", *sites],
        )
        rows = cursor.fetchall()
        log(cursor, user_id, "patients.searched", None, "/patients/")
    cells = (
        f"<tr><td><a href='/patients/{number}/'>{escape(surname)}, {escape(given)}</a><td>{born}<td>{number}<td>{escape(phone)}"
        for number, surname, given, born, phone in rows
    )
    return _page("Patients", f"<table>{''.join(cells)}</table>")


def patient(user_id: int, number: int) -> bytes:
    """One patient with history, plans, bookings and signed sessions."""
    with connection.cursor() as cursor:
        sites = _may(cursor, user_id)
        cursor.execute("SELECT * FROM patients_patient WHERE number = %s", [number])
        names = [column[0] for column in cursor.description]
        row = dict(zip(names, cursor.fetchone(), strict=True))
        if row["site_id"] not in sites:
            raise PermissionError
        parts = []
        for table, order in (
            ("patients_allergy", "id"),
            ("patients_medication", "id"),
            ("patients_procedure", "performed_on"),
            ("plans_treatmentplan", "number"),
            ("treatment_sessions_booking", "starts_at"),
            ("treatment_sessions_treatmentsession", "started_at"),
        ):
            cursor.execute(f"SELECT * FROM {table} WHERE patient_id = %s ORDER BY {order}", [row["id"]])  # noqa: S608 - fixed names
            parts += [f"<li>{escape(str(found[1]))} {escape(str(found[2]))} {escape(str(found[3]))}" for found in cursor.fetchall()]
        log(cursor, user_id, "patient.viewed", row["id"], f"/patients/{number}/")
    facts = "".join(f"<dt>{name}<dd>{escape(str(row[name]))}" for name in ("surname", "given", "birth_date", "sex", "phone", "phototype"))
    return _page(row["surname"], f"<dl>{facts}</dl><ul>{''.join(parts)}</ul>")


def today(user_id: int, start: dt.datetime, end: dt.datetime) -> bytes:
    """The visits of one day, with who and where."""
    with connection.cursor() as cursor:
        sites = _may(cursor, user_id)
        marks = ", ".join(["%s"] * len(sites))
        cursor.execute(
            "SELECT b.starts_at, b.kind, b.status, p.surname, p.given, p.number, c.name, r.name FROM treatment_sessions_booking b "  # noqa: S608
            "JOIN patients_patient p ON p.id = b.patient_id JOIN treatment_sessions_resource c ON c.id = b.clinician_id "
            f"LEFT JOIN treatment_sessions_resource r ON r.id = b.room_id WHERE b.site_id IN ({marks}) AND b.starts_at >= %s "
            "AND b.starts_at < %s ORDER BY b.starts_at, b.id",
            [*sites, start, end],
        )
        rows = cursor.fetchall()
        log(cursor, user_id, "today.viewed", None, "/today/")
    cells = (
        f"<tr><td>{at}<td><a href='/patients/{number}/'>{escape(surname)}, {escape(given)}</a><td>{kind}<td>{status}<td>{who}<td>{where}"
        for at, kind, status, surname, given, number, who, where in rows
    )
    return _page("Today", f"<table>{''.join(cells)}</table>")


def book(patient: int, site: int, clinician: int, room: int, starts_at: dt.datetime, ends_at: dt.datetime, user_id: int) -> None:
    """One visit with what it holds and its log row, in one transaction; the database's own guard stands."""
    with transaction.atomic(), connection.cursor() as cursor:
        now = dt.datetime.now(dt.UTC)
        booking = Booking(
            patient_id=patient, site_id=site, kind="consultation", starts_at=starts_at, ends_at=ends_at, clinician_id=clinician,
            room_id=room, created_by_id=user_id, request_key=uuid.uuid4().hex, created_at=now,
        )  # fmt: skip
        columns = [field for field in Booking._meta.concrete_fields if not field.primary_key]
        values = [field.get_db_prep_save(getattr(booking, field.attname), connection) for field in columns]
        cursor.execute(_insert(Booking, columns), values)
        booking_id = cursor.fetchone()[0]
        for subject, resource, person in ((f"r{clinician}", clinician, None), (f"r{room}", room, None), (f"p{patient}", None, patient)):
            hold = Hold(
                booking_id=booking_id, resource_id=resource, patient_id=person, subject=subject, starts_at=starts_at, ends_at=ends_at
            )
            columns = [field for field in Hold._meta.concrete_fields if not field.primary_key]
            cursor.execute(_insert(Hold, columns), [field.get_db_prep_save(getattr(hold, field.attname), connection) for field in columns])
        log(cursor, user_id, "booking.made", patient, "")


def _insert(model, columns) -> str:
    names, marks = ", ".join(field.column for field in columns), ", ".join(["%s"] * len(columns))
    return f"INSERT INTO {model._meta.db_table} ({names}) VALUES ({marks}) RETURNING id"  # noqa: S608 - names of our own tables


# The same, as the smallest Django application that signs people in: web session, user, view. Nothing else.


class OnlyTheseAddresses:
    """Middleware: requests of the floor's own client are answered from this file."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.urlconf = __name__
        return self.get_response(request)


MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    f"{__name__}.OnlyTheseAddresses",
]


def search_page(request):
    return HttpResponse(search(request.user.pk, request.GET["q"]))


def patient_page(request, number):
    return HttpResponse(patient(request.user.pk, number))


def today_page(request):
    start = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    return HttpResponse(today(request.user.pk, start, start + dt.timedelta(days=1)))


urlpatterns = [path("search/", search_page), path("patient/<int:number>/", patient_page), path("today/", today_page)]
