"""One patient, one accepted plan on the packaged protocol, one visit today: what the tests of the record start from."""

import datetime as dt
import json
import uuid
from decimal import Decimal
from functools import cache

from django.utils import timezone

from consent.tests.signed import consented
from patients.models import Asked, ScreeningAnswer
from plans.models import Consultation
from plans.tests.rows import plan_with
from protocols.documents import canonical, sha256
from protocols.knowledge import packaged
from protocols.models import ProtocolVersion
from sessions.forms.clock_time import clock_words
from sessions.models import Booking, DeviceLog, Hold, Resource
from sessions.services.deciding import decide
from sessions.services.gate import day_check
from sessions.services.planner_today import to_look_at
from sessions.services.record import save, start
from sessions.services.signing import sign
from sessions.services.skin import earlier_of, see


@cache
def stored() -> tuple[str, str]:
    """The packaged protocol as it is kept, with its SHA-256: written once for all tests, because the writing takes its time."""
    document = canonical(packaged().document)
    return document, sha256(document)


def endpoint(name: str) -> str:
    return next(row["endpoint"] for row in packaged().document["technique"]["endpoints"] if row["id"] == name)


class RecordCase:
    """
    Plan of two zones, four weeks apart, the cheeks deeper than was proposed; all safety checks answered with no today; consent
    to all of it signed.
    """

    has_consent = True
    ADJUVANTS = ("hyaluronic_acid",)
    ZONES = (("cheeks", "Cheeks", "1.25", "1", "pinpoint", 4), ("forehead", "Forehead", "0.5", "0.5", "redness", 3))

    def __init__(self, site, clinician, patient, *, sessions_count=4, answered=True):
        self.site, self.clinician, self.patient = site, clinician, patient
        patient.phototype = 3
        patient.allergies_asked = patient.medicines_asked = Asked.NONE
        patient.allergies_asked_at = patient.medicines_asked_at = timezone.now()
        patient.save()
        document, digest = stored()
        self.version, _ = ProtocolVersion.objects.get_or_create(
            version="2026.1",
            defaults={
                "document": document,
                "sha256": digest,
                "status": "approved",
                "approved_by": clinician,
                "approved_at": timezone.now(),
            },
        )
        self.room = Resource.objects.create(site=site, kind="room", name="Room 2")
        self.pen = Resource.objects.create(site=site, kind="device", name="Powered pen B", device_kind="pen")
        self.person = Resource.objects.create(site=site, kind="clinician", name=str(clinician), user=clinician)
        self.plan = self.make_plan(sessions_count)
        if answered:
            self.answer_all()

    def make_plan(self, sessions_count=4):
        number = 1 + self.patient.plans.count()
        consultation = Consultation.objects.create(
            patient=self.patient,
            site=self.site,
            clinician=self.clinician,
            status="planned",
            visit_date=timezone.localdate(),
            protocol_version=self.version,
        )
        zones = [zone for zone, *_ in self.ZONES]
        rows = [
            {
                "zone": zone,
                "zone_label": label,
                "indication": "acne_scars",
                "level": "grade_2",
                "depth_mm": Decimal(depth),
                "proposed_depth_mm": Decimal(proposed),
                "min_depth_mm": Decimal("0.25"),
                "max_depth_mm": Decimal(depth) + Decimal("0.25"),
                "passes_min": 2,
                "passes_typical": passes,
                "passes_max": 8,
                "endpoint": endpoint(reached),
            }
            for zone, label, depth, proposed, reached, passes in self.ZONES
        ]
        plan = plan_with(
            rows,
            patient=self.patient,
            consultation=consultation,
            number=number,
            protocol_version=self.version,
            planner_version="1.0.0",
            case={"requests": [{"indication": "acne_scars", "level": "grade_2", "zones": zones, "morphology": "rolling"}]},
            proposal={"status": "plan", "findings": [], "zones_excluded": []},
            device_kind="pen",
            sessions_count=sessions_count,
            interval_weeks_min=4,
            interval_weeks_typical=4,
            interval_weeks_max=8,
            downtime_days_min=1,
            downtime_days_max=3,
            adjuvants=list(self.ADJUVANTS),
            accepted_by=self.clinician,
            accepted_at=timezone.now(),
        )
        if self.has_consent:
            consented(plan, by=self.clinician)
        return plan

    def answer_all(self, at=None, **yes):
        """A no to every question; `yes` is {question id: {rule id: answer}}."""
        for question in packaged().questions:
            rules = {cover.rule: {"answer": False} for cover in question.covers} | yes.get(question.id, {})
            ScreeningAnswer.objects.create(
                patient=self.patient,
                question=question.id,
                protocol_version="2026.1",
                answer=question.id in yes,
                rules=rules,
                answered_at=at or timezone.now(),
                answered_by=self.clinician,
            )

    def booking(self, number=1, *, plan=None, days=0, **fields):
        """A visit that began 90 minutes ago, *days* from today."""
        starts = (timezone.now() - dt.timedelta(minutes=90)).replace(second=0, microsecond=0) + dt.timedelta(days=days)
        booking = Booking.objects.create(
            **{
                "site": self.site,
                "patient": self.patient,
                "plan": plan or self.plan,
                "kind": "session",
                "session_number": number,
                "status": "arrived",
                "starts_at": starts,
                "ends_at": starts + dt.timedelta(minutes=75),
                "clinician": self.person,
                "room": self.room,
                "device": self.pen,
                "created_by": self.clinician,
                "request_key": f"visit {plan or self.plan} {number} {days}",
                **fields,
            }
        )
        Hold.objects.create(
            booking=booking, resource=self.room, subject=f"r{self.room.pk}", starts_at=booking.starts_at, ends_at=booking.ends_at
        )
        return booking

    def cleaned(self, device=None):
        """The device is cleaned after whatever it was used for."""
        now = timezone.now()
        DeviceLog.objects.create(
            device=device or self.pen, what="cleaned", done_at=now, at=now, done_by="Lena Berg", agent="Example wipes",
            by=self.clinician, request_key=uuid.uuid4().hex,
        )  # fmt: skip

    def started(self, number=1, *, days=0, minutes=60, skin=True, **fields):
        """An open record whose start lies *minutes* back, so that its end can be in the past too. skin: healed, and no dark marks."""
        booking = self.booking(number, **fields)
        session = start(booking, self.clinician)
        for row in (booking, *booking.holds.all()):  # begun on its day, which the rest of the test lies *days* away from
            type(row).objects.filter(pk=row.pk).update(
                starts_at=row.starts_at + dt.timedelta(days=days), ends_at=row.ends_at + dt.timedelta(days=days)
            )
        session.started_at = (timezone.now() - dt.timedelta(minutes=minutes)).replace(second=0, microsecond=0) + dt.timedelta(days=days)
        session.save(update_fields=["started_at"])
        if skin:
            self.see_skin(session)
        return session

    def see_skin(self, session, healed="yes", marks="no"):
        """Say how the skin is after whatever has to be looked at before *session*."""
        waiting = to_look_at(session.plan, earlier_of(session.patient, session.day), session.day)
        if waiting:
            said = {row.session.pk: (healed, marks) for row in waiting}
            see(session.patient, said, by=self.clinician, key=f"skin {session.pk} {healed} {marks}", at=timezone.now())

    def typed(self, session, **changes):
        """What the screen posts for a whole record: everything as planned. A change of None takes a field away."""
        ended = session.started_at + dt.timedelta(minutes=40)
        values = {
            "identity_checked": "on",
            "skin_checked": "on",
            "device": str(self.pen.pk),
            "needle_lot": "b24-0917X",
            "needle_expires_on": "2031-03",
            "needle_new": "on",
            "reaction": "none",
            "started": clock_words(session.started_at, session.site),
            "ended": clock_words(ended, session.site),
            "adj-hyaluronic_acid-used": "on",
            "adj-hyaluronic_acid-product": "Glide gel 2 ml",
            "adj-hyaluronic_acid-lot": "HA-77",
        }
        for zone in session.zones.all():
            values |= {
                f"z{zone.pk}-depth": str(zone.planned_depth_mm),
                f"z{zone.pk}-passes": str(zone.planned_passes),
                f"z{zone.pk}-endpoint": zone.planned_endpoint,
            }
        values |= {name.replace("__", "-"): value for name, value in changes.items()}
        return {name: value for name, value in values.items() if value is not None}

    def decide(self, session, reason="planned", note="Seen and weighed with the patient"):
        """Decide on whatever the planner is more careful about today."""
        shown = [change.key for change in day_check(session).undecided]
        return decide(session, by=self.clinician, reason=reason, note=note, shown=shown)

    def zone(self, session, zone):
        return session.zones.get(zone=zone)


PASSWORD = "correct horse battery"


def signed(case, number=1, *, days=0, is_cleaned=True, **changes):
    """A signed record, and the device cleaned after it."""
    session = case.started(number, days=days)
    saved = save(session, by=case.clinician, typed=case.typed(session, **changes), version=session.version)
    done = sign(saved.session, by=case.clinician, password=PASSWORD, version=saved.session.version)
    if is_cleaned:
        case.cleaned(done.device)
    return done


def as_json(session) -> dict:
    return json.loads(session.signed_content)
