"""
Does consent stand? The one home of the rule: for each thing the plan needs, the newest signature of the person says it, under whichever
record it was given. Signed on the text in use; or on one retired since, which holds only with a reason somebody gives; or withdrawn;
or never signed.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.templatetags.clinic_format import in_words

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
            return _("%(label)s not signed") % {"label": self.label}
        site = self.item.consent.site
        if self.state == WITHDRAWN:
            at = site.local(self.item.withdrawal.at)
            said = {"label": self.label, "day": in_words(at.date()), "time": f"{at:%H:%M}"}
            return _("%(label)s withdrawn on %(day)s, %(time)s") % said
        signed = {"label": self.label, "day": in_words(site.day_of(self.item.signed_at))}
        if self.state == OLDER:
            return _("%(label)s signed on %(day)s on an older text") % signed
        return _("%(label)s signed on %(day)s") % signed


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
            what = _listed([row.words for row in worst])
            return _("Consent withdrawn: %(what)s. Nothing is treated until it is signed anew") % {"what": what}
        if self.state == MISSING:
            return _("Consent is not signed: %(what)s") % {"what": names}
        if self.state == OLDER:
            what = _listed([row.words for row in worst])
            return _("Consent was signed on an older text: %(what)s. Have the text in use signed") % {"what": what}
        days = sorted({row.item.consent.site.day_of(row.item.signed_at) for row in worst if row.item})
        if not days:
            return _("This plan needs no consent")
        return _("Consent signed on %(days)s") % {"days": _listed([in_words(day) for day in days])}

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
    if len(words) < 2:
        return "".join(words)
    return _("%(things)s and %(last)s") % {"things": ", ".join(words[:-1]), "last": words[-1]}


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
