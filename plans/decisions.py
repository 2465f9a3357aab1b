"""
Cautions that somebody must deal with before a plan is accepted: who may, and what they may say. The proposal names them;
for every other caution the clinician says that they have seen it.
"""

from dataclasses import dataclass

from accounts.permissions import Role

from .catalogue import Catalogue

SEEN = "seen"
ANTIVIRAL, NUMBING = "antiviral", "numbing"  # ids of the planner
ROLE_WORDS = {
    "medical_lead": "the medical lead",
    "prescriber": "a prescriber",
    "treating_physician": "the treating physician",
}


@dataclass
class Decision:
    """One thing to decide. key: `<finding>` or `<finding>:<who>`."""

    key: str
    finding: str
    who: str  # "" anybody who may plan, prescriber, medical_lead, or somebody outside the clinic
    subject: str
    choices: list[tuple[str, str, str]]  # (value, words for the record, words for the button)
    needs_name: bool = False  # somebody outside decides: their name is written down
    made: dict | None = None

    @property
    def anchor(self) -> str:
        return "decide-" + "".join(letter if letter.isalnum() else "-" for letter in self.key)

    @property
    def words(self) -> str:
        return next((words for value, words, _ in self.choices if self.made and value == self.made["what"]), "")

    @property
    def lead(self) -> str:
        """What stands before the buttons, where they do not say it themselves."""
        return f"{self.subject}:" if self.who == "prescriber" and len(self.choices) > 1 else ""

    def allows(self, what: str) -> bool:
        return any(value == what for value, _, _ in self.choices)

    def may(self, user) -> bool:
        if self.who == "prescriber":
            return user.is_prescriber
        if self.who == "medical_lead":
            return user.role == Role.MEDICAL_LEAD
        return True

    @property
    def wanted(self) -> str:
        """What is still to be done, as a sentence of a list."""
        subject = self.subject[:1].lower() + self.subject[1:]
        if self.who == "prescriber" and len(self.choices) > 1:
            return f"Decide on {subject}"
        if self.who:
            return f"{self.who_words[:1].upper()}{self.who_words[1:]} must agree: {subject}"
        return f"Say that you have seen the caution: {subject}"

    @property
    def who_words(self) -> str:
        return ROLE_WORDS.get(self.who, self.who.replace("_", " "))


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
        for decision in _named(entry):
            found.setdefault(decision.key, decision)
    for finding in proposal.get("findings", []):
        if finding["action"] == "caution" and finding["id"] not in spoken_for:
            label = finding.get("short_label") or finding.get("label") or catalogue.rule_label(finding["id"])
            found.setdefault(finding["id"], Decision(finding["id"], finding["id"], "", label, [(SEEN, "Seen", "Seen, keep proposal")]))
    for decision in found.values():
        decision.made = made.get(decision.key)
    return list(found.values())


def above_evaluated(zone: str, label: str, value_words: str, evaluated_words: str) -> Decision:
    """A depth the clinician set above the deepest one evaluated for the device: the medical lead must agree to that depth."""
    subject = f"{label} {value_words}, above the evaluated {evaluated_words}"
    return Decision(f"above.{zone}.{value_words}", "", "medical_lead", subject, [("agreed", "Medical lead agrees", "Agree")])


def _named(entry: dict) -> list[Decision]:
    finding = entry["because"][0] if entry["because"] else ""
    subject = entry["what"].split(": a prescriber decides")[0].removeprefix("Sign-off: ")
    if entry["id"] == ANTIVIRAL:
        choices = [("given", "Antiviral cover prescribed", "Prescribed"), ("not_needed", "No antiviral cover needed", "Not needed")]
        return [Decision(entry["id"], finding, "prescriber", subject, choices)]
    decisions = []
    for who in entry["who"]:
        words = f"{ROLE_WORDS.get(who, who.replace('_', ' ')).removeprefix('the ').removeprefix('a ').capitalize()} agrees"
        outside = who not in {"medical_lead", "prescriber"}
        decisions.append(Decision(f"{entry['id']}:{who}", finding, who, subject, [("agreed", words, words)], needs_name=outside))
    return decisions
