"""
The floor: a Django application in one file, with hand-written SQL, that does the same tasks: it signs people in with the web
session, checks role and site, reads the same tables, writes the same log row, and puts the same facts on a page through
Django's own templates. It leaves out everything else: layers, forms, translations, header registry, icons, guards of its own.
"""

# ruff: noqa: S608, E501 - statements and pages by hand, as they read best; only placeholders and our own names are put into SQL
import datetime as dt
import functools
import json
import uuid
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction
from django.http import HttpResponse
from django.middleware.csrf import get_token
from django.template import Context, Engine
from django.urls import path
from django.utils import timezone

from audit.models import AuditEvent
from audit.rows import sign
from sessions.models import Booking, Hold

_LOG = (
    "INSERT INTO audit_auditevent (at, actor_id, actor_name, action, outcome, patient_pk, object_type, object_pk, detail, path, signature) "
    "VALUES (%s, %s, %s, %s, 'done', %s, %s, %s, %s, %s, %s)"
)


def log(cursor, user_id: int, action: str, patient: int | None, path: str) -> None:
    row = AuditEvent(at=dt.datetime.now(dt.UTC), actor_id=user_id, actor_name="bench", action=action, patient_pk=patient, path=path)
    sign([row])  # one that is not signed is found, and the clinic goes read-only
    cursor.execute(_LOG, [row.at, user_id, "bench", action, patient, "", "", json.dumps({}), path, row.signature])


def _sites(cursor, user) -> list[int]:
    if not user.is_authenticated or user.role not in ("clinician", "front_desk", "medical_lead", "manager"):
        raise PermissionError
    cursor.execute("SELECT site_id FROM accounts_user_sites WHERE user_id = %s", [user.pk])
    return [row[0] for row in cursor.fetchall()]


def _rows(cursor, sql: str, values: list) -> list[dict]:
    cursor.execute(sql, values)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _marks(values) -> str:
    return ", ".join(["%s"] * len(values))


def _moment(value) -> dt.datetime:
    """SQLite gives moments as text or without their zone; they are UTC."""
    value = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
    return value if value.tzinfo else value.replace(tzinfo=dt.UTC)


def _clock(value, zone: ZoneInfo) -> str:
    return f"{_moment(value).astimezone(zone):%H:%M}"


