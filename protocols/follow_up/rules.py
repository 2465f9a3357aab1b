"""What is asked on a day, and the level that the answers lead to. Pure: no clock, no database."""

from collections.abc import Mapping
from dataclasses import dataclass

from planner.knowledge import Knowledge
from planner.knowledge.entries import DowntimeBand, NormalItem

from .terms import CALL_BACK, NORMAL, FollowUp, Question, Rule, gravest


@dataclass(frozen=True, slots=True)
class Reason:
    """Why the level is not lower. rule: None where the protocol's own floor speaks."""

    level: str
    words: str
    question: str = ""
    rule: Rule | None = None


@dataclass(frozen=True, slots=True)
class Assessment:
    level: str
    reasons: tuple[Reason, ...]
    unanswered: tuple[str, ...]


def questions_for(follow_up: FollowUp, *, day: int, band: str | None) -> tuple[Question, ...]:
    """What is asked on *day* after a session in *band*; a band that is not known leaves no question out."""
    return tuple(one for one in follow_up.questions if _in(one, day, band))


def assess(follow_up: FollowUp, knowledge: Knowledge, *, day: int, band: str | None, answers: Mapping[str, str]) -> Assessment:
    """
    Return the level of *answers* (question -> answer) on *day* after a session in the downtime band *band* (None = not known).

    The gravest of: every rule that holds, "call back today" for an answer that is not expected, and the same where a question was not
    answered or none is asked on that day. So a question that nobody answered is never "normal", and an answer more never lowers a level
    that was reached without it.
    """
    asked = questions_for(follow_up, day=day, band=band)
    given = {one.id: answers[one.id] for one in asked if answers.get(one.id) in one.answers}
    reasons = []
    for rule in follow_up.rules:
        holds = all(given.get(name) in wanted for name, wanted in rule.when.items())
        if holds and _in(rule, day, band) and _over(rule, knowledge, day, band):
            reasons.append(Reason(rule.level, rule.why, next(iter(rule.when)), rule))
    explained = {name for reason in reasons for name in reason.rule.when}
    for one in asked:
        if one.id in given and given[one.id] not in one.expected and one.id not in explained:
            reasons.append(Reason(CALL_BACK, "This answer does not belong to the expected course.", one.id))
    unanswered = tuple(one.id for one in asked if one.id not in given)
    if unanswered:
        count = len(unanswered)
        reasons.append(Reason(CALL_BACK, f"{count} {'question was' if count == 1 else 'questions were'} not answered."))
    if not asked:
        reasons.append(Reason(CALL_BACK, "The protocol asks nothing on this day: a clinician has to look at it."))
    level = gravest(NORMAL, *(reason.level for reason in reasons))
    reasons.sort(key=lambda reason: reason.level != level)
    return Assessment(level, tuple(reasons), unanswered)


def expected_course(knowledge: Knowledge, *, day: int, band: DowntimeBand | None) -> tuple[NormalItem, ...]:
    """What is normal on *day* after a session in *band*: the entries whose hours touch that day."""
    start, end = day * 24, day * 24 + 24
    return tuple(
        item
        for item in knowledge.normal_course
        if item.from_hour < end and item.to_hour > start and (not item.bands or (band is not None and band.id in item.bands))
    )


def _in(one: Question | Rule, day: int, band: str | None) -> bool:
    return one.from_day <= day <= one.to_day and (not one.bands or band is None or band in one.bands)


def _over(rule: Rule, knowledge: Knowledge, day: int, band: str | None) -> bool:
    """Whether the longest time of the rule's sign is over; of a band that is not known, the shortest of all bands counts."""
    if rule.after is None:
        return True
    bands = [one for one in knowledge.downtime_bands if band is None or one.id == band]
    return day > min((one.measures[rule.after].span.max for one in bands), default=0)
