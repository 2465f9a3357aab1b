"""
May this session start, may it be signed: a table of named conditions each, with its answer in plain words.

Conditions that speak of the day (plan, safety checks, planner, healing gap, operator) hold the needling back; the others are
asked for at signing, not while somebody types. From the moment the first zone is recorded the answers of that moment are
kept in `start_check`: what was true when the needle touched the skin does not change with a later answer.
"""

import datetime as dt
from dataclasses import dataclass, field, replace
from decimal import Decimal

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext

from accounts.templatetags.clinic_format import in_words as day_words
from consent.standing import MISSING, OLDER, SIGNED, WITHDRAWN, Stands, stands_for
from patients.lists import DueList
from planner.wording import mm
from plans.competence import beyond, without_agreed
from plans.models import TreatmentPlan
from plans.settled import NOT_DECIDED as NUMBING_NOT_DECIDED
from plans.since import Change, in_words

from .. import countersigning
from ..devices import standing as devices
from ..lots import rule as lots
from ..models import Resource, SessionZone, TreatmentSession
from ..tubes import rule as tubes
from .added import added_consent
from .due import Due, asked_of, due_of
from .healing import after_record
from .late import began_wrong
from .planner_today import Today, planner_today, to_look_at
from .planner_today import case_today as today_case
from .skin import Earlier, earlier_of, newest_in
from .terms import added_ids, terms_for

OK, LEFT, STOP = "ok", "todo", "stop"
LATE_SAID = "f-late_said"  # the field that answers what was not in order on the day of a late record
SKIN = "skin-seen"  # the form that says how the skin was after earlier sessions
WAITS_FOR = ("due", SKIN)  # what the plan check waits for: one word stands for both


@dataclass(frozen=True)
class Condition:
    """
    One line of the gate. state: ok | todo (somebody has to do it) | stop (it cannot go on). holds: needling waits for it.
    field: id of the control that mends it. short: the word in the missing strip.
    """

    name: str
    state: str
    words: str
    short: str = ""
    field: str = ""
    holds: bool = False

    @property
    def met(self) -> bool:
        return self.state == OK


@dataclass(frozen=True)
class DayCheck:
    """What the day says about going on with the plan. `left_out`: {zone id: reason}. `cautions`: sentences worth reading."""

    on: dt.date
    conditions: tuple[Condition, ...]
    left_out: dict[str, str]
    cautions: tuple[str, ...]
    due: tuple[str, ...]  # ids of the questions to ask again
    due_lists: tuple[DueList, ...] = ()
    limits: dict[str, tuple[Decimal, str]] = field(default_factory=dict)  # {zone: (deepest mm today, why)} below the plan's depth
    adjuvants_out: dict[str, str] = field(default_factory=dict)  # {adjuvant of the plan: why not today}
    changes: tuple[Change, ...] = ()  # what the planner is more careful about today than the plan
    undecided: tuple[Change, ...] = ()  # those of them the clinician has to decide before the needle
    to_look_at: tuple[Earlier, ...] = ()  # earlier sessions of which nobody has said today how the skin is
    is_kept: bool = False

    @property
    def blocked(self) -> str:
        """Why no zone may be recorded yet, or ''."""
        return next((condition.words for condition in self.conditions if condition.holds and not condition.met), "")

    def as_mapping(self) -> dict:
        return {
            "on": self.on.isoformat(),
            "conditions": [{"name": c.name, "state": c.state, "words": c.words, "holds": c.holds} for c in self.conditions],
            "left_out": self.left_out,
            "cautions": list(self.cautions),
            "limits": {zone: {"mm": str(most), "why": why} for zone, (most, why) in self.limits.items()},
            "adjuvants_out": self.adjuvants_out,
            **({"changes": [change.as_mapping() for change in self.changes]} if self.changes else {}),
        }


