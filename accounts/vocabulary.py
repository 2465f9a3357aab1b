"""
Names of devices and zones, for what staff are signed off for. They are the protocol's; the app above that knows it registers
them when Django starts. Nothing registered: names are shown as they are stored.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from django.utils.translation import gettext as _


@dataclass(frozen=True)
class Vocabulary:
    """devices: (id or brand, words); zones: (region in words, [(zone id, words)])."""

    devices: list[tuple[str, str]] = field(default_factory=list)
    zones: list[tuple[str, list[tuple[str, str]]]] = field(default_factory=list)

    def device_word(self, name: str) -> str:
        return dict(self.devices).get(name, name) if name else _("Any device")

    def zone_word(self, name: str) -> str:
        return next((words for _, zones in self.zones for ident, words in zones if ident == name), name.replace("_", " "))

    @property
    def zone_ids(self) -> list[str]:
        return [ident for _, zones in self.zones for ident, _ in zones]

    def zones_words(self, names) -> str:
        """ "Face" where all of its zones are among *names*, else each by its name."""
        if not names:
            return _("Any zone")
        left, words = set(names), []
        for region, zones in self.zones:
            ids = {ident for ident, _ in zones}
            if len(ids) > 1 and ids <= left:
                words.append(region)
                left -= ids
        words += [self.zone_word(name) for name in names if name in left]
        return ", ".join(words)


_providers: list[Callable[[], Vocabulary]] = []


def register_vocabulary(provider: Callable[[], Vocabulary]) -> None:
    """provider() -> the names of the protocol in force."""
    if provider not in _providers:
        _providers.append(provider)


def vocabulary() -> Vocabulary:
    return _providers[0]() if _providers else Vocabulary()
