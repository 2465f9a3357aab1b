"""
What somebody who leaves has still under way, and who takes it over. Apps above register what they keep; each kind is counted,
shown, and handed over in the one transaction that takes the access away.
"""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Left:
    """One thing that could not be handed over: what it is, why, and where to go on."""

    words: str
    why: str
    url: str = ""


@dataclass
class Outcome:
    """to: how many each took, by name, in the order they came."""

    to: dict[str, int] = field(default_factory=dict)
    left: list[Left] = field(default_factory=list)

    @property
    def handed(self) -> int:
        return sum(self.to.values())

    def took(self, person) -> None:
        self.to[person.display_name] = self.to.get(person.display_name, 0) + 1


@dataclass(frozen=True)
class Handover:
    """
    id: of the form's field. title: "Visits to come". none_takes: the words of the choice to hand it to nobody, empty where
    somebody has to be named as long as somebody can be. any_takes: the words of the choice to try everybody in turn, where
    there is one.

    pending(user) -> lines of words. takers(user) -> the people who can take it. give(user, takers, by) -> Outcome; none:
    nobody; several: tried in turn.
    """

    id: str
    title: str
    none_takes: str
    pending: Callable[[object], list[str]]
    takers: Callable[[object], list]
    give: Callable[..., Outcome]
    any_takes: str = ""


_kinds: list[Handover] = []
_leaving: list[Callable] = []
_returning: list[Callable] = []


def register_handover(kind: Handover) -> None:
    if kind.id not in [known.id for known in _kinds]:
        _kinds.append(kind)


def register_change(*, leaving: Callable, returning: Callable | None = None) -> None:
    """
    leaving(user), returning(user): what else changes with it, inside the same transaction; leaving comes after the hand-over. Without
    *returning*, what ended with the access stays ended.
    """
    if leaving not in _leaving:
        _leaving.append(leaving)
    if returning is not None and returning not in _returning:
        _returning.append(returning)


def kinds() -> list[Handover]:
    return list(_kinds)


def on_leaving(user) -> None:
    for change in _leaving:
        change(user)


def on_returning(user) -> None:
    for change in _returning:
        change(user)