def day_check(session: TreatmentSession, on: dt.date | None = None, *, numbing: str | None = None) -> DayCheck:
    """
    The kept answers where needling has begun, else the answers now for the day *on* (the day of treatment). numbing: the product as
    it is being typed; None = as it is recorded.
    """
    if session.is_late:
        return _check_then(session)
    kept = session.start_check
    if kept:
        return DayCheck(
            on=dt.date.fromisoformat(kept["on"]),
            conditions=_all_kept(session, kept),
            left_out=kept["left_out"],
            cautions=(*_withdrawn_since(session), *kept["cautions"]),
            due=(),
            limits={zone: (Decimal(row["mm"]), row["why"]) for zone, row in kept.get("limits", {}).items()},
            adjuvants_out=kept.get("adjuvants_out", {}),
            is_kept=True,
        )
    on = on or session.day
    due = due_of(session.patient, session.plan.protocol_version, on)
    earlier = earlier_of(session.patient, on)
    added = added_ids(session)
    today = planner_today(session.plan, session.patient, on, earlier, added=added)
    undecided = decided_not(session, today)
    planner = _planner(session, today, undecided)
    waiting = to_look_at(session.plan, earlier, on)
    if (due or waiting) and planner.state != STOP:
        field = "due" if due else SKIN
        planner = Condition(
            "planner", LEFT, gettext("The plan is checked again once they are answered"), gettext("plan check"), field, holds=True
        )
    gap, operator = _gap(session, on, today.interval_weeks), _operator(session, on)
    skin, numbing = _skin(session, earlier, waiting), _numbing(session, on, session.numbing if numbing is None else numbing)
    conditions = (_plan(session), _screening(due), *skin, planner, gap, operator, *numbing, _consent(session))
    return DayCheck(
        on=on,
        conditions=conditions,
        left_out=today.left_out,
        cautions=today.cautions,
        due=tuple(question.id for question in due.questions),
        due_lists=due.lists,
        limits={**_agreed_depths(session, today), **today.limits},
        adjuvants_out={**today.adjuvants_out, **{name: today.refused[name] for name in added if name in today.refused}},
        changes=today.changes,
        undecided=undecided,
        to_look_at=tuple(waiting),
    )


def _check_then(session: TreatmentSession) -> DayCheck:
    """
    Of a record entered on a later day: each condition as it stood when the needles were in the skin. What was done is done, so nothing is
    held back; whatever was not in order is said openly, and answered in the record's own words.
    """
    on, at = session.day, session.started_at
    due = due_of(session.patient, session.plan.protocol_version, on)
    earlier = earlier_of(session.patient, on)
    today = planner_today(session.plan, session.patient, on, earlier, added=added_ids(session))
    waiting = to_look_at(session.plan, earlier, on)
    skin = _skin(session, earlier, waiting)
    rows = [_screening(due, was=True), *(_skin_then(row, waiting) for row in skin), _planner_then(session, today)]
    conditions = (
        _plan_then(session),
        *(_said(session, row) for row in rows),
        replace(_gap(session, on, today.interval_weeks), holds=False),
        _operator_then(session),
        _said(session, _consent_then(session)),
        *(_said(session, row) for row in _added_then(session)),
    )
    stands = stands_for(session.plan, session.patient)
    since = [
        gettext("Since then consent was taken back: %(row)s") % {"row": row.words}
        for row in stands.of(WITHDRAWN)
        if row.item and row.item.withdrawal.at > at
    ]
    return DayCheck(on=on, conditions=conditions, left_out={}, cautions=(*since, *today.cautions), due=(), changes=today.changes)


def _said(session: TreatmentSession, row: Condition) -> Condition:
    """What was not in order on the day and cannot be put right any more: met once the record says something about it."""
    if row.met:
        return row
    words = row.words.rstrip(".")
    if session.late_said:
        return Condition(
            row.name,
            OK,
            gettext("%(words)s. Said about it: %(late_said)s") % {"words": words, "late_said": session.late_said},
            row.short,
            LATE_SAID,
        )
    return Condition(
        row.name, LEFT, gettext("Not in order that day: %(words)s. Say what is known about it") % {"words": words}, row.short, LATE_SAID
    )


def _plan_then(session: TreatmentSession) -> Condition:
    plan = session.plan
    if words := began_wrong(session.booking, session.started_at):
        return Condition("plan", LEFT, words, gettext("start time"), "f-started")
    since = (
        ""
        if plan.status == TreatmentPlan.Status.ACCEPTED
        else gettext(", %(status)s since") % {"status": plan.get_status_display().lower()}
    )
    return Condition(
        "plan",
        OK,
        gettext("Plan %(plan)s was in force%(since)s") % {"plan": plan.number, "since": since},
        gettext("plan %(plan)s") % {"plan": plan.number},
    )


def _skin_then(row: Condition, waiting: list[Earlier]) -> Condition:
    if row.met:
        return row
    words = gettext("Nobody said how the skin is after %(waiting)s") % {"waiting": gettext(" and ").join(one.words for one in waiting)}
    return Condition(row.name, LEFT, words, row.short)


def _planner_then(session: TreatmentSession, today: Today) -> Condition:
    """What the planner says of that day, from what is on file now."""
    labels = {row.zone: row.zone_label for row in session.zones.all()}
    said = [today.barred] if today.barred else []
    said += [
        gettext("%(labels)s would be left out: %(why)s") % {"labels": labels.get(zone, zone), "why": why.rstrip(".")}
        for zone, why in today.left_out.items()
    ]
    said += [
        gettext("%(labels)s at most %(most)s: %(why)s") % {"labels": labels.get(zone, zone), "most": mm(most), "why": why.rstrip(".")}
        for zone, (most, why) in today.limits.items()
    ]
    said += [
        gettext("%(name)s would not be used: %(why)s") % {"name": name, "why": why.rstrip(".")}
        for name, why in {**today.adjuvants_out, **_refused(session, today)}.items()
    ]
    said += [gettext("to be decided: %(words)s") % {"words": words} for words in today.decisions]
    undecided = decided_not(session, today)
    if undecided and not said:
        said = [in_words(undecided)]
    if said:
        return Condition(
            "planner",
            LEFT,
            gettext("From what is on file now the planner says of that day: %(said)s") % {"said": "; ".join(said)},
            gettext("plan check"),
        )
    return Condition("planner", OK, gettext("The answers on file fit the plan"), gettext("plan check"))


