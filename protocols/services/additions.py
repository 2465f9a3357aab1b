"""Sections that come with the program and that a draft may be given. From there on they are values of that version like any other."""

from dataclasses import dataclass

from .. import before_visit, follow_up
from ..documents import ADDITIONS, read_pack
from ..editing import before_visit as before_visit_page
from ..editing import follow_up as follow_up_page
from ..models import ProtocolVersion
from .drafts import Change, edit
from .refusals import ProtocolRefused


@dataclass(frozen=True, slots=True)
class Addition:
    """section: its key in a document. slug, title: of its page in the editor. called: in a sentence."""

    section: str
    slug: str
    title: str
    called: str


FOLLOW_UP = Addition(follow_up.SECTION, follow_up_page.SLUG, follow_up_page.TITLE, "its follow-up calls")
BEFORE_VISIT = Addition(before_visit.SECTION, before_visit_page.SLUG, before_visit_page.TITLE, "its words before a visit")


def that_comes_along(addition: Addition) -> dict:
    """
    The section as it comes with the program.

    Raises:
        FileNotFoundError: the project was installed without it.
    """
    return read_pack(ADDITIONS / f"{addition.section}.yaml")[addition.section]


def follow_up_that_comes_along() -> dict:
    return that_comes_along(FOLLOW_UP)


def add(addition: Addition, draft: ProtocolVersion, *, lock_version: int, by) -> ProtocolVersion:
    """
    Give *draft* the section. It counts from the day on which that version is approved.

    Raises:
        ProtocolRefused: *by* may not edit, it is no draft, or it has the section. StaleDraft, DraftFaults: as `drafts.edit`; a draft
            without something that the section names is refused with each of them.
    """
    section = that_comes_along(addition)

    def apply(document: dict) -> list[Change]:
        if addition.section in document:
            raise ProtocolRefused(f"Protocol {draft.version} has {addition.called} already. Change them value by value.")
        document[addition.section] = section
        return [Change(addition.section, None, section)]

    return edit(draft, lock_version=lock_version, section=addition.title, by=by, apply=apply)


def add_follow_up(draft: ProtocolVersion, *, lock_version: int, by) -> ProtocolVersion:
    return add(FOLLOW_UP, draft, lock_version=lock_version, by=by)


def add_before_visit(draft: ProtocolVersion, *, lock_version: int, by) -> ProtocolVersion:
    return add(BEFORE_VISIT, draft, lock_version=lock_version, by=by)
