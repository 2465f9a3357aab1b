"""The words of the sheet in other languages: how each stands, read beside the English, changed block by block, approved and retired."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Site
from accounts.permissions import requires
from accounts.signing_in.fresh import asks_who_it_is
from accounts.versioning import StaleRow
from audit.services import note_read
from patients.names import without_turning
from planner import wording as figures

from .dates import Calendar, Moment, Part, WordedCalendar
from .languages import name_said
from .models import SheetTranslation
from .services import phone_hours
from .services import translations as service
from .translation import LANGUAGES, RIGHT_TO_LEFT, State

# As the sheet is read from top to bottom; what is not named follows.
SECTIONS = {
    "": gettext_lazy("Head and foot"),
    "three": gettext_lazy("Three things"),
    "day_table": gettext_lazy("Day by day"),
    "resume": gettext_lazy("What may be done again"),
    "resume_together": gettext_lazy("Rules that end together"),
    "normal_course": gettext_lazy("How it may feel"),
    "help": gettext_lazy("When to call"),
    "red_flags": gettext_lazy("Warning signs"),
    "steps": gettext_lazy("Steps"),
    "aftercare": gettext_lazy("What to do"),
    "normal": gettext_lazy("What is normal"),
    "normal_by_phototype": gettext_lazy("What is normal, by skin"),
    "season": gettext_lazy("Season"),
    "did": gettext_lazy("What we did"),
    "adjuvants": gettext_lazy("For what was put on the skin"),
    "adjuvant_names": gettext_lazy("Products"),
    "medicines": gettext_lazy("Medicines"),
    "next_visit": gettext_lazy("Next visit"),
    "checked": gettext_lazy("Who checked it"),
    "map": gettext_lazy("Map"),
    "zones": gettext_lazy("Zones"),
    "devices": gettext_lazy("Devices"),
    "reasons": gettext_lazy("Why a zone was left out"),
    "terms": gettext_lazy("Words by country"),
}
LONGEST = 4_000


def _too_long() -> str:
    return gettext("The texts must be %(most)s letters or fewer together.") % {"most": f"{LONGEST:,}"}


def _language_or_404(language: str) -> str:
    if language not in LANGUAGES:
        raise Http404
    return language


def _by_section(pairs):
    order = list(SECTIONS)

    def section(pair) -> str:
        return pair.id.rpartition(".")[0].split(".")[0]

    ordered = sorted(pairs, key=lambda pair: order.index(section(pair)) if section(pair) in order else len(order))
    return [(SECTIONS.get(name, name.replace("_", " ")), list(found)) for name, found in groupby(ordered, key=section)]


@requires("sheets.words")
@require_safe
def overview(request):
    beside = service.english()
    note_read("sheet_words.listed", request=request)
    rows = [service.standing(language, beside) for language in LANGUAGES] if beside else []
    return render(request, "aftercare/words.html", {"english": beside, "rows": rows})


@requires("sheets.words")
@require_safe
def words_in(request, language: str):
    """All blocks beside the English; `?block=` opens one to be changed, for who may."""
    _language_or_404(language)
    if service.english() is None:
        return redirect("aftercare:words")
    note_read("sheet_words.viewed", request=request, detail={"language": language})
    return _page(request, language, opened=request.GET.get("block", ""))


def _page(request, language: str, *, opened: str = "", status: int = 200, **context):
    beside = service.english()
    standing = service.standing(language, beside)
    own = standing.is_draft and standing.row.written_by_id == request.user.pk
    rows = SheetTranslation.objects.filter(language=language).select_related("written_by", "approved_by", "retired_by").defer("document")
    context = (
        {"typed": {}, "refused": "", "hours": context.pop("hours", None) or _hours(request.user, language)}
        | context
        | {
            "english": beside,
            "standing": standing,
            "sections": _by_section(standing.pairs),
            "opened": opened if request.user.may("sheets.words_edit") else "",
            "direction": "rtl" if language in RIGHT_TO_LEFT else "ltr",
            "is_own": own,
            "may_approve": request.user.may("sheets.words_approve")
            and not own
            and standing.waits
            and standing.is_whole
            and beside.version.is_approved,
            "rows": rows,
            "dates": _dates(standing.document),
            "State": State,
        }
    )
    return render(request, "aftercare/words_in.html", context, status=status)


def _dates(document) -> list[tuple[str, str]]:
    """How the language writes dates, times and numbers, beside the English: every name of a day and a month, and each pattern once."""
    english, other = (
        Calendar(month_first=False, midday="midday"),
        WordedCalendar(document["calendar"], document["blocks"]["terms.midday"]["text"]["default"]),
    )
    monday = date(2026, 6, 1)
    rows = []
    for calendar in (english, other):
        shown = [calendar.long(monday + timedelta(days=n), weekday=True) for n in range(7)]
        shown += [calendar.short(date(2026, month, 5)) for month in range(1, 13)]
        shown += [calendar.month(date(2028, month, 1)) for month in range(1, 13)]
        shown += [calendar.moment(Moment(monday, part.value)) for part in Part]
        shown += [calendar.clock(datetime(2026, 6, 1, hour, 30)) for hour in (9, 15)]  # noqa: DTZ001 - on the wall clock
        shown += [calendar.duration(90), figures.mm(Decimal("0.25")).replace(".", calendar.decimal)]
        shown.append(calendar.comma.join(("a", "b")))
        rows.append(shown)
    pairs = list(zip(*rows, strict=True))
    return [*pairs, ("Translation approved by {approved_by}, {approved_on}.", document["approved"])]


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


@requires("sheets.words_edit")
@require_POST
def change(request, language: str):
    _language_or_404(language)
    block = request.POST.get("block", "")
    texts = {name.removeprefix("text."): " ".join(value.split(" ")) for name, value in request.POST.items() if name.startswith("text.")}
    typed = {"typed": texts, "opened": block}
    if sum(len(text) for text in texts.values()) > LONGEST:
        return _page(request, language, status=422, refused=_too_long(), **typed)
    try:
        service.change(language, block, texts, version=_number(request.POST.get("version", "")), by=request.user)
    except KeyError:
        return _page(request, language, status=422, refused=gettext("A text of this block was not sent. Write each of them."), **typed)
    except service.Refused as refused:
        return _page(request, language, status=422, refused=str(refused), **typed)
    except StaleRow as stale:
        by = stale.row.written_by.display_name if stale.row.written_by else gettext("somebody")
        told = gettext(
            "%(name)s saved the draft since you opened it. Your words are still below and not saved: read what stands now, then save again."
        )
        return _page(request, language, status=409, refused=told % {"name": by}, **typed)
    messages.success(request, gettext("Saved in the draft. A medical lead who did not write it reads it and approves it."))
    return redirect(f"{reverse('aftercare:words_in', args=[language])}#b-{block}")


def _own_sites(user) -> list[Site]:
    return list(Site.objects.filter(pk__in=user.site_ids()).exclude(phone_hours="").order_by("name", "pk"))


def _hours(user, language: str) -> dict:
    """The sites of the reader with what they say of their phone, and the same in *language*."""
    sites = _own_sites(user)
    said = phone_hours.hours_in(language, sites)
    return {"rows": [(site, said.get(site.pk, "")) for site in sites], "was": phone_hours.seen_of(language, sites)}


@requires("sheets.words_edit")
@require_POST
def change_hours(request, language: str):
    """When the phone of each own site is answered, in *language*. It is no advice: nobody has to approve it."""
    _language_or_404(language)
    if service.english() is None:
        return redirect("aftercare:words")
    sites = _own_sites(request.user)
    typed = {site.pk: " ".join(without_turning(request.POST.get(f"site.{site.pk}", "")).replace("\x00", "").split()) for site in sites}
    shown = {"rows": [(site, typed[site.pk]) for site in sites], "was": request.POST.get("was", "")[:64]}
    if any(len(said) > phone_hours.LONGEST for said in typed.values()):
        told = gettext("When the phone is answered must be %(most)s letters or fewer.") % {"most": phone_hours.LONGEST}
        return _page(request, language, status=422, refused=told, hours=shown)
    try:
        phone_hours.keep(language, sites, typed, was=shown["was"], by=request.user, request=request)
    except phone_hours.ChangedMeanwhile:
        told = gettext(
            "Somebody else changed these hours since you opened the page. What you typed stands below: read it again, then save."
        )
        return _page(request, language, status=409, refused=told, hours={**shown, "was": phone_hours.seen_of(language, sites)})
    messages.success(request, gettext("Saved. Sheets made from now on say it."))
    return redirect(f"{reverse('aftercare:words_in', args=[language])}#h-hours")


@requires("sheets.words_approve")
@require_POST
@asks_who_it_is
def approve(request, language: str):
    _language_or_404(language)
    if not request.POST.get("read"):
        told = gettext("Say that you read the language and have read every block, then approve.")
        return _page(request, language, status=422, refused=told)
    seen, english_seen = request.POST.get("seen", ""), request.POST.get("english_seen", "")
    try:
        row = service.approve(language, seen=seen, english_seen=english_seen, by=request.user)
    except service.Refused as refused:
        return _page(request, language, status=409, refused=str(refused))
    words = gettext("In use from now on. Who reads %(language)s takes the sheet home in it.")
    messages.success(request, words % {"language": name_said(LANGUAGES[row.language])})
    return redirect("aftercare:words_in", language)


def _row_or_404(language: str, version: int) -> SheetTranslation:
    return get_object_or_404(SheetTranslation, number=version, language=_language_or_404(language))


@requires("sheets.words_approve")
@require_POST
@asks_who_it_is
def retire(request, language: str, version: int):
    try:
        service.retire(_row_or_404(language, version), by=request.user)
    except service.Refused as refused:
        return _page(request, language, status=409, refused=str(refused))
    messages.success(request, gettext("Retired. Sheets are made in English from now on."))
    return redirect("aftercare:words_in", language)


@requires("sheets.words_edit")
@require_POST
def throw_away(request, language: str, version: int):
    try:
        service.throw_away(_row_or_404(language, version), by=request.user)
    except service.Refused as refused:
        return _page(request, language, status=409, refused=str(refused))
    messages.success(request, gettext("The draft is gone."))
    return redirect("aftercare:words_in", language)