def _refused(session: TreatmentSession, today: Today) -> dict[str, str]:
    return {name: today.refused[name] for name in added_ids(session) if name in today.refused}


def _consent_then(session: TreatmentSession) -> Condition:
    """Signed by then, on the texts in use then, and not withdrawn by then."""
    stands = stands_for(session.plan, session.patient, at=session.started_at)
    if stands.state == OLDER and session.consent_reason:
        return _consent_older(session, stands)
    if stands.state == SIGNED:
        return Condition("consent", OK, stands.words, gettext("consent"))
    words = {
        WITHDRAWN: gettext("Consent was withdrawn before the treatment: %(of)s")
        % {"of": "; ".join(row.words for row in stands.of(WITHDRAWN))},
        MISSING: gettext("%(stands)s, not by then") % {"stands": stands.words},
        OLDER: gettext("Consent was signed on a text that was no longer in use: %(of)s")
        % {"of": "; ".join(row.words for row in stands.of(OLDER))},
    }
    return Condition("consent", LEFT, words[stands.state], gettext("consent"))


def decided_not(session: TreatmentSession, today: Today) -> tuple[Change, ...]:
    """What of today's changes nobody has decided yet: a decision covers what stood before whoever decided, and nothing later."""
    decided = {change["key"] for made in session.decided_today for change in made["changes"]}
    return tuple(change for change in today.to_decide if change.key not in decided)


def _agreed_depths(session: TreatmentSession, today: Today) -> dict[str, tuple[Decimal, str]]:
    """{zone: (depth proposed today, why)} where it was decided to treat at that depth."""
    last = {change["key"]: made["reason"] for made in session.decided_today for change in made["changes"]}
    lighter = session.Decided.LIGHTER
    return {
        zone: (most, gettext("decided today. %(why)s") % {"why": why})
        for zone, (most, why) in today.proposed.items()
        if last.get(f"depth.{zone}:{most}") == lighter
    }


def may_start(session: TreatmentSession, on: dt.date | None = None, *, check: DayCheck | None = None) -> list[Condition]:
    """Every condition of the start, met or not, in the order of the screen."""
    check = check or day_check(session, on)
    return [*_before(session), *check.conditions, *_device_and_needle(session)]


def may_sign(session: TreatmentSession, *, by=None, check: DayCheck | None = None) -> list[Condition]:
    """Every condition of the signature: those of the start, then what the record itself must say."""
    return [*may_start(session, check=check), *_zones(session), *_after(session), *_whole(session, by)]


def unmet(conditions: list[Condition]) -> list[Condition]:
    return [condition for condition in conditions if not condition.met]


# Before


def _before(session: TreatmentSession) -> list[Condition]:
    rows = (
        (
            "identity",
            session.identity_checked,
            gettext("Name and birth date checked"),
            gettext("name and birth date"),
            "f-identity_checked",
        ),
        (
            "skin",
            session.skin_checked,
            gettext("Skin looked at that day") if session.is_late else gettext("Skin looked at today"),
            gettext("skin check"),
            "f-skin_checked",
        ),
    )
    return [
        Condition(
            name, OK if done else LEFT, words if done else gettext("Tick when done: %(words)s") % {"words": words.lower()}, short, field
        )
        for name, done, words, short, field in rows
    ]


def _plan(session: TreatmentSession) -> Condition:
    plan = session.plan
    if plan.status == TreatmentPlan.Status.ACCEPTED:
        return Condition(
            "plan",
            OK,
            gettext("Plan %(plan)s accepted on %(accepted_at)s")
            % {"plan": plan.number, "accepted_at": day_words(session.site.day_of(plan.accepted_at))},
            gettext("plan %(plan)s") % {"plan": plan.number},
            holds=True,
        )
    words = {
        TreatmentPlan.Status.SUPERSEDED: gettext("Plan %(plan)s was replaced by a newer one. Book this session from the newer plan")
        % {"plan": plan.number},
        TreatmentPlan.Status.COMPLETED: gettext("Plan %(plan)s is completed. Make a new plan for further sessions") % {"plan": plan.number},
        TreatmentPlan.Status.AWAITING: gettext("Plan %(plan)s waits for a countersignature") % {"plan": plan.number},
        TreatmentPlan.Status.RETURNED: gettext("Plan %(plan)s was sent back. Make a new plan before treating") % {"plan": plan.number},
        TreatmentPlan.Status.WRITING: gettext("Plan %(plan)s is not whole yet") % {"plan": plan.number},
        TreatmentPlan.Status.STOPPED: gettext("Plan %(plan)s was stopped. Make a new plan before treating again") % {"plan": plan.number},
    }
    return Condition("plan", STOP, words[plan.status], gettext("plan %(plan)s") % {"plan": plan.number}, "day", holds=True)


