"""In which language the sheet of a session is made: the patient's, where its words were approved for the English of that record."""

from dataclasses import dataclass

from django.utils import translation
from django.utils.translation import gettext, gettext_noop

from patients.languages import language_words
from plans.said import in_english, pattern
from sessions.models import TreatmentSession

from .conversion import ENGLISH, knowledge_for
from .models import SheetTranslation
from .translation import is_whole, pairs
from .words import wording_of

Language, Status = SheetTranslation.Language, SheetTranslation.Status


# Stored with the sheet, in English.
STORED = "en-gb"
NO_WORDS = gettext_noop("The patient reads %(language)s. The sheet has no words in %(language)s, so it is in English.")
OTHER_ENGLISH = gettext_noop(
    "The patient reads %(language)s. The %(language)s words were approved beside other English words than those of this record, "
    "so it is in English."
)
RETIRED = gettext_noop("The patient reads %(language)s. The %(language)s words were retired, so it is in English.")
NEED_REVIEW = gettext_noop(
    "The patient reads %(language)s. The %(language)s words need review: no medical lead has approved them yet. So it is in English."
)


@dataclass(frozen=True)
class Choice:
    """note: why it is English although the patient reads another language; empty where it is as it should be."""

    language: str = ENGLISH
    translation: SheetTranslation | None = None
    note: str = ""


_whole: dict[tuple[str, str], bool] = {}


def fits(row: SheetTranslation, version) -> bool:
    """Every English block of *version* is said by the approved words, in the very version they were made from. Kept for the process."""
    key = (row.sha256, version.sha256)
    if key not in _whole:
        _whole[key] = is_whole(pairs(row.content, wording_of(knowledge_for(version).document, ENGLISH)))
    return _whole[key]


def name_said(name: str) -> str:
    """The name of a language within a sentence, in the language of the page."""
    return name if in_english() else gettext(name).lower()


def note_said(note: str) -> str:
    """A note of `choose` in the language of the page."""
    if in_english():
        return note
    for sentence in (NO_WORDS, OTHER_ENGLISH, RETIRED, NEED_REVIEW):
        if found := pattern(sentence).fullmatch(note):
            return gettext(sentence) % {"language": name_said(found["language"])}
    return note


def choose(session: TreatmentSession) -> Choice:
    with translation.override(STORED):
        return _choose(session)


def _choose(session: TreatmentSession) -> Choice:
    code = session.patient.person.language.partition("-")[0]
    if code in ("", ENGLISH):
        return Choice()
    name = language_words(code)
    if code not in Language.values:
        return Choice(note=NO_WORDS % {"language": name})
    version = session.plan.protocol_version
    rows = list(SheetTranslation.objects.filter(language=code).exclude(status=Status.DRAFT).order_by("-number"))
    approved = [row for row in rows if row.status == Status.APPROVED]
    row = next((row for row in approved if fits(row, version)), None)
    if row is not None:
        return Choice(code, row)
    why = OTHER_ENGLISH if approved else RETIRED if rows else NEED_REVIEW
    return Choice(note=why % {"language": name})
