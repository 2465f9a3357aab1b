"""
What in a plan lies beyond what a person is signed off for: judged by the planner's own rule (`planner.competence.reach`), so
that the proposal, the plan, the diary and the treatment room never differ.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext_noop

from accounts.competence import operator_of, recorded_of
from planner import competence, devices
from planner.case import Case
from planner.context import Context
from planner.knowledge import Knowledge
from planner.wording import day, mm
from protocols.knowledge import knowledge_of

from .decisions import DEPTH_SIGNER
from .said import said

DEVICE, ZONE, DEPTH = "device", "zone", "depth"
# The words below as they are said on a page: they are stored with what was checked, in English.
_SENTENCES = (
    gettext_noop("%(what)s, more than %(most)s"),
    gettext_noop("%(zone)s, by a certificate that does not hold on %(day)s"),
    gettext_noop("%(zone)s with the %(device)s"),
    gettext_noop("the %(device)s"),
)


@dataclass(frozen=True)
class Beyond:
    """One thing beyond somebody's sign-off. key: `device`, `zone.<zone>` or `depth.<zone>`, as a countersignature names it."""

    key: str
    words: str
    zone: str = ""
    depth_mm: Decimal | None = None
    most_mm: Decimal | None = None
    is_expired: bool = False  # a certificate of other days covers it

    @property
    def said(self) -> str:
        """The words in the language of the page."""
        return said(self.words, *_SENTENCES)


def rule_of(user, knowledge: Knowledge, on: dt.date, *, any_day: bool = False, rows: list | None = None) -> Context:
    """What the planner needs to know of *user* to judge device, zone and depth; nothing of a patient. rows: of `recorded_of`."""
    case = Case.parse({"visit_date": on.isoformat(), "patient": {}, "operator": operator_of(user, on, any_day=any_day, rows=rows)})
    return Context(case, knowledge, on, {})


def most_by_zone(user, plan, *, on: dt.date) -> dict[str, Decimal]:
    """The deepest *user* may go on *on* in each zone of *plan* where a limit is known; what was countersigned for them is theirs."""
    held = recorded_of(user)
    if not held:
        return {}
    ctx = rule_of(user, knowledge_of(plan.protocol_version), on, rows=held)
    candidate = devices.known(ctx, plan.device_brand or plan.device_kind)
    if candidate is None:
        return {}
    agreed = plan.countersigned_keys if plan.accepted_by_id == user.pk else frozenset()
    found = {}
    for row in plan.zones.all():
        most = competence.reach(ctx, candidate, row.zone).most_mm
        if most is not None:
            found[row.zone] = max(most, row.depth_mm) if f"{DEPTH}.{row.zone}" in agreed else most
    return found


def beyond_of(
    user,
    knowledge: Knowledge,
    *,
    device: str,
    depths: Iterable[tuple[str, Decimal]],
    on: dt.date,
    any_day: bool = False,
    rows: list | None = None,
) -> list[Beyond]:
    """
    What lies beyond *user*'s sign-off on *on*. device: brand or kind; depths: (zone id, mm). any_day: what no certificate of
    theirs covers, whatever its dates. rows: their certificates as they stood on an earlier day (`recorded_then`).
    """
    held = recorded_of(user) if rows is None else rows
    return _beyond(user, held, knowledge, device=device, depths=depths, on=on, any_day=any_day) if held else []


def _beyond(
    user, held: list, knowledge: Knowledge, *, device: str, depths: Iterable[tuple[str, Decimal]], on: dt.date, any_day: bool
) -> list[Beyond]:
    ctx = rule_of(user, knowledge, on, any_day=any_day, rows=held)
    candidate = devices.known(ctx, device)
    if candidate is None:
        return []
    named = candidate.model.brand if candidate.model else candidate.device.short_label.lower()
    found: dict[str, Beyond] = {}
    for zone, depth in depths:
        reach = competence.reach(ctx, candidate, zone)
        label = knowledge.zones[zone].short_label if zone in knowledge.zones else zone.replace("_", " ").capitalize()
        if not reach.device:
            found.setdefault(DEVICE, Beyond(DEVICE, f"the {named}"))
        elif not reach.zone:
            key = f"{ZONE}.{zone}"
            expired = f"{label.lower()}, by a certificate that does not hold on {day(on)}"
            words = expired if reach.expired else f"{label.lower()} with the {named}"
            found[key] = Beyond(key, words, zone, is_expired=reach.expired is not None)
        if reach.most_mm is not None and depth > reach.most_mm:
            key = f"{DEPTH}.{zone}"
            words = f"{label} {mm(depth)}, more than {mm(reach.most_mm)}"
            found[key] = Beyond(key, words, zone, depth, reach.most_mm)
    return list(found.values())


def beyond(user, plan, *, on: dt.date, any_day: bool = False) -> list[Beyond]:
    """Everything of *plan* that lies beyond *user*'s sign-off, whatever was countersigned."""
    held = recorded_of(user)
    if not held:
        return []
    rows = [(row.zone, row.depth_mm) for row in plan.zones.all()]
    device = plan.device_brand or plan.device_kind
    return _beyond(user, held, knowledge_of(plan.protocol_version), device=device, depths=rows, on=on, any_day=any_day)


def not_covered(user, plan, *, on: dt.date, any_day: bool = False) -> list[Beyond]:
    """
    What of *plan* this person may not treat on *on*. A countersignature covers the one it was given for, and what it named:
    a certificate that ran out since is not among it.
    """
    return without_agreed(beyond(user, plan, on=on, any_day=any_day), user, plan)


def signers_of(item: Beyond, knowledge: Knowledge) -> tuple[str, ...]:
    """Who must countersign *item*: as the protocol's rule says, and a depth as `decisions.beyond_sign_off` does."""
    rules = knowledge.operator_rules
    if item.depth_mm is not None:
        return (DEPTH_SIGNER,)
    if not item.zone:
        return rules.beyond_device.sign_off
    return (rules.certificate_expired if item.is_expired else rules.beyond_zone).sign_off


def covered_by_plan(item: Beyond, user, plan, *, device: str) -> bool:
    """Whether what was done was countersigned with the plan: for this person, with that *device* of its kind, and no deeper."""
    if plan.accepted_by_id != user.pk or item.key not in plan.countersigned_keys:
        return False
    if item.depth_mm is not None:
        return any(row.zone == item.zone and item.depth_mm <= row.depth_mm for row in plan.zones.all())
    return not plan.device_brand or device == plan.device_brand  # agreed for a kind, it holds for each brand of it


def without_agreed(found: list[Beyond], user, plan) -> list[Beyond]:
    if not found or plan.accepted_by_id != user.pk:
        return found
    agreed = plan.countersigned_keys
    return [item for item in found if item.key not in agreed]
