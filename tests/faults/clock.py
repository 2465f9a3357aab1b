"""The same processes with another idea of the time: what their clock shows is moved while they run."""

import email.utils
import time
import urllib.request
from pathlib import Path

from .clinic import FaultyClinic

HERE = Path(__file__).resolve().parent
CLOSE = 30  # seconds: a day or an hour further is told apart from it


def environment() -> dict[str, str]:
    """*extra* for a clinic whose clock can be moved (see clock_of_a_test/sitecustomize.py)."""
    return {"FAULT_CLOCK": "{folder}/clock", "PYTHONPATH": str(HERE / "clock_of_a_test")}


def move(clinic: FaultyClinic, ahead: float) -> None:
    """Show *ahead* seconds more than the machine's clock from now on, in every process of the clinic."""
    file = clinic.folder / "clock"
    file.with_suffix(".new").write_text(str(ahead))
    file.with_suffix(".new").replace(file)
    clinic.wait_until(lambda: not _elsewhere(clinic, ahead), 30, "a clock that was moved")
    assert abs(shown(clinic) - time.time() - ahead) < CLOSE


def _elsewhere(clinic: FaultyClinic, ahead: float) -> list[str]:
    """The processes of the clinic whose clock still shows something else."""
    said = {file.name: file.read_text() for file in (clinic.folder / "clocks-shown").iterdir() if not file.suffix}
    return [process for process, shows in said.items() if float(shows) != ahead and _lives(process)]


def _lives(process: str) -> bool:
    """Whether it runs: not gone, and not dead and waiting to be collected."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def shown(clinic: FaultyClinic) -> float:
    """What the web server says the time is, in seconds since 1970."""
    with urllib.request.urlopen(f"{clinic.url}/accounts/sign-in/", timeout=30) as answer:  # noqa: S310 - our own address
        return email.utils.parsedate_to_datetime(answer.headers["Date"]).timestamp()
