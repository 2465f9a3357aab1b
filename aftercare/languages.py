"""In which language the sheet of a session is made: the patient's, where its words were approved for the English of that record."""

from dataclasses import dataclass

from patients.languages import language_words
from sessions.models import TreatmentSession

from .blocks import wording_sha256
from .conversion import knowledge_for
from .models import SheetTranslation
from .words import wording_of

ENGLISH = "en"
Language, Status = SheetTranslation.Language, SheetTranslation.Status


@dataclass(frozen=True)
class Choice:
    """note: why it is English although the patient reads another language; empty where it is as it should be."""

    language: str = ENGLISH
    translation: SheetTranslation | None = None
    note: str = ""


_known: dict[str, str] = {}


def english_of(version) -> str:
    """The fingerprint of the English words of a protocol version, worked out once a process."""
    if version.sha256 not in _known:
        _known[version.sha256] = wording_sha256(wording_of(knowledge_for(version).document, ENGLISH))
    return _known[version.sha256]


def choose(session: TreatmentSession) -> Choice:
    code = session.patient.person.language.partition("-")[0]
    if code in ("", ENGLISH):
        return Choice()
    name = language_words(code)
    if code not in Language.values:
        return Choice(note=f"The patient reads {name}. The sheet has no words in {name}, so it is in English.")
    english = english_of(session.plan.protocol_version)
    rows = list(SheetTranslation.objects.filter(language=code).exclude(status=Status.DRAFT).defer("document").order_by("-number"))
    row = next((row for row in rows if row.status == Status.APPROVED and row.english_sha256 == english), None)
    if row is not None:
        return Choice(code, row)
    if any(row.status == Status.APPROVED for row in rows):
        why = f"The {name} words were approved beside other English words than those of this record, so it is in English."
    elif rows:
        why = f"The {name} words were retired, so it is in English."
    else:
        why = f"The {name} words need review: no medical lead has approved them yet. So it is in English."
    return Choice(note=f"The patient reads {name}. {why}")
