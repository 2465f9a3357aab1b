"""
What a patient lets photos be used for, asked anew each time one is shown or taken out: `consent.photos` is the one home of the rule.
"""

from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from consent.photos import Use, answers_of, may_use

IN_WORDS = {
    Use.RECORD: pgettext_lazy("use of photos", "record"),
    Use.TEACHING: pgettext_lazy("use of photos", "teaching"),
    Use.MARKETING: pgettext_lazy("use of photos", "marketing"),
}


class NotAllowed(Exception):
    """The patient does not let photos be used so, now."""

    def __init__(self, use: str):
        super().__init__(_("The patient does not allow photos %(label)s, or was not asked.") % {"label": Use(use).label.lower()})
        self.use = use


def in_record(patient) -> bool:
    return may_use(patient, Use.RECORD)


def ask(patient, use: str) -> None:
    """Raises NotAllowed where photos of *patient* may not be used so."""
    if not may_use(patient, use):
        raise NotAllowed(use)


def in_words(patient) -> str:
    """What stands on every picture: `Record and teaching`."""
    words = [str(IN_WORDS[Use(answer.use)]) for answer in answers_of(patient) if answer.may]
    if len(words) == 1:
        return (_("%(use)s only") % {"use": words[0]}).capitalize()
    if not words:
        return _("No use allowed")
    return (_("%(uses)s and %(last)s") % {"uses": ", ".join(words[:-1]), "last": words[-1]}).capitalize()
