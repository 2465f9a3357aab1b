"""
Who may open what: every address of the clinic by every role and by nobody, in one table.

A new address fails here until it has its row. A row says what an allowed person gets: `PAGE` (200), or for a form sent
empty any answer of the form itself (`FORM`): never 403, 404 or a fault. Whoever is not allowed gets 403, nobody is led
to sign in, and somebody of another site gets 404 for whatever belongs to a patient.
"""

import datetime as dt
import os
import re
import uuid
from dataclasses import dataclass

import pytest
from django.db import transaction
from django.urls import URLPattern, get_resolver, reverse
from django.utils import timezone

from accounts.permissions import Role

from . import made

pytestmark = pytest.mark.django_db

PAGE = frozenset({200})
FORM = frozenset({200, 204, 302, 409, 422})
GO = frozenset({302})
CLINICIAN, DESK, LEAD, MANAGER, AUDITOR = Role.CLINICIAN, Role.FRONT_DESK, Role.MEDICAL_LEAD, Role.MANAGER, Role.AUDITOR
EVERYBODY = frozenset(Role)
ALL = frozenset({CLINICIAN, DESK, LEAD, MANAGER})  # who works with patients; the auditor reads the log alone
CLINICAL = frozenset({CLINICIAN, LEAD})
STOCK = frozenset({CLINICIAN, LEAD, MANAGER})
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
    "clinic:home": _general(EVERYBODY, gives=GO),
    "clinic:today": _general(EVERYBODY),
    "clinic:end_of_day": _general(),
    "clinic:pack": _general(),
    "clinic:print_pack": _general(method="post"),
    "clinic:find": _general(),
    "clinic:intended_purpose": _general(),
    "clinic:settings": _general(EVERYBODY),
    "clinic:standing": _general(frozenset({LEAD, MANAGER, AUDITOR})),
    "clinic:health": _general(EVERYBODY, public=True, gives=frozenset({200, 503})),  # 503 where the broker is away, as in this test
    "clinic:log": _general(frozenset({LEAD, MANAGER, AUDITOR})),
    "clinic:log_file": _general(frozenset({LEAD, MANAGER, AUDITOR})),
    "clinic:patient_log": Row(frozenset({LEAD, MANAGER, AUDITOR}), args=("number",)),
    "accounts:sign_in": _general(EVERYBODY, public=True, gives=PAGE | GO),
    "accounts:second_step": _general(EVERYBODY, public=True, gives=GO),  # nobody stands between password and second step here
    "accounts:passkey_sign_in": _general(EVERYBODY, public=True, gives=GO),
    "accounts:my_sign_in": _general(EVERYBODY),
    "accounts:confirm": _general(EVERYBODY),
    # These ask for the password once more on the way.
    "accounts:change_password": _general(EVERYBODY, gives=GO),
    "accounts:set_up_second_step": _general(EVERYBODY, gives=GO),
    "accounts:add_passkey": _general(EVERYBODY, gives=GO),
    "accounts:recovery_codes": _general(EVERYBODY, gives=GO),
    "accounts:new_recovery_codes": _general(EVERYBODY, method="post", gives=GO),
    "accounts:remove_second_step": _general(
        EVERYBODY, method="post", gives=GO, args=("second_step",)
    ),  # of somebody else: 404 once confirmed
    "accounts:presence": _general(EVERYBODY, public=True),
    "accounts:lock": _general(EVERYBODY, method="post", gives=GO),
    "accounts:unlock": _general(EVERYBODY, method="post", gives=GO),
    "accounts:hand_over": _general(EVERYBODY, public=True, method="post", gives=GO),
    "accounts:language": _general(EVERYBODY, public=True, method="post", gives=GO),
    "accounts:sign_ins": _general(EVERYBODY),
    "accounts:end_sign_in": _general(EVERYBODY, method="post", gives=GO, args=("web_session",)),
    "accounts:end_other_sign_ins": _general(EVERYBODY, method="post", gives=GO),
    "accounts:pin": _general(EVERYBODY),
    "accounts:remove_pin": _general(EVERYBODY, method="post", gives=GO),
    "accounts:staff_sign_in": _general(frozenset({MANAGER}), args=("staff_pk",)),
    "accounts:reset_second_step": _general(frozenset({MANAGER}), method="post", gives=GO, args=("staff_pk",)),
    "accounts:let_in_again": _general(frozenset({MANAGER}), method="post", gives=GO, args=("staff_pk",)),
    "accounts:staff": Row(frozenset({CLINICIAN, LEAD, MANAGER}), of_patient=False, gives=PAGE | GO),
    # A clinician sees the own page only: of a colleague there is none.
    "accounts:invite": _general(frozenset({MANAGER}), gives=PAGE | GO),
    "accounts:access": _general(frozenset({MANAGER}), gives=PAGE | GO, args=("staff_pk",)),
    "accounts:new_link": _sent(frozenset({MANAGER}), "staff_pk", of_patient=False),
    "accounts:leaving": _general(frozenset({MANAGER}), gives=PAGE | GO, args=("staff_pk",)),
    "accounts:take_back": _sent(frozenset({MANAGER}), "staff_pk", of_patient=False),
    "accounts:welcome": _general(EVERYBODY, public=True, gives=frozenset({404})),  # without a link there is nothing
    "accounts:watched": _general(EVERYBODY),
    "accounts:watched_agree": _general(frozenset({LEAD, MANAGER}), method="post", gives=GO | frozenset({404}), args=("watched_act",)),
    "accounts:watched_refuse": _general(EVERYBODY, method="post", gives=GO | frozenset({404}), args=("watched_act",)),
    "accounts:watched_read": _general(EVERYBODY, method="post", gives=GO | frozenset({404}), args=("watched_act",)),
    "accounts:sites": _general(frozenset({MANAGER})),
    "accounts:add_site": _general(frozenset({MANAGER})),
    "accounts:site": _general(frozenset({MANAGER}), args=("site_pk",)),
    "accounts:person": Row(frozenset({CLINICIAN, LEAD, MANAGER}), of_patient=False, gives=frozenset({200, 404}), args=("staff_pk",)),
    "accounts:add_competence": Row(frozenset({LEAD}), of_patient=False, method="post", gives=FORM, args=("staff_pk",)),
    "accounts:end_competence": Row(frozenset({LEAD}), of_patient=False, method="post", gives=FORM, args=("staff_pk", "competence")),
    "accounts:set_prescriber": Row(frozenset({LEAD}), of_patient=False, method="post", gives=FORM, args=("staff_pk",)),
    "accounts:sign_out": _general(EVERYBODY, public=True, method="post", gives=GO),
    "clinic:recalls": _general(STOCK),
    "clinic:recall_new": _general(STOCK),
    "clinic:recall": _general(STOCK, args=("recall",)),
    "clinic:recall_file": _general(STOCK, args=("recall",)),
    "clinic:recall_letters": _general(STOCK, method="post", gives=PAGE | frozenset({302, 503}), args=("recall",)),
    "clinic:recall_lift": _general(frozenset({LEAD, MANAGER}), method="post", gives=FORM, args=("recall",)),
    "clinic:recall_person": Row(STOCK, args=("recall", "number")),
    "clinic:retention": _general(frozenset({LEAD, MANAGER})),
    "clinic:retention_rule": Row(frozenset({LEAD, MANAGER}), of_patient=False, method="post", gives=FORM, args=("country",)),
    # These two ask for the password once more on the way, of who reaches the patient.
    "clinic:erasure": Row(frozenset({LEAD, MANAGER}), gives=PAGE | GO, args=("number",)),
    "clinic:export": Row(frozenset({LEAD, MANAGER}), gives=PAGE | GO, args=("number",)),
    "patients:list": _general(),
    "patients:register": _general(),
    "patients:emergency": _general(CLINICAL),
    "patients:openings": _general(frozenset({LEAD, MANAGER, AUDITOR})),
    "patients:review_opening": _sent(frozenset({LEAD, MANAGER}), "opening"),
    "patients:review_erased_opening": _sent(frozenset({LEAD, MANAGER}), "erased_opening", of_patient=False),
    "patients:close_emergency": _sent(CLINICAL, "number"),
    "patients:detail": Row(ALL, args=("number",)),
    "patients:edit": Row(ALL, args=("number",)),
    "patients:merge": Row(ALL, args=("number",)),
    "patients:merge_with": Row(ALL, args=("number", "other_number")),
    "patients:unmerge": Row(frozenset({CLINICIAN, LEAD, MANAGER}), args=("merge",)),
    "patients:details": Row(CLINICAL, args=("number",)),
    "patients:add_allergy": _sent(CLINICAL, "number"),
    "patients:add_medicine": _sent(CLINICAL, "number"),
    "patients:stop_medicine": _sent(CLINICAL, "number", "medicine"),
    "patients:add_procedure": _sent(CLINICAL, "number"),
    "patients:none_known": _sent(CLINICAL, "number", "allergies"),
    "patients:confirm_list": _sent(CLINICAL, "number", "allergies"),
    "patients:say_what_it_is": _sent(CLINICAL, "number", "medicine"),
    "patients:medicine_names": _general(CLINICAL, method="post"),
    "patients:take_back": _sent(CLINICAL, "number", "allergy", "allergy_pk"),
    "protocols:list": _general(),
    "protocols:cases": _general(),
    "protocols:case_add": _general(CLINICAL),
    "protocols:case_edit": _general(CLINICAL, args=("bench_case",)),
    "protocols:case_switch": _general(CLINICAL, method="post", gives=FORM, args=("bench_case",)),
    "protocols:import": _general(CLINICAL),
    "protocols:compare": _general(),
    "protocols:version": _general(args=("version",)),
    "protocols:pack": _general(args=("version",)),
    "protocols:make_draft": _sent(CLINICAL, "version", of_patient=False),
    "protocols:submit": _sent(CLINICAL, "version", of_patient=False),
    "protocols:send_back": _sent(CLINICAL, "version", of_patient=False),
    "protocols:approve": _sent(frozenset({LEAD}), "version", of_patient=False),
    "protocols:retire": _sent(frozenset({LEAD}), "version", of_patient=False),
    "protocols:delete_draft": _general(CLINICAL, args=("draft",)),
    "protocols:bench": _general(args=("version",)),
    "protocols:bench_case": _general(args=("version", "bench_key")),
    "protocols:edit": _general(CLINICAL, args=("draft",)),
    "protocols:edit_history": _general(CLINICAL, args=("draft",)),
    "protocols:edit_section": _general(CLINICAL, args=("draft", "editor_section")),
    "protocols:edit_item": _general(CLINICAL, args=("draft", "editor_section", "editor_item")),
    "protocols:edit_remove_reference": _general(CLINICAL, args=("draft", "reference")),
    "protocols:edit_remove_row": _general(CLINICAL, args=("draft", "editor_list", "editor_row")),
    "protocols:edit_add_sheet_words": _sent(CLINICAL, "draft", of_patient=False),
    "protocols:edit_add_follow_up": _sent(CLINICAL, "draft", of_patient=False),
    "protocols:edit_add_before_visit": _sent(CLINICAL, "draft", of_patient=False),
    "protocols:edit_take_off": _sent(CLINICAL, "draft", "reference", of_patient=False),
    "protocols:indication": _general(args=("version", "indication")),
    "plans:on_retired": _general(CLINICAL),
    "plans:consult_start": _sent(CLINICAL, "number"),
    "plans:consultation": Row(CLINICAL, args=("number", "consultation")),
    "plans:accept": _sent(CLINICAL, "number", "consultation"),
    "plans:close": _sent(CLINICAL, "number", "consultation"),
    "plans:keep_case": Row(CLINICAL, args=("number", "consultation")),
    "plans:plan": Row(CLINICAL, args=("number", "plan_number")),
    "plans:countersign": _sent(CLINICAL, "number", "plan_number"),
    "plans:take_back": _sent(CLINICAL, "number", "plan_number"),
    "plans:waiting": _general(CLINICAL),
    "sessions:day": _general(gives=PAGE | GO),
    "sessions:day_on": _general(args=("day",)),
    "sessions:book": _general(),
    "sessions:free_times": _general(method="post", gives=FORM),
    "sessions:walk_in": _general(),
    "sessions:to_place": _general(),
    "sessions:booking": Row(ALL, args=("booking",)),
    "sessions:move": _sent(ALL, "booking"),
    "sessions:cancel": _sent(ALL, "booking"),
    "sessions:arrive": _sent(ALL, "booking"),
    "sessions:step": _sent(ALL, "booking", "step"),
    "sessions:late": _sent(ALL, "booking"),
    "sessions:begin_late": _sent(ALL, "booking"),
    "sessions:again": _sent(ALL, "booking"),
    "sessions:book_course": Row(ALL, args=("number", "plan_number")),
    "sessions:record_start": _sent(CLINICAL, "booking"),
    "sessions:record": Row(CLINICAL, args=("record",)),
    "sessions:enter_record": Row(CLINICAL, gives=FORM, args=("booking",)),
    "sessions:enter_unbooked": Row(CLINICAL, gives=FORM, args=("number", "plan_number")),
    "sessions:sign": _sent(CLINICAL, "record"),
    "sessions:countersign": _sent(CLINICAL, "record"),
    "sessions:correct": _sent(CLINICAL, "record"),
    "sessions:record_answers": _sent(CLINICAL, "record"),
    "sessions:ask": Row(SHEETS, args=("booking",), gives=PAGE | GO),
    "sessions:record_decide": _sent(CLINICAL, "record"),
    "sessions:skin_seen": Row(CLINICAL, args=("number",), gives=PAGE | FORM),
    "sessions:record_treats": _sent(CLINICAL, "record"),
    "sessions:diary_settings": _general(frozenset({LEAD, MANAGER})),
    "sessions:add_resource": _general(frozenset({LEAD, MANAGER}), gives=PAGE | frozenset({404})),  # nothing is named to add
    "sessions:holidays": _general(frozenset({LEAD, MANAGER}), method="post", gives=FORM),
    "sessions:visit_lengths": _general(frozenset({LEAD, MANAGER}), method="post", gives=FORM),
    "sessions:resource": _general(frozenset({LEAD, MANAGER}), args=("resource",)),
    "sessions:resource_hours": _general(frozenset({LEAD, MANAGER}), method="post", gives=FORM, args=("resource",)),
    "sessions:resource_absences": _general(frozenset({LEAD, MANAGER}), method="post", gives=FORM, args=("resource",)),
    "sessions:lots": _general(STOCK),
    "sessions:add_product": _general(STOCK),
    "sessions:product": _general(STOCK, args=("product",)),
    "sessions:receive": _general(STOCK),
    "sessions:lot": _general(STOCK, args=("lot",)),
    "sessions:devices": _general(),
    "sessions:device": _general(args=("device",)),
    "sessions:device_label": _general(frozenset({LEAD, MANAGER}), args=("device",)),
    "sessions:device_log": _general(method="post", gives=frozenset({404}), args=("device",)),  # nothing is said to write down
    "sessions:record_tube": _sent(CLINICAL, "record"),
    "sessions:record_close": _sent(CLINICAL, "record"),
    "followup:my_feed": _general(CLINICAL),
    "followup:make_feed": _general(CLINICAL, method="post"),
    "followup:end_feed": _general(CLINICAL, method="post", gives=GO),
    "followup:feed": _general(EVERYBODY, public=True, gives=frozenset({404})),  # without a secret there is nothing
    "followup:reminder_settings": _general(frozenset({LEAD, MANAGER})),
    "followup:contact": Row(ALL, args=("number",)),
    "followup:outbox": _general(),
    "followup:text_done": _sent(ALL, "text"),
    "followup:waiting": _general(),
    "followup:wait": Row(ALL, args=("number",)),
    "followup:end_waiting": _sent(ALL, "waiting"),
    "followup:book_waiting": _sent(ALL, "waiting"),
    "followup:drift": _general(),
    "followup:stop": _general(EVERYBODY, public=True, gives=frozenset({404})),  # without a secret there is nothing
    "papers:prices": _general(),
    "papers:new_prices": _general(frozenset({LEAD, MANAGER})),
    "papers:price_list": _general(args=("price_list",)),
    "papers:patient": Row(SHEETS, args=("number",)),
    "papers:print": Row(SHEETS, method="post", gives=frozenset({422}), args=("number",)),  # nothing is named
    "papers:pdf": Row(SHEETS, gives=frozenset({409}), args=("paper",)),  # its file is not there in this world
    "papers:give": Row(SHEETS, args=("number", "plan_number")),
    "papers:quote": Row(SHEETS, args=("quote",)),
    "papers:answer": _sent(SHEETS, "quote"),
    "consent:texts": _general(),
    "consent:new_text": _general(CLINICAL),
    "consent:text": _general(args=("consent_draft",)),
    "consent:approve_text": _sent(frozenset({LEAD}), "consent_draft", of_patient=False),
    "consent:retire_text": _sent(frozenset({LEAD}), "consent_text", of_patient=False),
    "consent:throw_away_text": _sent(CLINICAL, "consent_draft", of_patient=False),
    "consent:patient": Row(SHEETS, args=("number",)),
    "consent:sign": Row(SHEETS, args=("number",)),
    "consent:withdraw": Row(SHEETS, args=("number",)),
    "consent:photos": Row(SHEETS, args=("number",)),
    "consent:document": Row(SHEETS, args=("consent",)),
    "consent:pdf": Row(SHEETS, args=("consent",)),
    "photos:patient": Row(CLINICAL, args=("number",)),
    "photos:take": Row(CLINICAL, args=("number",)),
    "photos:compare": Row(CLINICAL, args=("number",)),
    "photos:photo": Row(CLINICAL, args=("photo",)),
    "photos:file": Row(CLINICAL, args=("photo", "size")),
    "photos:remove": Row(CLINICAL, args=("photo",)),
    "photos:skip": Row(CLINICAL, args=("record",)),
    # Asks for the password once more on the way.
    "clinic:photos_out": Row(frozenset({LEAD}), gives=PAGE | GO, args=("number",)),
    "outcomes:patient": Row(CLINICAL, args=("number",)),
    "outcomes:record": Row(CLINICAL, args=("number",)),
    "outcomes:correct": Row(CLINICAL, args=("outcome",)),
    "clinic:consent_ahead": _general(SHEETS),
    "intake:patient": Row(SHEETS, args=("number",)),
    "intake:hand_over": _sent(SHEETS, "number"),  # sent empty it hands nothing over
    "intake:paper": Row(SHEETS, args=("number",)),
    "intake:review": Row(CLINICAL, args=("response",)),
    "intake:decide": _sent(CLINICAL, "response"),
    "intake:put_away": _sent(SHEETS, "response"),
    # In a browser that was not handed to a patient there is no form: back to Today.
    "intake:tablet": _general(SHEETS, gives=GO),
    "intake:question": _general(SHEETS, gives=GO, args=("web_session",)),
    "intake:check": _general(SHEETS, gives=GO),
    "intake:medicine_names": _general(SHEETS, method="post"),
    "intake:staff": _general(SHEETS, gives=GO),
    "events:calls": _general(SHEETS),
    "events:call": Row(SHEETS, args=("number",)),
    "events:made": Row(SHEETS, args=("call",)),
    "events:acknowledge": _sent(CLINICAL, "call"),
    "events:events": _general(CLINICAL),
    "events:new": Row(CLINICAL, args=("number",)),
    "events:event": Row(CLINICAL, args=("event",)),
    "events:add": _sent(CLINICAL, "event"),
    "events:pdf": Row(CLINICAL, args=("event",), gives=frozenset({200, 503})),
    "events:json": Row(CLINICAL, args=("event",)),
    "aftercare:queue": _general(SHEETS),
    "aftercare:request": _sent(SHEETS, "record"),
    "aftercare:sheet": Row(SHEETS, args=("sheet",)),
    # The sheet of this world is still waiting: an allowed person gets an answer about that, never the 404 of a stranger.
    "aftercare:pdf": Row(SHEETS, args=("sheet",), gives=FORM),
    "aftercare:words": _general(),
    "aftercare:words_in": _general(args=("sheet_language",)),
    "aftercare:change_words": _sent(CLINICAL, "sheet_language", of_patient=False),
    "aftercare:change_hours": _sent(CLINICAL, "sheet_language", of_patient=False),
    "aftercare:approve_words": _sent(frozenset({LEAD}), "sheet_language", of_patient=False),
    "aftercare:retire_words": _sent(frozenset({LEAD}), "sheet_language", "sheet_words", of_patient=False),
    "aftercare:throw_away_words": _sent(CLINICAL, "sheet_language", "sheet_words_draft", of_patient=False),
    "aftercare:make_today": _general(SHEETS, method="post", gives=GO),
    "aftercare:hand_over": _sent(SHEETS, "sheet"),
    "aftercare:end_link": _sent(SHEETS, "sheet"),
    "aftercare:read": _general(EVERYBODY, public=True, gives=frozenset({404})),  # without a secret there is nothing
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


