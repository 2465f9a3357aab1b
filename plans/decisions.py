"""
Cautions that somebody must deal with before a plan is accepted: who may, and what they may say. The proposal names them;
for every other caution the clinician says that they have seen it.
"""

from dataclasses import dataclass, field

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.permissions import Role

from .catalogue import Catalogue
from .said import said

SEEN = "seen"
DEPTH_SIGNER = "medical_lead"  # who agrees to a depth beyond what somebody is signed off for
COUNTERSIGNERS = ("medical_lead", "prescriber")  # who may decide later, on a plan that waits for it
ANTIVIRAL, NUMBING = "antiviral", "numbing"  # ids of the planner
ROLE_WORDS = {
    "medical_lead": gettext_noop("the medical lead"),
    "prescriber": gettext_noop("a prescriber"),
    "treating_physician": gettext_noop("the treating physician"),
}
# As they are stored with a plan, in English; a page says them in its own language.
_STORED = (
    gettext_noop("Seen"),
    gettext_noop("Medical lead agrees"),
    gettext_noop("Prescriber agrees"),
    gettext_noop("Treating physician agrees"),
    gettext_noop("Prescriber agrees to this numbing"),
    gettext_noop("Prescriber agrees to numbing cream"),
    gettext_noop("Antiviral cover prescribed"),
    gettext_noop("No antiviral cover needed"),
    gettext_noop("Numbing cream"),
)
SUBJECTS = (
    gettext_noop("%(what)s, above the %(most)s the clinician is signed off for"),
    gettext_noop("%(what)s, above the evaluated %(most)s"),
    gettext_noop("Numbing: %(what)s"),
)


def who_words(who: str) -> str:
    """Who must decide, in the language of the page."""
    return said(ROLE_WORDS.get(who, who.replace("_", " ")))


def subject_said(subject: str) -> str:
    """What is to be decided, in the language of the page as far as the words are ours and not the protocol's."""
    return said(subject, *SUBJECTS)


def entitled(user, who: str) -> bool:
    """Whether *user* may decide what *who* must; what somebody outside the clinic decides, anybody who plans writes down."""
    if who == "prescriber":
        return user.prescribes_on(timezone.localdate())
    if who == "medical_lead":
        return user.role == Role.MEDICAL_LEAD
    return True


@dataclass
class Decision:
    """One thing to decide. key: `<finding>` or `<finding>:<who>`."""

    key: str
    finding: str
    who: str  # "" anybody who may plan, prescriber, medical_lead, or somebody outside the clinic
    subject: str
    choices: list[tuple[str, str, str]]  # (value, words for the record, words for the button in the language of the page)
    needs_name: bool = False  # somebody outside decides: their name is written down
    made: dict | None = None
    because: tuple[str, ...] = ()  # ids of the findings that ask for it
    zones: tuple[str, ...] = ()  # the zones those are about
    keys: list[str] = field(default_factory=list)  # what beyond the clinician's sign-off it is about (`plans.competence`)

    @property
    def anchor(self) -> str:
        return "decide-" + "".join(letter if letter.isalnum() else "-" for letter in self.key)

    @property
    def words(self) -> str:
        return next((words for value, words, _ in self.choices if self.made and value == self.made["what"]), "")

    @property
    def words_said(self) -> str:
        return said(self.words)

    @property
    def subject_said(self) -> str:
        return subject_said(self.subject)

    @property
    def lead(self) -> str:
        """What stands before the buttons, where they do not say it themselves."""
        return f"{self.subject_said}:" if self.who == "prescriber" and len(self.choices) > 1 else ""

    def allows(self, what: str) -> bool:
        return any(value == what for value, _, _ in self.choices)

    def may(self, user) -> bool:
        return entitled(user, self.who)

    def can_wait_for(self, user) -> bool:
        """Whether it is for somebody else of the clinic, who may decide it on a plan that *user* sends."""
        return not self.made and self.who in COUNTERSIGNERS and not self.may(user)

    @property
    def as_need(self) -> dict:
        """As it is pinned to a plan that waits for it."""
        said = {"key": self.key, "finding": self.finding, "who": self.who, "subject": self.subject, "zones": [*self.zones]}
        return {**said, "choices": [[value, words] for value, words, _ in self.choices], "keys": self.keys}

    @property
    def wanted(self) -> str:
        """What is still to be done, as a sentence of a list."""
        subject = self.subject_said[:1].lower() + self.subject_said[1:]
        if self.who == "prescriber" and len(self.choices) > 1:
            return _("Decide on %(subject)s") % {"subject": subject}
        if self.who:
            return _("%(who)s must agree: %(subject)s") % {"who": f"{self.who_words[:1].upper()}{self.who_words[1:]}", "subject": subject}
        return _("Say that you have seen the caution: %(subject)s") % {"subject": subject}

    @property
    def who_words(self) -> str:
        return who_words(self.who)


