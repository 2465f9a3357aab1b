"""Two ways of doing one task, in turns, and what their times say."""

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Times:
    """Wall and processor time of each round, in milliseconds."""

    wall: tuple[float, ...]
    cpu: tuple[float, ...]

    def as_mapping(self) -> dict:
        return {
            "min_ms": round(min(self.wall), 3),
            "median_ms": round(statistics.median(self.wall), 3),
            "max_ms": round(max(self.wall), 3),
            "cpu_median_ms": round(statistics.median(self.cpu), 3),
        }

    @property
    def median(self) -> float:
        return statistics.median(self.wall)

    @property
    def cpu_median(self) -> float:
        return statistics.median(self.cpu)


@dataclass
class Result:
    """
    One task. must, aim: the ratio to the floor that fails the bench, and the one aimed at; None where none is set.
    counts: name to (found, wanted), which fail the bench where they differ. at_most, at_least: name to (found, bound).
    """

    task: str
    ours: Times
    floor: Times | None = None
    must: float | None = None
    aim: float | None = None
    counts: dict[str, tuple[float, float]] = field(default_factory=dict)
    at_most: dict[str, tuple[float, float]] = field(default_factory=dict)
    at_least: dict[str, tuple[float, float]] = field(default_factory=dict)
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Processor time to processor time: on a busy machine the wall says more about its other work than about ours."""
        return self.ours.cpu_median / self.floor.cpu_median if self.floor else None

    @property
    def failures(self) -> list[str]:
        wrong = [f"{self.task}: {name} is {found}, wanted {wanted}" for name, (found, wanted) in self.counts.items() if found != wanted]
        wrong += [f"{self.task}: {name} is {found}, at most {most} allowed" for name, (found, most) in self.at_most.items() if found > most]
        wrong += [f"{self.task}: {name} is {found}, at least {low} wanted" for name, (found, low) in self.at_least.items() if found < low]
        if self.ratio is not None and self.must is not None and self.ratio > self.must:
            wrong.append(f"{self.task}: {self.ratio:.1f} times its floor, at most {self.must:g} allowed")
        return wrong

    def as_mapping(self) -> dict:
        return {
            "task": self.task,
            "ours": self.ours.as_mapping(),
            "floor": self.floor.as_mapping() if self.floor else None,
            "ratio": round(self.ratio, 2) if self.ratio is not None else None,
            "must": self.must,
            "aim": self.aim,
            "counts": {name: {"found": found, "wanted": wanted} for name, (found, wanted) in self.counts.items()},
            "at_most": {name: {"found": found, "bound": bound} for name, (found, bound) in self.at_most.items()},
            "at_least": {name: {"found": found, "bound": bound} for name, (found, bound) in self.at_least.items()},
            "note": self.note,
        }


def side_by_side(ours: Callable, floor: Callable | None, *, rounds: int, warm: int = 3) -> tuple[Times, Times | None]:
    """Call both in turns, so that a noisy moment hits both; each gets the number of the round."""
    for number in range(warm):
        ours(-1 - number)
        if floor:
            floor(-1 - number)
    found: dict[str, tuple[list[float], list[float]]] = {"ours": ([], []), "floor": ([], [])}
    gc.collect()
    for number in range(rounds):
        for name, call in (("ours", ours), ("floor", floor)):
            if call is None:
                continue
            wall, cpu = time.perf_counter(), time.process_time()
            call(number)
            found[name][0].append((time.perf_counter() - wall) * 1000)
            found[name][1].append((time.process_time() - cpu) * 1000)
    sides = [Times(tuple(wall), tuple(cpu)) if wall else None for wall, cpu in found.values()]
    return sides[0], sides[1]


def table(results: list[Result]) -> str:
    """The results as they are read on a terminal."""
    head = f"{'task':<44}{'ours, ms':>24}{'ours, cpu':>12}{'floor, cpu':>12}{'ratio':>8}{'must':>7}{'aim':>6}"
    lines = [head, f"{'':<44}{'min / median / max':>24}{'median, ms':>12}{'median, ms':>12}", "-" * len(head)]
    for one in results:
        ours = one.ours.as_mapping()
        spread = f"{ours['min_ms']:.1f} / {ours['median_ms']:.1f} / {ours['max_ms']:.1f}"
        floor = f"{one.floor.cpu_median:.1f}" if one.floor else ""
        ratio = f"{one.ratio:.1f}" if one.ratio is not None else ""
        must, aim = (f"{value:g}" if value is not None else "" for value in (one.must, one.aim))
        lines.append(f"{one.task:<44}{spread:>24}{ours['cpu_median_ms']:>12.1f}{floor:>12}{ratio:>8}{must:>7}{aim:>6}")
        if one.note:
            lines.append(f"    {one.note}")
    return "\n".join(lines)
