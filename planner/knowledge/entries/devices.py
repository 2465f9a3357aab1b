"""Kinds of devices, brands, and what a brand is labelled for."""

from dataclasses import dataclass
from decimal import Decimal

from .sources import Source


@dataclass(frozen=True, slots=True)
class Device:
    """A kind of device. `needle_lengths_mm` for a roller, `dial_step_mm` for a pen; depths are rounded down to them."""

    id: str
    label: str
    short_label: str
    words: tuple[str, ...]
    preferred: bool
    allowed: bool
    action: str | None
    dial_step_mm: Decimal | None
    needle_lengths_mm: tuple[Decimal, ...]
    not_in_zones: tuple[str, ...]
    why: str
    source: Source


@dataclass(frozen=True, slots=True)
class DeviceModel:
    """A brand. `max_set_mm` is the hardware's own limit."""

    brand: str
    kind: str
    max_set_mm: Decimal
    source: Source


@dataclass(frozen=True, slots=True)
class DeviceLimit:
    """What a brand is labelled for: one line per indication and area. `phototypes` None: not read, so never on label."""

    device: str
    indication: str
    in_pack: bool
    area: str
    zones: tuple[str, ...]
    phototypes: tuple[str, ...] | None
    min_age: int
    max_set_mm: Decimal
    max_evaluated_mm: Decimal
    note: str
    source: Source


@dataclass(frozen=True, slots=True)
class Labelling:
    requires: tuple[str, ...]
    no_brand_status: str
    no_brand_text: str
    off_label_text: str
    above_evaluated_sign_off: tuple[str, ...]
    source: Source
