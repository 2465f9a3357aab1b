"""
Cautions that somebody must deal with before a plan is accepted: who may, and what they may say. Read from the protocol:
`prescriber_decides`, `sign_off`, and for every other caution that the clinician has seen it.
"""

from dataclasses import dataclass

from accounts.permissions import Role

from .catalogue import Catalogue

SEEN = "seen"
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
    choices: list[tuple[str, str]]
    needs_name: bool = False  # somebody outside decides: their name is written down
    made: dict | None = None

    @property
    def anchor(self) -> str:
        return f"decide-{self.key.replace(':', '-')}"

    @property
    def words(self) -> str:
        return dict(self.choices).get(self.made["what"], "") if self.made else ""

    def may(self, user) -> bool:
        if self.who == "prescriber":
            return user.is_prescriber
        if self.who == "medical_lead":
            return user.role == Role.MEDICAL_LEAD
        return True

    @property
    def who_words(self) -> str:
        return ROLE_WORDS.get(self.who, self.who.replace("_", " "))


def needed(proposal: dict, catalogue: Catalogue, made: dict) -> list[Decision]:
    """Every decision the proposal asks for, in its order, with what was decided already."""
    found: dict[str, Decision] = {}
    for finding in proposal.get("findings", []):
        if finding["action"] != "caution":
            continue
        for decision in _of(finding, catalogue):
            if decision.key not in found:
                decision.made = made.get(decision.key)
                found[decision.key] = decision
    return list(found.values())


def _of(finding: dict, catalogue: Catalogue) -> list[Decision]:
    rule = catalogue.rules.get(finding["id"])
    subject = finding.get("label") or catalogue.rule_label(finding["id"])
    prescribed = finding.get("prescriber_decides") or (rule.prescriber_decides if rule else None)
    sign_off = finding.get("sign_off") or (rule.sign_off if rule else ())
    decisions = []
    if prescribed:
        thing = prescribed.replace("_", " ")
        choices = [("given", f"{thing.capitalize()} cover prescribed"), ("not_needed", f"No {thing} cover needed")]
        decisions.append(Decision(finding["id"], finding["id"], "prescriber", f"{thing.capitalize()} cover", choices))
    for who in sign_off:
        outside = who not in {"medical_lead", "prescriber"}
        words = f"{ROLE_WORDS.get(who, who.replace('_', ' ')).capitalize()} agrees"
        decisions.append(Decision(f"{finding['id']}:{who}", finding["id"], who, subject, [("agreed", words)], needs_name=outside))
    return decisions or [Decision(finding["id"], finding["id"], "", subject, [(SEEN, "Seen, keep proposal")])]
