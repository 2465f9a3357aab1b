"""
The life of the demo's protocols: the oldest is approved when the clinic opens, each later one some weeks ago, and one more is in
the works. So some open plans stand on a retired version, and the history of a draft can be read.
"""

import datetime as dt
from collections.abc import Callable, Iterator

from django.utils import timezone

from aftercare.services import translations
from protocols import services as protocols
from protocols.comparison import place, value_at
from protocols.editing import depth, zones
from protocols.models import ProtocolVersion, VersionStatus
from protocols.services import Change
from protocols.services.additions import add_before_visit, add_follow_up, add_sheet_words

from .world import World

APPROVAL = "For demonstration only: not a clinical approval."
REVIEW_AFTER = dt.timedelta(days=365)
APPROVED_ON = -53  # day of the newest approval
DRAFTED_ON = -9


def open_with_the_oldest(*, by, at: dt.datetime) -> ProtocolVersion:
    """
    Approve the oldest stored version, as on the day the clinic opened, and return it.

    Raises:
        LookupError: no version is stored.
    """
    drafts = ProtocolVersion.objects.filter(status=VersionStatus.DRAFT)
    drafts.update(created_at=at)  # stored minutes ago by the real clock; in the story the clinic began with it
    oldest = ProtocolVersion.objects.exclude(status=VersionStatus.RETIRED).order_by("pk").first()
    if oldest is None:
        raise LookupError("No protocol is loaded. Run `manage.py load_protocols` first.")
    return oldest if oldest.is_approved else _approve(oldest, author=by, lead=by, at=at)


def _approve(version: ProtocolVersion, *, author, lead, at: dt.datetime) -> ProtocolVersion:
    in_review = protocols.submit(version, by=author)
    due = (at + REVIEW_AFTER).date()
    return protocols.approve(in_review, by=lead, reason=APPROVAL, next_review_on=due, is_demo=True)


def protocol_story(world: World) -> Iterator[dt.datetime]:
    """Later versions are handed over and approved; then a draft is begun and edited by two people."""
    author, lead = world.staff["amara"], world.staff["iris"]
    waiting = list(ProtocolVersion.objects.filter(status=VersionStatus.DRAFT).order_by("pk").values_list("pk", flat=True))
    for place_in_line, pk in enumerate(waiting):
        day = APPROVED_ON - 2 * (len(waiting) - 1 - place_in_line)
        yield world.at(day - 1, "17:40")
        protocols.submit(ProtocolVersion.objects.get(pk=pk), by=author)
        yield world.at(day, "18:10")
        version = ProtocolVersion.objects.get(pk=pk)
        due = world.day(day) + REVIEW_AFTER
        protocols.approve(version, by=lead, reason=APPROVAL, next_review_on=due, is_demo=True)
    yield world.at(APPROVED_ON + 1, "17:40")
    _calls_are_added(author, world)
    yield world.at(DRAFTED_ON, "12:50")
    current = protocols.current_version()
    name = _next_name(current.version)
    if ProtocolVersion.objects.filter(version=name).exists():
        return
    draft = protocols.create_draft(current, name=name, by=author, note="Cheeks more cautious, clearer words. For trying the editor.")
    yield world.at(DRAFTED_ON, "13:05")
    draft = _edit(draft, depth.TITLE, author, _cheeks_a_step_lower)
    yield world.at(DRAFTED_ON + 2, "12:35")
    draft = _edit(draft, zones.TITLE, lead, _a_clearer_reason)


def _calls_are_added(author, world: World) -> None:
    """The version in use is given the follow-up calls and the words before a visit that come with the program, and approved with them."""
    current, lead = protocols.current_version(), world.staff["iris"]
    name = f"{current.version}.1"
    if ProtocolVersion.objects.filter(version=name).exists():
        return
    draft = protocols.create_draft(
        current, name=name, by=author, note="With follow-up calls, words before a visit, and the sheet's words by skin and season"
    )
    draft = add_follow_up(draft, lock_version=draft.lock_version, by=author)
    draft = add_before_visit(draft, lock_version=draft.lock_version, by=author)
    draft = add_sheet_words(draft, lock_version=draft.lock_version, by=author)
    _approve(draft, author=author, lead=lead, at=timezone.now())
    _translations_are_read(lead)


def _translations_are_read(lead) -> None:
    """Two languages are approved beside the English in use; the other two still need somebody who reads them."""
    beside = translations.english()
    for language in ("es", "pl"):
        translations.approve(language, seen=translations.standing(language, beside).sha256, english_seen=beside.sha256, by=lead)


def _next_name(version: str) -> str:
    """`2026.3` after `2026.2`; a name without a number at its end gets one."""
    head, dot, last = version.rpartition(".")
    return f"{head}.{int(last) + 1}" if dot and last.isdigit() else f"{version}.1"


def _edit(draft: ProtocolVersion, section: str, by, change: Callable[[dict], dict[str, object]]) -> ProtocolVersion:
    """Save what *change* makes of the document: the new value for each name."""

    def apply(document: dict) -> list[Change]:
        made = []
        for path, value in change(document).items():
            holder, key = place(document, path)
            made.append(Change(path, value_at(document, path), value))
            holder[key] = value
        return made

    return protocols.edit(draft, lock_version=draft.lock_version, section=section, by=by, apply=apply)


def _cheeks_a_step_lower(document: dict) -> dict[str, object]:
    """The top of the ranges on the cheeks, one step of the pen's dial lower where it stays above the typical depth."""
    step = next((device["dial_step_mm"] for device in document["devices"] if "dial_step_mm" in device), 0)
    rows = [row for row in document["depth_ranges"] if row["zone"] == "cheeks" and row["max"] - step >= row["typical"]]
    return {f"depth_ranges[{row['indication']},{row['level']},cheeks].max": row["max"] - step for row in rows[:3]}


def _a_clearer_reason(document: dict) -> dict[str, object]:
    zone = document["zones"][0]
    return {f"zones[{zone['id']}].note": f"{zone['note']} Worded anew; to be read once more before it is handed over.".strip()}
