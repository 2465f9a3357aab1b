"""
May this lot be used: the one rule, asked when the record is saved, when it is signed, and by the database as a last door.

A lot is refused where it is blocked or past its day; a cartridge where its serial number stands in another record. What was used before
its lot was blocked stays, and the record asks what was done about it: the truth must be signable.
"""

import datetime as dt
from dataclasses import dataclass, replace

from django.db import connection
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from accounts.templatetags.clinic_format import in_words as day_words

from .codes import LOOKS_ALONE, Code, Unreadable, key_of, looks_alone, product_alone, read_code, told_apart
from .models import Lot, Product, UsedLot

CARTRIDGES = ("needle", "needle2", "needle3")  # places of one record
NUMBING = "numbing"
Kind = Product.Kind
WANTED = {
    UsedLot.Kind.NEEDLE: (frozenset({Kind.NEEDLE}), gettext_lazy("the needle cartridge")),
    UsedLot.Kind.NUMBING: (frozenset({Kind.NUMBING}), gettext_lazy("the numbing product")),
    UsedLot.Kind.ADJUVANT: (frozenset({Kind.ADJUVANT, Kind.PRP}), gettext_lazy("what goes with the needling")),
}
LONGEST = 40


def field(place: str, part: str) -> str:
    """The name of a field of the record: needle2_lot, adj-prp-lot."""
    return f"{place}-{part}" if place.startswith("adj-") else f"{place}_{part}"


def kind_of(place: str) -> str:
    if place in CARTRIDGES:
        return UsedLot.Kind.NEEDLE
    return UsedLot.Kind.NUMBING if place == NUMBING else UsedLot.Kind.ADJUVANT


@dataclass(frozen=True)
class Typed:
    """What stands in the fields of one place of the record."""

    place: str
    text: str
    product_name: str = ""
    expires_on: dt.date | None = None
    is_new: bool = False
    reason: str = ""
    after_block: str | None = None  # None: not on the page
    own_blood: bool = False


def same_lot(lot: Lot) -> Q:
    """The condition on `UsedLot` for what was used of *lot*; where the product is not known, the number alone decides."""
    return Q(key=lot.key) if lot.product_id is None else Q(key=lot.key) & (Q(product=lot.product_id) | Q(product__isnull=True))


def is_of(lot: Lot, key: str, product_id: int | None) -> bool:
    """The same of what was used under *key*, of a row already read."""
    return lot.key == key and (lot.product_id is None or product_id is None or lot.product_id == product_id)


def block_of(key: str, product_id: int | None, lots: list[Lot]) -> Lot | None:
    """The blocked lot among *lots* that stands against using this one."""
    return next((lot for lot in lots if lot.is_blocked and is_of(lot, key, product_id)), None)


def came_before(used: UsedLot, block: Lot, session) -> bool:
    """Whether the needling had begun with *used* on the record before its lot was blocked; of a late record, when it was done."""
    if session.is_late:
        return session.started_at < block.blocked_at
    began = (session.start_check or {}).get("at")
    return bool(began) and used.added_at < block.blocked_at and dt.datetime.fromisoformat(began) < block.blocked_at


def hold_still() -> None:
    """
    Until this transaction ends no lot is blocked: a signature and a recall wait for each other, so that one of them sees the other. On
    SQLite every transaction that writes does so already.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {Lot._meta.db_table} IN SHARE MODE")


def wait_for_signatures() -> None:
    """Before a lot is blocked: whoever signs just now comes first, so that the moment of the block lies behind each of them."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {Lot._meta.db_table} IN ROW EXCLUSIVE MODE")


