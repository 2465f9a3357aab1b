"""Saving a page of a draft: what was typed, what others saved meanwhile, and what of it is written."""

import json
from collections.abc import Collection
from typing import Any

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect

from planner.wording import counted

from ..comparison import NoSuchValue, value_at
from ..editing import SECTIONS, check
from ..editing.changes import applied, changes, row_name, typed, undone
from ..editing.conflicts import meet
from ..editing.faults import placed
from ..editing.fields import Page
from ..models import ProtocolVersion
from ..services.drafts import Change, DraftFaults, edit, edits_since, faults_of
from ..services.refusals import ProtocolRefused, StaleDraft
from .editor_pages import NEW, Saving, draft_named, handed_over_meanwhile, page_of, page_url, show

_TRIES = 3  # of a save that another one overtook between reading and writing


def whole(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def save(request, draft: ProtocolVersion, section: str, item: str):
    posted = {key: request.POST.getlist(key) for key in request.POST}
    lock = whole(request.POST.get("lock_version", ""))
    saving = Saving(request, section, item, posted, lock, whole(request.POST.get("first_lock", "")) or lock)
    saving.choices = {key.removeprefix("choose:"): texts[-1] for key, texts in posted.items() if key.startswith("choose:")}
    for _ in range(_TRIES):
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
    if item == NEW and hasattr(SECTIONS[section], "new"):
        _name_new(saving, document)
    page = page_of(section, item, document, new_id=saving.new_id)
    since = edits_since(draft, saving.first) if saving.first != draft.lock_version else []
    if page is None:
        if not since:
            raise Http404
        messages.error(request, "This page is not there any more: the entry was taken out of the draft. Nothing was saved.")
        return redirect(page_url(draft, section))
    if not saving.lock or saving.first > draft.lock_version:
        return show(request, draft, section, item, document, page, status=409)  # a form that did not come from us
    values, mistakes = typed(page, saving.posted)
    if since:
        answer, values, mistakes = _met(draft, saving, document, page, since, values, mistakes)
        if answer is not None:
            return answer
    for path, message in (check(section, document, page, values) | mistakes).items():
        page.field(path).error = message
    if saving.new_id_error or any(one.error for one in page.fields):
        return show(request, draft, section, item, document, page, saving=saving, status=422)
    return _write(draft, saving, document, page, values)


def _name_new(saving: Saving, document: dict) -> None:
    """The id of a row that is being added; the fields are sent under whatever name the form had."""
    module = SECTIONS[saving.section]
    name = " ".join(saving.posted.get("new_id", [""])[-1].split())
    saving.new_id = name
    taken = {label for label, _ in module.items(document)}
    if not name:
        saving.new_id_error = f"{module.ID_LABEL} is empty. Enter a value."
    elif problem := module.name_problem(name):
        saving.new_id_error = f"{module.ID_LABEL} {problem}."
    elif name.casefold() in {one.casefold() for one in taken}:
        saving.new_id_error = f"{module.ID_LABEL}: {name} is in the list already."
    row = row_name(module.LIST, name or NEW)
    renamed = {}
    for key, texts in saving.posted.items():
        inside = key.startswith(f"{module.LIST}[") and "]." in key
        renamed[f"{row}.{key.rpartition('].')[2]}" if inside else key] = texts
    saving.posted = renamed


def _met(draft, saving: Saving, document, page: Page, since, values, mistakes):
    """Somebody saved since the form was opened. Returns an answer, or None with what is still mine to save."""
    earlier = undone(document, [edit.changes for edit in since])
    before = page_of(saving.section, saving.item, earlier, new_id=saving.new_id) or page
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
                    one.error = f"{one.full}: choose which of the two stands."
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
    found = changes(page, values)
    if saving.removed:
        found += _removal(page, document, saving.removed)

    def apply(mapping):
        applied(mapping, found, page)
        return [Change(**change) for change in found]

    try:
        saved = edit(draft, lock_version=draft.lock_version, section=SECTIONS[section].TITLE[:60], by=request.user, apply=apply)
    except DraftFaults as faults:
        saving.elsewhere = placed(page, faults.document, faults.faults)
        return show(request, draft, section, item, document, page, saving=saving, status=422)
    if not found:
        messages.info(request, "Nothing was changed.")
    else:
        say_saved(request, saved, found)
    gone = saving.removed and saving.removed == page.removable
    return redirect(page_url(draft, section) if gone or item == NEW else request.path)


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
    messages.success(request, f"Saved {counted(len(found), 'value')}.")
    if not saved.is_whole:
        number = len(faults_of(saved.document, saved.sha256))
        what = "1 value of this draft has" if number == 1 else f"{number} values of this draft have"
        messages.warning(request, f"{what} no source that holds. It can be neither handed over nor approved until each is mended.")