def due_questions(session: TreatmentSession, on: dt.date) -> tuple[str, ...]:
    """Ids of the protocol's questions with no answer, or one older than their `valid_days` (0 = ask at every visit)."""
    return tuple(question.id for question in due_of(session.patient, session.plan.protocol_version, on).questions)


def asked_questions(session: TreatmentSession, on: dt.date) -> list:
    """The protocol's questions that are asked of this patient, in its order."""
    return asked_of(session.patient, session.plan.protocol_version, on)


def _screening(due: Due, *, was: bool = False) -> Condition:
    """was: of a day that is over."""
    if not due:
        return Condition("screening", OK, gettext("Safety checks are up to date"), gettext("safety checks"), holds=True)
    if was:
        return Condition("screening", LEFT, gettext("%(due)s due that day and not on file") % {"due": due.words}, gettext("safety checks"))
    return Condition(
        "screening", LEFT, gettext("Ask again first: %(due)s due") % {"due": due.words}, gettext("safety checks"), "due", holds=True
    )


def _skin(session: TreatmentSession, earlier: list[Earlier], waiting: list[Earlier]) -> list[Condition]:
    """How the skin is after the newest session in each zone of the plan, said on the day; nothing where there was none."""
    rows = newest_in(earlier, [zone.zone for zone in session.plan.zones.all()])
    if not rows:
        return []
    if waiting:
        words = gettext("Say first how the skin is after %(waiting)s") % {"waiting": gettext(" and ").join(row.words for row in waiting)}
        return [Condition("skin_seen", LEFT, words, gettext("skin after the last session"), SKIN, holds=True)]
    words = "; ".join(f"{row.words}: {row.last}" for row in rows)
    return [
        Condition("skin_seen", OK, gettext("Skin after %(words)s") % {"words": words}, gettext("skin after the last session"), holds=True)
    ]


def _planner(session: TreatmentSession, today: Today, undecided: tuple[Change, ...]) -> Condition:
    if today.status in ("refuse", "defer"):
        return Condition("planner", STOP, today.barred, gettext("stop"), "day", holds=True)
    if today.status == "ask":
        return Condition("planner", LEFT, today.barred, gettext("open questions"), "day", holds=True)
    if today.decisions:
        words = gettext("New since the plan was made: %(decisions)s. Make a new plan, so that it is decided and written down") % {
            "decisions": "; ".join(today.decisions)
        }
        return Condition("planner", STOP, words, gettext("new decision"), "day", holds=True)
    if undecided:
        words = gettext("More careful today than planned. Decide first: %(undecided)s") % {"undecided": in_words(undecided)}
        return Condition("planner", LEFT, words, gettext("decision for today"), "today", holds=True)
    narrower = gettext("Today's answers narrow the plan: see the zones and what goes with the needling")
    if today.to_decide:
        made = session.decided_today[-1]
        said = gettext("More careful today than planned, decided by %(made)s: %(decided_words)s") % {
            "made": made["by_name"],
            "decided_words": decided_words(made),
        }
        return Condition(
            "planner", OK, f"{said}. {narrower}" if len(today.to_decide) < len(today.changes) else said, gettext("plan check"), holds=True
        )
    if today.changes:
        return Condition("planner", OK, narrower, gettext("plan check"), holds=True)
    return Condition("planner", OK, gettext("Today's answers still fit the plan"), gettext("plan check"), holds=True)


def decided_words(made: dict) -> str:
    """`Weighed today: treated as planned`, with the note."""
    words = TreatmentSession.Decided(made["reason"]).label
    if made["reason"] == TreatmentSession.Decided.OTHER:
        return made["note"]
    return f"{words}. {made['note']}" if made["note"] else words


def case_today(session: TreatmentSession, on: dt.date) -> dict:
    """See `planner_today.case_today`."""
    return today_case(session.plan, session.patient, on)


def last_signed(session: TreatmentSession) -> TreatmentSession | None:
    """The patient's last signed session before this one that needled one of this plan's zones."""
    zones = [row.zone for row in session.plan.zones.all()]
    return (
        TreatmentSession.objects.filter(
            patient=session.patient_id,
            status=TreatmentSession.Status.SIGNED,
            started_at__lt=session.started_at,
            zones__state=SessionZone.State.DONE,
            zones__zone__in=zones,
        )
        .exclude(pk=session.pk)
        .select_related("booking__site")
        .order_by("-started_at")
        .first()
    )