class Reader:
    """Reads what one record's fields say into `UsedLot`s. `uses`: what can be kept. `faults`: [(field, words)]."""

    def __init__(self, session, typed: list[Typed], *, known: dict[str, UsedLot], on: dt.date):
        self.session, self.known, self.on = session, known, on
        self.uses: dict[str, UsedLot] = {}
        self.faults: list[tuple[str, str]] = []
        read = [(one, *self._code(one)) for one in typed if one.text]
        self._look_up(read)
        for one, code, broken in read:
            if broken:
                self.faults.append((field(one.place, "lot"), broken))
            else:
                self._read(one, code)
        self._serials()

    def _code(self, one: Typed) -> tuple[Code | None, str]:
        known = self.known.get(one.place)
        try:
            # The lot is shown where the scan was: as long as it stands there, it is that scan.
            code = read_code(known.raw if known and known.raw and known.number == one.text else one.text)
            return (told_apart(code, known_among(code)) if code and code.splits else code), ""
        except Unreadable as error:
            return None, str(error)

    def _without_the_scan_before(self, one: Typed, code: Code | None) -> Typed:
        """Typed over a scan, a lot brings nothing of that scan with it: its use-by date and product were of the other pack."""
        known = self.known.get(one.place)
        if code is not None or known is None or not known.raw or one.place not in CARTRIDGES:
            return one
        expires = None if one.expires_on == known.expires_on else one.expires_on
        return replace(one, expires_on=expires, product_name="" if one.product_name == known.product_name else one.product_name)

    def _look_up(self, read) -> None:
        keys = {key_of(code.lot if code else one.text) for one, code, _ in read}
        gtins = {code.gtin if code else product_alone(one.text) for one, code, _ in read} - {""}
        names = {one.product_name for one, _, _ in read if one.product_name}
        self.lots = list(Lot.objects.filter(key__in=keys).select_related("product")) if keys else []
        found = Product.objects.filter(Q(gtin__in=gtins) | Q(name__in=names)) if gtins or names else []
        self.products = list(found)
        self.by_gtin = {product.gtin: product for product in self.products if product.gtin}

    def _read(self, one: Typed, code: Code | None) -> None:
        kinds, wanted = WANTED[kind_of(one.place)]
        one = self._without_the_scan_before(one, code)
        at, text = field(one.place, "lot"), one.text
        number = code.lot if code else text
        if code is None and product_alone(text) in self.by_gtin:
            product = self.by_gtin[product_alone(text)]
            self.faults.append(
                (
                    at,
                    gettext("This code names %(product)s alone, without a lot. Scan the other code of the pack, or type the lot")
                    % {"product": product},
                )
            )
            return
        if code is None and looks_alone(text) and not any(lot.key == key_of(text) for lot in self.lots):
            self.faults.append((at, LOOKS_ALONE))
            return
        if len(number) > LONGEST:
            label = gettext("Needle lot") if one.place in CARTRIDGES else gettext("Lot")
            self.faults.append((at, gettext("%(label)s must be %(longest)s letters or fewer") % {"label": label, "longest": LONGEST}))
            return
        key = key_of(number)
        product = self._product(one, code, key, kinds)
        if product is not None and product.kind not in kinds:
            self.faults.append(
                (
                    at,
                    gettext("This is %(product)s (%(kind)s). Scan %(wanted)s")
                    % {"product": product, "kind": product.get_kind_display().lower(), "wanted": wanted},
                )
            )
            return
        expires = self._expires(one, code, key, product)
        known = self.known.get(one.place)
        block = block_of(key, product.pk if product else None, self.lots)
        stays = self.session.is_late  # it was used: what is known about the lot since is asked for, and nothing is held back
        stays |= known is not None and known.key == key and block is not None and came_before(known, block, self.session)
        if block is not None and not stays:
            self.faults.append((at, blocked_words(number, block)))
            return
        if expires is not None and expires < self.on and not self.session.is_late:
            if one.place in CARTRIDGES:
                self.faults.append((field(one.place, "expires_on"), gettext("Use-by date must be in the future. Take another needle")))
            else:
                self.faults.append(
                    (
                        at,
                        gettext("Lot %(number)s was to be used by %(expires)s. Take another")
                        % {"number": number, "expires": day_words(expires)},
                    )
                )
                return
        use = UsedLot(session=self.session, kind=kind_of(one.place), place=one.place, number=number, key=key, expires_on=expires)
        use.product, use.product_name = product, product.name if product else one.product_name
        if code is not None:
            use.serial, use.gtin, use.raw = code.serial[:20], code.gtin, code.raw
        elif product is not None:
            use.gtin = product.gtin
        use.is_new, use.reason = one.is_new, one.reason
        use.own_blood = one.own_blood or (product is not None and product.kind == Kind.PRP)
        use.after_block = one.after_block if one.after_block is not None else known.after_block if known else ""
        self.uses[one.place] = use

    def _product(self, one: Typed, code: Code | None, key: str, kinds) -> Product | None:
        if code is not None and code.gtin:
            return self.by_gtin.get(code.gtin)
        named = next((row for row in self.products if row.name == one.product_name and row.kind in kinds), None)
        if named is not None:
            return named
        if one.product_name:
            return None
        listed = {lot.product for lot in self.lots if lot.key == key and lot.product and lot.product.kind in kinds}
        return listed.pop() if len(listed) == 1 else None

    def _expires(self, one: Typed, code: Code | None, key: str, product) -> dt.date | None:
        known = self.known.get(one.place)
        if code is not None and code.expires_on:
            kept = known is not None and known.raw == code.raw and known.number == one.text
            if kept and one.expires_on and one.expires_on != code.expires_on:
                words = gettext("The code on the pack says use by %(expires_on)s. Scan the pack again if it is another one") % {
                    "expires_on": day_words(code.expires_on)
                }
                self.faults.append((field(one.place, "expires_on"), words))
            return code.expires_on
        listed = {lot.expires_on for lot in self.lots if lot.key == key and product and lot.product_id == product.pk and lot.expires_on}
        if listed and one.expires_on is None:
            return listed.pop()
        return one.expires_on

    def _serials(self) -> None:
        """One cartridge, one session."""
        scanned: dict[tuple, str] = {}
        for place in CARTRIDGES:
            use = self.uses.get(place)
            if use is None or not use.serial:
                continue
            cartridge = (use.gtin, use.key, use.serial)
            if cartridge in scanned:
                self._not_kept(place, gettext("Scanned twice: this cartridge stands above already. Scan the second one"))
                continue
            scanned[cartridge] = place
        if not scanned:
            return
        alike = Q()
        for gtin, key, serial in scanned:
            alike |= Q(gtin=gtin, key=key, serial=serial)
        others = UsedLot.objects.filter(alike, kind=UsedLot.Kind.NEEDLE).exclude(session=self.session.pk)
        for other in others.select_related("session__booking__site"):
            self._not_kept(scanned[other.gtin, other.key, other.serial], used_words(other.session.day))

    def _not_kept(self, place: str, words: str) -> None:
        if self.uses.pop(place, None) is not None:
            self.faults.append((field(place, "lot"), words))


