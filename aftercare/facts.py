"""What a sheet is made from: the signed record, the site and the approval, as plain values. No Django here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any


class SheetCannotBeMade(Exception):
    """No sheet is made. The message is for the staff, in plain words, with what to do."""


@dataclass(frozen=True)
class Treated:
    """One zone that was needled, and the deepest needle setting in mm."""

    zone: str
    depth_mm: Decimal


@dataclass(frozen=True)
class LeftOut:
    """
    A zone that was planned or asked for and not treated. *because*: ids of protocol rules; *words*: what the clinician wrote.
    """

    zone: str
    because: tuple[str, ...] = ()
    words: str = ""


@dataclass(frozen=True)
class UsedProduct:
    """An adjuvant of the protocol that was put on or into the skin."""

    id: str
    product: str = ""
    lot: str = ""


@dataclass(frozen=True)
class Medicine:
    """A medicine still taken, and the protocol's classes it belongs to."""

    name: str
    classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class NextVisit:
    """Times are on the clock of the site it is at; *address*: of that site."""

    kind: str
    starts_at: datetime
    ends_at: datetime
    clinician: str = ""
    session_number: int | None = None
    address: str = ""


@dataclass(frozen=True)
class RecordFacts:
    """One signed session. Times are aware."""

    name: str
    birth_date: date
    session_number: int
    sessions_planned: int | None
    clinician: str
    ended_at: datetime
    treated: tuple[Treated, ...]
    left_out: tuple[LeftOut, ...] = ()
    device: str = ""
    device_name: str = ""
    needle_lot: str = ""
    needle_expires_on: date | None = None
    numbing: str = ""
    numbing_allergy: str = ""
    products: tuple[UsedProduct, ...] = ()
    medicines: tuple[Medicine, ...] = ()
    next_visit: NextVisit | None = None
    phototype: int | None = None


@dataclass(frozen=True)
class SiteFacts:
    clinic: str
    address: str
    phone: str
    phone_hours: str
    emergency_number: str
    country: str
    time_zone: str


@dataclass(frozen=True)
class Approval:
    """Who stands behind the protocol version. *approved_on* None: nobody yet, so no sheet."""

    version: str
    approved_by: str
    approved_on: date | None
    next_review_on: date | None
    demo: bool


@dataclass(frozen=True)
class TranslationFacts:
    """A translation as it was approved, and who stands behind it. *approved_on* None: nobody yet, so it is not printed."""

    document: Mapping[str, Any]
    approved_by: str
    approved_on: date | None


@dataclass(frozen=True)
class SheetFacts:
    """What the paper itself carries: `AC-00012`, version of the record, A4 or Letter, in 12 or in 18 point."""

    number: str
    version: int
    paper: str
    large: bool = False
