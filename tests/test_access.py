"""
Who may open what: every address of the clinic by every role and by nobody, in one table.

A new address fails here until it has its row. A row says what an allowed person gets: `PAGE` (200), or for a form sent
empty any answer of the form itself (`FORM`): never 403, 404 or a fault. Whoever is not allowed gets 403, nobody is led
to sign in, and somebody of another site gets 404 for whatever belongs to a patient.
"""

import datetime as dt
import re
from dataclasses import dataclass

import pytest
from django.db import transaction
from django.urls import URLPattern, get_resolver, reverse
from django.utils import timezone

from accounts.permissions import Role

pytestmark = pytest.mark.django_db

PAGE = frozenset({200})
FORM = frozenset({200, 204, 302, 409, 422})
GO = frozenset({302})
CLINICIAN, DESK, LEAD, MANAGER = Role.CLINICIAN, Role.FRONT_DESK, Role.MEDICAL_LEAD, Role.MANAGER
ALL = frozenset(Role)
CLINICAL = frozenset({CLINICIAN, LEAD})
SHEETS = frozenset({CLINICIAN, DESK, LEAD})


@dataclass(frozen=True)
class Row:
    """*args*: names of what stands in the world below, for the address. *of_patient*: belongs to a patient of one site."""

    roles: frozenset = ALL
    method: str = "get"
    gives: frozenset = PAGE
    args: tuple[str, ...] = ()
    of_patient: bool = True
    public: bool = False


def _general(roles=ALL, **fields):
    return Row(roles, of_patient=False, **fields)


def _sent(roles, *args, **fields):
    return Row(roles, method="post", gives=FORM, args=args, **fields)


TABLE = {
    "clinic:home": _general(gives=GO),
    "clinic:today": _general(),
    "clinic:find": _general(),
    "clinic:health": _general(public=True, gives=frozenset({200, 503})),  # 503 where the broker is away, as in this test
    "accounts:sign_in": _general(public=True, gives=PAGE | GO),
    "accounts:sign_out": _general(public=True, method="post", gives=GO),
    "patients:list": _general(),
    "patients:register": _general(),
    "patients:detail": Row(ALL, args=("number",)),
    "patients:edit": Row(ALL, args=("number",)),
    "patients:details": Row(CLINICAL, args=("number",)),
    "patients:add_allergy": _sent(CLINICAL, "number"),
    "patients:add_medicine": _sent(CLINICAL, "number"),
    "patients:stop_medicine": _sent(CLINICAL, "number", "medicine"),
    "patients:add_procedure": _sent(CLINICAL, "number"),
    "patients:none_known": _sent(CLINICAL, "number", "allergies"),
    "patients:take_back": _sent(CLINICAL, "number", "allergy", "allergy_pk"),
    "protocols:list": _general(),
    "protocols:version": _general(args=("version",)),
    "protocols:indication": _general(args=("version", "indication")),
    "plans:consult_start": _sent(CLINICAL, "number"),
    "plans:consultation": Row(CLINICAL, args=("number", "consultation")),
    "plans:accept": _sent(CLINICAL, "number", "consultation"),
    "plans:close": _sent(CLINICAL, "number", "consultation"),
    "plans:plan": Row(CLINICAL, args=("number", "plan_number")),
    "sessions:day": _general(gives=PAGE | GO),
    "sessions:day_on": _general(args=("day",)),
    "sessions:book": _general(),
    "sessions:free_times": _general(method="post", gives=FORM),
    "sessions:booking": Row(ALL, args=("booking",)),
    "sessions:move": _sent(ALL, "booking"),
    "sessions:cancel": _sent(ALL, "booking"),
    "sessions:arrive": _sent(ALL, "booking"),
    "sessions:step": _sent(ALL, "booking", "step"),
    "sessions:book_course": Row(ALL, args=("number", "plan_number")),
    "sessions:record_start": _sent(CLINICAL, "booking"),
    "sessions:record": Row(CLINICAL, args=("record",)),
    "sessions:sign": _sent(CLINICAL, "record"),
    "sessions:correct": _sent(CLINICAL, "record"),
    "sessions:record_answers": _sent(CLINICAL, "record"),
    "sessions:record_treats": _sent(CLINICAL, "record"),
    "sessions:record_close": _sent(CLINICAL, "record"),
    "aftercare:queue": _general(SHEETS),
    "aftercare:request": _sent(SHEETS, "record"),
    "aftercare:sheet": Row(SHEETS, args=("sheet",)),
    # The sheet of this world is still waiting: an allowed person gets an answer about that, never the 404 of a stranger.
    "aftercare:pdf": Row(SHEETS, args=("sheet",), gives=FORM),
}