def stands_elsewhere(use: UsedLot) -> bool:
    """Whether the cartridge is another record's."""
    alike = UsedLot.objects.filter(kind=UsedLot.Kind.NEEDLE, gtin=use.gtin, key=use.key, serial=use.serial)
    return alike.exclude(session=use.session_id).exists()


def known_among(code: Code) -> set[str]:
    """Keys of lots in the list that *code* may mean."""
    keys = {key_of(code.lot), *(key_of(lot) for lot, _ in code.splits)}
    return set(Lot.objects.filter(key__in=keys).values_list("key", flat=True))


def used_words(day: dt.date | None) -> str:
    if day is None:
        return gettext("This cartridge was used before, in another record. One cartridge is for one session: take a new one")
    return gettext("This cartridge was used before, on %(day)s. One cartridge is for one session: take a new one") % {"day": day_words(day)}


def blocked_words(number: str, block: Lot) -> str:
    return gettext("Lot %(number)s is blocked since %(localdate)s: %(blocked_reason)s. Take another") % {
        "number": number,
        "localdate": day_words(timezone.localdate(block.blocked_at)),
        "blocked_reason": block.blocked_reason.rstrip("."),
    }


# What a record still has to say


@dataclass(frozen=True)
class Asked:
    """One thing about lots that stands against the signature. is_stop: it cannot go on as it is. field: id of the control."""

    name: str
    words: str
    short: str
    field: str
    is_stop: bool = False


