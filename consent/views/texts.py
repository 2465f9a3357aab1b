"""The clinic's consent texts: which there are, writing the next version, approving and retiring."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import requires
from accounts.versioning import StaleRow
from audit.services import note_read

from ..forms import NewTextForm, TextForm
from ..models import ConsentText, Kind, Language
from ..needs import name_of, names_in_force
from ..services import texts as service
from ..wording import first_draft, meaning


def _text_or_404(pk: int) -> ConsentText:
    rows = ConsentText.objects.select_related("written_by", "approved_by", "retired_by")
    return get_object_or_404(rows, pk=pk)


@require_safe
@requires("consent.texts")
def overview(request):
    names = names_in_force()
    rows: dict[tuple[str, str], dict[str, list[ConsentText]]] = {key: {} for key in names}
    for text in ConsentText.objects.defer("body").order_by("kind", "code", "language", "-number"):
        rows.setdefault((text.kind, text.code), {}).setdefault(text.language, []).append(text)
    lines = [
        {
            "label": name_of(*key, names),
            "kind": Kind(key[0]).label,
            "cells": [_cell(key, code, found.get(code, [])) for code in Language.values],
        }
        for key, found in rows.items()
    ]
    note_read("consent.texts_listed", request=request)
    context = {"kinds": [(kind.label, [one for one in lines if one["kind"] == kind.label]) for kind in Kind], "languages": Language.labels}
    return render(request, "consent/texts.html", context)


def _cell(key: tuple[str, str], language: str, texts: list[ConsentText]) -> dict:
    return {
        "language": Language(language).label,
        "code": language,
        "about": f"{key[0]}:{key[1]}",
        "in_use": next((text for text in texts if text.status == ConsentText.Status.APPROVED), None),
        "draft": next((text for text in texts if text.status == ConsentText.Status.DRAFT), None),
        "retired": [text for text in texts if text.status == ConsentText.Status.RETIRED],
    }


@require_http_methods(["GET", "HEAD", "POST"])
@requires("consent.texts_edit")
def new(request):
    """Begin the next version: with the words in use, else with the draft that comes with the software."""
    names = names_in_force()
    form = NewTextForm(request.POST or None, names=names, initial=request.GET.dict())
    if request.method == "POST" and form.is_valid():
        kind, code = form.cleaned_data["about"].split(":", 1)
        language = form.cleaned_data["language"]
        before = ConsentText.objects.filter(kind=kind, code=code, language=language).order_by("-number").first()
        if before and before.status == ConsentText.Status.DRAFT:
            messages.info(request, _("There is a draft of this text already. Go on with it."))
            return redirect("consent:text", before.pk)
        title, body = (before.title, before.body) if before else first_draft(kind, code, language, name_of(kind, code, names))
        try:
            made = service.draft(kind=kind, code=code, language=language, title=title, body=body, by=request.user)
        except service.Refused as refused:
            form.add_error(None, str(refused))
        else:
            return redirect("consent:text", made.pk)
    status = 422 if form.errors else 200
    return render(request, "consent/new_text.html", {"form": form, "errors_on_page": bool(form.errors)}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@requires("consent.texts")
def text(request, pk: int):
    row = _text_or_404(pk)
    is_draft = row.status == ConsentText.Status.DRAFT
    if request.method != "POST":
        note_read("consent.text_viewed", request=request, obj=row)
        return _text_page(request, row, TextForm(instance=row, initial={"version": row.version}) if is_draft else None)
    if not request.user.may("consent.texts_edit"):
        return render(request, "403.html", status=403)
    form = TextForm(request.POST, instance=ConsentText(kind=row.kind, code=row.code, language=row.language, number=row.number))
    if not form.is_valid():
        return _text_page(request, row, form if is_draft else None, status=422)
    said = form.cleaned_data
    try:
        service.change(row, title=said["title"], body=said["body"], version=said["version"], by=request.user)
    except service.Refused as refused:
        return _text_page(request, _text_or_404(pk), None, refused=str(refused), typed=said["body"], status=409)
    except StaleRow as stale:
        form.data = form.data.copy()
        form.data["version"] = str(stale.row.version)
        return _text_page(request, _text_or_404(pk), form, stale=True, status=409)
    messages.success(request, _("Saved. A medical lead who did not write it reads it and approves it."))
    return redirect("consent:text", pk)


def _text_page(request, row: ConsentText, form, *, status: int = 200, **context):
    context |= {
        "text": row,
        "form": form if request.user.may("consent.texts_edit") else None,
        "label": name_of(row.kind, row.code, names_in_force()),
        "meaning": meaning(row.language),
        "is_draft": row.status == ConsentText.Status.DRAFT,
        "is_in_use": row.status == ConsentText.Status.APPROVED,
        "may_approve": row.status == ConsentText.Status.DRAFT
        and request.user.may("consent.texts_approve")
        and row.written_by_id != request.user.pk,
        "alone": _alone(request, row),
        "others": ConsentText.objects.filter(kind=row.kind, code=row.code, language=row.language).exclude(pk=row.pk).defer("body"),
        "errors_on_page": status != 200,
    }
    return render(request, "consent/text.html", context, status=status)


def _alone(request, row: ConsentText) -> bool:
    """Whether the reader may approve what they wrote: nobody else in the clinic could."""
    own = row.status == ConsentText.Status.DRAFT and row.written_by_id == request.user.pk
    return own and request.user.may("consent.texts_approve") and not service.others_who_approve(request.user)


@require_POST
@requires("consent.texts_approve")
def approve(request, pk: int):
    row = _text_or_404(pk)
    sent = request.POST.get("version", "")
    version = int(sent) if sent.isascii() and sent.isdigit() and len(sent) < 10 else 0
    try:
        service.approve(row, version=version, by=request.user, alone=request.POST.get("alone", ""))
    except service.Refused as refused:
        return _again(request, pk, refused=str(refused))
    except StaleRow:
        return _again(request, pk, refused=_("The text was changed since you opened it. Read it again, then approve it."))
    messages.success(request, _("In use from now on."))
    return redirect("consent:text", pk)


@require_POST
@requires("consent.texts_approve")
def retire(request, pk: int):
    try:
        service.retire(_text_or_404(pk), by=request.user)
    except service.Refused as refused:
        return _again(request, pk, refused=str(refused))
    messages.success(request, _("Retired. Nothing is signed on it any more."))
    return redirect("consent:text", pk)


@require_POST
@requires("consent.texts_edit")
def throw_away(request, pk: int):
    try:
        service.throw_away(_text_or_404(pk), by=request.user)
    except service.Refused as refused:
        return _again(request, pk, refused=str(refused))
    messages.success(request, _("The draft is gone."))
    return redirect("consent:texts")


def _again(request, pk: int, *, refused: str):
    row = _text_or_404(pk)
    form = TextForm(instance=row, initial={"version": row.version}) if row.status == ConsentText.Status.DRAFT else None
    return _text_page(request, row, form, refused=refused, alone_typed=request.POST.get("alone", ""), status=409)