def _gap(session: TreatmentSession, on: dt.date, longer: int | None = None) -> Condition:
    """*longer*: the shortest interval in weeks where today's answers ask for more than the plan's."""
    last = last_signed(session)
    if last is None:
        return Condition("gap", OK, gettext("No earlier session in these zones"), gettext("healing gap"), holds=True)
    healing = after_record(last, session.plan)
    weeks = max(longer or 0, healing.least)
    treated = last.day
    days = (on - treated).days
    since = gettext("%(days)s days since session %(session_number)s on %(treated)s") % {
        "days": days,
        "session_number": last.session_number,
        "treated": day_words(treated),
    }
    if days >= weeks * 7:
        return Condition("gap", OK, since, gettext("healing gap"), holds=True)
    if session.gap_reason:
        return Condition(
            "gap",
            OK,
            gettext("%(since)s, accepted by %(gap_by)s: %(gap_reason)s")
            % {"since": since, "gap_by": session.gap_by, "gap_reason": session.gap_reason},
            gettext("healing gap"),
            holds=True,
        )
    first = day_words(treated + dt.timedelta(weeks=weeks))
    if longer and longer >= healing.least:
        leaves = gettext("today's answers ask for at least %(weeks)s weeks") % {"weeks": weeks}
    else:
        leaves = (
            gettext("the plan leaves at least %(weeks)s weeks") % {"weeks": weeks}
            if not healing.why
            else healing.why[0].lower() + healing.why[1:]
        )
    ask = gettext("Say why it was sooner") if session.is_late else gettext("Say why it is sooner, or book another day")
    words = gettext("%(since)s: %(leaves)s, so from %(first)s. %(ask)s") % {"since": since, "leaves": leaves, "first": first, "ask": ask}
    return Condition("gap", LEFT, words, gettext("healing gap"), "f-gap_reason", holds=True)


def _consent(session: TreatmentSession) -> Condition:
    """Signed for what the plan does and puts on, on the texts in use, and not withdrawn; an older text holds with a reason."""
    stands = stands_for(session.plan, session.patient)
    if stands.state == WITHDRAWN:
        return Condition("consent", STOP, stands.words, gettext("consent"), "consent", holds=True)
    if stands.state == MISSING:
        return Condition(
            "consent",
            LEFT,
            gettext("%(stands)s. Have it signed first") % {"stands": stands.words},
            gettext("consent"),
            "consent",
            holds=True,
        )
    if stands.state == OLDER and not session.consent_reason:
        words = gettext("%(stands)s, or say why the older one holds today") % {"stands": stands.words}
        return Condition("consent", LEFT, words, gettext("consent"), "f-consent_reason", holds=True)
    if stands.state == OLDER:
        return _consent_older(session, stands)
    return Condition("consent", OK, stands.words, gettext("consent"), holds=True)


def _added_then(session: TreatmentSession) -> list[Condition]:
    """Consent to what went with the needling beyond the plan."""
    stands = added_consent(session, added_ids(session))
    if stands.state == SIGNED:
        return []
    return [
        Condition(
            "added_consent",
            LEFT,
            gettext("By then not in order: %(open)s") % {"open": "; ".join(row.words for row in stands.open)},
            gettext("consent"),
        )
    ]


def _consent_older(session: TreatmentSession, stands: Stands) -> Condition:
    older = "; ".join(row.words for row in stands.of(OLDER))
    words = gettext("Consent: %(older)s, accepted by %(consent_by)s: %(consent_reason)s") % {
        "older": older,
        "consent_by": session.consent_by,
        "consent_reason": session.consent_reason,
    }
    return Condition("consent", OK, words, gettext("consent"), holds=True)


def _withdrawn_since(session: TreatmentSession) -> list[str]:
    """Consent taken back while the treatment goes on: what was done until then is recorded, nothing more is done."""
    if session.is_locked:
        return []
    stands = stands_for(session.plan, session.patient)
    if stands.state != WITHDRAWN:
        return []
    names = "; ".join(row.words for row in stands.of(WITHDRAWN))
    return [
        gettext("Consent was withdrawn since the treatment began: %(names)s. Stop, record what was done until then, and sign")
        % {"names": names}
    ]


def _all_kept(session: TreatmentSession, kept: dict) -> tuple[Condition, ...]:
    """The answers of the start. One begun before consent was signed here has none about it: its tick stands, else it is asked now."""
    found = tuple(_as_kept(session, kept, row) for row in kept["conditions"])
    if any(row.name == "consent" for row in found):
        return found
    return (
        *found,
        Condition("consent", OK, gettext("Consent confirmed"), gettext("consent"), holds=True)
        if session.consent_confirmed
        else _consent(session),
    )


