"""
The long proof: a million generated cases and changes for the worse through the engine, on every core.

`python -m clinic.proving`: seeded, and resumable: a run that was killed goes on where it was. A case that breaks a property is
named with its number; `--case NUMBER` with the same seed shows it again, made as small as it gets. No database, no clinic.
"""

import argparse
import functools
import gc
import hashlib
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from planner.knowledge import Knowledge
from planner.sampling import PROPERTIES, Broken, Words, pack_of, smallest, to_the_byte, trial, words_of
from protocols.documents import packaged_paths, read_pack

ROOT = Path(__file__).resolve().parent.parent
CASES = 1_000_000
CHUNK = 500  # cases of one variation of the pack; every third chunk is the pack itself
SEED = 2026
APART = 10**9  # seeds of one run lie this far from those of the next
SAID_EVERY_SECONDS = 20


@dataclass(frozen=True)
class Chunk:
    """`number`: which; `first`: the number of its first case."""

    seed: int
    number: int
    first: int
    cases: int


_words: dict[int, Words] = {}


@functools.cache
def document() -> dict[str, Any]:
    """The newest pack that comes with the project."""
    return read_pack(packaged_paths()[-1])


def words(seed: int, number: int) -> Words:
    """The protocol of a chunk: the newest packaged pack, or a variation of it."""
    variation = 0 if number % 3 == 0 else seed * APART + number
    if variation not in _words:
        if len(_words) > 3:
            _words.pop(next(name for name in _words if name))
        _words[variation] = words_of(Knowledge.parse(pack_of(variation, document())))
    return _words[variation]


def look(chunk: Chunk) -> dict[str, Any]:
    """Every case of *chunk* on trial; what was broken, by the number of the case, and the processor time it took."""
    began = time.process_time()
    among = words(chunk.seed, chunk.number)
    gc.freeze()  # a protocol is a hundred thousand objects that stay: not to be looked through again and again
    broken = [
        {"case": case, "property": found.property, "what": found.what}
        for case in range(chunk.first, chunk.first + chunk.cases)
        for found in trial(chunk.seed * APART + case, among)
    ]
    gc.unfreeze()
    exactly = sum(to_the_byte(chunk.seed * APART + case) for case in range(chunk.first, chunk.first + chunk.cases))
    return {
        "chunk": chunk.number,
        "cases": chunk.cases,
        "to_the_byte": exactly,
        "seconds": round(time.process_time() - began, 2),
        "broken": broken,
    }


def chunks(seed: int, cases: int, size: int) -> Iterator[Chunk]:
    for number, first in enumerate(range(0, cases, size)):
        yield Chunk(seed, number, first, min(size, cases - first))


