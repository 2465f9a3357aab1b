"""
Does consent stand? The one home of the rule: for each thing the plan needs, the newest signature of the person says it, under whichever
record it was given. Signed on the text in use; or on one retired since, which holds only with a reason somebody gives; or withdrawn;
or never signed.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from planner.wording import day as day_words

from .models import ConsentItem
from .needs import Need, needs_of

SIGNED, OLDER, WITHDRAWN, MISSING = "signed", "older", "withdrawn", "missing"


@dataclass(frozen=True)
class Standing:
    """How it stands with one need. item: the newest signature for it; None where nobody signed."""

    need: Need
    state: str
    item: ConsentItem | None = None

    @property
    def label(self) -> str:
        return self.need.label

    @property
    def words(self) -> str:
        """One clause: "Acne scars signed on 12 Oct 2026"."""
        if self.item is None:
            return f"{self.label} not signed"
        site = self.item.consent.site
        if self.state == WITHDRAWN:
            at = site.local(self.item.withdrawal.at)
            return f"{self.label} withdrawn on {day_words(at.date())}, {at:%H:%M}"
        signed = f"{self.label} signed on {day_words(site.day_of(self.item.signed_at))}"
        return f"{signed} on an older text" if self.state == OLDER else signed


@dataclass(frozen=True)
class Stands:
    """How consent stands for a whole plan."""

    rows: tuple[Standing, ...]

    def of(self, state: str) -> list[Standing]:
        return [row for row in self.rows if row.state == state]

    @property
    def state(self) -> str:
        """The worst of all: withdrawn, then missing, then older."""
        return next((state for state in (WITHDRAWN, MISSING, OLDER) if self.of(state)), SIGNED)

    @property
    def open(self) -> list[Standing]:
        """What there is to sign."""
        return [row for row in self.rows if row.state != SIGNED]

    @property
    def words(self) -> str:
        """One sentence about what is not in order, or that all is."""
        worst = self.of(self.state)
        names = _listed([row.label for row in worst])
        if self.state == WITHDRAWN:
            return f"Consent withdrawn: {_listed([row.words for row in worst])}. Nothing is treated until it is signed anew"
        if self.state == MISSING:
            return f"Consent is not signed: {names}"
        if self.state == OLDER:
            return f"Consent was signed on an older text: {_listed([row.words for row in worst])}. Have the text in use signed"
        days = sorted({row.item.consent.site.day_of(row.item.signed_at) for row in worst if row.item})
        return f"Consent signed on {_listed([day_words(day) for day in days])}" if days else "This plan needs no consent"

    def as_list(self) -> list[dict]:
        """What a record keeps of it: which signature, under which hash, and how it stood."""
        return [
            {
                "kind": row.need.kind,
                "code": row.need.code,
                "state": row.state,
                "consent": row.item.consent_id if row.item else None,
                "sha256": row.item.consent.sha256 if row.item else "",
            }
            for row in self.rows
        ]


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


def newest_items(patient, at: dt.datetime | None = None) -> dict[tuple[str, str], ConsentItem]:
    """
    {(kind, code): the newest item} of the person, with its text's status and its withdrawal; one query, no document. at: of those
    signed by then, to the minute.
    """
    rows = ConsentItem.objects.filter(consent__patient=patient).order_by("signed_at", "pk")
    if at is not None:
        rows = rows.filter(signed_at__lt=at + dt.timedelta(minutes=1))
    return {(row.kind, row.code): row for row in with_state(rows)}


def with_state(rows):
    """*rows* of items with what says how they stand, and without what was written and drawn."""
    rows = rows.select_related("text", "withdrawal", "consent__site")
    return rows.defer("text__body", "consent__content", "consent__strokes", "consent__signature_svg")


def state_of(item: ConsentItem | None, at: dt.datetime | None = None) -> str:
    """at: as it stood then; None = now."""
    if item is None:
        return MISSING
    withdrawal = getattr(item, "withdrawal", None)
    if withdrawal is not None and (at is None or withdrawal.at <= at):
        return WITHDRAWN
    retired = item.text.status == item.text.Status.RETIRED and (at is None or item.text.retired_at <= at)
    return OLDER if retired else SIGNED


def judged(needs: Iterable[Need], items: dict[tuple[str, str], ConsentItem], at: dt.datetime | None = None) -> Stands:
    found = [(need, items.get((need.kind, need.code))) for need in needs]
    return Stands(tuple(Standing(need, state_of(item, at), item) for need, item in found))


def stands_for(plan, patient=None, *, at: dt.datetime | None = None) -> Stands:
    """How the person's consent stands for *plan*, now or as it stood *at* a moment."""
    return judged(needs_of(plan), newest_items(patient or plan.patient, at), at)
