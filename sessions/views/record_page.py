"""What the pages of a record show: rows ready for the templates, which ask the database nothing."""

import datetime as dt
import secrets
from dataclasses import dataclass

from django.db.models import prefetch_related_objects
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop

from planner.wording import number
from plans.services import role_words
from protocols.knowledge import knowledge_of

from .. import countersigning
from ..conversion import record_version, zones_left_out
from ..devices import standing as devices
from ..forms.record import deeper_than_today, values_of
from ..lots import rule
from ..models import SessionZone, TreatmentSession, UsedLot
from ..services import added, gate
from ..services.countersign import meaning_of
from ..services.due import may_need_explaining
from ..services.record import form_for
from ..services.signing import deviations, meaning_for
from ..services.terms import terms_for
from ..skin_form import skin_rows
from ..tubes import page as tubes
from .questions import list_rows, question_rows


@dataclass(frozen=True)
class ZoneRow:
    """One zone of the screen: the row, its bound fields, what it is told today."""

    zone: SessionZone
    depth: object
    passes: object
    endpoint: object
    skip: object
    reason: object
    note: object
    bleeding: object
    sure: object
    asked: str  # the depth that is asked again, as text; empty where none is
    left_out: str
    limit: str
    differs: bool
    is_recorded: bool

    @property
    def anchor(self) -> str:
        return f"zone-{self.zone.pk}"

    @property
    def errors(self):
        return [*self.depth.errors, *self.passes.errors, *self.endpoint.errors, *self.reason.errors, *self.note.errors]

    @property
    def state(self) -> str:
        """The word beside the zone."""
        if self.zone.state == SessionZone.State.NOT_TREATED:
            return "Not treated"
        if self.zone.state == SessionZone.State.NOT_RECORDED:
            return "Left out today" if self.left_out else "Not recorded"
        return "Differs" if self.differs else "As planned"


def whole(request, context: dict, *, status: int = 200):
    """The whole page of an open record, on which a camera may read codes."""
    answer = render(request, "sessions/record/draft.html", context, status=status)
    answer.uses_camera = True
    return answer


def draft_page(
    session,
    user,
    *,
    form=None,
    pressed=False,
    failed=False,
    answers=None,
    answer_faults=None,
    again=False,
    decided=None,
    decide_faults=None,
    tube=None,
    not_added=None,
) -> dict:
    check = gate.day_check(session)
    terms = terms_for(session)
    form = form or form_for(session, check=check, terms=terms)
    conditions = gate.may_sign(session, by=user, check=check)
    # While checks are due, the plan check only waits for them: one word for both.
    missing = [row for row in gate.unmet(conditions) if not (row.name == "planner" and row.field in gate.WAITS_FOR)]
    rows = [_zone_row(zone, form, check) for zone in session.zones.all()]
    return {
        "session": session,
        "patient": session.patient,
        "plan": session.plan,
        "form": form,
        "clock_zone": session.site.time_zone,
        "page_key": secrets.token_urlsafe(12),
        "terms": terms,
        "check": check,
        "held": [condition for condition in check.conditions if condition.holds and not condition.met],
        "met": [condition for condition in check.conditions if condition.met],
        "gap": next((condition for condition in check.conditions if condition.name == "gap"), None),
        "consent": next((condition for condition in check.conditions if condition.name == "consent"), None),
        "due": _due(session, check, answers, answer_faults or {}, again=again and not check.is_kept),
        "due_lists": list_rows(check.due_lists, answers=answers, faults=answer_faults),
        "again": again and not check.is_kept,
        "answer_faults": answer_faults or {},
        # Asked once every question is answered: until then what the planner says may still change.
        "to_decide": () if check.due or check.due_lists or check.to_look_at else check.undecided,
        "skin": skin_rows(check.to_look_at),
        "skin_key": secrets.token_urlsafe(12),
        "skin_back": reverse("sessions:record", args=[session.pk]),
        "forbidden": [change for change in check.changes if change.forbids],
        "decide_choices": TreatmentSession.Decided.choices,
        "decided": decided or {"reason": "", "note": ""},
        "decide_faults": decide_faults or {},
        "tubes": tubes.panels(session, tube),
        "tube_people": tubes.people_for(session) if gate.own_blood(session) else (),
        "tube_faults": tube["faults"] if tube else {},
        "device_said": [row for row in conditions if row.name in ("device", "label") and not row.met and session.device_id],
        "device_asks": any(row.field == "f-device_reason" for row in conditions) or bool(session.device_reason),
        "zones": rows,
        "left_out": zones_left_out(session) if not session.is_locked else (),
        "recorded": sum(row.is_recorded for row in rows),
        "cartridges": [_cartridge_row(place, form, conditions) for place in rule.CARTRIDGES],
        "more_cartridges": any(form[f"{place}_lot"].value() or form[f"{place}_lot"].errors for place in rule.CARTRIDGES[1:]),
        "numbing_after": _after(rule.NUMBING, form, conditions),
        "told": [form[name] for name in form.fields if name in _TOLD or name.endswith(("_lot", "-lot", "_expires_on", "-used"))],
        "adjuvants": [_adjuvant_row(adjuvant, form, check, conditions) for adjuvant in terms.adjuvants],
        "to_add": added.choices(session),
        "not_added": not_added,
        "missing": missing,
        "to_do": [row for row in missing if row.name != "unread" and row.field.removeprefix("f-") not in form.errors],
        "missing_words": _missing_words(missing),
        "pressed": pressed,
        "failed": failed,
        "errors": _errors(form),
        "errors_on_page": failed or pressed or bool(answer_faults) or bool(decide_faults) or bool(tube) or bool(not_added),
        "treats_another": user.pk not in (session.clinician_id, session.entered_by_id),
        "step": number(terms.step_mm) if terms.step_mm else "",
        "lengths": " ".join(number(length) for length in terms.lengths_mm),
    }


