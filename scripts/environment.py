"""
Makes the environment: .venv with hash-checked packages, and the few system libraries pip cannot give.

Nothing is installed twice: a stamp in .venv holds the hash of the lock file it was made from.
"""

import ctypes
import ctypes.util
import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"

# What WeasyPrint draws with: the names it is known by on Linux and on macOS.
PDF_LIBRARIES = {
    "Pango": ("libpango-1.0.so.0", "libpango-1.0.dylib"),
    "PangoFT2": ("libpangoft2-1.0.so.0", "libpangoft2-1.0.dylib"),
    "HarfBuzz subset": ("libharfbuzz-subset.so.0", "libharfbuzz-subset.dylib"),
}
PDF_PACKAGES = ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0")
BROWSER_NAMES = ("chromium", "chromium-browser", "google-chrome")
MAC_LIBRARY_FOLDERS = ("/opt/homebrew/lib", "/usr/local/lib")


class Problem(Exception):
    """Something a person has to do first; the text says what."""


def install(*, dev: bool = False, quiet: bool = False) -> None:
    """Make .venv and bring it to the lock file; with *dev* also what tests and linters need."""
    _make_venv()
    lock = ROOT / ("requirements-dev.txt" if dev else "requirements.txt")
    wanted = hashlib.sha256(lock.read_bytes() + (VENV / "pyvenv.cfg").read_bytes()).hexdigest()
    stamp = VENV / f".installed-{lock.stem}"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print(f"Installing the packages of {lock.name} into .venv (once; about a minute) ...", flush=True)
    command = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "-qq"]
    # Only what was built and hashed before: no package may run a build of its own here.
    command += ["--require-hashes", "--only-binary", ":all:", "-r", str(lock)]
    result = subprocess.run(command, cwd=ROOT, check=False, env={**os.environ, "PIP_ROOT_USER_ACTION": "ignore"})
    if result.returncode:
        raise Problem("The packages could not be installed; the lines above say why. Check the network and run the same command again.")
    stamp.write_text(wanted)
    if not quiet:
        print(f"The environment is in {VENV.name}.")


def _make_venv() -> None:
    if PYTHON.exists() and (VENV / "bin" / "pip").exists():
        return
    if importlib.util.find_spec("ensurepip") is None:
        package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        if not (on_debian() and as_root() and apt_install(package)):
            raise Problem(f"This Python cannot make environments. On Debian or Ubuntu run: {_sudo()}apt-get install {package}")
    print("Making .venv ...", flush=True)
    if subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=False).returncode:
        raise Problem(f"{VENV} could not be made; the lines above say why.")


def pdf_libraries() -> bool:
    """True where sheets can be made. Installs what is missing on Debian as root; elsewhere prints the line to run."""
    missing = missing_pdf_libraries()
    if missing and on_debian() and as_root() and apt_install(*PDF_PACKAGES):
        missing = missing_pdf_libraries()
    if missing:
        print(f"PDFs are off: {', '.join(missing)} not found. Everything else works. To print aftercare sheets run:")
        print("    macOS:            brew install pango")
        print(f"    Debian, Ubuntu:   {_sudo()}apt-get install --no-install-recommends {' '.join(PDF_PACKAGES)}")
        print("and start again.", flush=True)
    return not missing


def missing_pdf_libraries() -> list[str]:
    """Names of the drawing libraries this machine does not have."""
    return [label for label, names in PDF_LIBRARIES.items() if not any(_loads(name) for name in names)]


def _loads(name: str) -> bool:
    folders = ("", *MAC_LIBRARY_FOLDERS) if platform.system() == "Darwin" else ("",)
    for folder in folders:
        try:
            ctypes.CDLL(os.path.join(folder, name))
        except OSError:
            continue
        return True
    return ctypes.util.find_library(name.removeprefix("lib").split(".so")[0].removesuffix(".dylib")) is not None


def library_environment() -> dict[str, str]:
    """Variables a child needs to find the drawing libraries: Homebrew's folder is not on macOS's search path."""
    if platform.system() != "Darwin":
        return {}
    present = [folder for folder in MAC_LIBRARY_FOLDERS if Path(folder).is_dir()]
    return {"DYLD_FALLBACK_LIBRARY_PATH": ":".join([*present, "/usr/lib"])}


def test_tools() -> None:
    """A browser for the journeys and poppler for looking into PDFs: installed on Debian as root, else named by the tests that miss them."""
    tools = {"chromium": browser() is not None, "poppler-utils": shutil.which("pdftotext"), "libatomic1": driver_runs()}
    wanted = [name for name, present in tools.items() if not present]
    if wanted and on_debian() and as_root():
        apt_install(*wanted)
    if browser() is None or not driver_runs():
        if os.environ.get("CI") == "true":
            raise Problem("No Chromium to drive here, and CI=true: the browser journeys must run. Install chromium and libatomic1.")
        print(f"NO CHROMIUM HERE: the browser journeys are skipped. On Debian: {_sudo()}apt-get install chromium libatomic1", flush=True)


def browser() -> str | None:
    """Path of the Chromium the browser tests drive."""
    return next((path for name in BROWSER_NAMES if (path := shutil.which(name))), None)


def driver_runs() -> bool:
    """Playwright drives the browser with a program of its own, which a bare Debian lacks a library for (libatomic1)."""
    drivers = VENV.glob("lib/python*/site-packages/playwright/driver/node")
    return any(subprocess.run([str(path), "--version"], capture_output=True, check=False).returncode == 0 for path in drivers)


def on_debian() -> bool:
    return Path("/etc/debian_version").exists() and shutil.which("apt-get") is not None


def as_root() -> bool:
    return os.geteuid() == 0


def _sudo() -> str:
    return "" if as_root() else "sudo "


def apt_install(*packages: str) -> bool:
    """Install Debian packages as root; False where that does not work, with apt's own words on screen."""
    print(f"Installing Debian packages: {' '.join(packages)} ...", flush=True)
    quiet = {"stdout": subprocess.DEVNULL, "env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, "check": False}
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    if subprocess.run(command, stderr=subprocess.DEVNULL, **quiet).returncode == 0:
        return True
    # No package lists yet, or old ones.
    subprocess.run(["apt-get", "update", "-qq"], **quiet)
    return subprocess.run(command, **quiet).returncode == 0


def replace_process(*arguments: str) -> NoReturn:
    """Become the environment's Python: one process, so that Ctrl-C and signals reach it alone."""
    os.chdir(ROOT)
    sys.stdout.flush()
    os.execve(PYTHON, [str(PYTHON), *arguments], {**os.environ, **library_environment(), "PYTHONUNBUFFERED": "1"})


def lock() -> int:
    """Pin requirements*.in again: one lock for every platform and every Python from 3.11 on."""
    install(dev=True, quiet=True)
    for name in ("requirements", "requirements-dev", "requirements-heic"):
        options = ["--universal", "--python-version", "3.11", "--generate-hashes", "--only-binary", ":all:"]
        options += ["--no-annotate", "--no-header", "--quiet"]
        command = [VENV / "bin" / "uv", "pip", "compile", *options, f"{name}.in", "-o", f"{name}.txt"]
        if subprocess.run(command, cwd=ROOT, check=False).returncode:
            raise Problem(f"{name}.txt was not made; the lines above say why.")
    print("Pinned. Look through the changes of requirements*.txt, then run `make test`.")
    return 0