def asked_of(session) -> list[Asked]:
    """Asked anew each time: what was free when it was scanned may be blocked by now."""
    used = list(session.used_lots.all())
    if not used:
        return []
    lots = list(Lot.objects.filter(key__in={use.key for use in used}, blocked_at__isnull=False))
    rows: list[Asked] = []
    for use in used:
        block = block_of(use.key, use.product_id, lots)
        if block is not None:
            rows += _about_a_block(use, block, session)
        elif use.kind != UsedLot.Kind.NEEDLE and use.expires_on and use.expires_on < session.day and session.is_late:
            if not session.late_said:
                words = gettext("Not in order that day: lot %(use)s was to be used by %(expires_on)s. Say what is known about it") % {
                    "use": use.number,
                    "expires_on": day_words(use.expires_on),
                }
                rows.append(Asked(f"{use.place}-use-by", words, gettext("lot %(use)s") % {"use": use.number}, "f-late_said"))
        elif use.kind != UsedLot.Kind.NEEDLE and use.expires_on and use.expires_on < session.day:
            words = gettext("Lot %(use)s was to be used by %(expires_on)s. Take another") % {
                "use": use.number,
                "expires_on": day_words(use.expires_on),
            }
            rows.append(
                Asked(
                    f"{use.place}-use-by", words, gettext("lot %(use)s") % {"use": use.number}, f"f-{field(use.place, 'lot')}", is_stop=True
                )
            )
        if use.gtin and use.product_id is None and not use.product_name:
            words = gettext("The product %(gtin)s of the code is not in the list. Type its name as printed") % {"gtin": use.gtin}
            rows.append(Asked(f"{use.place}-product", words, gettext("product"), f"f-{field(use.place, 'product')}"))
    return rows + _cartridges(session, used)


def _about_a_block(use: UsedLot, block: Lot, session) -> list[Asked]:
    before = came_before(use, block, session)
    if not before and not session.is_late:
        at = f"f-{field(use.place, 'lot')}"
        return [
            Asked(f"{use.place}-blocked", blocked_words(use.number, block), gettext("lot %(lot)s") % {"lot": use.number}, at, is_stop=True)
        ]
    if use.after_block:
        return []
    if before:
        words = gettext("Lot %(lot)s was blocked after it was used here: %(reason)s. Say what was done about it")
    else:
        words = gettext("Lot %(lot)s was blocked before it was used here: %(reason)s. Say what was done about it")
    words = words % {"lot": use.number, "reason": block.blocked_reason.rstrip(".")}
    return [Asked(f"{use.place}-after-block", words, gettext("lot %(use)s") % {"use": use.number}, f"f-{field(use.place, 'after')}")]


def _cartridges(session, used: list[UsedLot]) -> list[Asked]:
    """Without a serial number nobody can tell two cartridges of a lot apart: who treats says that it is a new one."""
    open_ones = [use for use in used if use.kind == UsedLot.Kind.NEEDLE and not use.serial and not use.is_new]
    if not open_ones:
        return []
    keys = {use.key for use in open_ones}
    elsewhere = UsedLot.objects.filter(key__in=keys, kind=UsedLot.Kind.NEEDLE).exclude(session=session.pk)
    seen = set(elsewhere.order_by().values_list("key", flat=True).distinct())
    here = [use.key for use in used if use.kind == UsedLot.Kind.NEEDLE]
    return [
        Asked(
            f"{use.place}-new",
            gettext("Lot %(use)s stands in another record too, and no serial number tells its cartridges apart. Tick that this one is new")
            % {"use": use.number},
            gettext("new cartridge"),
            f"f-{field(use.place, 'new')}",
        )
        for use in open_ones
        if use.key in seen or here.count(use.key) > 1
    ]
