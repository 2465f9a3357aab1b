"""What a record used, as rows: kept with every save, counted off the stock with the signature."""

from django.db.models import Sum
from django.utils import timezone

from .models import Lot, StockMove, UsedLot

COLUMNS = (
    "product", "product_name", "number", "key", "expires_on", "serial", "gtin", "raw", "is_new", "reason", "after_block", "own_blood",
)  # fmt: skip


def keep(session, uses: dict[str, UsedLot]) -> None:
    """
    The rows of *session* are *uses* from now on, by place. Raises IntegrityError where a cartridge came into another record meanwhile.
    """
    stand = {row.place: row for row in UsedLot.objects.filter(session=session.pk)}
    gone = [row.pk for place, row in stand.items() if place not in uses]
    # Gone first: a cartridge that moved from one field to the other is there once.
    changed = {place: row for place, row in stand.items() if place in uses and row.serial and row.serial != uses[place].serial}
    if gone or changed:
        UsedLot.objects.filter(pk__in=[*gone, *(row.pk for row in changed.values())]).delete()
    now = timezone.now()
    for place, use in uses.items():
        row = stand.get(place)
        if row is None or place in changed:
            use.session, use.added_at = session, now
            use.save(force_insert=True)
            continue
        if row.key != use.key or row.product_id != use.product_id:
            row.added_at = now
        if any(getattr(row, name) != getattr(use, name) for name in COLUMNS):
            for name in COLUMNS:
                setattr(row, name, getattr(use, name))
            row.save()


def content(session) -> list[dict]:
    """What is signed of the lots, in the order of the places."""
    return [
        {
            "place": use.place,
            "kind": use.kind,
            "product": use.product_id,
            "product_name": use.product_name,
            "lot": use.number,
            "use_by": use.expires_on,
            "serial": use.serial,
            "gtin": use.gtin,
            "raw": use.raw,
            "is_new": use.is_new,
            "reason": use.reason,
            "after_block": use.after_block,
            # What was signed before two people had to check it has no such line, and keeps its hash.
            **({"own_blood": True} if use.own_blood else {}),
        }
        for use in UsedLot.objects.filter(session=session.pk).order_by("place")
    ]


def count_off(session, *, by) -> None:
    """One piece less of each lot whose stock is counted at the site. A count that is too low never holds a signature up."""
    used = [use for use in UsedLot.objects.filter(session=session.pk) if use.product_id]
    counted = Lot.objects.filter(key__in={use.key for use in used}, moves__site=session.booking.site_id).distinct()
    lots = {(lot.product_id, lot.key): lot for lot in counted}
    now = timezone.now()
    StockMove.objects.bulk_create(
        StockMove(
            lot=lots[use.product_id, use.key],
            site_id=session.booking.site_id,
            what=StockMove.What.USED,
            change=-1,
            day=session.day,
            at=now,
            by=by,
            request_key=f"used-{session.pk}-{use.place}"[:120],
        )
        for use in used
        if (use.product_id, use.key) in lots
    )


def stock_of(lots, site) -> dict[int, int]:
    """{lot: pieces at *site*} for those that are counted there."""
    rows = StockMove.objects.filter(lot__in=lots, site=site).order_by().values("lot").annotate(left=Sum("change"))
    return {row["lot"]: row["left"] for row in rows}
