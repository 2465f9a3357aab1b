"""What must be seen before anything else: the findings of a proposal as ranked alerts, each with what is to be decided."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from django.utils.translation import gettext, gettext_noop

from .catalogue import Catalogue
from .decisions import Decision
from .references import References
from .traces import iso

STOP, DEFER, LEAVE_OUT, CAUTION = gettext_noop("Stop"), gettext_noop("Defer"), gettext_noop("Leave out"), gettext_noop("Caution")
WORD = {"refuse": STOP, "defer": DEFER, "exclude_zone": LEAVE_OUT, "caution": CAUTION}
RANK = {STOP: 0, DEFER: 1, LEAVE_OUT: 2, CAUTION: 3}
TONE = {STOP: "stop", DEFER: "defer", LEAVE_OUT: "defer", CAUTION: "caut"}
ICON = {STOP: "i-stop", DEFER: "i-defer", LEAVE_OUT: "i-defer", CAUTION: "i-caut"}


@dataclass
class Alert:
    word: str
    subject: str
    text: str
    finding: dict
    decisions: list[Decision] = field(default_factory=list)
    until: date | None = None
    more: list[str] = field(default_factory=list)
    links: str = ""
    marks: str = ""

    @property
    def said(self) -> str:
        """The word in the language of the page."""
        return gettext(self.word)

    @property
    def id(self) -> str:
        return f"alert-{self.word.lower().replace(' ', '-')}-{self.finding['id']}"

    @property
    def tone(self) -> str:
        return TONE[self.word]

    @property
    def icon(self) -> str:
        return ICON[self.word]

    @property
    def dealt_with(self) -> bool:
        return bool(self.decisions) and all(decision.made for decision in self.decisions)


def shorten(text: str, most: int = 44) -> str:
    """The first clause of a sentence, cut at a word."""
    text = text.split(". ")[0].rstrip(".")
    for mark in (": ", "; "):
        if mark in text and len(text) > most:
            text = text.split(mark)[0]
    if len(text) <= most:
        return text
    return text[:most].rsplit(" ", 1)[0].rstrip(",") + " …"


def first_sentence(text: str) -> str:
    parts = text.strip().split(". ")
    # A bare fact ("Phototype V.") says too little alone.
    head = ". ".join(parts[:2] if len(parts[0]) < 25 else parts[:1]).rstrip(".")
    return f"{head}." if head else ""


def short_label(label: str, most: int = 64) -> str:
    """A rule's label without what it explains in brackets."""
    return shorten(label.split(" (")[0], most)


def lower_first(text: str) -> str:
    return text if len(text) > 1 and text[1].isupper() else text[:1].lower() + text[1:]


def alerts_of(proposal: Mapping, made: Iterable[Decision], catalogue: Catalogue, references: References) -> list[Alert]:
    """Ranked: Stop, Defer, Leave out, Caution; those dealt with last."""
    decisions: dict[str, list[Decision]] = {}
    for decision in made:
        decisions.setdefault(decision.finding, []).append(decision)
    found, seen = [], set()
    for finding in proposal.get("findings", []):
        word = _word(finding, proposal["status"])
        if word is None or (word, finding["id"], tuple(finding.get("zones") or [])) in seen:
            continue
        seen.add((word, finding["id"], tuple(finding.get("zones") or [])))
        label = finding.get("label") or catalogue.rule_label(finding["id"])
        found.append(
            Alert(
                word=word,
                subject=lower_first(_subject(finding, word, label, catalogue)),
                text=_sentence(finding, word, label),
                finding=finding,
                decisions=decisions.pop(finding["id"], []) if word in {CAUTION, LEAVE_OUT} else [],
                until=iso(finding.get("until")),
                links=references.links(finding.get("refs") or []),
                marks=references.marks(finding.get("refs") or [], "references"),
                more=[line[:1].upper() + line[1:] for line in finding.get("modifications") or []],
            )
        )
    for rest in decisions.values() if proposal["status"] in {"plan", "caution"} else ():
        for decision in rest:
            refs = list(_refs_of(decision, proposal))
            finding = {"id": decision.anchor, "action": "caution", "reason": decision.subject, "refs": refs, "zones": []}
            text = gettext("Needs an agreement before the plan is accepted.")
            links, marks = references.links(refs), references.marks(refs, "references")
            found.append(Alert(CAUTION, lower_first(decision.subject_said), text, finding, [decision], links=links, marks=marks))
    found.sort(key=lambda alert: (alert.dealt_with, RANK[alert.word]))
    return found


def _refs_of(decision: Decision, proposal: Mapping) -> Iterable[str]:
    """What stands behind the limit that a decision is about: those of the zone it names."""
    named = decision.key.split(".")[1] if decision.key.startswith("above.") else ""
    for zone in proposal.get("zones") or []:
        for limit in zone.get("limits") or []:
            if limit["rule"] == "device_evaluated" and zone["zone"] == named:
                yield from limit["refs"]


def _word(finding: Mapping, status: str) -> str | None:
    word = WORD.get(finding["action"])
    if word in {STOP, DEFER} and finding.get("scope") == "zone" and status not in {"refuse", "defer"}:
        return LEAVE_OUT
    return word


def _subject(finding: Mapping, word: str, label: str, catalogue: Catalogue) -> str:
    zones = [catalogue.zone_word(zone) for zone in finding.get("zones") or []]
    if word == LEAVE_OUT and zones:
        return ", ".join(zones)
    return finding.get("short_label") or short_label(label)


def _sentence(finding: Mapping, word: str, label: str) -> str:
    """One sentence of fact: why the zone is left out, or why the caution stands."""
    if word == LEAVE_OUT:
        return f"{label}."
    said = finding["reason"].removeprefix(f"{finding['label']}: ").removeprefix("answered yes. ")
    return first_sentence(said[:1].upper() + said[1:])


def watch_words(proposal: dict) -> list[str]:
    """
    Short alert words of the cautions of a proposal, for the patient header: as they were said then, whatever the protocol
    says now. What concerns one zone only, and the phototype that the header shows already, is left out.
    """
    found = []
    for finding in proposal.get("findings", []):
        if finding["action"] != "caution" or finding.get("scope") == "zone" or finding["id"].startswith("phototype"):
            continue
        if finding.get("about") == "operator":
            continue  # about the one who treats, not about the patient
        word = finding.get("short_label") or short_label(finding["label"], 40)
        if word not in found:
            found.append(word)
    return found
