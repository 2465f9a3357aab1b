#!/usr/bin/env python
"""Django's command line for the clinic."""

import os
import sys
import tempfile
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path


def _scratch() -> AbstractContextManager[str | None]:
    """A data folder for `propose` on a read-only checkout: it keeps nothing. `--version` needs the clinic's own folder."""
    own = Path(__file__).resolve().parent
    writable = os.access(own / "var" if (own / "var").exists() else own, os.W_OK)
    stored = any(word.startswith("--version") for word in sys.argv)
    if sys.argv[1:2] != ["propose"] or stored or writable or "CLINIC_DATA" in os.environ:
        return nullcontext()
    return tempfile.TemporaryDirectory(prefix="clinic-")


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "microneedle_clinic.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    from microneedle_clinic.logs import say_no_words_of_faults

    if not sys.stderr.isatty():
        say_no_words_of_faults()  # it goes to a log, and a log holds no patient data
    with _scratch() as folder:
        if folder:
            os.environ["CLINIC_DATA"] = folder
        try:
            execute_from_command_line(sys.argv)
        except ImproperlyConfigured as problem:
            sys.exit(str(problem))


if __name__ == "__main__":
    main()
