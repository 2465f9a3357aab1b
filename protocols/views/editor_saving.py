"""Saving a page of a draft: what was typed, what others saved meanwhile, and what of it is written."""

import copy
import json
import re
from collections.abc import Collection
from typing import Any

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ..comparison import NoSuchValue, value_at
from ..editing import SECTIONS, at_row, check
from ..editing.changes import applied, changes, typed, undone
from ..editing.conflicts import both_added, meet
from ..editing.faults import placed
from ..editing.fields import Page
from ..editing.rows import NEW, fresh, made, standing_beside, words_of
from ..fault_words import said
from ..models import ProtocolVersion
from ..services.drafts import Change, DraftFaults, edit, edits_since, faults_of
from ..services.refusals import ProtocolRefused, StaleDraft
from .editor_pages import Saving, begun_by, draft_named, fresh_of, handed_over_meanwhile, page_of, page_url, show

_TRIES = 3  # of a save that another one overtook between reading and writing


def whole(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def save(request, draft: ProtocolVersion, section: str, item: str):
    posted = {key: request.POST.getlist(key) for key in request.POST}
    lock = whole(request.POST.get("lock_version", ""))
    saving = Saving(request, section, item, posted, lock, whole(request.POST.get("first_lock", "")) or lock)
    saving.begun = begun_by(request.POST)
    saving.choices = {key.removeprefix("choose:"): texts[-1] for key, texts in posted.items() if key.startswith("choose:")}
    for _again in range(_TRIES):
        try:
            return _try(draft, saving)
        except StaleDraft as stale:
            draft = draft_named(stale.version.version)
        except ProtocolRefused as refused:
            return handed_over_meanwhile(request, draft_named(draft.version), section, item, refused=str(refused))
    return _try(draft, saving)


def _try(draft: ProtocolVersion, saving: Saving):
    request, section, item = saving.request, saving.section, saving.item
    document = json.loads(draft.document)
    saving.fresh = fresh_of(draft, section, item, document, saving.begun)
    page = saving.fresh.page if saving.fresh else page_of(draft, section, item, document)
    since = edits_since(draft, saving.first) if saving.first != draft.lock_version else []
    if page is None:
        if not since:
            raise Http404
        return _gone(draft, saving, document, since)
    if not saving.lock or saving.first > draft.lock_version:
        return show(request, draft, section, item, document, page, status=409)  # a form that did not come from us
    if saving.fresh:
        saving.posted = _as_new(saving)
    values, mistakes = typed(page, saving.posted)
    if saving.fresh:
        _name_new(saving, document, values)
        if saving.new_id_error and (theirs := _added_by_another(draft, saving, document, since)):
            saving.meeting = theirs
            return show(request, draft, section, item, document, page, saving=saving, status=409)
    if since:
        answer, values, mistakes = _met(draft, saving, document, page, since, values, mistakes)
        if answer is not None:
            return answer
    for path, message in (check(section, document, page, values) | mistakes).items():
        page.field(path).error = message
    if saving.new_id_error or any(one.error for one in page.fields):
        return show(request, draft, section, item, document, page, saving=saving, status=422)
    return _write(draft, saving, document, page, values)


def _as_new(saving: Saving) -> dict[str, list[str]]:
    """What was typed about the row that is added, under the name it has on the page, whatever the form called it."""
    rows = saving.fresh.rows
    head = re.compile(re.escape(rows.path) + r"\[(?:\"(?:\\.|[^\"\\])*\"|[^\]\"])*\]")
    return {head.sub(lambda found: rows.name(NEW), key, count=1) if head.match(key) else key: texts for key, texts in saving.posted.items()}


def _name_new(saving: Saving, document: dict, values: dict) -> None:
    """The id of the row that is being added: as typed, or made of the first words of its name."""
    rows = saving.fresh.rows
    name = " ".join(saving.posted.get("new_id", [""])[-1].split())
    taken = {one.casefold() for one in rows.ids(document)}
    if not name and rows.named_by and (entered := values.get(f"{rows.name(NEW)}.{rows.named_by}")):
        name = words_of({"entered": entered}, "entered", "row")
        name = next(one for one in (name, *(f"{name}_{number}" for number in range(2, 1000))) if one.casefold() not in taken)
        if rows.problem(name):  # a name without one letter of ours
            name = next(one for one in (f"row_{number}" for number in range(1, 1000)) if one not in taken)
    saving.new_id, called = name, {"name": _(rows.id_label)}
    if rows.among:
        if name not in dict(rows.among(document)) and name.casefold() not in taken:
            saving.new_id_error = (
                _("%(name)s is empty. Choose one.") % called if not name else _("%(name)s takes only what the list offers.") % called
            )
            return
    elif not name:
        saving.new_id_error = _("%(name)s is empty. Enter a value.") % called
    elif problem := rows.problem(name):
        saving.new_id_error = _("%(name)s %(fault)s.") % {**called, "fault": said(problem)}
    if not saving.new_id_error and name.casefold() in taken:
        saving.new_id_error = _("%(name)s: %(value)s is in the list already.") % {**called, "value": name}


def _added_by_another(draft: ProtocolVersion, saving: Saving, document: dict, since: list):
    """Where somebody added a row of this very name after my page was opened: their texts beside mine."""
    rows, name = saving.fresh.rows, saving.new_id
    path = rows.name(name)
    if saving.lock == draft.lock_version or not any(
        change["path"] == path and change["before"] is None for edit in since for change in edit.changes
    ):
        return None
    theirs = fresh(rows, document, rows.row(document, name) | rows.asked(document, name, ()), standing_beside(rows, document, name)).page
    return both_added(theirs=theirs, mine=saving.fresh.page, added=path, since=since)


def _gone(draft: ProtocolVersion, saving: Saving, document: dict, since: list):
    """Somebody took out the row that this page is about. What was typed stands in the form that would add it again."""
    section, item, request = saving.section, saving.item, saving.request
    here = at_row(section, item)
    path = here[0].name(here[1]) if here else ""
    last = next((edit for edit in reversed(since) if any(one["path"] == path and one["after"] is None for one in edit.changes)), None)
    if last is None:
        messages.error(request, _("This page is not there any more: the entry was taken out of the draft. Nothing was saved."))
        return redirect(page_url(draft, section))
    saving.gone, saving.new_id = last, here[1]
    saving.begun = begun_by({"back": str(last.lock_version)})
    saving.item = here[0].new_item
    saving.fresh = fresh_of(draft, section, saving.item, document, saving.begun)
    saving.posted = _as_new(saving)
    typed(saving.fresh.page, saving.posted)
    saving.first = draft.lock_version
    return show(request, draft, section, saving.item, document, saving.fresh.page, saving=saving, status=409)


def _met(draft, saving: Saving, document, page: Page, since, values, mistakes):
    """Somebody saved since the form was opened. Returns an answer, or None with what is still mine to save."""
    earlier = undone(document, [edit.changes for edit in since])
    before = page_of(draft, saving.section, saving.item, earlier, begun=saving.begun) or page
    mine, wrong = typed(before, saving.posted)
    raw = {path: " ".join(saving.posted[path]) for path in wrong}
    meeting = meet(before=before, now=page, values=mine, typed=raw, since=since, by=saving.request.user)
    chosen = {path: choice for path, choice in saving.choices.items() if choice in ("mine", "theirs")}
    if saving.lock == draft.lock_version:  # chosen in sight of what stands now
        left = [clash for clash in meeting.clashes if clash.path not in chosen]
        if left:
            saving.meeting = meeting
            _restore(page, _with_rows(page, meeting.touched), mistakes)
            for clash in left:
                one = page.field(clash.path)
                if one is not None:
                    one.error = _("%(name)s: choose which of the two stands.") % {"name": one.full}
            return show(saving.request, draft, saving.section, saving.item, document, page, saving=saving, status=422), {}, {}
    else:
        pending = {path for path in meeting.touched if path not in values or _pending(page, path, values)}
        if (pending or saving.removed) and not meeting.harmless:
            saving.meeting = meeting
            _restore(page, _with_rows(page, meeting.touched), mistakes)
            for clash in meeting.clashes:
                one = page.field(clash.path)
                if one is not None:
                    one.clash = clash
            removal = saving.removed if saving.removed else ""
            shown = show(saving.request, draft, saving.section, saving.item, document, page, saving=saving, status=409, removal=removal)
            return shown, {}, {}
    keep = _with_rows(page, {path for path in meeting.touched if chosen.get(path) != "theirs"})
    _restore(page, keep, {})
    return (
        None,
        {path: value for path, value in values.items() if path in keep},
        {path: text for path, text in mistakes.items() if path in keep},
    )


def _with_rows(page: Page, touched: Collection[str]) -> set[str]:
    """*touched*, and of a row that is not there any more all its values: keeping one of them makes the row again."""
    rows = [[one.path for one in entry.everything] for entry in page.entries if entry.fresh]
    return {*touched, *(path for paths in rows if any(path in touched for path in paths) for path in paths)}


def _pending(page: Page, path: str, values: dict) -> bool:
    one = page.field(path)
    return one is None or one.value != values[path]


def _restore(page: Page, touched, mistakes) -> None:
    """What I did not touch stands as it is now; what I typed stays."""
    for one in page.fields:
        if one.path not in touched:
            one.shown = one.written(one.value)
        elif one.path in mistakes:
            one.error = mistakes[one.path]


def _write(draft: ProtocolVersion, saving: Saving, document: dict, page: Page, values: dict):
    request, section, item = saving.request, saving.section, saving.item
    found = made(saving.fresh, saving.new_id, values) if saving.fresh else _changes(section, item, document, page, values)
    if saving.removed:
        found += _removal(page, document, saving.removed)

    def apply(mapping):
        applied(mapping, found, page)
        return [Change(**change) for change in found]

    try:
        saved = edit(draft, lock_version=draft.lock_version, section=SECTIONS[section].TITLE[:60], by=request.user, apply=apply)
    except DraftFaults as faults:
        renamed = {}
        if saving.fresh:
            rows = saving.fresh.rows
            renamed = {rows.name(saving.new_id): rows.name(NEW)}
            renamed |= {f"{path}.{saving.new_id}": f"{path}.{NEW}" for path in saving.fresh.beside}
        saving.elsewhere = placed(page, faults.document, faults.faults, renamed)
        return show(request, draft, section, item, document, page, saving=saving, status=422)
    if not found:
        messages.info(request, _("Nothing was changed."))
    else:
        say_saved(request, saved, found)
    gone = saving.removed and saving.removed == page.removable
    return redirect(page_url(draft, section) if gone or saving.fresh else request.path)


def _changes(section: str, item: str, document: dict, page: Page, values: dict) -> list[dict[str, Any]]:
    """What the page changes, and what follows from it elsewhere in the version."""
    found, here = changes(page, values), at_row(section, item)
    if here is None or here[0].also is None:
        return found
    within = copy.deepcopy(document)
    applied(within, found, page)
    return [*found, *here[0].also(within, here[1], page, values)]


def _removal(page: Page, document: dict, path: str) -> list[dict[str, Any]]:
    """The change that takes out a row this page may take out; nothing where it is gone already."""
    allowed = {entry.row for entry in page.entries if entry.removable} | ({page.removable} if page.removable else set())
    if path not in allowed:
        return []
    try:
        return [{"path": path, "before": value_at(document, path), "after": None}]
    except NoSuchValue:
        return []


def say_saved(request, saved: ProtocolVersion, found: list) -> None:
    messages.success(request, ngettext("Saved %(n)s value.", "Saved %(n)s values.", len(found)) % {"n": len(found)})
    if not saved.is_whole:
        number = len(faults_of(saved.document, saved.sha256))
        text = ngettext(
            "%(n)s value of this draft has no source that holds. It can be neither handed over nor approved until each is mended.",
            "%(n)s values of this draft have no source that holds. It can be neither handed over nor approved until each is mended.",
            number,
        )
        messages.warning(request, text % {"n": number})
