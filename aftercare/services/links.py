"""
The page of a sheet that its printed code leads to: made with the sheet, read without signing in, taken back at will.

The address carries the link's key and a signature over it: the database alone makes no address, and nobody guesses one. It shows what was
printed, without name and date of birth, and nothing else of the patient. Every opening leaves a row in the log.
"""

import datetime as dt
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import segno
import yaml
from django.conf import settings
from django.core import signing
from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from accounts.signing_in import throttle
from audit import read_only
from audit.services import record

from ..content import SheetContent
from ..dates import calendar_of
from ..models import Sheet, SheetLink
from ..render import Code, drawn, pictures_of
from ..words import FOLDER

SALT = "aftercare.link"
PAGE = "aftercare/partials/_link_page.html"
WINDOW, OPENINGS_A_WINDOW = dt.timedelta(hours=1), 60
_NOBODYS = "-" * 16


@dataclass(frozen=True)
class Reading:
    """What a request with an address gets: a link whose page is open, or none; *wait*: seconds until it may ask again."""

    link: SheetLink | None = None
    wait: int = 0


@lru_cache
def words(language: str) -> Mapping[str, Any] | None:
    """The words round the page, or None where there are none in *language*: then no code is printed."""
    path: Path = FOLDER / f"link.{language.partition('-')[0]}.yaml"
    return yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else None


def is_on() -> bool:
    return settings.SHEET_LINK_DAYS > 0 and bool(settings.PUBLIC_URL)


def link_of(sheet: Sheet) -> SheetLink | None:
    """The link that *sheet* is printed with, made now or at an earlier try; None where the clinic prints none."""
    if not is_on() or words(sheet.language) is None:
        return None
    now = timezone.now()
    fresh = {"key": secrets.token_urlsafe(12), "made_at": now, "ends_at": now + dt.timedelta(days=settings.SHEET_LINK_DAYS)}
    return SheetLink.objects.get_or_create(sheet=sheet, defaults=fresh)[0]


def address_of(link: SheetLink) -> str:
    signed = quote(signing.Signer(salt=SALT).sign(link.key), safe="")
    return f"{settings.PUBLIC_URL.rstrip('/')}{reverse('aftercare:read')}?key={signed}"


def last_day(link: SheetLink) -> dt.date:
    """The last whole day on which it opens."""
    return link.sheet.session.booking.site.day_of(link.ends_at) - dt.timedelta(days=1)


def until(link: SheetLink, content: SheetContent | None = None) -> str:
    """The last whole day on which it opens, as the sheet writes days."""
    site = link.sheet.session.booking.site
    return calendar_of(content.country if content else site.country, "").long(last_day(link))


def code_of(link: SheetLink | None, content: SheetContent) -> Code | None:
    if link is None:
        return None
    said, day = words(content.language), until(link, content)
    uri = segno.make(address_of(link), error="m").svg_data_uri(border=2)
    return Code(uri, said["code"]["alt"].format(until=day), said["code"]["words"].format(until=day))


def page_of(content: SheetContent) -> str | None:
    """The sheet as a part of a page, without the patient's name and date of birth."""
    if not is_on() or words(content.language) is None:
        return None
    feel = zip(content.days.columns, content.days.feel, strict=False)
    return drawn(PAGE, {"c": content, "pictures": pictures_of(content), "feel": feel})


def keep(sheet: Sheet, page: str) -> None:
    """Called in the transaction in which the sheet becomes ready: paper and page are of one moment."""
    SheetLink.objects.filter(sheet=sheet, page="", ended_at=None).update(page=page)


def end(link: SheetLink, *, by, request=None) -> bool:
    """Take the link back and throw its page away. Pressed twice, the second changes nothing."""
    with transaction.atomic():
        ended = SheetLink.objects.filter(pk=link.pk, ended_at=None).update(ended_at=timezone.now(), ended_by=by, page="")
        if ended:
            record("sheet.link_ended", actor=by, patient=link.sheet.session.patient_id, obj=link, request=request)
    return bool(ended)


def throw_away() -> int:
    """The pages of links whose time is over."""
    return SheetLink.objects.filter(ends_at__lte=timezone.now()).exclude(page="").update(page="")


def read(signed: str, request) -> Reading:
    """
    The link of an address. One that was never made, one that is not whole, one taken back and one that ran out are the same: looked up
    the same way, compared the same way, counted the same way.
    """
    try:
        key = signing.Signer(salt=SALT).unsign(signed)
    except signing.BadSignature:
        key = ""
    rows = SheetLink.objects.select_related("sheet__session__booking__site")
    link = rows.filter(key=key).first()
    same = hmac.compare_digest((link.key if link else _NOBODYS).encode(), key.encode())
    if not (same and link and link.page and link.ended_at is None and link.ends_at > timezone.now()):
        return Reading(wait=throttle.wrong_link(request))
    if wait := _count(link, request):
        return Reading(wait=wait)
    return Reading(link=link)


def _count(link: SheetLink, request) -> int:
    """Note one opening; seconds to wait where there were too many within the hour."""
    now = timezone.now()
    # A clock that was put back keeps nobody waiting until it has caught up.
    fresh = link.window_at is None or not now - WINDOW < link.window_at <= now + dt.timedelta(minutes=1)
    if not fresh and link.window_openings >= OPENINGS_A_WINDOW:
        return max(1, int((link.window_at + WINDOW - now).total_seconds()))
    window = {"window_at": now, "window_openings": 1} if fresh else {"window_openings": F("window_openings") + 1}
    with transaction.atomic():
        if not read_only.reason():  # the log is written even so
            SheetLink.objects.filter(pk=link.pk).update(opened_at=now, openings=F("openings") + 1, **window)
        session = link.sheet.session
        record("sheet.link_opened", request=request, patient=session.patient_id, obj=link, detail={"sheet": link.sheet_id})
    return 0