_HEAD = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{{ title }}</title><link rel="stylesheet" href="/static/c.css"></head>
<body><nav><a href="/today/">Today</a><a href="/day/">Calendar</a><a href="/search/">Patients</a></nav>
<header><form action="/search/"><input name="q" value="{{ q }}"></form>{{ user.first_name }} {{ user.last_name }}
<form method="post" action="/out/"><input type="hidden" name="csrfmiddlewaretoken" value="{{ token }}"><button>Sign out</button></form></header><main><h1>{{ title }}</h1>"""
_FOOT = "</main></body></html>"
_SEARCH = """<table><tr><th>Name<th>Born<th>No.<th>Phone</tr>{% for p in people %}
<tr><td><a href="/patient/{{ p.number }}/">{{ p.surname|upper }}, {{ p.given }}</a> {{ p.preferred_name }}<td>{{ p.born }} ({{ p.age }} y)<td>{{ p.number }}<td>{{ p.phone|default:"Not asked" }}</tr>{% endfor %}</table>"""
_PATIENT = """<dl><dt>Born<dd>{{ p.born }} ({{ p.age }} y)<dt>No.<dd>{{ p.number }}<dt>Phone<dd>{{ p.phone }}<dt>Email<dd>{{ p.email }}<dt>Address<dd>{{ p.address }}
<dt>Sex<dd>{{ p.sex }}<dt>Phototype<dd>{{ p.phototype }}<dt>Site<dd>{{ p.site }}<dt>Allergies<dd>{{ allergies }}<dt>Next booking<dd>{{ coming }}<dt>Consent<dd>{{ consent }}<dt>Watch for<dd>{{ watch }}{% if alike > 1 %}<dt>Today<dd>{{ alike }} with this name{% endif %}</dl>
{% for plan in plans %}<h2>Plan {{ plan.number }}</h2><p>{{ plan.zones }}. {{ plan.sessions_count }} sessions</p><ol>{% for step in plan.steps %}<li>{{ step }}{% endfor %}</ol>{% endfor %}
<ol>{% for e in entries %}<li>{{ e.when }} <a href="{{ e.url }}">{{ e.title }}</a> {{ e.facts }} {{ e.tag }}{% endfor %}</ol>"""
_TODAY = """<ul>{% for row in rows %}<li><time>{{ row.clock }}</time> <a href="/patient/{{ row.number }}/">{{ row.surname|upper }}, {{ row.given }}</a> {{ row.kind }} {{ row.clinician }} {{ row.room }} <b>{{ row.state }}</b>
{% for flag in row.flags %}<i>{{ flag }}</i>{% endfor %}<form method="post" action="/visit/{{ row.id }}/"><input type="hidden" name="csrfmiddlewaretoken" value="{{ token }}"><input type="hidden" name="version" value="{{ row.version }}"><button>{{ row.next }}</button></form>{% endfor %}</ul>
{% for pile in piles %}<h2>{{ pile.name }}</h2><ul>{% for row in pile.rows %}<li><a href="/patient/{{ row.number }}/">{{ row.surname|upper }}, {{ row.given }}</a>{% endfor %}</ul>{% endfor %}"""
_DAY = """{% for column in columns %}<section><h2>{{ column.name }}</h2><p>{{ column.booked }} booked</p><ol>{% for b in column.blocks %}<li class="{{ b.look }} at{{ b.at }} for{{ b.steps }}">{% if b.id %}<a href="/visit/{{ b.id }}/">{{ b.from }} {{ b.who }} {{ b.words }} {{ b.room }} {{ b.state }}</a>{% else %}{{ b.words }} {{ b.from }} to {{ b.to }}{% endif %}{% endfor %}</ol></section>{% endfor %}"""
_engine = Engine()


@functools.cache
def _template(body: str):
    return _engine.from_string(_HEAD + body + _FOOT)


def _page(request, title: str, body: str, **context) -> HttpResponse:
    found = {"title": title, "user": request.user, "token": get_token(request), **context}
    return HttpResponse(_template(body).render(Context(found)))


def _age(born: dt.date, day: dt.date) -> int:
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def _born(row: dict, day: dt.date) -> dict:
    value = row["birth_date"]
    born = dt.date.fromisoformat(value) if isinstance(value, str) else value
    return {**row, "born": f"{born:%d %b %Y}", "age": _age(born, day)}


def search_page(request):
    """Twenty people whose surname begins with what was typed."""
    text = request.GET["q"]
    with connection.cursor() as cursor:
        sites = _sites(cursor, request.user)
        found = _rows(
            cursor,
            "SELECT number, surname, given, preferred_name, birth_date, phone FROM patients_patient "
            f"WHERE surname_key >= %s AND surname_key < %s AND site_id IN ({_marks(sites)}) ORDER BY surname_key, given_key, id LIMIT 20",
            [text, f"{text}\U0010ffff", *sites],
        )
        log(cursor, request.user.pk, "patients.searched", None, request.path)
    day = timezone.localdate()
    return _page(request, "Patients", _SEARCH, q=text, people=[_born(row, day) for row in found])


def patient_page(request, number):
    """One patient: who, what to know, the course, and everything that happened."""
    zone, now = ZoneInfo(settings.CLINIC_TIME_ZONE), timezone.now()
    day = now.astimezone(zone).date()
    with connection.cursor() as cursor:
        sites = _sites(cursor, request.user)
        person = _rows(
            cursor,
            "SELECT p.*, s.name AS site FROM patients_patient p JOIN accounts_site s ON s.id = p.site_id WHERE p.number = %s",
            [number],
        )[0]
        if person["site_id"] not in sites:
            raise PermissionError
        pk = [person["id"]]
        allergies = _rows(cursor, "SELECT substance, reaction, year FROM patients_allergy WHERE patient_id = %s AND removed_at IS NULL", pk)
        visits = _rows(
            cursor,
            "SELECT b.id, b.kind, b.status, b.starts_at, b.plan_id, b.session_number, c.name AS clinician, t.id AS record, t.status AS state, "
            "t.reaction FROM treatment_sessions_booking b JOIN treatment_sessions_resource c ON c.id = b.clinician_id "
            "LEFT JOIN treatment_sessions_treatmentsession t ON t.booking_id = b.id WHERE b.patient_id = %s ORDER BY b.starts_at DESC",
            pk,
        )
        signed = _rows(
            cursor,
            "SELECT i.code, i.signed_at, x.status, w.said_by FROM consent_consentitem i JOIN consent_consent c ON c.id = i.consent_id "
            "JOIN consent_consenttext x ON x.id = i.text_id LEFT JOIN consent_consentwithdrawal w ON w.item_id = i.id WHERE c.patient_id = %s",
            pk,
        )
        done = _rows(
            cursor,
            "SELECT z.session_id, z.zone_label, z.done_depth_mm FROM treatment_sessions_sessionzone z JOIN treatment_sessions_treatmentsession t "
            "ON t.id = z.session_id WHERE t.patient_id = %s AND z.state = 'done' ORDER BY z.position",
            pk,
        )
        plans = _rows(
            cursor,
            "SELECT id, number, status, sessions_count, accepted_at FROM plans_treatmentplan WHERE patient_id = %s ORDER BY number",
            pk,
        )
        zones = _rows(
            cursor,
            "SELECT z.plan_id, z.zone_label, z.depth_mm FROM plans_planzone z JOIN plans_treatmentplan p ON p.id = z.plan_id WHERE p.patient_id = %s",
            pk,
        )
        talks = _rows(cursor, "SELECT id, status, started_at FROM plans_consultation WHERE patient_id = %s ORDER BY started_at DESC", pk)
        last = _rows(
            cursor,
            "SELECT proposal FROM plans_consultation WHERE patient_id = %s AND proposal <> '{}' ORDER BY started_at DESC LIMIT 1",
            pk,
        )
        sheets = _rows(
            cursor,
            "SELECT s.id, s.state, s.requested_at, s.variant FROM aftercare_sheet s JOIN treatment_sessions_treatmentsession t ON t.id = s.session_id WHERE t.patient_id = %s",
            pk,
        )
        start = dt.datetime.combine(day, dt.time.min, tzinfo=zone)
        cursor.execute(
            "SELECT COUNT(DISTINCT b.patient_id) FROM treatment_sessions_booking b JOIN patients_patient p ON p.id = b.patient_id "
            "WHERE b.starts_at >= %s AND b.starts_at < %s AND p.surname_key = %s AND b.status <> 'cancelled'",
            [start, start + dt.timedelta(days=1), person["surname_key"]],
        )
        alike = cursor.fetchone()[0]
        log(cursor, request.user.pk, "patient.viewed", person["id"], request.path)
    depths: dict[int, list[str]] = {}
    for row in done:
        depths.setdefault(row["session_id"], []).append(f"{row['zone_label']} {row['done_depth_mm']} mm")
    entries = []
    for row in visits:
        at = _moment(row["starts_at"]).astimezone(zone)
        facts = ", ".join(depths.get(row["record"], ())) or f"{at:%H:%M}, {row['clinician']}"
        entries.append(
            {
                "when": at,
                "title": f"{row['kind']} {row['session_number'] or ''}",
                "facts": facts,
                "tag": row["state"] or row["status"],
                "url": f"/visit/{row['id']}/",
            }
        )
    entries += [
        {
            "when": _moment(row["started_at"]).astimezone(zone),
            "title": "Consultation",
            "tag": row["status"],
            "url": f"/consultation/{row['id']}/",
        }
        for row in talks
    ]
    entries += [
        {
            "when": _moment(row["accepted_at"]).astimezone(zone),
            "title": f"Plan {row['number']}",
            "tag": row["status"],
            "url": f"/plan/{row['id']}/",
        }
        for row in plans
    ]
    entries += [
        {
            "when": _moment(row["requested_at"]).astimezone(zone),
            "title": f"Sheet {row['id']}",
            "facts": row["variant"],
            "tag": row["state"],
            "url": f"/sheet/{row['id']}/",
        }
        for row in sheets
    ]
    entries.sort(key=lambda entry: entry["when"], reverse=True)
    for entry in entries:
        entry["when"] = f"{entry['when']:%d %b %Y}"
    for plan in plans:
        plan["zones"] = ", ".join(f"{row['zone_label']} {row['depth_mm']} mm" for row in zones if row["plan_id"] == plan["id"])
        taken = {
            row["session_number"]: row for row in visits if row["plan_id"] == plan["id"] and row["status"] not in ("cancelled", "missed")
        }
        plan["steps"] = [taken[n]["status"] if n in taken else "to book" for n in range(1, plan["sessions_count"] + 1)]
    coming = [row for row in visits if _moment(row["starts_at"]) > now and row["status"] == "booked"]
    proposal = last[0]["proposal"] if last else {}
    proposal = json.loads(proposal) if isinstance(proposal, str) else proposal
    return _page(
        request,
        f"{person['surname'].upper()}, {person['given']}",
        _PATIENT,
        p=_born(person, day),
        allergies=", ".join(row["substance"] for row in allergies),
        coming=f"{_moment(coming[-1]['starts_at']).astimezone(zone):%d %b %Y, %H:%M}" if coming else "None booked",
        consent=", ".join(f"{row['code']} {_moment(row['signed_at']):%d %b %Y}{row['said_by'] or ''}" for row in signed) or "Not asked",
        watch=", ".join(finding["label"] for finding in proposal.get("findings", []) if finding["action"] == "caution"),
        alike=alike,
        plans=plans,
        entries=entries,
    )


_VISITS = (
    "SELECT b.id, b.version, b.starts_at, b.ends_at, b.kind, b.status, b.session_number, b.arrived_at, b.patient_id, b.room_id, p.surname, p.given, p.number, "
    "p.surname_key, c.name AS clinician, b.clinician_id, r.name AS room, pl.sessions_count, pl.status AS plan_status, t.status AS record FROM treatment_sessions_booking b "
    "JOIN patients_patient p ON p.id = b.patient_id JOIN treatment_sessions_resource c ON c.id = b.clinician_id "
    "LEFT JOIN treatment_sessions_resource r ON r.id = b.room_id LEFT JOIN plans_treatmentplan pl ON pl.id = b.plan_id "
    "LEFT JOIN treatment_sessions_treatmentsession t ON t.booking_id = b.id "
)
_PILES = (
    ("Records to sign", "SELECT p.number, p.surname, p.given FROM treatment_sessions_treatmentsession t JOIN patients_patient p ON p.id = t.patient_id WHERE t.status = 'draft'", ("clinician", "medical_lead")),
    ("Consultations", "SELECT p.number, p.surname, p.given FROM plans_consultation c JOIN patients_patient p ON p.id = c.patient_id WHERE c.status = 'open'", ("clinician", "medical_lead")),
    (
        "Plans to place",
        "SELECT p.number, p.surname, p.given FROM plans_treatmentplan l JOIN patients_patient p ON p.id = l.patient_id WHERE l.status = 'accepted' AND l.sessions_count > "
        "(SELECT COUNT(*) FROM treatment_sessions_booking b WHERE b.plan_id = l.id AND b.kind = 'session' AND b.status IN ('booked', 'arrived', 'in_room', 'done'))",
        (),
    ),
    (
        "Courses past their longest wait",
        "SELECT p.number, p.surname, p.given, l.interval_weeks_max, (SELECT MAX(b.starts_at) FROM treatment_sessions_booking b WHERE b.plan_id = l.id AND b.status = 'done') AS last "
        "FROM plans_treatmentplan l JOIN patients_patient p ON p.id = l.patient_id WHERE l.status = 'accepted' "
        "AND NOT EXISTS (SELECT 1 FROM treatment_sessions_booking b WHERE b.plan_id = l.id AND b.status = 'booked')",
        (),
    ),
    (
        "Visits without anybody",
        "SELECT p.number, p.surname, p.given FROM treatment_sessions_booking b JOIN treatment_sessions_resource c ON c.id = b.clinician_id "
        "JOIN patients_patient p ON p.id = b.patient_id WHERE b.status = 'booked' AND NOT c.is_active",
        (),
    ),
    (
        "Sheets failed",
        "SELECT p.number, p.surname, p.given FROM aftercare_sheet s JOIN treatment_sessions_treatmentsession t ON t.id = s.session_id JOIN patients_patient p ON p.id = t.patient_id WHERE s.state = 'failed'",
        ("clinician", "front_desk", "medical_lead"),
    ),
    (
        "Consents to renew before a visit",
        "SELECT p.number, p.surname, p.given FROM (SELECT DISTINCT c.patient_id FROM consent_consentitem i JOIN consent_consent c ON c.id = i.consent_id "
        "JOIN consent_consenttext x ON x.id = i.text_id LEFT JOIN consent_consentwithdrawal w ON w.item_id = i.id WHERE (x.status = 'retired' OR w.id IS NOT NULL) "
        "AND EXISTS (SELECT 1 FROM treatment_sessions_booking b WHERE b.patient_id = c.patient_id AND b.kind = 'session' AND b.plan_id IS NOT NULL "
        "AND b.status IN ('booked', 'arrived', 'in_room') AND b.ends_at > CURRENT_TIMESTAMP) AND NOT EXISTS (SELECT 1 FROM consent_consentitem n "
        "JOIN consent_consent o ON o.id = n.consent_id WHERE o.patient_id = c.patient_id AND n.kind = i.kind AND n.code = i.code AND n.signed_at > i.signed_at)) q "
        "JOIN patients_patient p ON p.id = q.patient_id WHERE p.number IS NOT NULL",
        ("clinician", "front_desk", "medical_lead"),
    ),
    (
        "People to reach about a recall",
        "SELECT DISTINCT p.number, p.surname, p.given, l.number AS lot FROM clinic_recall r JOIN treatment_sessions_lot l ON l.id = r.lot_id "
        "JOIN treatment_sessions_usedlot u ON u.key = l.key AND (l.product_id IS NULL OR u.product_id IS NULL OR u.product_id = l.product_id) "
        "JOIN treatment_sessions_treatmentsession t ON t.id = u.session_id JOIN patients_patient p ON p.id = t.patient_id WHERE r.lifted_at IS NULL AND t.status <> 'closed' "
        "AND NOT EXISTS (SELECT 1 FROM clinic_recallcontact k WHERE k.recall_id = r.id AND k.patient_id = p.id AND k.status IN ('reached', 'letter'))",
        ("clinician", "medical_lead", "manager"),
    ),
    (
        "Answers to go through",
        "SELECT p.number, p.surname, p.given, r.sent_at FROM intake_questionnaireresponse r JOIN patients_patient p ON p.id = r.patient_id WHERE r.status = 'completed'",
        ("clinician", "medical_lead"),
    ),
    (
        "Calls that wait for a clinician",
        "SELECT p.number, p.surname, p.given, f.level, f.answer_by FROM events_followupcall f JOIN patients_patient p ON p.id = f.patient_id "
        "WHERE f.level <> '' AND f.level <> 'normal' AND NOT EXISTS (SELECT 1 FROM events_callacknowledgement a WHERE a.call_id = f.id)",
        ("clinician", "front_desk", "medical_lead"),
    ),
)  # fmt: skip
_CALLS_OF_DAYS = 12  # the protocol's last call, and how long one stays on the list


def _calls(cursor, sites: list[int], now: dt.datetime) -> list[dict]:
    """The sessions of the last days with their deepest zone, and which of them were called."""
    return _rows(
        cursor,
        "SELECT b.id, b.status, b.starts_at, b.session_number, p.number, p.surname, p.given, p.phone, c.name AS clinician, t.status AS record, t.started_at, "
        "(SELECT MAX(z.done_depth_mm) FROM treatment_sessions_sessionzone z WHERE z.session_id = t.id AND z.state = 'done') AS done_mm, "
        "(SELECT MAX(q.depth_mm) FROM plans_planzone q WHERE q.plan_id = b.plan_id) AS planned_mm, f.check_in, f.outcome "
        "FROM treatment_sessions_booking b JOIN patients_patient p ON p.id = b.patient_id JOIN treatment_sessions_resource c ON c.id = b.clinician_id "
        "LEFT JOIN treatment_sessions_treatmentsession t ON t.booking_id = b.id LEFT JOIN events_followupcall f ON f.session_id = t.id "
        f"WHERE b.kind = 'session' AND b.status IN ('booked', 'arrived', 'in_room', 'done') AND b.starts_at >= %s AND b.starts_at < %s AND b.site_id IN ({_marks(sites)})",
        [now - dt.timedelta(days=_CALLS_OF_DAYS + 1), now + dt.timedelta(days=1), *sites],
    )


def _devices(cursor, sites: list[int], now: dt.datetime) -> list[dict]:
    """The devices in service with when each was last used, cleaned and served."""
    newest = (
        "(SELECT {} FROM treatment_sessions_devicelog g WHERE g.device_id = d.id AND g.what = '{}' ORDER BY g.done_at DESC LIMIT 1) AS {}"
    )
    rows = _rows(
        cursor,
        f"SELECT d.id, d.name, {newest.format('g.done_at', 'cleaned', 'cleaned_at')}, {newest.format('g.next_due', 'serviced', 'next_due')}, "
        "(SELECT MAX(t.started_at) FROM treatment_sessions_treatmentsession t WHERE t.device_id = d.id) AS used_at "
        "FROM treatment_sessions_resource d LEFT JOIN treatment_sessions_devicefile f ON f.device_id = d.id "
        f"WHERE d.kind = 'device' AND d.is_active AND d.site_id IN ({_marks(sites)}) ORDER BY d.name",
        sites,
    )
    soon = (now + dt.timedelta(days=14)).date().isoformat()
    return [
        row
        for row in rows
        if (row["used_at"] and (not row["cleaned_at"] or row["cleaned_at"] < row["used_at"]))
        or (row["next_due"] and str(row["next_due"]) < soon)
    ]


def _title(row: dict) -> str:
    if row["session_number"] and row["sessions_count"]:
        return f"{row['kind'].capitalize()} {row['session_number']} of {row['sessions_count']}"
    return row["kind"].capitalize()


def _due(cursor, people: list[int]) -> dict[int, int]:
    """What was said of each patient's health, the newest answer to each question and the medicines: how many there are."""
    said: dict[int, dict[str, dict]] = {}
    for row in _rows(cursor, f"SELECT * FROM patients_screeninganswer WHERE patient_id IN ({_marks(people)}) ORDER BY id", people):
        said.setdefault(row["patient_id"], {})[row["question"]] = row
    for row in _rows(cursor, f"SELECT * FROM patients_medication WHERE removed_at IS NULL AND patient_id IN ({_marks(people)})", people):
        said.setdefault(row["patient_id"], {})[row["name"]] = row
    _rows(
        cursor, f"SELECT id, birth_date, sex, allergies_asked, medicines_asked FROM patients_patient WHERE id IN ({_marks(people)})", people
    )
    return {patient: len(rows) for patient, rows in said.items()}


