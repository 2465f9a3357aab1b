"""In which language the sheet of a session is made: the patient's, where its words were approved for the English of that record."""

from dataclasses import dataclass

from patients.languages import language_words
from sessions.models import TreatmentSession

from .conversion import ENGLISH, knowledge_for
from .models import SheetTranslation
from .translation import is_whole, pairs
from .words import wording_of

Language, Status = SheetTranslation.Language, SheetTranslation.Status


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


def choose(session: TreatmentSession) -> Choice:
    code = session.patient.person.language.partition("-")[0]
    if code in ("", ENGLISH):
        return Choice()
    name = language_words(code)
    if code not in Language.values:
        return Choice(note=f"The patient reads {name}. The sheet has no words in {name}, so it is in English.")
    version = session.plan.protocol_version
    rows = list(SheetTranslation.objects.filter(language=code).exclude(status=Status.DRAFT).order_by("-number"))
    approved = [row for row in rows if row.status == Status.APPROVED]
    row = next((row for row in approved if fits(row, version)), None)
    if row is not None:
        return Choice(code, row)
    if approved:
        why = f"The {name} words were approved beside other English words than those of this record, so it is in English."
    elif rows:
        why = f"The {name} words were retired, so it is in English."
    else:
        why = f"The {name} words need review: no medical lead has approved them yet. So it is in English."
    return Choice(note=f"The patient reads {name}. {why}")