def _errors(form) -> list[tuple[str, str, str]]:
    """(label, words, field) of what is to be mended; what holds every zone back is said once and leads to the first."""
    found: dict[str, tuple[str, str, str]] = {}
    for name, errors in form.errors.items():
        if name in form.fields:
            found.setdefault(errors[0], (form.fields[name].label, errors[0], f"f-{name}"))
    return list(found.values())


def _missing_words(missing) -> list[gate.Condition]:
    """The missing strip in one row: many zones nobody spoke of become one word that leads to the first."""
    open_zones = [row for row in missing if row.name.startswith("zone-") and row.field.endswith("-depth")]
    if len(open_zones) < 4:
        return list(missing)
    words = []
    for row in missing:
        if row is open_zones[0]:
            words.append(
                gate.Condition("zones", row.state, row.words, gettext("%(open_zones)s zones") % {"open_zones": len(open_zones)}, row.field)
            )
        elif row not in open_zones:
            words.append(row)
    return words


def _zone_row(zone: SessionZone, form, check) -> ZoneRow:
    name = f"z{zone.pk}"
    return ZoneRow(
        zone=zone,
        depth=form[f"{name}-depth"],
        passes=form[f"{name}-passes"],
        endpoint=form[f"{name}-endpoint"],
        skip=form[f"{name}-skip"],
        reason=form[f"{name}-reason"],
        note=form[f"{name}-note"],
        bleeding=form[f"{name}-bleeding"],
        sure=form[f"{name}-sure"],
        asked=_asked_again(zone, form),
        left_out=check.left_out.get(zone.zone, ""),
        limit=deeper_than_today(zone.zone_label, *check.limits[zone.zone]) if zone.zone in check.limits else "",
        differs=gate.differs(zone),
        is_recorded=zone.state != SessionZone.State.NOT_RECORDED,
    )


def _asked_again(zone: SessionZone, form) -> str:
    """A form that was not read yet is read now: whether a depth is asked again is in what stands in it."""
    form.errors  # noqa: B018 - reading is what finds it
    depth = form.asked.get(zone.zone)
    return number(depth) if depth is not None else ""


# Fields whose message follows an autosave; those of the lots come to these.
_TOLD = frozenset({"device", "pain", "started", "ended", "numbing_on", "numbing_off"})


def _after(place: str, form, conditions):
    """The field that says what was done about a lot which was blocked after it was used, where there is such a lot."""
    name = rule.field(place, "after")
    asked = any(row.name == f"{place}-after-block" for row in conditions)
    return form[name] if asked or form[name].value() else None


def _cartridge_row(place: str, form, conditions) -> dict:
    parts = {part: form[f"{place}_{part}"] for part in ("lot", "expires_on", "product", "new")}
    return parts | {"place": place, "after": _after(place, form, conditions), "is_first": place == rule.CARTRIDGES[0]}