def today_page(request):
    """The visits of the day with state, flags and the next step, and what is left to finish."""
    zone, now = ZoneInfo(settings.CLINIC_TIME_ZONE), timezone.now()
    start = dt.datetime.combine(now.astimezone(zone).date(), dt.time.min, tzinfo=zone)
    with connection.cursor() as cursor:
        sites = _sites(cursor, request.user)
        rows = _rows(
            cursor,
            f"{_VISITS} WHERE b.site_id IN ({_marks(sites)}) AND b.starts_at >= %s AND b.starts_at < %s AND b.status <> 'cancelled' ORDER BY b.starts_at, b.id",
            [*sites, start, start + dt.timedelta(days=1)],
        )
        people = sorted({row["patient_id"] for row in rows})
        allergies: dict[int, list[str]] = {}
        if people:
            for row in _rows(
                cursor,
                f"SELECT patient_id, substance FROM patients_allergy WHERE removed_at IS NULL AND patient_id IN ({_marks(people)})",
                people,
            ):
                allergies.setdefault(row["patient_id"], []).append(row["substance"])
        due = _due(cursor, people) if people else {}
        end = start + dt.timedelta(days=1)
        away = _rows(
            cursor,
            "SELECT resource_id, starts_at, ends_at, reason FROM treatment_sessions_absence WHERE starts_at < %s AND ends_at > %s",
            [end, start],
        )
        away += _rows(
            cursor,
            f"SELECT site_id, day, name FROM treatment_sessions_holiday WHERE day = %s AND site_id IN ({_marks(sites)})",
            [start.date(), *sites],
        )
        away += _rows(
            cursor,
            f"SELECT id, name FROM treatment_sessions_resource WHERE retired_on <= %s AND site_id IN ({_marks(sites)})",
            [start.date(), *sites],
        )
        piles = []
        for name, sql, roles in _PILES:
            if not roles or request.user.role in roles:
                found = _rows(cursor, f"{sql} AND p.site_id IN ({_marks(sites)}) LIMIT 7", sites)
                if found:
                    piles.append({"name": name, "rows": found[:6]})
        due_calls = [row for row in _calls(cursor, sites, now) if row["status"] == "done" and not row["outcome"]]
        if due_calls:
            piles.append({"name": "Follow-up calls to make", "rows": due_calls[:6]})
        if waiting := _devices(cursor, sites, now):
            piles.append(
                {
                    "name": "Devices to clean or have serviced",
                    "rows": [{"surname": row["name"], "given": "", "number": row["id"]} for row in waiting[:6]],
                }
            )
        log(cursor, request.user.pk, "today.viewed", None, request.path)
    names: dict[str, set[int]] = {}
    for row in rows:
        names.setdefault(row["surname_key"], set()).add(row["patient_id"])
    for row in rows:
        row["clock"], row["kind"] = _clock(row["starts_at"], zone), _title(row)
        row["flags"] = allergies.get(row["patient_id"], [])
        if row["patient_id"] in due:
            row["flags"] = [*row["flags"], f"{due[row['patient_id']]} answers on file"]
        if (alike := len(names[row["surname_key"]])) > 1:
            row["flags"] = [*row["flags"], f"{alike} with this name today"]
        late = row["status"] == "booked" and _moment(row["starts_at"]) < now
        row["state"] = (
            "Late"
            if late
            else f"Here {_clock(row['arrived_at'], zone)}"
            if row["status"] == "arrived" and row["arrived_at"]
            else row["status"]
        )
        row["next"] = {"booked": "Arrived", "arrived": "Start"}.get(row["status"], "Open")
    return _page(request, "Today", _TODAY, rows=rows, piles=piles)


