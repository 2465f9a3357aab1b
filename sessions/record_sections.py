"""What apps above add to the record's page: lines of a draft, and things made from a signed record."""

from collections.abc import Callable
from dataclasses import dataclass, field

from django.template.loader import render_to_string

from .models import TreatmentSession


@dataclass(frozen=True)
class RecordSection:
    """One part of the signed record's page: a template and what it needs. The template is given `session` as well."""

    template: str
    context: dict = field(default_factory=dict)


# provider(session, user) -> RecordSection | None
_providers: list[Callable[[TreatmentSession, object], "RecordSection | None"]] = []
_lines: list[Callable[[TreatmentSession, object], "RecordSection | None"]] = []


def register(provider: Callable[[TreatmentSession, object], "RecordSection | None"]) -> None:
    """Called from AppConfig.ready of an app above. The provider asks `user.may(...)` itself."""
    if provider not in _providers:
        _providers.append(provider)


def register_line(provider: Callable[[TreatmentSession, object], "RecordSection | None"]) -> None:
    """As `register`, for a line of the record while it is a draft, under After. It stands inside the record's form: no form of its own."""
    if provider not in _lines:
        _lines.append(provider)


def lines_of(session: TreatmentSession, request) -> list[str]:
    return _made(_lines, session, request)


def sections_of(session: TreatmentSession, request) -> list[str]:
    """Every part for the person who asks, made into HTML."""
    return _made(_providers, session, request)


def _made(providers, session: TreatmentSession, request) -> list[str]:
    found = [section for provider in providers if (section := provider(session, request.user)) is not None]
    return [render_to_string(section.template, {"session": session, **section.context}, request) for section in found]
