"""What `make lint`, `make test`, `make prove` and `make bench` run, inside the environment."""

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path

from scripts.environment import ROOT, library_environment

BIN = Path(sys.executable).parent
LANES = 2
APPS = (
    "accounts",
    "aftercare",
    "audit",
    "clinic",
    "consent",
    "events",
    "followup",
    "intake",
    "outcomes",
    "papers",
    "patients",
    "photos",
    "planner",
    "plans",
    "protocols",
    "sessions",
)


def _run(command: list, environment: dict[str, str]) -> int:
    sys.stdout.flush()
    return subprocess.run([str(part) for part in command], cwd=ROOT, env=environment, check=False).returncode


def _environment(folder: Path, **more: str) -> dict[str, str]:
    """
    The caller's variables without what would point the tests at a real clinic; data in *folder*. The many processes that the tests
    start keep what they compile for each other.
    """
    own = {"DATABASE_URL", "SECRET_KEY", "ALLOWED_HOSTS", "BROKER_URL", "HTTPS", "PORT", "HOST", "STATIC_ROOT", "DEBUG", "LOG_LEVEL"}
    own.add("PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if name not in own}
    return {**kept, **library_environment(), "CLINIC_DATA": str(folder), **more}


def _linters(environment: dict[str, str]) -> list[str]:
    """Run every linter, also after one has failed; gives the names of those that did."""
    python = sys.executable
    linters = {
        "ruff check": [BIN / "ruff", "check", "--quiet", "--output-format", "concise", "."],
        "ruff format": [BIN / "ruff", "format", "--check", "--quiet", "."],
        "types (planner, strict)": [python, "-m", "mypy", "--no-error-summary"],
        "layers": [BIN / "lint-imports", "--no-cache"],
        "templates": [BIN / "djlint", "templates", *[app for app in APPS if (ROOT / app / "templates").is_dir()], "--lint", "--quiet"],
        "migrations": [python, "manage.py", "makemigrations", "--check", "--dry-run"],
        "django": [python, "manage.py", "check", "--fail-level", "WARNING"],
    }
    failed = []
    for name, command in linters.items():
        result = subprocess.run([str(part) for part in command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        if result.returncode:
            failed.append(name)
            print(f"{name}: FAILED\n{result.stdout}{result.stderr}".rstrip())
        else:
            print(f"{name}: ok")
    return failed


def lint() -> int:
    with tempfile.TemporaryDirectory(prefix="clinic-lint-") as folder:
        return 1 if _linters(_environment(Path(folder))) else 0


def _production(database_url: str) -> dict[str, str]:
    return {
        "DATABASE_URL": database_url,
        "SECRET_KEY": secrets.token_urlsafe(64),
        "ALLOWED_HOSTS": "localhost,127.0.0.1,testserver",
        "HTTPS": "0",
    }


class _Run:
    """One run of pytest on one core; its words are printed whole when it has ended."""

    def __init__(self, title: str, command: list, environment: dict[str, str], words: Path):
        self.title, self.command, self.environment, self.words = title, command, environment, words
        self.process: subprocess.Popen | None = None
        self.code = 1
        self.seconds = self.busy = 0.0  # busy: of the processors, with all that the run started and waited for
        self.stopped = False

    def go(self) -> None:
        if self.stopped:
            return
        began = time.monotonic()
        command = [str(part) for part in self.command]
        with self.words.open("w") as out:
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=out, stderr=subprocess.STDOUT)
            _, ended, used = os.wait4(self.process.pid, 0)
            self.code = self.process.returncode = os.waitstatus_to_exitcode(ended)
        self.seconds, self.busy = time.monotonic() - began, used.ru_utime + used.ru_stime

    def stop(self) -> None:
        self.stopped = True
        if self.process is not None and self.process.returncode is None:
            self.process.terminate()

    def last_line(self) -> str:
        """Pytest's closing line."""
        return next((line for line in reversed(self.words.read_text(errors="replace").splitlines()) if line.strip()), "nothing said")

    def say(self) -> None:
        print(f"\n{self.title} ({self.seconds:.0f} s, the processors {self.busy:.0f} s):")
        print(self.words.read_text(errors="replace"), end="", flush=True)


class _Made:
    """What takes long and is the same for every run: the tables, the fonts of the sheet and one demo clinic, in one zone."""

    def __init__(self, folder: Path, stack: ExitStack):
        from tests.running_clinic import zone_where_it_is_late_morning

        self.said_to_runs = {
            "TABLES_MADE": str(folder / "tables"),
            "DEMO_MADE": str(folder / "demo"),
            "JOURNEYS_ZONE": zone_where_it_is_late_morning(),
        }
        environment = _environment(folder / "made", **self.said_to_runs)
        command = [sys.executable, "-m", "tests.running_clinic"]
        self.making = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        stack.callback(self.making.terminate)

    @cached_property
    def fonts(self) -> Path | None:
        """Waits until all is made. None where it could not be: each run then tries for itself, and its tests say why not."""
        said, _ = self.making.communicate()
        return None if self.making.returncode else Path(said.splitlines()[-1]) / "fonts"


def _runs(folder: Path, made: _Made, stack: ExitStack) -> list[_Run]:
    """
    The suite in runs that know nothing of each other, each with a data folder and a broker of its own. The longest come
    first: a core that is free takes the next.
    """
    from scripts import servers

    def broker_for(name: str) -> str:
        (folder / name).mkdir()
        return stack.enter_context(servers.broker(folder / name))

    def run(title: str, name: str, *arguments: str, **more: str) -> _Run:
        environment = _environment(folder / name, BROKER_URL=broker_for(name), **made.said_to_runs, **more)
        if made.fonts:
            shutil.copytree(made.fonts, folder / name / "fonts")
        return _Run(title, [sys.executable, "-m", "pytest", "-q", *arguments], environment, folder / f"{name}.txt")

    # Folders are named: pytest does not ignore what its own settings list.
    second_half = ["sessions", "tests", "--ignore=tests/browser", "--ignore=tests/faults", "--ignore=tests/hostile"]
    first_half = [app for app in APPS if app not in ("planner", *second_half)]
    production = _production(stack.enter_context(servers.postgresql()))
    on_postgresql = ["-p", "scripts.database_only", "-m", "both_engines and not browser and not prove"]
    return [  # the longest first: the lanes then end close to each other
        run("The journeys, in a real browser, and who means harm", "browser", "tests/browser", "tests/hostile"),
        run("The suite, on SQLite", "sqlite", *first_half),
        run("The sessions, and what holds for all apps, on SQLite", "sessions", *second_half),
        run("Behaviour of the database, on PostgreSQL", "postgresql", *on_postgresql, *first_half, *second_half, **production),
        run("The fault kit, on both engines", "faults", "tests/faults"),
        run("The planner's own tests", "planner", "planner"),
    ]


def test() -> int:
    """Linters, then the runs of the suite, two at a time: one for each core of a small machine."""
    began = time.monotonic()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="clinic-")))
        made = _Made(folder, stack)  # on the other core, while the linters look
        failed = _linters(_environment(folder / "lint"))
        runs = _runs(folder, made, stack)
        print(f"\nThe suite, in {len(runs)} runs; the words of each are printed when it has ended.", flush=True)
        with ThreadPoolExecutor(LANES) as lanes:
            waiting = {lanes.submit(run.go): run for run in runs}
            try:
                for done in as_completed(waiting):
                    done.result()
                    waiting[done].say()
            finally:
                for run in runs:
                    run.stop()
        print("\nLinters that failed: " + (", ".join(failed) or "none") + f". All took {time.monotonic() - began:.0f} s.")
        for run in runs:
            print(f"{run.title}: {'passed' if run.code == 0 else 'FAILED'}, {run.last_line()}")
        sys.stdout.flush()
        return 1 if failed else next((run.code for run in runs if run.code), 0)