def _names(patterns, prefix="") -> list[str]:
    found = []
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            found.append(f"{prefix}{pattern.name}")
        else:
            space = f"{pattern.namespace}:" if pattern.namespace else ""
            found += _names(pattern.url_patterns, prefix + space)
    return found


def _unlisted(patterns) -> set[str]:
    return set(_names(patterns)) ^ set(TABLE)


def test_every_address_has_its_row_and_every_row_its_address():
    assert _unlisted(get_resolver().url_patterns) == set()


def test_an_address_without_a_row_is_noticed():
    from django.urls import path

    extra = path("new/", lambda request: None, name="forgotten")
    assert _unlisted([*get_resolver().url_patterns, extra]) == {"forgotten"}


def test_every_view_names_its_permission():
    def views(patterns):
        for pattern in patterns:
            if isinstance(pattern, URLPattern):
                yield pattern
            else:
                yield from views(pattern.url_patterns)

    unmarked = [
        str(pattern.pattern) for pattern in views(get_resolver().url_patterns) if not hasattr(pattern.callback, "required_permission")
    ]
    assert unmarked == []


# One patient of one site, with one of everything


SURNAME, NUMBER = "Quillfeather", 48213


@pytest.fixture
def patient(site):
    """Named as no hint or example on a page is, so that the name on a page can only mean this patient."""
    from patients.models import Patient

    return Patient.objects.create(
        number=NUMBER,
        site=site,
        surname=SURNAME,
        given="Nadia",
        birth_date=dt.date(1991, 3, 4),
        sex="F",
        phone="020 7946 0200",
        phototype=3,
        surname_key=SURNAME.lower(),
        given_key="nadia",
    )


def _proposed(protocol) -> tuple[dict, dict]:
    """A case without any bar, and what the planner answers to it."""
    from planner.case import Case
    from planner.propose import propose
    from protocols.knowledge import knowledge_of

    case = {
        "visit_date": timezone.localdate().isoformat(),
        "patient": {"age": 35, "sex": "F", "phototype": 3},
        "pregnancy_or_breastfeeding": "none",
        "screening_default": False,
        "medications": [],
        "allergies": [],
        "requests": [{"indication": "acne_scars", "level": "grade_2", "zones": ["cheeks"], "morphology": "rolling"}],
        "devices": ["pen"],
    }
    proposal = propose(Case.parse(case), knowledge_of(protocol), on=timezone.localdate())
    return case, proposal.as_mapping()