def _adjuvant_row(adjuvant, form, check, conditions) -> dict:
    name = f"adj-{adjuvant.id}"
    return {
        "label": adjuvant.label,
        "used": form[f"{name}-used"],
        "product": form[f"{name}-product"],
        "lot": form[f"{name}-lot"],
        "reason": form[f"{name}-reason"],
        "after": _after(name, form, conditions),
        "out": check.adjuvants_out.get(adjuvant.id, ""),
        "is_added": adjuvant.is_added,
    }


def _due(session, check, answers, faults, *, again: bool) -> list[dict]:
    """
    Questions to ask again, with the last answer. *again*: all of them, those that are not due with their answer, to change one.
    """
    shown = {question.id for question in gate.asked_questions(session, check.on)} if again else set(check.due)
    if not shown:
        return []
    last = {answer.question: answer for answer in session.patient.screening_answers.order_by("pk")}
    zones = [(row.zone, row.zone_label) for row in session.zones.all()]
    questions = [question for question in knowledge_of(session.plan.protocol_version).questions if question.id in shown]
    medicines = may_need_explaining(session.patient, session.plan.protocol_version, check.on)
    return question_rows(
        questions, answers=answers, faults=faults, zones=zones, last=last, preset=shown - set(check.due), medicines=medicines
    )


def planned_into(session, typed: dict, *, only: str | None = None) -> dict:
    """*typed* with the planned values put into one zone (*only*: its key), or into every zone nobody has said anything about."""
    typed = dict(typed)
    for zone in session.zones.all():
        name = f"z{zone.pk}"
        if only is not None and only != str(zone.pk):
            continue
        if only is None and (typed.get(f"{name}-depth", "").strip() or typed.get(f"{name}-skip")):
            continue
        typed |= {
            f"{name}-depth": number(zone.planned_depth_mm),
            f"{name}-passes": str(zone.planned_passes),
            f"{name}-endpoint": zone.planned_endpoint,
            f"{name}-reason": "",
        }
        typed.pop(f"{name}-skip", None)
    return typed


def changes(session, form) -> list[dict]:
    """Where what was typed differs from what is saved now: label, mine, theirs."""
    saved = values_of(session)
    rows = []
    for name, field in form.fields.items():
        mine, theirs = str(form.data.get(name, "") or ""), str(saved.get(name, "") or "")
        if mine != theirs:
            rows.append({"label": field.label, "mine": _shown(field, mine), "theirs": _shown(field, theirs)})
    return rows


def _shown(field, text: str) -> str:
    """The words a value stands for on the screen."""
    choices = dict(getattr(field, "choices", ()))
    if text in choices and text:
        return choices[text]
    if text == "on":
        return gettext("Ticked")
    return text or gettext("Empty")


def sign_page(session, user) -> dict:
    return {
        "session": session,
        "patient": session.patient,
        "plan": session.plan,
        "zones": list(session.zones.all()),
        "deviations": deviation_rows(session, deviations(session)),
        "to_countersign": list(dict.fromkeys(need["subject"] for need in countersigning.beyond_right(session))),
        "to_confirm": session.clinician if session.is_late and user.pk != session.clinician_id else None,
        "meaning": meaning_for(session, user),
        "signer": user,
        "used": used_rows(session),
        "cartridges_used": cartridges_used(session),
        "tubes_checked": tubes_checked(session),
        "entered_late": entered_late(session),
        "late_conditions": late_conditions(session),
        "to_clean": _to_clean(session, user),
        "numbing_used": _in_place(session, rule.NUMBING),
    }


def countersign_page(session, user) -> dict:
    """The record as it was signed, with what is asked of the reader."""
    roles = countersigning.roles_of(session, user)
    confirms = roles == [countersigning.TREATED]
    return locked_page(session, user) | {"signer": user, "agrees": meaning_of(roles), "confirms": confirms, "may_correct": False}


def _countersigning(session, user) -> dict:
    """What the record says about its countersignature; nothing where none was asked."""
    if not session.is_signed or not session.needs:
        return {}
    prefetch_related_objects([session], "countersignatures__by")
    refused = countersigning.refusal_of(session)
    waits = countersigning.open_roles(session)
    others = [role for role in waits if role != countersigning.TREATED]
    beyond = [need for need in session.needs if need["who"] != countersigning.TREATED]
    return {
        "needs": list(dict.fromkeys(need["subject"] for need in beyond)),
        "entered_for": next((need["subject"] for need in session.needs if need["who"] == countersigning.TREATED), ""),
        "unconfirmed": countersigning.TREATED in waits,
        "confirms": user.pk == session.clinician_id,
        "waits_for": gettext(" and ").join(role_words(role) for role in others),
        "refused": refused,
        "given": [row for row in session.countersignatures.all() if row is not refused],
        "may": bool(countersigning.roles_of(session, user)) and refused is None,
    }