def _as_kept(session: TreatmentSession, kept: dict, row: dict) -> Condition:
    """The answer of the start; somebody who took over since is judged by what they are signed off for."""
    if row["name"] == "operator" and kept.get("treats", session.clinician_id) != session.clinician_id:
        return _operator(session, dt.date.fromisoformat(kept["on"]))
    return Condition(**row)


def _operator_then(session: TreatmentSession) -> Condition:
    """Of a late record: what was done beyond who treated is countersigned once it is signed."""
    who, needs = session.clinician, countersigning.beyond_right(session)
    if needs:
        words = "; ".join(dict.fromkeys(need["subject"] for need in needs))
        return Condition(
            "operator",
            OK,
            gettext("%(who)s treated, beyond their own right: %(words)s. Once signed it waits for a countersignature")
            % {"who": who, "words": words},
        )
    return Condition("operator", OK, gettext("%(who)s treated") % {"who": who}, gettext("who treated"))


def _operator(session: TreatmentSession, on: dt.date) -> Condition:
    """
    The one who treats is judged on the day of treatment: certificates, device, zones, depths. A countersignature of the plan
    covers the clinician it was given for, and only what it named.
    """
    who, plan = session.clinician, session.plan
    if not who.may("records.sign"):
        return Condition(
            "operator", STOP, gettext("%(who)s may not treat. A clinician has to") % {"who": who}, gettext("who treats"), "day", holds=True
        )
    found = beyond(who, plan, on=on)
    left = without_agreed(found, who, plan)
    if left:
        reasons = "; ".join(item.words for item in left)
        beyond_it = gettext("Beyond what %(who)s is signed off for: %(reasons)s") % {"who": who, "reasons": reasons}
        words = gettext("%(beyond_it)s. Somebody signed off for it has to treat, or a plan of theirs is countersigned") % {
            "beyond_it": beyond_it
        }
        return Condition("operator", STOP, words, gettext("who treats"), "day", holds=True)
    if found:
        words = gettext("%(who)s treats, countersigned by %(countersigned_by)s") % {"who": who, "countersigned_by": plan.countersigned_by}
        return Condition("operator", OK, words, gettext("who treats"), holds=True)
    return Condition("operator", OK, gettext("%(who)s treats") % {"who": who}, gettext("who treats"), holds=True)


def _numbing(session: TreatmentSession, on: dt.date, product: str) -> list[Condition]:
    """
    Numbing is a prescriber's to decide. Where the plan left it to the day, or is without, who treats must be one before the needle is
    taken up; what a plan names was decided with it. Once needling has begun the record says what went on.
    """
    who, plan = session.clinician, session.plan
    if not product or plan.numbing not in NUMBING_NOT_DECIDED or who.prescribes_on(on):
        return []
    planned = gettext("is without numbing") if plan.numbing else gettext("leaves numbing to the day")
    words = gettext(
        "%(product)s: plan %(plan)s %(planned)s, and %(who)s is no prescriber. A prescriber has to treat, or a plan that "
        "names it is countersigned. Clear the field if nothing was put on"
    ) % {"product": product, "plan": plan.number, "planned": planned, "who": who}
    return [Condition("numbing_prescriber", LEFT, words, gettext("prescriber for the numbing"), "f-numbing", holds=True)]


# Device and needle


def devices_for(session: TreatmentSession):
    """Active devices of the site that are of the plan's kind; one the needling began with stays, also when it breaks meanwhile."""
    here = Q(site=session.booking.site_id, kind=Resource.Kind.DEVICE, is_active=True, device_kind=session.plan.device_kind)
    if session.is_late:  # one that was put away since was there then
        here = Q(site=session.booking.site_id, kind=Resource.Kind.DEVICE, device_kind=session.plan.device_kind)
    if session.has_begun and session.device_id:
        here |= Q(pk=session.device_id)
    return list(Resource.objects.filter(here).select_related("site", "file").order_by("name"))