@pytest.fixture
def world(site, clinician, patient, protocol):
    from aftercare.models import Sheet
    from patients.models import Allergy, Medication
    from plans.models import Consultation, PlanZone, TreatmentPlan
    from sessions.models import Booking, Hold, Resource, TreatmentSession

    now = timezone.now().replace(microsecond=0)
    who = Resource.objects.create(site=site, kind="clinician", name="Dr Amara Osei", user=clinician)
    case, proposal = _proposed(protocol)
    depth = proposal["zones"][0]["depth_mm"]
    consultation = _consultation(Consultation, patient, clinician, protocol, status="open")
    agreed = _consultation(Consultation, patient, clinician, protocol, status="planned")
    plan = TreatmentPlan.objects.create(
        patient=patient,
        consultation=agreed,
        number=1,
        protocol_version=protocol,
        planner_version="test",
        case=case,
        proposal=proposal,
        device_kind="pen",
        sessions_count=4,
        interval_weeks_min=4,
        interval_weeks_typical=4,
        interval_weeks_max=8,
        downtime_days_min=1,
        downtime_days_max=2,
        accepted_by=clinician,
        accepted_at=now,
    )
    PlanZone.objects.create(
        plan=plan,
        position=1,
        zone="cheeks",
        zone_label="Cheeks",
        indication="acne_scars",
        level="grade_2",
        depth_mm=str(depth["typical"]),
        proposed_depth_mm=str(depth["typical"]),
        min_depth_mm=str(depth["min"]),
        max_depth_mm=str(depth["max"]),
        passes_min=4,
        passes_typical=6,
        passes_max=10,
        endpoint="even redness",
    )
    bookings = [
        Booking.objects.create(
            site=site,
            patient=patient,
            plan=plan,
            kind="session",
            session_number=number,
            starts_at=now + dt.timedelta(days=28 * number),
            ends_at=now + dt.timedelta(days=28 * number, minutes=50),
            clinician=who,
            created_by=clinician,
            request_key=f"access-{number}",
        )
        for number in (1, 2)
    ]
    for booking in bookings:
        Hold.objects.create(
            booking=booking, resource=who, subject=f"r{who.pk}", segment="needling", starts_at=booking.starts_at, ends_at=booking.ends_at
        )
    record = TreatmentSession.objects.create(
        booking=bookings[0], patient=patient, plan=plan, session_number=1, clinician=clinician, started_at=now
    )
    return {
        "number": patient.number,
        "medicine": Medication.objects.create(patient=patient, name="paracetamol").pk,
        "allergy": "allergy",
        "allergies": "allergies",
        "allergy_pk": Allergy.objects.create(patient=patient, substance="nickel").pk,
        "version": protocol.version,
        "indication": "acne-scars",
        "consultation": consultation.pk,
        "plan_number": 1,
        "day": timezone.localdate().isoformat(),
        "booking": bookings[1].pk,
        "step": "missed",
        "record": record.pk,
        "sheet": Sheet.objects.create(session=record, record_version=1, variant="standard", requested_at=now).pk,
    }


def _consultation(model, patient, clinician, protocol, **fields):
    return model.objects.create(
        patient=patient,
        site=patient.site,
        clinician=clinician,
        visit_date=timezone.localdate(),
        protocol_version=protocol,
        **fields,
    )


@pytest.fixture
def ask(client, world):
    def ask(name):
        row = TABLE[name]
        address = reverse(name, args=[world[arg] for arg in row.args])
        return getattr(client, row.method)(address)

    return ask


@pytest.fixture
def stranger(make_user):
    """A medical lead, who may do everything, of another site."""
    from accounts.models import Site

    person = make_user("ada", Role.MEDICAL_LEAD, last_name="Stranger")
    person.sites.set([Site.objects.create(name="Birch Skin Clinic", slug="birch")])
    return person


@pytest.fixture
def floating(make_user):
    """A medical lead without any site."""
    person = make_user("floating", Role.MEDICAL_LEAD)
    person.sites.clear()
    return person


def _of_patients():
    return [name for name, row in TABLE.items() if row.of_patient]


@pytest.mark.parametrize("name", TABLE)
def test_each_role_gets_what_is_its_own_and_nobody_is_led_to_sign_in(client, ask, make_user, name):
    row = TABLE[name]
    wrong = {}
    for role in Role:
        client.force_login(make_user(f"somebody_{role}", role, last_name="Else"))
        with transaction.atomic():
            got = ask(name).status_code
            transaction.set_rollback(True)  # each role finds the world as it was
        if got not in (row.gives if role in row.roles else {403}):
            wrong[role] = got
    assert wrong == {}
    client.logout()
    response = ask(name)
    if row.public:
        assert response.status_code in row.gives
    else:
        assert response.status_code == 302
        assert response["Location"].startswith(f"{reverse('accounts:sign_in')}?next=")


@pytest.mark.parametrize("name", _of_patients())
def test_another_sites_patient_is_not_there(client, ask, stranger, floating, name):
    for person in (stranger, floating):
        client.force_login(person)
        response = ask(name)
        assert response.status_code == 404
        assert SURNAME not in response.content.decode()