def again(seed: int, case: int, size: int) -> Broken | None:
    """The case with that number once more, as small as it gets; None where it holds."""
    among = words(seed, case // size)
    found = trial(seed * APART + case, among)
    return smallest(found[0], among) if found else None


# -- progress ----------------------------------------------------------------------------------------------------------


def what_is_proved() -> str:
    """A name for this engine with this pack: progress of another one is no progress."""
    digest = hashlib.sha256()
    for path in (*sorted((ROOT / "planner").rglob("*.py")), packaged_paths()[-1]):
        if "tests" not in path.parts:
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def progress_file(folder: Path, seed: int, size: int) -> Path:
    return folder / f"proof-{what_is_proved()}-seed-{seed}-by-{size}.jsonl"


def done_before(path: Path) -> dict[int, dict[str, Any]]:
    """What an earlier run finished, by chunk; a last line cut off by a kill counts as not run."""
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:
            continue
        found[entry["chunk"]] = entry
    return found


@contextmanager
def _results(todo: list[Chunk], workers: int) -> Iterator[Iterable[dict[str, Any]]]:
    if workers == 1:
        yield map(look, todo)
        return
    with multiprocessing.Pool(workers) as pool:
        yield pool.imap_unordered(look, todo)


def prove(*, seed: int, cases: int, size: int, workers: int, folder: Path) -> int:
    """Run what is left of the proof and say how it stands; 0 where everything holds, 1 where something is broken."""
    folder.mkdir(parents=True, exist_ok=True)
    path = progress_file(folder, seed, size)
    wanted = list(chunks(seed, cases, size))
    finished = {number: entry for number, entry in done_before(path).items() if number < len(wanted)}
    finished = {number: entry for number, entry in finished.items() if entry["cases"] == wanted[number].cases}
    before = sum(entry["cases"] for entry in finished.values())
    if before:
        print(f"Generated cases: {before:,} of {cases:,} were run before, in {path}.", flush=True)
    began = spoke = time.monotonic()
    todo = [chunk for chunk in wanted if chunk.number not in finished]
    with path.open("a", encoding="utf-8") as log, _results(todo, workers) as results:
        log.write("\n")  # after a line that was cut off
        for entry in results:
            finished[entry["chunk"]] = entry
            log.write(json.dumps(entry, ensure_ascii=False) + "\n")
            log.flush()
            for broken in entry["broken"]:
                _say(seed, size, broken)
            if time.monotonic() - spoke > SAID_EVERY_SECONDS:
                spoke = time.monotonic()
                _rate(finished, cases, before, spoke - began)
    return _close(seed, size, finished, before, time.monotonic() - began, path)


def _say(seed: int, size: int, broken: dict[str, Any]) -> None:
    print(f"BROKEN {broken['property']}: {broken['what']}")
    print(f"  again: python -m clinic.proving --seed {seed} --size {size} --case {broken['case']}", flush=True)


def _rate(finished: dict[int, dict[str, Any]], cases: int, before: int, seconds: float) -> None:
    run = sum(entry["cases"] for entry in finished.values())
    print(f"Generated cases: {run:,} of {cases:,}, {(run - before) / seconds:,.0f} a second.", flush=True)


def _close(seed: int, size: int, finished: dict[int, dict[str, Any]], before: int, seconds: float, path: Path) -> int:
    run = sum(entry["cases"] for entry in finished.values())
    broken = [broken for _, entry in sorted(finished.items()) for broken in entry["broken"]]
    exactly = sum(entry["to_the_byte"] for entry in finished.values())
    processor = sum(entry["seconds"] for entry in finished.values()) or 1
    packs = 1 + sum(number % 3 != 0 for number in finished)
    print(
        f"Generated cases: {run:,}, each answered, answered again in another order and with one change for the worse, "
        f"over {packs:,} packs. Checked on all: {', '.join(PROPERTIES)}; the two orders value by value, "
        f"byte for byte on {exactly:,}. Seed {seed}; {len(broken)} broken; {run - before:,} in {seconds:,.0f} s, "
        f"{run / processor:,.0f} a second of processor time."
    )
    if broken:
        for found in broken[:10]:
            _say(seed, size, found)
        return 1
    path.replace(path.with_suffix(".done.jsonl"))  # the next proof begins anew
    return 0


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m clinic.proving", description=__doc__)
    parser.add_argument("--cases", type=int, default=CASES)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--size", type=int, default=CHUNK, help="cases of one pack")
    parser.add_argument("--case", type=int, help="show this case again, made small")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--folder", type=Path, default=Path(os.environ.get("CLINIC_DATA") or ROOT / "var") / "proof")
    given = parser.parse_args(arguments)
    if given.case is None:
        return prove(seed=given.seed, cases=given.cases, size=given.size, workers=given.workers, folder=given.folder)
    found = again(given.seed, given.case, given.size)
    if found is None:
        print(f"Case {given.case} of seed {given.seed}: everything holds.")
        return 0
    print(f"Case {given.case} of seed {given.seed}: {found.property}: {found.what}")
    print(json.dumps(found.case, ensure_ascii=False, indent=1))
    if found.change is not None:
        print(f"Change: {found.change.kind}, {found.change.said}: {found.change.edits}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
