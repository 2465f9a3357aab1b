"""One order for what was typed in any order: the answer depends on what the case says, never on where it stands in a list."""

from dataclasses import replace
from typing import Any

from .case import Case, EarlierSession, Request


def in_order(case: Case) -> Case:
    """The same case with every list sorted; procedures keep their places, which name the field to fill."""
    turned: dict[str, Any] = {}
    for name in ("medications", "allergies", "findings", "labs", "devices", "adjuvants"):
        items = getattr(case, name)
        if len(items) > 1:
            turned[name] = _sorted(items)
    requests = tuple(_request(request) for request in case.requests)
    history = tuple(map(_session, case.history))
    screening = {name: case.screening[name] for name in sorted(case.screening)}
    return replace(case, requests=_sorted(requests), history=_sorted(history), screening=screening, **turned)


def _request(request: Request) -> Request:
    zones = tuple(sorted(request.zones))
    return request if zones == request.zones else replace(request, zones=zones)


def _session(session: EarlierSession) -> EarlierSession:
    depths = {zone: session.depth_mm[zone] for zone in sorted(session.depth_mm)}
    return replace(session, zones=tuple(sorted(session.zones)), depth_mm=depths)


def _sorted(items: tuple[Any, ...]) -> tuple[Any, ...]:
    """By what each one says, field by field."""
    return items if len(items) < 2 else tuple(sorted(items, key=repr))
