"""The life of the sheet's words in another language: brought by the program or written, approved by a medical lead, retired."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext

from audit.services import gathered, record
from protocols.documents import canonical, sha256
from protocols.models import ProtocolVersion
from protocols.services import current_version

from ..blocks import wording_sha256
from ..conversion import knowledge_for
from ..faults import fault_said
from ..languages import name_said
from ..models import SheetTranslation
from ..translation import LANGUAGES, Pair, State, is_whole, packaged, pairs, with_block
from ..words import wording_of

Language, Status = SheetTranslation.Language, SheetTranslation.Status


class Refused(Exception):
    """Nothing was changed; the message says why and what to do."""


@dataclass(frozen=True)
class English:
    """The English words in force: those of the protocol version from which plans are made."""

    version: ProtocolVersion
    wording: Mapping[str, Any]
    sha256: str


@dataclass(frozen=True)
class Standing:
    """How the words of one language stand beside the English. row: the draft, else the newest approved; None: the program's."""

    language: str
    row: SheetTranslation | None
    in_use: SheetTranslation | None
    document: Mapping[str, Any]
    pairs: list[Pair]

    @property
    def name(self) -> str:
        return str(Language(self.language).label)

    @property
    def name_said(self) -> str:
        """Within a sentence."""
        return name_said(str(LANGUAGES[self.language]))

    @property
    def open_faults(self) -> list[tuple[str, list[str]]]:
        """(block, what is wrong with it) of those to be written again, in the language of the page."""
        return [(pair.id, [fault_said(fault) for fault in pair.faults]) for pair in self.open_pairs]

    @property
    def open_pairs(self) -> list[Pair]:
        return [pair for pair in self.pairs if pair.state is not State.WHOLE]

    @property
    def is_whole(self) -> bool:
        return is_whole(self.pairs)

    @property
    def is_draft(self) -> bool:
        return self.row is not None and self.row.status == Status.DRAFT

    @property
    def waits(self) -> bool:
        """What is shown is not what is printed: it wants somebody to approve it."""
        return self.in_use is None or self.row != self.in_use

    @property
    def version(self) -> int:
        return self.row.version if self.is_draft else 0

    @property
    def sha256(self) -> str:
        """Of what is shown: an approval names what was read."""
        return sha256(canonical(self.document))


def english() -> English | None:
    version = current_version()
    if version is None:
        return None
    wording = wording_of(knowledge_for(version).document, "en")
    return English(version, wording, wording_sha256(wording))


def standing(language: str, beside: English) -> Standing:
    rows = list(
        SheetTranslation.objects.filter(language=language).select_related("written_by", "approved_by", "retired_by").order_by("-number")
    )
    approved = [row for row in rows if row.status == Status.APPROVED]
    # The newest that says every block of this English, whichever version it was approved beside.
    in_use = next((row for row in approved if is_whole(pairs(row.content, beside.wording))), None)
    draft = next((row for row in rows if row.status == Status.DRAFT), None)
    row = draft or in_use or next(iter(approved), None)
    document = row.content if row else packaged(language)
    return Standing(language, row, in_use, document, pairs(document, beside.wording))


def change(language: str, block: str, texts: Mapping[str, str], *, version: int, by) -> SheetTranslation:
    """
    Say one block anew, in the draft; the first change begins one.

    Raises:
        StaleRow: somebody saved the draft since it was opened. Refused: there is no such block, a text has a fault, or none is in force.
    """
    with transaction.atomic():
        beside, now = _beside(), timezone.now()
        list(SheetTranslation.objects.select_for_update().filter(language=language).values_list("pk", flat=True))
        before = standing(language, beside)
        pair = next((pair for pair in before.pairs if pair.id == block), None)
        if pair is None:
            raise Refused(gettext("The English has no such block any more. Open the page again."))
        document = with_block(before.document, pair.english, texts)
        after = next(pair for pair in pairs(document, beside.wording) if pair.id == block)
        if after.state is not State.WHOLE:
            raise Refused(" ".join(fault_said(fault) for fault in dict.fromkeys(after.faults)))
        if before.is_draft:
            row = before.row
            row.claim(version)
            row.document, row.written_by, row.written_at = canonical(document), by, now
            row.save(update_fields=["document", "written_by", "written_at"])
        else:
            row = _begin(language, document, by=by, at=now)
        record("sheet_words.written", actor=by, obj=row, detail=_detail(row) | {"block": block, "of": pair.english.version})
    return row


