"""
What plans need of the apps above them. Those fill it in AppConfig.ready; an empty registry means: ask the clinician.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal


@dataclass(frozen=True)
class DeviceAtHand:
    """
    A device of the clinic. kind: pen or roller; brand: as the protocol names it, empty where it names none. label_mm: the deepest its own
    label allows, None where it says none; label: who says so, in words.
    """

    kind: str
    brand: str = ""
    label_mm: Decimal | None = None
    label: str = ""


@dataclass(frozen=True)
class PlanSection:
    """A part of the plan's or the consultation's page that another app owns: sentences, and links as (text, address)."""

    title: str
    lines: list[str] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)


_devices: list[Callable] = []
_history: list[Callable] = []
_history_forms: list[Callable] = []
_sections: list[Callable] = []
_told: list[Callable] = []
_consultation_sections: list[Callable] = []


def register_devices(provider: Callable) -> None:
    """provider(site) -> list[DeviceAtHand] that are in service there."""
    if provider not in _devices:
        _devices.append(provider)


def register_history(provider: Callable) -> None:
    """provider(patient, day) -> list of earlier needling as the case format's `history`, newest first."""
    if provider not in _history:
        _history.append(provider)


def register_history_form(provider: Callable) -> None:
    """provider(patient, request, back) -> HTML that answers what is not known of earlier needling, then leads to *back*; or ''."""
    if provider not in _history_forms:
        _history_forms.append(provider)


def register_plan_section(provider: Callable) -> None:
    """provider(plan, user) -> PlanSection or None, shown on the plan's page (bookings, sessions)."""
    if provider not in _sections:
        _sections.append(provider)


def register_told(provider: Callable) -> None:
    """provider(patient, day) -> fields of the consultation screen that the patient told that day and a clinician accepted."""
    if provider not in _told:
        _told.append(provider)


def told_on(patient, day: date) -> dict:
    return {name: value for provider in _told for name, value in provider(patient, day).items()}


def register_consultation_section(provider: Callable) -> None:
    """provider(consultation, user) -> PlanSection or None, shown below an open consultation."""
    if provider not in _consultation_sections:
        _consultation_sections.append(provider)


def devices_at(site) -> list[DeviceAtHand]:
    found: list[DeviceAtHand] = []
    for provider in _devices:
        found += [device for device in provider(site) if device not in found]
    return found


def label_of(site, kind: str, brand: str) -> tuple[Decimal, str] | None:
    """
    The deepest any device of *kind* and *brand* in service at *site* may go by its own label, and who says so; None where one of them has
    no such limit, or nothing is known.
    """
    at_hand = [device for device in devices_at(site) if (device.kind, device.brand) == (kind, brand)]
    if not at_hand or any(device.label_mm is None for device in at_hand):
        return None
    deepest = max(at_hand, key=lambda device: device.label_mm)
    return deepest.label_mm, deepest.label


def history_of(patient, day: date) -> list[dict]:
    found = [entry for provider in _history for entry in provider(patient, day)]
    return sorted(found, key=lambda entry: str(entry["date"]), reverse=True)


def history_forms(patient, request, back: str) -> list[str]:
    return [form for provider in _history_forms if (form := provider(patient, request, back))]


def plan_sections(plan, user) -> list[PlanSection]:
    return [section for provider in _sections if (section := provider(plan, user)) is not None]


def consultation_sections(consultation, user) -> list[PlanSection]:
    return [section for provider in _consultation_sections if (section := provider(consultation, user)) is not None]
