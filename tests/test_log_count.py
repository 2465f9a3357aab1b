"""
Reads, writes, refusals, exports and prints by five roles, from a script with a seed: each is in the log once, as it was, and the
log holds nothing else.
"""

import datetime as dt
import hashlib
import random
import time
from itertools import count

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.permissions import PERMISSIONS, Role
from accounts.signing_in.session import PASSWORD, PROVED
from audit.models import AuditEvent

from .test_access import NUMBER, _once, clinician, medical_lead, patient, protocol, site, world  # noqa: F401 - the fixtures of that world

pytestmark = pytest.mark.django_db
STRANGE = 20001  # the number of a patient of another site
PDF = b"%PDF-1.7 of the test"


@pytest.fixture
def clinic(world, make_user, patient):  # noqa: F811
    """One person of each role, each at an address of their own; a patient of another site; a sheet that is made."""
    from accounts.models import Site
    from aftercare.models import Sheet
    from aftercare.services.files import name_of
    from patients.models import Patient

    birch = Site.objects.create(name="Birch Skin Clinic", slug="birch")
    hidden = Patient.objects.create(number=STRANGE, site=birch, surname="Okafor", given="Chidi", birth_date=dt.date(1980, 1, 1))
    sheet = name_of(world["sheet"])
    default_storage.delete(sheet)
    default_storage.save(sheet, ContentFile(PDF))
    made = {"state": "ready", "file": sheet, "sha256": hashlib.sha256(PDF).hexdigest(), "finished_at": timezone.now(), "pages": 2}
    Sheet.objects.filter(pk=world["sheet"]).update(**made)
    people = {}
    for place, role in enumerate(Role, start=1):
        person = make_user(f"one_{role}", role, last_name="Else")
        client = Client(REMOTE_ADDR=f"198.51.100.{place}")
        client.force_login(person)
        session = client.session
        session[PROVED] = {PASSWORD: time.time()}  # an export asks who it is where nobody has said so lately
        session.save()
        people[role] = (client, person, f"198.51.100.{place}")
    yield people, patient, hidden
    default_storage.delete(sheet)


def acts(world, turn: int):  # noqa: F811
    """
    What a script can do: {kind: [(permission, address, what is sent or None, action)]}. Sending None is a look; *turn* makes what
    is sent another thing every time.
    """
    at = {name: reverse(name, args=[world[arg] for arg in args]) for name, args in ADDRESSES.items()}
    detail, booking, record = at["patients:detail"], at["sessions:booking"], at["sessions:record"]
    return {
        "read": [
            ("patients.view", detail, None, "patient.viewed"),
            ("patients.edit", at["patients:edit"], None, "patient.viewed"),
            ("patients.clinical", at["patients:details"], None, "patient.viewed"),
            ("plans.view", at["plans:plan"], None, "plan.viewed"),
            ("plans.edit", at["plans:consultation"], None, "consultation.viewed"),
            ("bookings.view", booking, None, "booking.viewed"),
            ("records.view", record, None, "record.viewed"),
            ("sheets.view", at["aftercare:sheet"], None, "sheet.viewed"),
            ("bookings.edit", at["sessions:book_course"], None, "plan.course_viewed"),
            ("audit.view", at["clinic:patient_log"], None, "log.viewed"),
            ("consent.view", at["consent:patient"], None, "consent.listed"),
            ("consent.view", at["consent:document"], None, "consent.viewed"),
            ("photos.view", at["photos:patient"], None, "photos.listed"),
            ("photos.view", at["photos:photo"], None, "photo.opened"),
            ("photos.view", at["photos:file"], None, "photo.opened"),
            ("outcomes.view", at["outcomes:patient"], None, "outcome.listed"),
            ("intake.hand_over", at["intake:patient"], None, "intake.listed"),
            ("intake.review", at["intake:review"], None, "intake.viewed"),
            ("calls.make", at["events:call"], None, "call.prepared"),
            ("calls.make", at["events:made"], None, "call.viewed"),
            ("events.view", at["events:event"], None, "event.viewed"),
            ("recall.contact", at["clinic:recall_person"], None, "recall.person_viewed"),
        ],
        "write": [
            ("patients.clinical", at["patients:add_allergy"], {"allergy-substance": f"thing {turn}"}, "allergy.recorded"),
            ("patients.clinical", at["patients:add_medicine"], {"medicine-name": f"medicine {turn}"}, "medicine.recorded"),
            (
                "patients.clinical",
                at["patients:add_procedure"],
                {"procedure-what": f"peel {turn}", "procedure-performed_on": "1 Feb 2020"},
                "procedure.recorded",
            ),
            (
                "recall.contact",
                at["clinic:recall_person"],
                {"status": "not_reached", "note": f"rang {turn} times", "request_key": f"recall-{turn}"},
                "recall.contacted",
            ),
            (
                "events.edit",
                f"{at['events:event']}add/",
                {"kind": "course", "text": f"Seen {turn} times", "request_key": f"event-{turn}"},
                "event.added_to",
            ),
        ],
        "gate": [
            ("records.sign", f"{record}sign/", {"password": "", "version": "0"}, "record.signed"),
            ("bookings.edit", f"{booking}cancel/", {"reason": "", "version": "0"}, "booking.cancelled"),
            ("bookings.edit", f"{booking}arrive/", {}, "booking.arrived"),
            ("patients.clinical", at["patients:add_allergy"], {"allergy-substance": ""}, "allergy.recorded"),
            ("events.edit", at["events:new"], {"title": ""}, "event.opened"),
            ("outcomes.record", at["outcomes:record"], {"moment": ""}, "outcome.recorded"),
            ("consent.take", at["consent:withdraw"], {"who": ""}, "consent.withdrawn"),
            ("consent.take", at["consent:photos"], {"who": ""}, "consent.photos_answered"),
            ("photos.take", at["photos:take"], {"view": ""}, "photo.added"),
            ("calls.acknowledge", f"{at['events:made']}acknowledge/", {"decision": ""}, "call.acknowledged"),
            ("recall.contact", at["clinic:recall_person"], {"status": ""}, "recall.contacted"),
        ],
        "print": [
            ("sheets.view", f"{at['aftercare:sheet']}sheet.pdf", None, "sheet.opened"),
            ("consent.view", at["consent:pdf"], None, "consent.printed"),
            ("events.view", at["events:pdf"], None, "event.printed"),
            ("intake.hand_over", at["intake:paper"], None, "intake.printed"),
        ],
        "export": [
            ("audit.view", f"{reverse('clinic:log_file')}?patient={NUMBER}", None, "log.exported"),
            ("records.export", at["clinic:export"], {}, "patient.exported"),
            ("events.view", at["events:json"], None, "event.exported"),
            ("recall.contact", at["clinic:recall_file"], None, "recall.exported"),
        ],
    }


