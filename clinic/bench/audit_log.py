"""A long audit log: what sealing and checking it cost, and what one row more costs the request that leaves it."""

import datetime as dt
import random
import time
from contextlib import contextmanager

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from audit.chain import lag
from audit.chain.sealing import Sealer
from audit.chain.verifying import verify
from audit.models import AuditEvent, AuditSeal
from audit.rows import sign
from audit.services import record

from .measure import Result, Times, side_by_side

AT_ONCE = 5000
LEAST_A_MINUTE = 100_000
MOST_LAG_SECONDS = 5.0
MOST_QUERIES_OF_A_PASS = 6
_ACTIONS = ("patient.viewed", "record.viewed", "note.added", "plan.viewed", "day.viewed", "patients.searched", "access.refused")


def fill(count: int) -> None:
    """Bring the log to *count* rows of the last two years, signed as the program signs them, all sealed."""
    missing = count - AuditEvent.objects.count()
    rng = random.Random(2026)  # noqa: S311 - invented rows
    people = list(User.objects.order_by("pk"))
    begin, step = timezone.now() - dt.timedelta(days=730), dt.timedelta(days=729) / max(1, missing)
    for start in range(0, missing, AT_ONCE):
        rows = []
        for number in range(start, min(start + AT_ONCE, missing)):
            by, patient = rng.choice(people), rng.randrange(1, 50_000)
            rows.append(
                AuditEvent(
                    at=begin + step * number,
                    actor=by,
                    actor_name=str(by),
                    action=rng.choice(_ACTIONS),
                    patient_pk=patient,
                    object_type="patients.patient",
                    object_pk=str(patient),
                    detail={"fields": ["phone"]} if number % 4 == 0 else {},
                    address=f"192.0.2.{rng.randrange(1, 255)}",
                    path=f"/patients/{patient}/",
                )
            )
        sign(rows)
        with transaction.atomic():
            AuditEvent.objects.bulk_create(rows)
    Sealer().all()


def one_row(rounds: int) -> Result:
    """A row of the log, beside the same row without its signature."""
    by = User.objects.get(username="june")

    @contextmanager
    def taken_back():
        """A row without its signature that stayed would be found, and the clinic go read-only."""
        with transaction.atomic():
            yield
            transaction.set_rollback(True)

    def bare(number: int) -> None:
        with taken_back():
            row = AuditEvent(at=timezone.now(), actor=by, actor_name="June Park", action="patient.viewed", patient_pk=number + 10)
            row.save(force_insert=True)

    def signed(number: int) -> None:
        with taken_back():
            record("patient.viewed", actor=by, patient=number + 10)

    ours, floor = side_by_side(signed, bare, rounds=rounds * 5)
    return Result("one audit row, signed", ours, floor, must=2.0, aim=1.3)


def seal_a_row(rounds: int) -> Result:
    """A row is written and a pass of the sealer seals it, at the end of the long log."""
    sealer = Sealer()
    sealer.all()
    wall, behind = [], []
    for number in range(rounds):
        record("patient.viewed", patient=number + 1)
        began = time.perf_counter()
        sealer.once()
        wall.append((time.perf_counter() - began) * 1000)
        behind.append(lag().seconds)
    with CaptureQueriesContext(connection) as queries:
        sealer.once()
    result = Result("an audit row sealed", Times(tuple(wall), tuple(wall)), note=f"{len(queries)} queries where nothing waits")
    result.at_most = {"seconds behind": (max(behind), MOST_LAG_SECONDS), "queries of an idle pass": (len(queries), MOST_QUERIES_OF_A_PASS)}
    return result


def verify_all(rounds: int) -> Result:
    """The whole chain, every link."""
    cpu = time.process_time()
    report = verify()
    cpu = (time.process_time() - cpu) * 1000
    a_minute = int(report.checked / report.seconds * 60)
    result = Result(
        "the audit chain verified", Times((report.seconds * 1000,), (cpu,)), note=f"{report.checked:,} rows, {a_minute:,} a minute"
    )
    result.counts = {"findings": (report.count, 0), "rows checked": (report.checked, AuditSeal.objects.count())}
    result.at_least = {"rows a minute": (a_minute, LEAST_A_MINUTE)}
    return result
