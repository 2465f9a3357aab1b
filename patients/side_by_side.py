"""Two records beside each other, each as the person who looks may see it: who it is, what to watch for, and what was done."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.templatetags.clinic_format import in_words

from .merge_forms import LABELS, words
from .merge_services import ASKED
from .models import Patient
from .overview import Entry
from .storyboard import facts_of
from .timeline import KINDS, newest

MOST = 6


@dataclass(frozen=True)
class Line:
    """One thing both say something about."""

    label: str
    one: str
    two: str
    compared: bool = True  # days on which something was done differ by themselves

    @property
    def differs(self) -> bool:
        return self.compared and self.one != self.two


@dataclass(frozen=True)
class Side:
    """What was done under one record. more: whether there are lines that are not shown here."""

    entries: list[Entry]
    more: bool


@dataclass(frozen=True)
class Kind:
    label: str
    one: Side
    two: Side


def lines(one: Patient, two: Patient, user) -> list[Line]:
    found = [Line(LABELS[name], words(one, name), words(two, name)) for name in ASKED]
    found.append(Line(_("Site"), str(one.site), str(two.site)))
    found.append(Line(_("Registered"), in_words(one.created_at.date()), in_words(two.created_at.date()), compared=False))
    facts = [{label: fact.text for label, fact in facts_of(patient, user)} for patient in (one, two)]
    return found + [Line(_(label), facts[0].get(label, ""), facts[1].get(label, "")) for label in dict.fromkeys([*facts[0], *facts[1]])]


def kinds(one: Patient, two: Patient, user) -> list[Kind]:
    """Each kind of the timeline of which either holds something."""
    found = [Kind(label, *(Side(*newest(patient, user, key, MOST)) for patient in (one, two))) for key, label in KINDS.items()]
    return [kind for kind in found if kind.one.entries or kind.two.entries]