def day_page(request):
    """The day by people: who is where when, what is free, what is closed."""
    zone, now = ZoneInfo(settings.CLINIC_TIME_ZONE), timezone.now()
    day = now.astimezone(zone).date()
    start = dt.datetime.combine(day, dt.time.min, tzinfo=zone)
    end = start + dt.timedelta(days=1)
    with connection.cursor() as cursor:
        site = _sites(cursor, request.user)[:1]
        columns = _rows(
            cursor,
            "SELECT id, name FROM treatment_sessions_resource WHERE site_id = %s AND kind = 'clinician' AND is_active ORDER BY name",
            site,
        )
        opening = _rows(
            cursor,
            "SELECT h.resource_id, h.opens, h.closes FROM treatment_sessions_resourcehours h JOIN treatment_sessions_resource r ON r.id = h.resource_id WHERE r.site_id = %s AND h.weekday = %s",
            [*site, day.weekday()],
        )
        away = _rows(
            cursor,
            "SELECT resource_id, starts_at, ends_at, reason FROM treatment_sessions_absence WHERE starts_at < %s AND ends_at > %s",
            [end, start],
        )
        rows = _rows(
            cursor,
            f"{_VISITS} WHERE b.site_id = %s AND b.starts_at >= %s AND b.starts_at < %s ORDER BY b.starts_at, b.id",
            [*site, start, end],
        )
        visits = {row["id"]: row for row in rows}
        held = (
            _rows(
                cursor,
                f"SELECT booking_id, resource_id, segment, starts_at, ends_at FROM treatment_sessions_hold WHERE resource_id IS NOT NULL AND booking_id IN ({_marks(visits)}) ORDER BY starts_at",
                list(visits),
            )
            if visits
            else []
        )
        log(cursor, request.user.pk, "calendar.viewed", None, request.path)
    hours: dict[int, list[tuple[dt.datetime, dt.datetime]]] = {}
    for row in opening:
        opens, closes = (dt.time.fromisoformat(v) if isinstance(v, str) else v for v in (row["opens"], row["closes"]))
        hours.setdefault(row["resource_id"], []).append(
            (dt.datetime.combine(day, opens, tzinfo=zone), dt.datetime.combine(day, closes, tzinfo=zone))
        )
    blocks: dict[int, list[dict]] = {column["id"]: [] for column in columns}
    for hold in held:
        visit = visits[hold["booking_id"]]
        low, high = _moment(hold["starts_at"]).astimezone(zone), _moment(hold["ends_at"]).astimezone(zone)
        mine = hold["resource_id"] == visit["clinician_id"]
        if not mine and not (hold["resource_id"] == visit["room_id"] and hold["segment"] in ("numbing", "clean_down")):
            continue
        blocks[visit["clinician_id"]].append({
            "look": hold["segment"], "low": low, "high": high, "id": visit["id"] if hold["segment"] != "clean_down" else None, "mine": mine,
            "who": f"{visit['surname'].upper()}, {visit['given']}", "words": _title(visit), "room": visit["room"], "state": visit["status"],
        })  # fmt: skip
    for column in columns:
        mine = blocks[column["id"]]
        column["booked"] = sum(block["mine"] for block in mine)
        for row in away:
            if row["resource_id"] == column["id"]:
                mine.append(
                    {
                        "look": "closed",
                        "low": _moment(row["starts_at"]).astimezone(zone),
                        "high": _moment(row["ends_at"]).astimezone(zone),
                        "words": row["reason"],
                        "mine": True,
                    }
                )
        for opens, closes in hours.get(column["id"], ()):
            at = max(opens, now.astimezone(zone))
            for block in sorted((b for b in mine if b["mine"]), key=lambda b: b["low"]):
                if (block["low"] - at).total_seconds() >= 1800:
                    mine.append({"look": "free", "low": at, "high": block["low"], "words": "Free", "mine": False})
                at = max(at, block["high"])
            if (closes - at).total_seconds() >= 1800:
                mine.append({"look": "free", "low": at, "high": closes, "words": "Free", "mine": False})
        mine.sort(key=lambda block: block["low"])
        for block in mine:
            block["at"], block["steps"] = (
                int((block["low"] - start).total_seconds() // 300),
                int((block["high"] - block["low"]).total_seconds() // 300),
            )
            block["from"], block["to"] = f"{block['low']:%H:%M}", f"{block['high']:%H:%M}"
        column["blocks"] = mine
    return _page(request, f"{day:%a %d %b %Y}", _DAY, columns=columns)


def empty_page(request):
    """The page around every task: session, user, sites, log row, head, foot."""
    with connection.cursor() as cursor:
        _sites(cursor, request.user)
        log(cursor, request.user.pk, "patients.listed", None, request.path)
    return _page(request, "Nothing", "")


def free_places(site: int, first_day: dt.date, days: int, zone: ZoneInfo, parts: dict[str, list[tuple[int, int]]]) -> list[tuple]:
    """
    Every quarter of the clock at which a clinician, a room and (where needed) a device are free for a visit. *parts*: for each
    kind of resource the minutes from the start it is needed.
    """
    start = dt.datetime.combine(first_day, dt.time.min, tzinfo=zone)
    end = start + dt.timedelta(days=days + 1)
    with connection.cursor() as cursor:
        resources = _rows(
            cursor, "SELECT id, kind FROM treatment_sessions_resource WHERE site_id = %s AND is_active ORDER BY kind, name", [site]
        )
        hours = _rows(
            cursor,
            "SELECT h.resource_id, h.weekday, h.opens, h.closes FROM treatment_sessions_resourcehours h JOIN treatment_sessions_resource r ON r.id = h.resource_id WHERE r.site_id = %s",
            [site],
        )
        subjects = [f"r{row['id']}" for row in resources]
        taken = _rows(
            cursor,
            f"SELECT resource_id, starts_at, ends_at FROM treatment_sessions_hold WHERE is_live AND subject IN ({_marks(subjects)}) AND starts_at < %s AND ends_at > %s",
            [*subjects, end, start],
        )
        taken += _rows(
            cursor,
            "SELECT resource_id, starts_at, ends_at FROM treatment_sessions_absence WHERE starts_at < %s AND ends_at > %s",
            [end, start],
        )
    busy: dict[tuple[int, dt.date], list[tuple[int, int]]] = {}
    for row in taken:
        low, high = _moment(row["starts_at"]).astimezone(zone), _moment(row["ends_at"]).astimezone(zone)
        day = max(low.date(), first_day)
        while day <= min(high.date(), end.date()):
            midnight = dt.datetime.combine(day, dt.time.min, tzinfo=zone)
            span = (int((low - midnight).total_seconds()) // 60, int((high - midnight).total_seconds()) // 60)
            busy.setdefault((row["resource_id"], day), []).append(span)
            day += dt.timedelta(days=1)
    opening: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for row in hours:
        opens, closes = (dt.time.fromisoformat(v) if isinstance(v, str) else v for v in (row["opens"], row["closes"]))
        opening.setdefault((row["resource_id"], row["weekday"]), []).append(
            (opens.hour * 60 + opens.minute, closes.hour * 60 + closes.minute)
        )
    kinds = {kind: [row["id"] for row in resources if row["kind"] == kind] for kind in parts}
    found = []
    for day in (first_day + dt.timedelta(days=number) for number in range(days)):
        for minute in range(0, 24 * 60, 15):
            chosen = []
            for kind, needed in parts.items():
                fit = next(
                    (
                        pk
                        for pk in kinds[kind]
                        if all(
                            any(lo <= minute + a and minute + b <= hi for lo, hi in opening.get((pk, day.weekday()), ())) for a, b in needed
                        )
                        and not any(lo < minute + b and hi > minute + a for lo, hi in busy.get((pk, day), ()) for a, b in needed)
                    ),
                    None,
                )
                if fit is None:
                    break
                chosen.append(fit)
            else:
                found.append((day, minute, *chosen))
    return found


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
    return f"INSERT INTO {model._meta.db_table} ({names}) VALUES ({marks}) RETURNING id"


# The application around the views: web session, user, and protection of forms. Nothing else.


class OnlyTheseAddresses:
    """Middleware: requests of the floor's own client are answered from this file."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.urlconf = __name__
        return self.get_response(request)


MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    f"{__name__}.OnlyTheseAddresses",
]


urlpatterns = [
    path("", empty_page),
    path("search/", search_page),
    path("patient/<int:number>/", patient_page),
    path("today/", today_page),
    path("day/", day_page),
]
