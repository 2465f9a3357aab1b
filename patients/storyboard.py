"""
The patient header: who this is, and what one must know before touching them. Higher apps add to it in AppConfig.ready.

A fact that nobody answered is "Not asked", one that was answered with nothing is "None known": never blank, never a dash.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.permissions import may

from .models import Asked, Patient

NOT_ASKED, NONE_KNOWN = gettext_noop("Not asked"), gettext_noop("None known")


@dataclass(frozen=True)
class Fact:
    """One value of the header. tone: '' or 'stop' or 'todo' (a word that asks for action) or 'quiet' (nothing known)."""

    text: str
    tone: str = ""
    icon: str = ""
    url: str = ""
    swatch: str = ""


# provider(patient, user) -> Fact | str | list[str] | None. None: this provider knows nothing; []: asked, there is none.
Provider = Callable[[Patient, object], "Fact | str | list[str] | None"]

# Labels are named in English and said in the language of the page where they are shown.
_ORDER = [
    gettext_noop("Allergies"), gettext_noop("Phototype"), gettext_noop("Watch for"), gettext_noop("Next booking"), gettext_noop("Consent"),
]  # fmt: skip
_UNKNOWN = {"Next booking": gettext_noop("None booked")}
_ONLY_KNOWN: set[str] = set()
_facts: dict[str, list[Provider]] = {label: [] for label in _ORDER}
_tags: list[Callable[[Patient, object], "str | None"]] = []

# Drawn beside the number, never alone.
SWATCHES = ("#F6DFCF", "#EBC8AE", "#D8A983", "#B98259", "#8A5A3B", "#4D3226")


def register_fact(label: str, provider: Provider, *, only_known: bool = False) -> None:
    """
    Add *provider* to the header under *label* ("Watch for", "Next booking", "Consent", or a new one at the end).
    Several providers of one label are joined. A provider must ask `may(user, ...)` for what not every role may see. only_known: the
    label stands there only while somebody has something to say, for what is to be done and not for what is to be known.
    """
    if only_known:
        _ONLY_KNOWN.add(label)
    providers = _facts.setdefault(label, [])
    if provider not in providers:
        providers.append(provider)


def register_tag(provider: Callable[[Patient, object], "str | None"]) -> None:
    """Add a short warning beside the name, for example "2 with this name today"; None shows nothing."""
    if provider not in _tags:
        _tags.append(provider)


def _allergies(patient: Patient, user) -> Fact:
    rows = list(patient.allergies.all())
    if rows:
        # The desk sees alert words: what to keep away, not what happened.
        words = [str(row) if may(user, "patients.clinical") else row.substance for row in rows]
        return Fact(", ".join(words), tone="stop")
    return Fact(_(NONE_KNOWN if patient.allergies_asked == Asked.NONE else NOT_ASKED), tone="quiet")


def _phototype(patient: Patient, user) -> Fact | None:
    if not may(user, "patients.clinical"):
        return None
    if patient.phototype is None:
        return Fact(_(NOT_ASKED), tone="quiet")
    from planner.wording import phototype

    return Fact(phototype(patient.phototype), swatch=SWATCHES[patient.phototype - 1])


def _merged(patient: Patient, user) -> str | None:
    """What was written under a record that is not used any more still stands at its address."""
    if patient.merged_into_id is None:
        return None
    return _("Merged into no. %(number)s") % {"number": patient.merged_into.number}


register_fact("Allergies", _allergies)
register_fact("Phototype", _phototype)
register_tag(_merged)

_MAY_SEE = {"Phototype": "patients.clinical", "Watch for": "patients.clinical", "Consent": "consent.view"}


def _joined(label: str, patient: Patient, user) -> Fact | None:
    words: list[str] = []
    answered = False
    for provider in _facts[label]:
        value = provider(patient, user)
        if isinstance(value, Fact):
            return value
        if value is None:
            continue
        answered = True
        for word in [value] if isinstance(value, str) else value:
            if word not in words:
                words.append(word)
    if words:
        first, *rest = words
        return Fact(", ".join([first[:1].upper() + first[1:], *rest]))
    if not answered and label in _ONLY_KNOWN:
        return None
    if not answered and label in _MAY_SEE and not may(user, _MAY_SEE[label]):
        return None  # "Not asked" would be a guess: this person may not see whether it was
    return Fact(_(NONE_KNOWN if answered else _UNKNOWN.get(label, NOT_ASKED)), tone="quiet")


def facts_of(patient: Patient, user) -> list[tuple[str, Fact]]:
    """Return (label, fact) in the order shown, for what *user* may see."""
    return [(label, fact) for label in _facts if (fact := _joined(label, patient, user)) is not None]


def tags_of(patient: Patient, user) -> list[str]:
    return [tag for provider in _tags if (tag := provider(patient, user))]


def identity_of(patient: Patient) -> dict:
    """Return what names the patient everywhere: the header, drawers, dialogs."""
    return {"patient": patient, "surname": patient.surname.upper(), "age": patient.age_on(timezone.localdate())}