@pytest.fixture(scope="module")
def _once(django_db_setup, django_db_blocker):
    """What is made here stands for every test of this file, each of which finds it as it was; then it is gone."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def site(_once):
    return made.site()


@pytest.fixture(scope="module")
def clinician(site):
    return made.clinician(made.maker_of_users(site))


@pytest.fixture(scope="module")
def medical_lead(site):
    return made.medical_lead(made.maker_of_users(site))


@pytest.fixture(scope="module")
def protocol(_pack_as_read, _pack_document, medical_lead):
    return made.approved(made.draft_protocol(_pack_as_read, *_pack_document), medical_lead)


@pytest.fixture(scope="module")
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


@pytest.fixture(scope="module")
def world(site, clinician, medical_lead, patient, protocol):
    from accounts.models import WatchedAct
    from aftercare.models import Sheet
    from clinic.models import Recall
    from consent.services.texts import draft
    from consent.tests.signed import consented, text_in_use
    from events.models import AdverseEvent, FollowUpCall
    from followup.models import OutboxText, Reminder, WaitingEntry
    from intake.tests.answers import sent
    from outcomes.tests.answered import answered
    from papers.tests.rows import paper_of, price_list_of, quoted
    from patients.models import Allergy, EmergencyOpening, ErasedOpening, Medication, PatientMerge
    from photos.tests.pictures import photo_of
    from plans.models import Consultation
    from plans.tests.rows import plan_with
    from protocols.models import ProtocolCase
    from protocols.services import create_draft
    from sessions.models import Booking, Hold, Lot, Product, Resource, TreatmentSession, UsedLot

    now = timezone.now().replace(microsecond=0)
    who = Resource.objects.create(site=site, kind="clinician", name="Dr Amara Osei", user=clinician)
    case, proposal = _proposed(protocol)
    depth = proposal["zones"][0]["depth_mm"]
    consultation = _consultation(Consultation, patient, clinician, protocol, status="open")
    agreed = _consultation(Consultation, patient, clinician, protocol, status="planned")
    plan = plan_with(
        [
            {
                "zone": "cheeks",
                "zone_label": "Cheeks",
                "indication": "acne_scars",
                "level": "grade_2",
                "depth_mm": str(depth["typical"]),
                "proposed_depth_mm": str(depth["typical"]),
                "min_depth_mm": str(depth["min"]),
                "max_depth_mm": str(depth["max"]),
                "passes_min": 4,
                "passes_typical": 6,
                "passes_max": 10,
                "endpoint": "even redness",
            }
        ],
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
    kept = ProtocolCase.objects.create(name="A case of the clinic", case=case, expect={"status": ["plan"]}, created_by=clinician)
    record = TreatmentSession.objects.create(
        booking=bookings[0], patient=patient, plan=plan, session_number=1, clinician=clinician, started_at=now
    )
    product = Product.objects.create(kind="needle", name="Cartridge")
    blocked = {"blocked_at": now, "blocked_by": clinician, "blocked_reason": "Packs were not tight"}
    lot = Lot.objects.create(product=product, number="B24", key="B24", added_at=now, added_by=clinician, **blocked)
    recall = Recall.objects.create(
        lot=lot, reason="Packs were not tight", letter="Ring us", ordered_at=now, ordered_by=clinician, request_key="access-recall"
    )
    UsedLot.objects.create(session=record, kind="needle", place="needle", product=product, number="B24", key="B24", added_at=now)
    opening = EmergencyOpening.objects.create(
        patient=patient,
        user=clinician,
        reason="Fever on the evening after the session",
        opened_at=now - dt.timedelta(hours=2),
        ends_at=now - dt.timedelta(hours=1),
        request_key=uuid.uuid4(),
    )
    erased = ErasedOpening.objects.create(
        request_key=uuid.uuid4(),
        opening_pk=4711,
        patient_pk=4711,
        patient_number=4711,
        site=site,
        user=clinician,
        opened_at=now - dt.timedelta(days=2),
        over_at=now - dt.timedelta(days=2),
    )
    second = patient.__class__.objects.create(number=48214, site=site, surname=SURNAME, given="N", birth_date=patient.birth_date)
    merge = PatientMerge.objects.create(
        kept=patient,
        other=second,
        merged_by=clinician,
        merged_at=now - dt.timedelta(days=2),
        before={"kept": {}, "other": {}},
        after={},
        request_key=uuid.uuid4(),
        undone_at=now - dt.timedelta(days=1),
        undone_by=clinician,
    )
    reminder = Reminder.objects.create(booking=bookings[1], channel="sms", starts_at=bookings[1].starts_at, state="sent", sent_at=now)
    watched = WatchedAct.objects.create(kind="link", person=clinician, at=now, detail={"role": LEAD}, done_at=now)
    called = FollowUpCall.objects.create(
        patient=patient, session=record, site=site, outcome="reached", protocol_version=protocol, day=3, level="see_today",
        answer_by=now + dt.timedelta(hours=1), at=now, by=clinician, request_key="access-call",
    )  # fmt: skip
    happened = AdverseEvent.objects.create(
        patient=patient, session=record, site=site, title="Blisters", onset_on=now.date(), description="Grouped", outcome="ongoing",
        opened_at=now, opened_by=clinician, request_key="access-event",
    )  # fmt: skip
    return {
        "call": called.pk,
        "event": happened.pk,
        "erased_opening": erased.request_key,
        "watched_act": watched.pk,
        "number": patient.number,
        "other_number": second.number,
        "merge": merge.pk,
        "country": site.country,
        "opening": opening.pk,
        "staff_pk": clinician.pk,
        "web_session": 1,
        "site_pk": site.pk,
        "second_step": 4711,
        "competence": made.sign_off(clinician).pk,
        "medicine": Medication.objects.create(patient=patient, name="paracetamol").pk,
        "allergy": "allergy",
        "allergies": "allergies",
        "allergy_pk": Allergy.objects.create(patient=patient, substance="nickel").pk,
        "version": protocol.version,
        "draft": create_draft(protocol, name="access-draft", by=clinician).version,
        "editor_section": "depth",
        "editor_item": "acne_scars",
        "editor_list": "rules",
        "editor_row": "smoker",
        "reference": "harris2015",
        "bench_case": kept.pk,
        "bench_key": f"clinic-{kept.pk}",
        "indication": "acne-scars",
        "consultation": consultation.pk,
        "plan_number": 1,
        "day": timezone.localdate().isoformat(),
        "booking": bookings[1].pk,
        "resource": who.pk,
        "device": Resource.objects.create(site=site, kind="device", name="Powered pen B", device_kind="pen").pk,
        "step": "missed",
        "record": record.pk,
        "product": lot.product_id,
        "lot": lot.pk,
        "recall": recall.pk,
        "waiting": WaitingEntry.objects.create(
            site=site, patient=patient, kind="review", until=timezone.localdate(), created_by=clinician, request_key="access-waiting"
        ).pk,
        "text": OutboxText.objects.create(reminder=reminder, to="020 7946 0200", words="You have a visit").pk,
        "photo": photo_of(patient, by=clinician).pk,
        "size": "screen",
        "response": sent(patient, protocol, by=clinician, inputs={"q.scars": "no"}).pk,
        "consent": consented(plan, by=clinician).pk,
        "outcome": answered(plan, by=clinician)[0].pk,
        "consent_text": text_in_use(code="striae", by=clinician).pk,
        "consent_draft": draft(kind="indication", code="striae", language="de", title="Text", body="Text", by=clinician).pk,
        "price_list": price_list_of(site, by=clinician).pk,
        "quote": (quote := quoted(plan, by=clinician)).pk,
        "paper": paper_of(plan, quote=quote, by=clinician).pk,
        "sheet": Sheet.objects.create(session=record, record_version=1, variant="standard", requested_at=now).pk,
        "sheet_language": "pl",
        **_sheet_words(clinician, medical_lead),
    }


def _sheet_words(clinician, medical_lead) -> dict:
    from aftercare.services import translations

    beside = translations.english()
    translations.approve("pl", seen=translations.standing("pl", beside).sha256, english_seen=beside.sha256, by=medical_lead)
    draft = translations.change("pl", "page", {"": "Kartka"}, version=0, by=clinician)
    return {"sheet_words": draft.number - 1, "sheet_words_draft": draft.number}


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
def ask(db, client, world):
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


# Answers that draw a paper, which takes seconds: one of those who may is asked for it, every one in the long run.
DRAWN = frozenset({"clinic:print_pack", "clinic:recall_letters", "consent:pdf", "intake:paper"})


def _asked(name) -> list[Role]:
    may = sorted(TABLE[name].roles)
    spared = may[1:] if name in DRAWN and not os.environ.get("PROVE") else []
    return [role for role in Role if role not in spared]


@pytest.mark.parametrize("name", TABLE)
def test_each_role_gets_what_is_its_own_and_nobody_is_led_to_sign_in(client, ask, make_user, name):
    row = TABLE[name]
    wrong = {}
    for role in _asked(name):
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
        response = client.post(reverse("clinic:find"), {"q": typed}, follow=True)
        page = response.content.decode().lower()
        # What was typed stands on the page again; the other half of what is known can only come from the record.
        return any(known in page for known in (SURNAME.lower(), str(NUMBER)) if known != typed.lower())

    assert not found(stranger)
    assert found(medical_lead)


# What an emergency is no reason for: who read the record, taking it away whole, its end, and making one of two.
OF_OWN_SITE = frozenset(
    {
        "clinic:patient_log",
        "clinic:export",
        "clinic:photos_out",
        "clinic:erasure",
        "patients:merge",
        "patients:merge_with",
        "patients:unmerge",
    }
)
CHILDREN = frozenset({"consultation", "plan_number", "medicine", "allergy_pk"})


def _below_a_patient():
    return [name for name, row in TABLE.items() if row.args[:1] == ("number",) and CHILDREN & set(row.args)]


@pytest.mark.parametrize("name", _below_a_patient())
def test_a_child_is_only_found_below_its_own_parent(client, world, medical_lead, site, name):
    """Somebody who sees both patients cannot reach the one's plan through the other's number."""
    from patients.models import Patient

    Patient.objects.create(number=20001, site=site, surname="Okafor", given="Chidi", birth_date=dt.date(1980, 1, 1))
    client.force_login(medical_lead)
    address = reverse(name, args=[20001, *(world[arg] for arg in TABLE[name].args[1:])])
    answer = getattr(client, TABLE[name].method)(address)
    assert answer.status_code == 404
    assert SURNAME not in answer.content.decode()


@pytest.mark.parametrize("name", _of_patients())
def test_an_emergency_opens_one_patient_with_all_that_hangs_on_it_and_nothing_when_it_is_over(client, ask, world, patient, stranger, name):
    """Parent and children are judged by one rule: all open together, and all close together."""
    from patients import emergency

    row = TABLE[name]
    if name in ("patients:review_opening", "patients:close_emergency"):
        pytest.skip("about the emergency itself")
    emergency.open_record(
        number=patient.number, birth_date=patient.birth_date, reason="Stands here with a swollen eye", by=stranger, request_key=uuid.uuid4()
    )
    client.force_login(stranger)
    with transaction.atomic():
        assert ask(name).status_code in ({404} if name in OF_OWN_SITE else row.gives)
        transaction.set_rollback(True)
    emergency.close(patient, by=stranger)
    assert ask(name).status_code == 404


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
    assert re.fullmatch(r"('nonce-[^']+')?", policy["script-src"])
    assert "unsafe" not in response["Content-Security-Policy"]
    page = response.content.decode()
    assert re.findall(r"<[^>]+\sstyle=", page) == []
    assert re.findall(r"<[^>]+\son[a-z]+=", page) == []
    assert re.findall(r"<script(?![^>]*\ssrc=)[^>]*>", page) == []
    assert {f"'nonce-{one}'" for one in re.findall(r"<script nonce=\"([^\"]*)\"", page)} <= {policy["script-src"]}
    assert re.findall(r"<script(?! nonce=)[^>]*>", page) == []
    assert re.findall(r"<style", page) == []
    assert re.findall(r'<(?:script|link|img|iframe)[^>]+(?:src|href)="(?:https?:)?//', page) == []
    rail = re.search(r'<nav class="rail".*?</nav>', page, re.S)
    assert rail is None or rail[0].count("aria-current") <= 1  # somebody is in one place


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
