"""
Lines about a medicine by mouth, and the same line with words around it: a place, another medicine's form, more tablets, a second
dose. What is said besides never makes the answer bolder than the plain line does.
"""

import random

from planner.knowledge import Knowledge

AMOUNTS = ("2.5", "4", "5", "7,5", "10", "20", "30", "40")
OFTEN = ("daily", "od", "once daily", "bd", "twice daily", "nocte")
# {name}, {mg} and {often} are the plain line's.
AROUND = (
    "{name} {mg} mg {often} for nasal polyps",
    "{name} {mg} mg {often} for scalp psoriasis",
    "{name} {mg} mg {often} scalp",
    "{name} {mg} mg {often} (uses inhaler too)",
    "{name} {mg} mg {often} using cream for lips",
    "{name} {mg} mg {often}, face cream",
    "{name} {mg} mg {often}, cream",
    "{name} {mg} mg {often} serum level low",
    "{name} {mg} mg {often} mouth paste",
    "{name} {mg} mg {often} 1% of patients",
    "{name} {mg} mg eye drops {often}",
    "{name} cream {mg} mg {often}",
    "topical {name} {mg} mg {often}",
    "{name} {mg} mg {often} and shampoo",
    "{name} {mg} mg gel capsule {often}",
    "{name} {mg} mg 4 tablets {often}",
    "{name} {mg} mg tablets take four {often}",
    "2 x {name} {mg} mg {often}",
    "{name} {mg} mg {often} and {mg} mg at night",
    "{name} {mg} mg {often} + 15 mg nocte",
    "{name} {mg} mg {often}, 20 mg on Mondays",
    "{name} {mg}-60 mg {often}",
    "{name} {mg} mg {often} reducing",
    "{name} {mg} mg {often} since 2019 from the hospital",
    "\u201c{name}\u201d {mg} mg {often} \U0001f48a",
)


def plain_and_worded(seed: int, knowledge: Knowledge) -> tuple[str, str]:
    """A line of a medicine that is swallowed, by its form or whatever its form; and the same with words around it."""
    draw = random.Random(seed)  # noqa: S311 - a test's case, no secret
    by_form = [m for m in knowledge.medicines if m.ingredient in knowledge.matching.forms]
    dosed = {rule.dose_rule.medicine_class for rule in knowledge.rules.values() if rule.dose_rule}
    by_dose = [m for m in knowledge.medicines if dosed & set(m.classes)]
    medicine = draw.choice(draw.choice([among for among in (by_form, by_dose) if among] or [knowledge.medicines]))
    said = {
        "name": draw.choice((medicine.ingredient, *medicine.names)),
        "mg": draw.choice(AMOUNTS),
        "often": draw.choice(OFTEN),
    }
    return "{name} {mg} mg {often}".format(**said), draw.choice(AROUND).format(**said)
