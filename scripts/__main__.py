"""`python3 -m scripts VERB`; the verbs are those of the Makefile."""

import os
import sys

VERBS = ("install", "run", "clinic", "backup", "restore", "test", "prove", "bench", "words", "lint", "lock", "sbom", "advisories")


def _asked(verb):
    """`make restore FILE=... KEY=...`: make hands what stands on its command line over as variables."""
    if verb == "backup":
        return ["backup"]
    if not os.environ.get("FILE"):
        raise SystemExit("Name the backup: make restore FILE=/path/to/clinic-....age KEY=/path/to/backup-key.txt")
    named = {"KEY": "--key", "ANCHOR": "--anchor"}
    return [
        "restore",
        os.environ["FILE"],
        *(part for name, option in named.items() if os.environ.get(name) for part in (option, os.environ[name])),
    ]


def main(arguments):
    if sys.version_info < (3, 11):  # noqa: UP036 - this very file must run on an older Python to say so
        print("Python 3.11 or newer is needed; this is {}.{}.".format(*sys.version_info[:2]))
        return 1
    if len(arguments) != 1 or arguments[0] not in VERBS:
        print("Say one of: " + ", ".join(VERBS))
        return 2
    verb = arguments[0]
    from scripts import environment

    try:
        if verb == "install":
            environment.install()
            environment.pdf_libraries()
            print("Installed. `make run` starts a clinic with demo data, `make clinic` an empty one.")
            return 0
        if verb in ("run", "clinic"):
            environment.install(quiet=True)
            environment.pdf_libraries()
            environment.replace_process("-m", "scripts.supervisor", "--demo" if verb == "run" else "--first-manager")
        if verb in ("backup", "restore"):
            environment.install(quiet=True)
            environment.replace_process("manage.py", *_asked(verb))
        if verb == "lock":
            return environment.lock()
        environment.install(dev=True, quiet=True)
        if verb == "words":
            environment.replace_process("-m", "scripts.words")
        if verb in ("sbom", "advisories"):
            environment.replace_process("-m", "scripts.supply", verb)
        if verb != "lint":
            environment.pdf_libraries()
        if verb == "test":
            environment.test_tools()
        environment.replace_process("-m", "scripts.checks", verb)
    except environment.Problem as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
