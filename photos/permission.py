"""
What a patient lets photos be used for, asked anew each time one is shown or taken out: `consent.photos` is the one home of the rule.
"""

from consent.photos import Use, answers_of, may_use

IN_WORDS = {Use.RECORD: "record", Use.TEACHING: "teaching", Use.MARKETING: "marketing"}


class NotAllowed(Exception):
    """The patient does not let photos be used so, now."""

    def __init__(self, use: str):
        super().__init__(f"The patient does not allow photos {Use(use).label.lower()}, or was not asked.")
        self.use = use


def in_record(patient) -> bool:
    return may_use(patient, Use.RECORD)


def ask(patient, use: str) -> None:
    """Raises NotAllowed where photos of *patient* may not be used so."""
    if not may_use(patient, use):
        raise NotAllowed(use)


def in_words(patient) -> str:
    """What stands on every picture: `Record and teaching`."""
    words = [IN_WORDS[Use(answer.use)] for answer in answers_of(patient) if answer.may]
    if len(words) == 1:
        return f"{words[0]} only".capitalize()
    return " and ".join([", ".join(words[:-1]), words[-1]]).capitalize() if words else "No use allowed"