def _device(session: TreatmentSession) -> list[Condition]:
    """Chosen, of the plan's kind, in service and clean, and within its own label, or with the reason why it was used all the same."""
    device = session.device
    if device is None:
        return [Condition("device", LEFT, gettext("Choose the device"), gettext("device"), "f-device")]
    if device.device_kind != session.plan.device_kind:
        return [
            Condition(
                "device",
                STOP,
                gettext("%(device)s is not a %(device_kind)s. Choose another")
                % {"device": device, "device_kind": session.plan.device_kind},
                gettext("device"),
                "f-device",
            )
        ]
    found = devices.standing(device, session=session)
    if found.is_ready:
        row = Condition("device", OK, gettext("%(device)s is in service") % {"device": device}, gettext("device"), "f-device")
    elif session.has_begun and session.device_reason:
        row = Condition(
            "device",
            OK,
            gettext("%(found)s. Used all the same: %(device_reason)s") % {"found": found.words, "device_reason": session.device_reason},
            gettext("device"),
            "f-device_reason",
        )
    elif session.has_begun:
        words = gettext("%(found)s. Say why it was used all the same") % {"found": found.words}
        row = Condition("device", LEFT, words, gettext("why this device"), "f-device_reason")
    else:
        is_out = any(fault.kind == devices.OUT for fault in found.faults)
        row = Condition("device", STOP if is_out else LEFT, found.mend, gettext("device"), "f-device")
    beyond = devices.off_label(found.file, session)
    if not beyond:
        return [row]
    words = gettext("%(device)s is %(beyond)s (%(label_source)s)") % {
        "device": device,
        "beyond": "; ".join(beyond),
        "label_source": found.file.label_source,
    }
    if session.device_reason:
        words = gettext("%(words)s. Used all the same: %(device_reason)s") % {"words": words, "device_reason": session.device_reason}
        return [row, Condition("label", OK, words, gettext("device label"), "f-device_reason")]
    words = gettext("%(words)s. Say why it is used all the same, or choose another") % {"words": words}
    return [row, Condition("label", LEFT, words, gettext("device label"), "f-device_reason")]


def _device_and_needle(session: TreatmentSession) -> list[Condition]:
    on = session.day
    lot = Condition(
        "needle_lot",
        OK if session.needle_lot else LEFT,
        gettext("Lot %(needle_lot)s") % {"needle_lot": session.needle_lot} if session.needle_lot else gettext("Enter the needle lot"),
        gettext("needle lot"),
        "f-needle_lot",
    )
    expires = session.needle_expires_on
    if expires is None:
        use_by = Condition("use_by", LEFT, gettext("Enter the needle's use-by date"), gettext("use-by date"), "f-needle_expires_on")
    elif expires < on and session.is_late:
        words = gettext("The needle's use-by date was %(expires)s") % {"expires": day_words(expires)}
        use_by = _said(session, Condition("use_by", LEFT, words, gettext("use-by date")))
    elif expires < on:
        use_by = Condition(
            "use_by",
            STOP,
            gettext("The needle's use-by date was %(expires)s. Take another") % {"expires": day_words(expires)},
            gettext("use-by date"),
            "f-needle_expires_on",
        )
    else:
        use_by = Condition(
            "use_by", OK, gettext("Use by %(expires)s") % {"expires": day_words(expires)}, gettext("use-by date"), "f-needle_expires_on"
        )
    return [*_device(session), lot, use_by, *_lots(session)]


def _lots(session: TreatmentSession) -> list[Condition]:
    """What stands against a lot that was used, asked anew: it may have been recalled since it was scanned."""
    return [Condition(row.name, STOP if row.is_stop else LEFT, row.words, row.short, row.field) for row in lots.asked_of(session)]


# What was done


def _zones(session: TreatmentSession) -> list[Condition]:
    rows = []
    zones = list(session.zones.all())
    for zone in zones:
        name, short, at = f"zone-{zone.zone}", zone.zone_label, f"f-z{zone.pk}"
        if zone.state == zone.State.NOT_RECORDED:
            rows.append(
                Condition(
                    name,
                    LEFT,
                    gettext("Record %(short)s: as planned, another depth, or not treated") % {"short": short},
                    short,
                    f"{at}-depth",
                )
            )
        elif zone.state == zone.State.DONE and zone.passes is None:
            rows.append(
                Condition(
                    name,
                    LEFT,
                    gettext("Enter the passes on %(short)s") % {"short": short},
                    gettext("%(short)s passes") % {"short": short},
                    f"{at}-passes",
                )
            )
        elif zone.state == zone.State.DONE and not zone.endpoint:
            rows.append(
                Condition(
                    name,
                    LEFT,
                    gettext("Choose the endpoint on %(short)s") % {"short": short},
                    gettext("%(short)s endpoint") % {"short": short},
                    f"{at}-endpoint",
                )
            )
        elif differs(zone) and not zone.reason:
            rows.append(
                Condition(
                    name,
                    LEFT,
                    gettext("Say why %(short)s differs from the plan") % {"short": short},
                    gettext("reason for %(short)s") % {"short": short},
                    f"{at}-reason",
                )
            )
        elif zone.reason == zone.Reason.OTHER and not zone.note:
            rows.append(
                Condition(
                    name,
                    LEFT,
                    gettext("Say in the note why %(short)s differs") % {"short": short},
                    gettext("reason for %(short)s") % {"short": short},
                    f"{at}-note",
                )
            )
        else:
            rows.append(Condition(name, OK, gettext("%(short)s recorded") % {"short": short}, short))
    if zones and all(zone.state == zone.State.NOT_TREATED for zone in zones):
        rows.append(
            Condition(
                "treated",
                LEFT,
                gettext("No zone was treated: close the record without treatment instead of signing it"),
                gettext("a treated zone"),
                "close",
            )
        )
    return rows


