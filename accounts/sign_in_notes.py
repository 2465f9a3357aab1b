"""What the sign-in page says below the form. Apps above add to it in AppConfig.ready; strangers read it too."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class SignInNote:
    """template: a fragment; it gets `values` as `note.values`."""

    template: str
    values: dict = field(default_factory=dict)


_providers: list[Callable[[], SignInNote | None]] = []


def register_note(provider: Callable[[], SignInNote | None]) -> None:
    if provider not in _providers:
        _providers.append(provider)


def notes() -> list[SignInNote]:
    return [note for provider in _providers if (note := provider()) is not None]
