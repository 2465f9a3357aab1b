"""What `make lint`, `make test`, `make prove` and `make bench` run, inside the environment."""

import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from scripts.environment import ROOT, library_environment

BIN = Path(sys.executable).parent
APPS = ("accounts", "aftercare", "audit", "clinic", "patients", "planner", "plans", "protocols", "sessions")


def _run(command: list, environment: dict[str, str]) -> int:
    sys.stdout.flush()
    return subprocess.run([str(part) for part in command], cwd=ROOT, env=environment, check=False).returncode


def _environment(folder: Path, **more: str) -> dict[str, str]:
    """The caller's variables without what would point the tests at a real clinic; data in *folder*."""
    own = {"DATABASE_URL", "SECRET_KEY", "ALLOWED_HOSTS", "BROKER_URL", "HTTPS", "PORT", "HOST", "STATIC_ROOT", "DEBUG", "LOG_LEVEL"}
    kept = {name: value for name, value in os.environ.items() if name not in own}
    return {**kept, **library_environment(), "CLINIC_DATA": str(folder), "PYTHONDONTWRITEBYTECODE": "1", **more}


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


def _production(database_url: str, broker_url: str) -> dict[str, str]:
    return {
        "DATABASE_URL": database_url,
        "SECRET_KEY": "only-for-tests-" * 5,
        "ALLOWED_HOSTS": "localhost,127.0.0.1,testserver",
        "BROKER_URL": broker_url,
        "HTTPS": "0",
    }


def test() -> int:
    """
    Linters, then the whole suite on SQLite and, beside it on the second core, the tests that touch the database on
    PostgreSQL. Each run has its own data folder and its own broker; the second one's words are printed after the first's.
    """
    from scripts import servers

    began = time.monotonic()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="clinic-")))
        failed = _linters(_environment(folder / "lint"))
        for name in ("sqlite", "postgresql"):
            (folder / name).mkdir()
        pytest = [sys.executable, "-m", "pytest", "-q"]
        production = _production(stack.enter_context(servers.postgresql()), stack.enter_context(servers.broker(folder / "postgresql")))
        words = stack.enter_context((folder / "postgresql.txt").open("w+"))
        beside = subprocess.Popen(
            [*pytest, "-p", "scripts.database_only", "-m", "not browser and not prove"],
            cwd=ROOT,
            env=_environment(folder / "postgresql", **production),
            stdout=words,
            stderr=subprocess.STDOUT,
        )
        stack.callback(beside.kill)
        print("\nThe whole suite, on SQLite:")
        broker_url = stack.enter_context(servers.broker(folder / "sqlite"))
        on_sqlite = _run(pytest, _environment(folder / "sqlite", BROKER_URL=broker_url))
        on_postgresql = beside.wait()
        print(f"\nLinters that failed: {', '.join(failed) or 'none'}. SQLite: {'failed' if on_sqlite else 'passed'}.", end=" ")
        print(f"All took {time.monotonic() - began:.0f} s.\n\nThe tests that touch the database, on PostgreSQL:", flush=True)
        words.seek(0)
        sys.stdout.write(words.read())
        sys.stdout.flush()
    return 1 if failed else on_sqlite or on_postgresql


def prove() -> int:
    """The full counts of kills, races and generated cases, on both engines."""
    from scripts import servers

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="clinic-")))
        broker_url = stack.enter_context(servers.broker(folder))
        pytest = [sys.executable, "-m", "pytest", "-q", "-m", "prove"]
        on_sqlite = _run(pytest, _environment(folder / "sqlite", BROKER_URL=broker_url, PROVE="1"))
        database_url = stack.enter_context(servers.postgresql())
        production = {**_production(database_url, broker_url), "PROVE": "1"}
        on_postgresql = _run([*pytest, "-p", "scripts.database_only"], _environment(folder / "postgresql", **production))
    return on_sqlite or (0 if on_postgresql == 5 else on_postgresql)  # 5: no such test touches the database


def bench() -> int:
    with tempfile.TemporaryDirectory(prefix="clinic-bench-") as folder:
        return _run([sys.executable, "-m", "clinic.bench"], _environment(Path(folder)))


if __name__ == "__main__":
    sys.exit({"lint": lint, "test": test, "prove": prove, "bench": bench}[sys.argv[1]]())