def differs(zone: SessionZone) -> bool:
    """Whether what was done is materially other than planned: left out, another depth or endpoint, passes outside the plan's range."""
    if zone.state == zone.State.NOT_TREATED:
        return True
    if zone.state != zone.State.DONE:
        return False
    if zone.done_depth_mm != zone.planned_depth_mm or (zone.endpoint and zone.endpoint != zone.planned_endpoint):
        return True
    low, high = zone.plan_zone.passes_min, zone.plan_zone.passes_max
    return zone.passes is not None and not low <= zone.passes <= high


def own_blood(session: TreatmentSession) -> set[str]:
    """Ids of the adjuvants that are the patient's own blood: the protocol marks them, or what was scanned is a PRP tube."""
    marked = {one.id for one in terms_for(session).adjuvants if one.own_blood}
    return marked | {use.place.removeprefix("adj-") for use in session.used_lots.all() if use.own_blood}


def _after(session: TreatmentSession) -> list[Condition]:
    rows = [
        Condition(
            "reaction",
            OK if session.reaction else LEFT,
            gettext("Reaction recorded") if session.reaction else gettext("Record the reaction"),
            gettext("reaction"),
            "reaction",
        )
    ]
    if session.reaction == session.Reaction.ADVERSE and not session.reaction_note:
        rows.append(
            Condition("reaction_note", LEFT, gettext("Say what the adverse event was"), gettext("adverse event"), "f-reaction_note")
        )
    has_lot = any(use.place == lots.NUMBING for use in session.used_lots.all())
    if session.numbing and not has_lot:
        rows.append(
            Condition("numbing_lot", LEFT, gettext("Scan or type the lot of the numbing product"), gettext("numbing lot"), "f-numbing_lot")
        )
    if has_lot and not session.numbing:
        rows.append(Condition("numbing", LEFT, gettext("Enter the numbing product"), gettext("numbing product"), "f-numbing"))
    if session.numbing and not session.numbing_on_at:
        rows.append(Condition("numbing_on", LEFT, gettext("Enter when the numbing went on"), gettext("numbing on"), "f-numbing_on"))
    if session.numbing and not session.numbing_off_at:
        rows.append(
            Condition("numbing_off", LEFT, gettext("Enter when the numbing was taken off"), gettext("numbing off"), "f-numbing_off")
        )
    blood, checks = own_blood(session), list(session.tube_checks.all())
    for row in session.adjuvants:
        if not row.get("used", True):
            continue
        label, at = row.get("label", row["id"]), f"f-adj-{row['id']}"
        if row["id"] in blood and tubes.pair_of(checks, row["id"]) is None:
            words = gettext("%(label)s: two people check patient against tube before it is used") % {"label": label}
            rows.append(Condition(f"tube-{row['id']}", LEFT, words, gettext("%(label)s tube") % {"label": label}, "tube"))
        if not row.get("product"):
            rows.append(
                Condition(
                    f"adj-{row['id']}",
                    LEFT,
                    gettext("Enter the product used as %(label)s") % {"label": label},
                    gettext("%(label)s product") % {"label": label},
                    f"{at}-product",
                )
            )
        elif not row.get("lot"):
            rows.append(
                Condition(
                    f"adj-{row['id']}",
                    LEFT,
                    gettext("Enter the lot of %(label)s") % {"label": label},
                    gettext("%(label)s lot") % {"label": label},
                    f"{at}-lot",
                )
            )
        if row.get("added") and not row.get("reason"):
            words = gettext("Say why %(label)s was used: the plan does not have it") % {"label": label}
            rows.append(Condition(f"adj-{row['id']}-reason", LEFT, words, gettext("why %(label)s") % {"label": label}, f"{at}-reason"))
    ended = session.ended_at
    if ended is None:
        rows.append(Condition("ended", LEFT, gettext("Enter the end time"), gettext("end time"), "f-ended"))
    elif ended > timezone.now() + dt.timedelta(minutes=1):
        rows.append(
            Condition("ended", LEFT, gettext("End time is still to come: enter when the session ended"), gettext("end time"), "f-ended")
        )
    return rows


def _whole(session: TreatmentSession, by) -> list[Condition]:
    rows = [
        Condition("unread", LEFT, gettext("Mend what could not be read"), gettext("a value that could not be read"), f"f-{name}")
        for name in list(session.unread)[:1]
    ]
    if by is not None and by.pk not in (session.clinician_id, session.entered_by_id):
        rows.append(
            Condition(
                "signer",
                LEFT,
                gettext("Only %(clinician)s, who treats, can sign this record") % {"clinician": session.clinician},
                gettext("signature of who treats"),
                "treats",
            )
        )
    return rows