def cartridges_used(session) -> list:
    """The cartridges as they were recorded; of a record without rows for them, what its own columns say."""
    rows = [used for used in session.used_lots.all() if used.kind == used.Kind.NEEDLE]
    if not rows and session.needle_lot:
        rows = [UsedLot(number=session.needle_lot, expires_on=session.needle_expires_on)]
    return rows


def _in_place(session, place: str):
    return next((used for used in session.used_lots.all() if used.place == place), None)


def used_rows(session) -> list[dict]:
    """What went with the needling, with why it was used and what was done about its lot."""
    return [row | {"more": _in_place(session, f"adj-{row['id']}")} for row in session.adjuvants if row.get("used", True)]


def tubes_checked(session) -> list[dict]:
    """Who checked the patient's own blood, by adjuvant."""
    labels = {row["id"]: row.get("label", row["id"]) for row in session.adjuvants}
    return [{"label": labels.get(check.adjuvant, check.adjuvant), "check": check} for check in session.tube_checks.all()]


def entered_late(session) -> dt.datetime | None:
    """When the first zone was recorded, where the treatment was over by then: what was done and what was written down are two times."""
    if session.is_late:
        return session.entered_at
    began = devices.began(session)
    if began is None or session.ended_at is None or began <= session.ended_at:
        return None
    return began


def late_conditions(session) -> list[str]:
    """Of a late record: every condition of its gate as it stood when it was done, with what is said about what was not in order."""
    if not session.is_late:
        return []
    return [row["words"] for row in session.start_check.get("conditions", ())]


def _to_clean(session, user):
    """The device of a session that was signed today, where its cleaning is still to be written down."""
    device = session.device
    if device is None or not session.is_signed or not user.may("devices.log") or session.site.day_of(timezone.now()) != session.day:
        return None
    return device if any(fault.kind == devices.CLEANING for fault in devices.standing(device).faults) else None


def locked_page(session, user) -> dict:
    version = record_version(session)
    return {
        "session": session,
        "patient": session.patient,
        "plan": session.plan,
        "zones": list(session.zones.all()),
        "left_out": [row for row in zones_left_out(session) if row.because],
        "deviations": deviation_rows(session, session.deviations),
        "countersigning": _countersigning(session, user),
        "corrections": sorted(session.corrections.all(), key=lambda row: -row.number),
        "record_version": version,
        "skin_seen": list(session.skin_seen.select_related("seen_by").order_by("-pk")),
        "may_say_skin": user.may("records.edit") and session.is_signed,
        "meaning": meaning_for(session, session.signed_by) if session.is_signed else "",
        "used": used_rows(session),
        "cartridges_used": cartridges_used(session),
        "tubes_checked": tubes_checked(session),
        "entered_late": entered_late(session),
        "late_conditions": late_conditions(session),
        "to_clean": _to_clean(session, user),
        "numbing_used": _in_place(session, rule.NUMBING),
        "start_words": [row["words"] for row in session.start_check.get("conditions", ())],
        "may_correct": user.may("records.edit") and session.is_signed,
    }


# Kept in English with the record.
_SAID = frozenset([gettext_noop("Not treated"), gettext_noop("Not used"), gettext_noop("Not planned"), gettext_noop("Sooner")])


def deviation_rows(session, rows) -> list[dict]:
    """Deviations with the zone's label: `Cheeks depth`, planned, done, reason."""
    labels = {zone.zone: zone.zone_label for zone in session.zones.all()}
    whats = {"gap": gettext("Time since the last session"), "adjuvant": gettext("With the needling")}
    of_zone = {"depth": gettext("%(zone)s depth"), "passes": gettext("%(zone)s passes"), "endpoint": gettext("%(zone)s endpoint")}

    def label(row) -> str:
        if not row["zone"]:
            return whats.get(row["what"], row["what"])
        words = of_zone.get(row["what"], f"%(zone)s {row['what']}")
        return words % {"zone": labels.get(row["zone"], row["zone"])}

    def said(words: str) -> str:
        return gettext(words) if words in _SAID else words

    return [row | {"label": label(row), "planned": said(row["planned"]), "done": said(row["done"])} for row in rows]
