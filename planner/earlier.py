"""
What earlier needling says of today: skin that has not healed, dark marks afterwards, and what nobody has looked at since.

Unknown is asked, however long ago the session was: no protocol says after how many days skin counts as healed unseen. What
was found on healed skin after a later session in the same zone answers for the sessions before it.
"""

import datetime as dt
from collections.abc import Callable, Sequence

from . import wording
from .case import EarlierSession
from .context import Context
from .terms import Finding

NAMED = 3  # sessions named in one question; the others are counted

Earlier = tuple[EarlierSession, tuple[str, ...]]  # a session, and the zones to be treated now that it touched


def judge(ctx: Context) -> None:
    """The findings of every earlier session, and one question each for healing and for marks that nobody recorded."""
    sessions: list[Earlier] = []
    for session in ctx.case.history:
        if session.date > ctx.today:
            ctx.ask("history.date", f"The session on {wording.day(session.date)} is after the visit.", "date", "history", label="History")
            continue
        touched, _ = ctx.resolve_zones(session.places, "history.zones")
        sessions.append((session, tuple(zone for zone in ctx.zones if zone in touched)))
    for session, zones in sessions:
        if session.healed is False:
            _not_healed(ctx, session, tuple(zone for zone in zones if not _later(sessions, session, zone, _healed)))
        if session.pigmentation:
            _marks(ctx, session, zones)
    _ask(ctx, sessions, "healed", "has the skin healed?", "Not known: healed after an earlier session", _healed)
    _ask(ctx, sessions, "pigmentation", "have dark marks appeared since?", "Not known: dark marks after an earlier session", _clear)


def _healed(session: EarlierSession) -> bool:
    return session.healed is True


def _clear(session: EarlierSession) -> bool:
    """Healed and without marks: what was looked at with marks, or before it healed, says nothing of the sessions before."""
    return session.healed is True and session.pigmentation is False


def _later(sessions: Sequence[Earlier], session: EarlierSession, zone: str, seen: Callable[[EarlierSession], bool]) -> bool:
    """Whether a later session in *zone* was *seen* so: a later one of which nobody knows lifts nothing."""
    return any(other.date > session.date and zone in zones and seen(other) for other, zones in sessions)


def _not_healed(ctx: Context, session: EarlierSession, here: tuple[str, ...]) -> None:
    if here:
        rule = ctx.knowledge.not_healed
        reason = f"{rule.label}: session on {wording.day(session.date)}."
        ctx.add(Finding(rule.id, rule.label, rule.action, "zone", reason, rule.source, zones=here, condition=rule.until))


def _marks(ctx: Context, session: EarlierSession, zones: tuple[str, ...]) -> None:
    marks = ctx.knowledge.pigmentation
    reason = f"{marks.label}: session on {wording.day(session.date)}. {marks.cap_text.capitalize()}."
    ctx.add(Finding(marks.id, marks.label, marks.action, "patient", reason, marks.source, modifications=marks.modifications, order=900))
    unknown = tuple(zone for zone in zones if ctx.depth_then(session, zone) is None)
    if marks.cap_at_last_depth and unknown:
        what = f"{ctx.zone_words(unknown).capitalize()} on {wording.day(session.date)}: how deep? Dark marks followed."
        ctx.ask("history.depth_mm", what, "depth", "history", label="Depth of an earlier session")


def _ask(
    ctx: Context, sessions: Sequence[Earlier], field: str, question: str, label: str, answers: Callable[[EarlierSession], bool]
) -> None:
    """One question for every session and zone where *field* is not known and nothing later *answers* it."""
    unknown: dict[dt.date, set[str]] = {}
    for session, zones in sessions:
        if getattr(session, field) is None:
            left = [zone for zone in zones if not _later(sessions, session, zone, answers)]
            if left:
                unknown.setdefault(session.date, set()).update(left)
    if not unknown:
        return
    newest = sorted(unknown, reverse=True)
    named = [f"{ctx.zone_words(tuple(z for z in ctx.zones if z in unknown[day]))} on {wording.day(day)}" for day in newest[:NAMED]]
    if len(newest) > NAMED:
        named.append(f"{wording.counted(len(newest) - NAMED, 'earlier session')} as well")
    said = "; ".join(named)
    ctx.ask(f"history.{field}", f"{said[:1].upper()}{said[1:]}: {question}", "history", "history", label=label)
