"""
May the clinic open? Asked when web, worker or beat start, and by `prepare`. What stands in the way is said in one sentence.
"""

import os
import sys

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from audit import guards, read_only

from .durability import places

# Set for the processes of a server whose start has been looked at already.
LOOKED = "CLINIC_START_LOOKED_AT"


def refusal() -> str:
    """Why the clinic may not open, in one sentence; empty where it may. A database that is away is no reason: it may come back."""
    if places.half_restored_mark().exists():
        return f"A restore into {places.half_restored_mark().parent} did not come to its end: run it again before the clinic opens."
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if waiting:
            first = waiting[0][0]
            many = f"{len(waiting)} migrations wait" if len(waiting) > 1 else "1 migration waits"
            return f"The database is not at this version ({many}, first {first.app_label}.{first.name}): run manage.py migrate."
        absent = guards.missing()
    except DatabaseError:
        return ""
    if absent:
        return f"The database does not guard its locked rows ({', '.join(sorted(absent))} not there): run manage.py migrate."
    return ""


def look() -> str:
    """After `refusal`: open read-only where the audit chain is broken. Returns that sentence, or nothing."""
    try:
        return read_only.look()
    except DatabaseError:
        return ""


def open_or_end(*, status: int = 1) -> None:
    """For a process that serves: end it with the sentence, or let it serve, read-only where the audit does not hold."""
    if not os.environ.get(LOOKED):
        said = refusal()
        if said:
            print(said, file=sys.stderr, flush=True)
            sys.exit(status)
        said = look()
        if said:
            print(f"The clinic opens read-only. {said}", file=sys.stderr, flush=True)
    read_only.enforce()