ADDRESSES = {
    "patients:detail": ("number",),
    "patients:edit": ("number",),
    "patients:details": ("number",),
    "patients:add_allergy": ("number",),
    "patients:add_medicine": ("number",),
    "patients:add_procedure": ("number",),
    "plans:plan": ("number", "plan_number"),
    "plans:consultation": ("number", "consultation"),
    "sessions:booking": ("booking",),
    "sessions:record": ("record",),
    "sessions:book_course": ("number", "plan_number"),
    "aftercare:sheet": ("sheet",),
    "clinic:patient_log": ("number",),
    "clinic:export": ("number",),
    "clinic:recall_person": ("recall", "number"),
    "clinic:recall_file": ("recall",),
    "consent:patient": ("number",),
    "consent:document": ("consent",),
    "consent:pdf": ("consent",),
    "consent:withdraw": ("number",),
    "consent:photos": ("number",),
    "photos:patient": ("number",),
    "photos:take": ("number",),
    "photos:photo": ("photo",),
    "photos:file": ("photo", "size"),
    "outcomes:patient": ("number",),
    "outcomes:record": ("number",),
    "intake:patient": ("number",),
    "intake:paper": ("number",),
    "intake:review": ("response",),
    "events:call": ("number",),
    "events:made": ("call",),
    "events:new": ("number",),
    "events:event": ("event",),
    "events:pdf": ("event",),
    "events:json": ("event",),
}


def play(clinic, world, times: int, seed: int):  # noqa: F811
    """Play *times* acts; return what the log must hold: (who, what, how it ended, whose, from where, page), in order."""
    people, own, hidden = clinic
    dice, turns, expected = random.Random(seed), count(), []  # noqa: S311 - a script, no secret
    kinds = ["read", "write", "gate", "print", "export", "stranger"]
    for number in range(times):
        role = list(Role)[number % len(Role)]
        client, person, address = people[role]
        kind = kinds[number // len(Role) % len(kinds)]
        permission, page, sent, action = dice.choice(acts(world, next(turns))["read" if kind == "stranger" else kind])
        whose, outcome = own, "refused" if kind == "gate" else "done"
        if kind == "stranger" and str(NUMBER) in page:
            # The same page of somebody who is a patient elsewhere: not there, and kept as asked for.
            page, whose, action, outcome = page.replace(str(NUMBER), str(STRANGE)), hidden, "access.refused", "refused"
        if role not in PERMISSIONS[permission]:
            action, outcome = "access.refused", "refused"
        response = client.get(page) if sent is None else client.post(page, sent)
        assert response.status_code < 500
        b"".join(response.streaming_content) if response.streaming else response.content
        of = None if action == "access.refused" and page.endswith("/people.csv") else whose.pk  # a list that was refused is about nobody
        expected.append((person.pk, action, outcome, of, address, page.partition("?")[0]))
    return expected


def logged(after: int) -> list[tuple]:
    rows = AuditEvent.objects.filter(pk__gt=after).order_by("pk")
    return list(rows.values_list("actor_id", "action", "outcome", "patient_pk", "address", "path"))


@pytest.mark.parametrize("times", [60, pytest.param(300, marks=pytest.mark.prove)])
def test_every_act_of_five_roles_is_in_the_log_once(clinic, world, times):  # noqa: F811
    after = AuditEvent.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    began = timezone.now()
    expected = play(clinic, world, times, seed=times)
    found = logged(after)
    wrong = [pair for pair in zip(expected, found, strict=False) if pair[0] != pair[1]]
    assert not wrong, "\n".join(map(str, wrong[:9]))
    assert len(found) == len(expected) == times
    moments = list(AuditEvent.objects.filter(pk__gt=after).order_by("pk").values_list("at", flat=True))
    assert moments == sorted(moments)
    assert began <= moments[0] <= moments[-1] <= timezone.now()


def test_without_what_writes_the_rows_the_count_is_short(clinic, world, settings):  # noqa: F811
    """The control."""
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if name != "audit.middleware.AuditMiddleware"]
    after = AuditEvent.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    expected = play(clinic, world, 40, seed=1)
    assert len(logged(after)) < len(expected)
