"""Keeping a follow-up call, and that somebody has its alert in hand."""

import datetime as dt
from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.permissions import may
from audit.services import record
from protocols.follow_up import Assessment, assess, questions_for

from ..models import CallAcknowledgement, FollowUpCall
from .script import Script
from .session_facts import SessionFacts

Outcome = FollowUpCall.Outcome


class Refused(Exception):
    """Nothing was written; the message says why and what to do."""


def day_of_call(facts: SessionFacts, now: dt.datetime) -> int:
    """Days after the session, on the calendar of its site."""
    return max(0, (facts.session.site.day_of(now) - facts.session.day).days)


def judged(script: Script, facts: SessionFacts, *, day: int, answers: Mapping[str, str]) -> Assessment:
    band = facts.band(script.knowledge)
    return assess(script.calls, script.knowledge, day=day, band=band.id if band else None, answers=answers)


def keep(
    facts: SessionFacts,
    script: Script,
    *,
    outcome: str,
    answers: Mapping[str, str],
    by,
    request_key: str,
    day: int,
    check_in: str = "",
    remark: str = "",
    request=None,
) -> FollowUpCall:
    """
    Keep one call. Where the patient was reached, the level is worked out here, from the answers alone. The same *request_key* keeps one.

    answers: question -> answer, of those that were asked on *day*; what is not among them was not answered.
    """
    with transaction.atomic():
        standing = FollowUpCall.objects.filter(request_key=request_key).first()
        if standing is not None:
            return standing
        now = timezone.now()
        reached = outcome == Outcome.REACHED
        band = facts.band(script.knowledge)
        fields = {}
        if reached:
            found = judged(script, facts, day=day, answers=answers)
            level = script.calls.levels[found.level]
            asked = questions_for(script.calls, day=day, band=band.id if band else None)
            fields = {
                "level": found.level,
                "answers": [_answer(one, answers.get(one.id, "")) for one in asked],
                "reasons": [
                    {"level": reason.level, "words": reason.words, "rule": reason.rule.id if reason.rule else ""}
                    for reason in found.reasons
                ],
                "words": script.words(found.level, facts.session.site),
                "answer_by": now + dt.timedelta(minutes=level.within_minutes) if level.within_minutes else None,
            }
        call = FollowUpCall.objects.create(
            patient=facts.session.patient,
            session=facts.session,
            site=facts.session.site,
            check_in=check_in,
            outcome=outcome,
            protocol_version=script.version,
            day=day,
            band=band.id if band else "",
            remark=remark,
            at=now,
            by=by,
            request_key=request_key,
            **fields,
        )
        detail = {"outcome": outcome, "level": call.level, "session": facts.session.pk, "check_in": check_in}
        record("call.made", actor=by, patient=call.patient_id, obj=call, request=request, detail=detail)
    return call


def _answer(question, given: str) -> dict:
    return {"id": question.id, "question": question.text, "answer": given, "said": question.answers.get(given, "")}


def acknowledge(call: FollowUpCall, *, decision: str, by, request=None) -> tuple[CallAcknowledgement, bool]:
    """
    Return who has the alert in hand, and whether it is *by* from now on. Whoever was first stays: two who press at once are told who.

    Raises:
        Refused: there is nothing to take in hand, or *by* may not.
    """
    if not may(by, "calls.acknowledge"):
        raise Refused(_("Only a clinician or a medical lead can take it in hand."))
    if not call.is_alert:
        raise Refused(_("This call asks nothing of a clinician."))
    with transaction.atomic():
        made, is_new = CallAcknowledgement.objects.get_or_create(call=call, defaults={"decision": decision, "at": timezone.now(), "by": by})
        if is_new:
            minutes = int((made.at - call.at).total_seconds() // 60)
            detail = {"level": call.level, "after_minutes": minutes}
            record("call.acknowledged", actor=by, patient=call.patient_id, obj=call, request=request, detail=detail)
    return made, is_new
