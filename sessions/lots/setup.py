"""Products and lots as the clinic keeps them: added, received, taken out. Each press leaves its row of the log."""

import datetime as dt
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import Q, Sum
from django.utils import timezone
from django.utils.translation import gettext

from accounts.models import Site
from accounts.seen import digest
from audit.services import gathered, record

from . import rule
from .codes import key_of
from .models import Lot, Product, StockMove

SOON = dt.timedelta(days=60)  # a lot that runs out sooner is marked


class Refused(Exception):
    """Nothing was written; the message says why, `field` beside which input."""

    def __init__(self, message: str, *, field: str = ""):
        super().__init__(message)
        self.message, self.field = message, field


class Changed(Exception):
    """Somebody else changed it since the form was shown."""


@dataclass(frozen=True)
class Line:
    """One lot in the list. left: pieces at the site; None where nobody counts them there."""

    lot: Lot
    left: int | None
    tone: str
    words: str


def standing(lot: Lot, day: dt.date, *, is_blocked: bool) -> tuple[str, str]:
    """(tone, words) of a lot on *day*."""
    if is_blocked:
        return "stop", gettext("Blocked")
    if lot.expires_on is None:
        return "mute", gettext("No use-by date")
    if lot.expires_on < day:
        return "stop", gettext("Past its day")
    if lot.expires_on < day + SOON:
        return "caut", gettext("Runs out soon")
    return "clear", gettext("In date")


def lines_of(site: Site, day: dt.date, *, product: Product | None = None, text: str = "") -> list[Line]:
    """Lots, those to be used first in front; of *product*, or with *text* in number or product."""
    rows = Lot.objects.select_related("product", "blocked_by").annotate(left=Sum("moves__change", filter=Q(moves__site=site)))
    if product is not None:
        rows = rows.filter(product=product)
    if text:
        rows = rows.filter(Q(key__contains=key_of(text)) | Q(product__name__icontains=text))
    blocked = list(Lot.objects.filter(blocked_at__isnull=False))
    lines = []
    for lot in rows.order_by("product__kind", "product__name", "expires_on", "number", "pk"):
        is_blocked = rule.block_of(lot.key, lot.product_id, blocked) is not None
        lines.append(Line(lot, lot.left, *standing(lot, day, is_blocked=is_blocked)))
    return lines


def seen_of(product: Product) -> str:
    return digest(product.kind, product.name, product.gtin, product.is_active)


def add_product(*, kind: str, name: str, gtin: str, by, request=None) -> Product:
    """Raises Refused where the name or the GTIN is taken."""
    try:
        with transaction.atomic():
            made = Product.objects.create(kind=kind, name=name, gtin=gtin)
            record("product.added", actor=by, obj=made, request=request, detail={"kind": kind})
    except IntegrityError as clash:
        raise _taken(name, gtin) from clash
    return made


def change_product(product: Product, *, was: str, by, request=None, **fields) -> None:
    """Raises Refused, Changed."""
    try:
        with transaction.atomic():
            stored = Product.objects.select_for_update().get(pk=product.pk)
            if seen_of(stored) != was:
                raise Changed
            for name, value in fields.items():
                setattr(stored, name, value)
            stored.save(update_fields=list(fields))
            record("product.changed", actor=by, obj=stored, request=request, detail={name: str(value) for name, value in fields.items()})
    except IntegrityError as clash:
        raise _taken(fields.get("name", product.name), fields.get("gtin", "")) from clash


def _taken(name: str, gtin: str) -> Refused:
    if Product.objects.filter(name=name).exists():
        return Refused(gettext("There is a product called %(name)s already.") % {"name": name}, field="name")
    return Refused(gettext("Another product has the GTIN %(gtin)s already.") % {"gtin": gtin}, field="gtin")


def receive(
    *, site: Site, product: Product, number: str, expires_on: dt.date | None, pieces: int, by, request_key: str, request=None
) -> Lot:
    """
    *pieces* of a lot came to *site*. The same *request_key* counts once.

    Raises:
        Refused: the lot is blocked, past its day, or stands in the list with another use-by date.
    """
    key = key_of(number)
    with transaction.atomic(), gathered():
        done = StockMove.objects.filter(request_key=request_key).select_related("lot").first()
        if done is not None:
            return done.lot
        now = timezone.now()
        blocked = Lot.objects.filter(Q(product=product) | Q(product__isnull=True), key=key, blocked_at__isnull=False).first()
        if blocked is not None:
            raise Refused(
                gettext("Lot %(number)s is blocked: %(blocked_reason)s. Send it back.")
                % {"number": number, "blocked_reason": blocked.blocked_reason.rstrip(".")},
                field="number",
            )
        if expires_on is not None and expires_on < site.day_of(now):
            raise Refused(gettext("This lot is past its day. Send it back."), field="expires_on")
        values = {"number": number, "expires_on": expires_on, "added_at": now, "added_by": by}
        lot, is_new = Lot.objects.get_or_create(product=product, key=key, defaults=values)
        if not is_new and expires_on and lot.expires_on and lot.expires_on != expires_on:
            raise Refused(
                gettext("Lot %(lot)s stands in the list with use by %(expires_on)s. Look at the pack again.")
                % {"lot": lot.number, "expires_on": f"{lot.expires_on:%d.%m.%Y}"},
                field="expires_on",
            )
        if not is_new and expires_on and lot.expires_on is None:
            Lot.objects.filter(pk=lot.pk).update(expires_on=expires_on)
        if is_new:
            record("lot.added", actor=by, obj=lot, request=request, detail={"product": product.pk})
        _move(lot, site, StockMove.What.RECEIVED, pieces, "", by, request_key)
        record("stock.received", actor=by, obj=lot, request=request, detail={"pieces": pieces, "site": site.pk})
    return lot


def take_out(lot: Lot, *, site: Site, pieces: int, reason: str, by, request_key: str, request=None) -> None:
    """*pieces* are there no more. Raises Refused where fewer are left."""
    with transaction.atomic():
        if StockMove.objects.filter(request_key=request_key).exists():
            return
        Lot.objects.select_for_update(of=("self",)).get(pk=lot.pk)
        left = StockMove.objects.filter(lot=lot, site=site).aggregate(left=Sum("change"))["left"] or 0
        if pieces > left:
            raise Refused(gettext("Only %(left)s left at %(site)s.") % {"left": max(left, 0), "site": site.name}, field="pieces")
        _move(lot, site, StockMove.What.TAKEN_OUT, -pieces, reason, by, request_key)
        record("stock.taken_out", actor=by, obj=lot, request=request, detail={"pieces": pieces, "site": site.pk})


def _move(lot: Lot, site: Site, what: str, change: int, reason: str, by, request_key: str) -> None:
    now = timezone.now()
    StockMove.objects.create(
        lot=lot, site=site, what=what, change=change, reason=reason, day=site.day_of(now), at=now, by=by, request_key=request_key
    )