def approve(language: str, *, seen: str, english_seen: str, by) -> SheetTranslation:
    """
    Put the words in use for the English in force, exactly as they were read; those before are retired.

    seen, english_seen: fingerprints of the translation and of the English on the approver's screen.

    Raises:
        Refused: either was changed since, a block is missing or stale, the English is not approved, or it is the approver's own.
    """
    with transaction.atomic(), gathered():
        beside, now = _beside(), timezone.now()
        list(SheetTranslation.objects.select_for_update().filter(language=language).values_list("pk", flat=True))
        before = standing(language, beside)
        if not beside.version.is_approved:
            raise Refused(gettext("The English words are not approved themselves: approve the protocol first."))
        if (before.sha256, beside.sha256) != (seen, english_seen):
            raise Refused(gettext("The words were changed since you opened them. Read them again, then approve them."))
        if not before.waits:
            raise Refused(gettext("These words are in use already."))
        if not before.is_whole:
            words = gettext("%(number)s of the blocks are not finished. Write them, then approve the whole.")
            raise Refused(words % {"number": len(before.open_pairs)})
        # Who wrote the words wrote them still, where they are approved anew beside other English.
        writer = before.row.written_by if before.row else None
        row = before.row if before.is_draft else _begin(language, before.document, by=writer, at=now)
        if row.written_by_id == by.pk:
            raise Refused(gettext("Somebody else than who wrote them approves the words. Ask another medical lead to read them."))
        # Those approved beside an older English stay for the records of its version.
        for older in SheetTranslation.objects.filter(language=language, english_sha256=beside.sha256, status=Status.APPROVED):
            _retire(older, by=by, at=now)
        row.status, row.approved_by, row.approved_at = Status.APPROVED, by, now
        row.sha256, row.english_sha256, row.is_demo = sha256(row.document), beside.sha256, beside.version.is_demo
        row.save(update_fields=["status", "approved_by", "approved_at", "sha256", "english_sha256", "is_demo"])
        record("sheet_words.approved", actor=by, obj=row, detail=_detail(row) | {"sha256": row.sha256, "protocol": beside.version.version})
    return row


def retire(row: SheetTranslation, *, by) -> None:
    """Take words out of use without newer ones: the sheet is then made in English. Raises Refused."""
    with transaction.atomic():
        row = SheetTranslation.objects.select_for_update().get(pk=row.pk)
        if row.status != Status.APPROVED:
            raise Refused(gettext("Only words in use are retired."))
        _retire(row, by=by, at=timezone.now())


def throw_away(row: SheetTranslation, *, by) -> None:
    """A draft that nobody wants. Raises Refused."""
    with transaction.atomic():
        row = SheetTranslation.objects.select_for_update().get(pk=row.pk)
        if row.status != Status.DRAFT:
            raise Refused(gettext("These words are approved: they are never thrown away, only retired."))
        record("sheet_words.thrown_away", actor=by, obj=row, detail=_detail(row))
        row.delete()


def _beside() -> English:
    beside = english()
    if beside is None:
        raise Refused(gettext("No protocol is in force: it holds the English words. Approve one first."))
    return beside


def _begin(language: str, document: Mapping[str, Any], *, by, at) -> SheetTranslation:
    number = 1 + (SheetTranslation.objects.filter(language=language).aggregate(last=Max("number"))["last"] or 0)
    return SheetTranslation.objects.create(language=language, number=number, document=canonical(document), written_by=by, written_at=at)


def _retire(row: SheetTranslation, *, by, at) -> None:
    row.status, row.retired_by, row.retired_at = Status.RETIRED, by, at
    row.save(update_fields=["status", "retired_by", "retired_at"])
    record("sheet_words.retired", actor=by, obj=row, detail=_detail(row))


def _detail(row: SheetTranslation) -> dict:
    return {"language": row.language, "number": row.number}
