"""What apps above add to a visit, on its page and in the calendar's drawer."""

from collections.abc import Callable
from dataclasses import dataclass, field

from django.template.loader import render_to_string

from .models import Booking


@dataclass(frozen=True)
class VisitSection:
    """One part of a visit: a template and what it needs. The template is given `booking` and `in_drawer` as well."""

    template: str
    context: dict = field(default_factory=dict)


# provider(booking, user) -> VisitSection | None
_providers: list[Callable[[Booking, object], "VisitSection | None"]] = []


def register(provider: Callable[[Booking, object], "VisitSection | None"]) -> None:
    """Called from AppConfig.ready of an app above. The provider asks `user.may(...)` itself."""
    if provider not in _providers:
        _providers.append(provider)


def sections_of(booking: Booking, request) -> list[str]:
    """Every part for the person who asks, made into HTML."""
    from .views.calendar_drawer import part_of

    found = [section for provider in _providers if (section := provider(booking, request.user)) is not None]
    common = {"booking": booking, "in_drawer": bool(part_of(request))}
    return [render_to_string(section.template, {**common, **section.context}, request) for section in found]
