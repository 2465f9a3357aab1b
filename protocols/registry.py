"""What protocols show of the apps above them. Those fill it in AppConfig.ready."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class InUse:
    """What stands on a version, in words ("3 open plans"), and where the list of them is, if there is one."""

    count: int
    words: str
    url: str = ""


_in_use: list[Callable] = []


def register_in_use(provider: Callable) -> None:
    """provider(user) -> {primary key of a version: InUse}, of what *user* may see."""
    if provider not in _in_use:
        _in_use.append(provider)


def in_use(user) -> dict[int, list[InUse]]:
    """For each version what stands on it."""
    found: dict[int, list[InUse]] = {}
    for provider in _in_use:
        for pk, one in provider(user).items():
            found.setdefault(pk, []).append(one)
    return found