def needed(proposal: dict, catalogue: Catalogue, made: dict) -> list[Decision]:
    """
    Every decision the proposal asks for, with what was decided already: first those the planner names with who must make
    them, then "seen" for each caution that needs nobody else.
    """
    if proposal["status"] not in {"plan", "caution"}:
        return []
    found: dict[str, Decision] = {}
    spoken_for = set()
    for entry in proposal.get("decisions") or []:
        spoken_for |= set(entry["because"])
        if entry["id"] == NUMBING:
            continue  # decided where numbing is chosen
        zones = {zone for finding in proposal["findings"] if finding["id"] in entry["because"] for zone in finding.get("zones") or ()}
        for decision in _named(entry):
            decision.because, decision.zones = tuple(entry["because"]), tuple(sorted(zones))
            decision.key += _about(decision, proposal, catalogue)
            found.setdefault(decision.key, decision)
    for finding in proposal.get("findings", []):
        if finding["action"] == "caution" and finding["id"] not in spoken_for:
            label = finding.get("short_label") or finding.get("label") or catalogue.rule_label(finding["id"])
            found.setdefault(finding["id"], Decision(finding["id"], finding["id"], "", label, [(SEEN, "Seen", _("Seen, keep proposal"))]))
    for decision in found.values():
        decision.made = made.get(decision.key)
    return list(found.values())


def _about(decision: Decision, proposal: dict, catalogue: Catalogue) -> str:
    """What exactly an agreement beyond the operator's sign-off is about: for another device or another zone it is asked anew."""
    rules = catalogue.knowledge.operator_rules
    if not {rules.certificate_expired.id, rules.beyond_device.id, rules.beyond_zone.id} & set(decision.because):
        return ""
    device = proposal["device"]
    return "@" + ",".join([device.get("brand") or device["id"], *decision.zones])


def beyond_sign_off(zone: str, label: str, value_words: str, most_words: str) -> Decision:
    """A depth the clinician set above what they are signed off for: the medical lead must agree to that depth."""
    subject = f"{label} {value_words}, above the {most_words} the clinician is signed off for"
    return Decision(f"beyond.{zone}.{value_words}", "", DEPTH_SIGNER, subject, [("agreed", "Medical lead agrees", _("Agree"))])


def numbing(other: str = "") -> Decision:
    """Numbing in a plan of somebody who is no prescriber. other: what is not the cream, as typed; for other words it is asked anew."""
    if other:
        words = "Prescriber agrees to this numbing"
        return Decision(f"numbing_other.{other}", "", "prescriber", f"Numbing: {other}", [("agreed", words, _("Prescriber agrees"))])
    return Decision(
        "numbing_cream", "", "prescriber", "Numbing cream", [("agreed", "Prescriber agrees to numbing cream", _("Prescriber agrees"))]
    )


def above_evaluated(zone: str, label: str, value_words: str, evaluated_words: str) -> Decision:
    """A depth the clinician set above the deepest one evaluated for the device: the medical lead must agree to that depth."""
    subject = f"{label} {value_words}, above the evaluated {evaluated_words}"
    return Decision(f"above.{zone}.{value_words}", "", "medical_lead", subject, [("agreed", "Medical lead agrees", _("Agree"))])


def _named(entry: dict) -> list[Decision]:
    finding = entry["because"][0] if entry["because"] else ""
    subject = entry["what"].split(": a prescriber decides")[0].removeprefix("Sign-off: ")
    if entry["id"] == ANTIVIRAL:
        choices = [("given", "Antiviral cover prescribed", _("Prescribed")), ("not_needed", "No antiviral cover needed", _("Not needed"))]
        return [Decision(entry["id"], finding, "prescriber", subject, choices)]
    decisions = []
    for who in entry["who"]:
        words = f"{ROLE_WORDS.get(who, who.replace('_', ' ')).removeprefix('the ').removeprefix('a ').capitalize()} agrees"
        outside = who not in {"medical_lead", "prescriber"}
        decisions.append(Decision(f"{entry['id']}:{who}", finding, who, subject, [("agreed", words, said(words))], needs_name=outside))
    return decisions