@pytest.mark.parametrize("name", ["clinic:today", "patients:list", "sessions:day_on", "aftercare:queue"])
def test_lists_show_nothing_of_another_site(client, ask, stranger, name):
    client.force_login(stranger)
    page = ask(name).content.decode()
    assert SURNAME not in page
    assert str(NUMBER) not in page


@pytest.mark.parametrize("name", ["patients:list", "aftercare:queue"])
def test_the_same_lists_show_the_patient_to_the_own_site(client, ask, world, medical_lead, name):
    """The control: the page would show it."""
    client.force_login(medical_lead)
    client.get(reverse("patients:detail", args=[NUMBER]))
    assert SURNAME.lower() in ask(name).content.decode().lower()


@pytest.mark.parametrize("typed", [SURNAME, str(NUMBER), "020 7946 0200", "4 Mar 1991"])
def test_find_finds_nothing_of_another_site(client, world, stranger, medical_lead, typed):
    def found(person):
        client.force_login(person)
        response = client.get(reverse("clinic:find"), {"q": typed}, follow=True)
        page = response.content.decode().lower()
        # What was typed stands on the page again; the other half of what is known can only come from the record.
        return any(known in page for known in (SURNAME.lower(), str(NUMBER)) if known != typed.lower())

    assert not found(stranger)
    assert found(medical_lead)


@pytest.mark.parametrize(
    ("name", "arg"),
    [
        ("plans:consultation", "consultation"),
        ("plans:plan", "plan_number"),
        ("patients:stop_medicine", "medicine"),
        ("plans:close", "consultation"),
    ],
)
def test_a_child_is_only_found_below_its_own_parent(client, world, medical_lead, site, name, arg):
    """Somebody who sees both patients cannot reach the one's plan through the other's number."""
    from patients.models import Patient

    Patient.objects.create(number=20001, site=site, surname="Okafor", given="Chidi", birth_date=dt.date(1980, 1, 1))
    client.force_login(medical_lead)
    assert getattr(client, TABLE[name].method)(reverse(name, args=[20001, world[arg]])).status_code == 404


# What every answer carries


def _opened():
    return [name for name, row in TABLE.items() if row.method == "get"]


@pytest.mark.parametrize("name", _opened())
def test_signed_in_pages_are_kept_by_no_cache_framed_by_nobody_and_load_nothing_foreign(client, ask, medical_lead, name):
    client.force_login(medical_lead)
    response = ask(name)
    assert response["Cache-Control"] == "no-store"
    assert response["X-Content-Type-Options"] == "nosniff"
    if not response["Content-Type"].startswith("text/html"):
        return
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "same-origin"
    policy = dict(part.strip().partition(" ")[::2] for part in response["Content-Security-Policy"].split(";") if part.strip())
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["object-src"] == "'none'"
    assert policy["base-uri"] == "'none'"
    assert policy["style-src"] == "'self'"
    assert re.fullmatch(r"'self'( 'nonce-[^']+')?", policy["script-src"])
    assert "unsafe" not in response["Content-Security-Policy"]
    page = response.content.decode()
    assert re.findall(r"<[^>]+\sstyle=", page) == []
    assert re.findall(r"<[^>]+\son[a-z]+=", page) == []
    assert re.findall(r"<script(?![^>]*\ssrc=)[^>]*>", page) == []
    assert re.findall(r"<style", page) == []
    assert re.findall(r'<(?:script|link|img|iframe)[^>]+(?:src|href)="(?:https?:)?//', page) == []


def test_no_address_of_a_patient_carries_a_name(world):
    for name, row in TABLE.items():
        if row.of_patient:
            assert SURNAME.lower() not in reverse(name, args=[world[arg] for arg in row.args]).lower()
    named = [name for name in _of_patients() if {"surname", "name", "q"} & set(_parameters(name))]
    assert named == ["sessions:step"]  # its name is the step's


def _parameters(name) -> list[str]:
    space, _, view = name.partition(":")
    resolver = next(one for one in get_resolver().url_patterns if getattr(one, "namespace", None) == space)
    pattern = next(one for one in resolver.url_patterns if one.name == view)
    return list(pattern.pattern.regex.groupindex)