def prove() -> int:
    """
    The full counts of kills and races on both engines, every other test that touches the database (without the marker
    `both_engines`, that is) on PostgreSQL too, the screens scanned whole at each width, then a million generated cases through
    the planner. That part goes on where a killed run was: its progress lies in CLINIC_DATA, or in var/.
    """
    from scripts import servers

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="clinic-")))
        broker_url = stack.enter_context(servers.broker(folder))
        pytest = [sys.executable, "-m", "pytest", "-q", "-m", "prove"]
        on_sqlite = _run(pytest, _environment(folder / "sqlite", BROKER_URL=broker_url, PROVE="1"))
        database_url = stack.enter_context(servers.postgresql())
        production = {**_production(database_url), "BROKER_URL": broker_url, "PROVE": "1"}
        on_postgresql = _run([*pytest, "-p", "scripts.database_only"], _environment(folder / "postgresql", **production))
        others = "not both_engines and not browser and not prove"
        every = [sys.executable, "-m", "pytest", "-q", "-p", "scripts.database_only", "-m", others]
        screens = _run(every, _environment(folder / "screens", **{**production, "PROVE": ""}))
        looked = [sys.executable, "-m", "pytest", "-q", "-m", "browser and not prove"]
        screens = _run(looked, _environment(folder / "browser", BROKER_URL=broker_url, PROVE="1")) or screens
        kept = Path(os.environ.get("CLINIC_DATA") or ROOT / "var") / "proof"
        cases = _run([sys.executable, "-m", "clinic.proving", "--folder", kept], _environment(folder / "cases"))
    return on_sqlite or (0 if on_postgresql == 5 else on_postgresql) or screens or cases  # 5: no such test touches the database


def bench() -> int:
    with tempfile.TemporaryDirectory(prefix="clinic-bench-") as folder:
        return _run([sys.executable, "-m", "clinic.bench"], _environment(Path(folder)))


if __name__ == "__main__":
    sys.exit({"lint": lint, "test": test, "prove": prove, "bench": bench}[sys.argv[1]]())
