"""
Read by Python at the start of each process of a clinic whose clock a test moves, and nowhere else: this folder is then on
PYTHONPATH. The clock of the process runs as many seconds from the machine's as the file FAULT_CLOCK says, from moment to moment.
What is no Python of ours (PostgreSQL, the broker, times of files) keeps the machine's. Each process says what it shows, in a file named
after it beside FAULT_CLOCK.
"""

import os
import threading
import time
from pathlib import Path

LOOKED_AT = 0.1  # seconds between two looks at the file
_travel, _traveller, _shown = None, None, 0.0


def _wanted() -> float:
    try:
        return float(Path(os.environ["FAULT_CLOCK"]).read_text())
    except (OSError, ValueError):  # not moved yet
        return 0.0


def _show(ahead: float) -> None:
    """A child that was forked goes on with the clock of its parent, which is in its memory."""
    global _travel, _traveller, _shown
    if ahead == _shown:
        return
    import time_machine

    if _travel is None:
        _travel = time_machine.travel(time.time() + ahead)
        _traveller = _travel.start()
    elif ahead:
        _traveller.move_to(time_machine.escape_hatch.time.time() + ahead)
    else:
        _travel.stop()
        _travel = _traveller = None
    _shown = ahead
    _say()


def _say() -> None:
    folder = Path(f"{os.environ['FAULT_CLOCK']}s-shown")
    folder.mkdir(exist_ok=True)
    said = folder / f"{os.getpid()}.new"
    said.write_text(str(_shown))
    said.replace(said.with_suffix(""))


def _follow() -> None:
    never = threading.Event()
    while not never.wait(LOOKED_AT):
        _show(_wanted())


def _begin() -> None:
    _say()
    threading.Thread(target=_follow, daemon=True).start()


if os.environ.get("FAULT_CLOCK"):
    _show(_wanted())
    _begin()
    os.register_at_fork(after_in_child=_begin)
