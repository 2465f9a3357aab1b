"""`python -m clinic.bench`: makes a clinic in CLINIC_DATA, measures, prints a table and writes bench-output/bench.json."""

import argparse
import datetime as dt
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m clinic.bench", description=__doc__)
    parser.add_argument("--patients", type=int, default=50_000)
    parser.add_argument("--visits", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--audit-rows", type=int, default=1_000_000)
    options = parser.parse_args()
    from scripts import servers

    with tempfile.TemporaryDirectory(prefix="clinic-bench-") as folder, servers.broker(Path(folder)) as broker_url:
        os.environ["BROKER_URL"] = broker_url
        os.environ["DJANGO_SETTINGS_MODULE"] = "microneedle_clinic.settings"
        os.environ["DEMO_WITHOUT_SECOND_STEP"] = "1"
        os.environ.setdefault("CLINIC_DATA", folder)
        import django

        django.setup()
        _prepare(options)
        celery = [sys.executable, "-W", "ignore", "-m", "celery", "-A", "microneedle_clinic", "worker", "--concurrency", "2"]
        with (Path(folder) / "worker.log").open("wb") as log:
            worker = subprocess.Popen([*celery, "--loglevel", "ERROR"], cwd=ROOT, stdout=log, stderr=log)
        try:
            return _measure(options)
        finally:
            worker.terminate()
            worker.wait(30)


def _prepare(options) -> None:
    from django.core.management import call_command
    from django.db import connection

    from accounts.models import Site, User

    from . import audit_log, busy_site, people

    began = time.monotonic()
    call_command("prepare", "--demo", stdout=sys.stderr)
    from plans.models import TreatmentPlan

    site, by = Site.objects.order_by("pk")[0], User.objects.get(username="june")
    people.fill(options.patients, site=site)
    people.fill_diary(options.visits, site=site, by=by)
    like = TreatmentPlan.objects.filter(status=TreatmentPlan.Status.ACCEPTED).order_by("pk")[0]
    people.open_site("Bench small", clinicians=6, visits=60, like=like)
    people.open_site("Bench large", clinicians=24, visits=250, like=like)
    busy_site.open_busy_site(like=like)
    audit_log.fill(options.audit_rows)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    print(
        f"{options.patients:,} patients, {options.visits:,} visits, {options.audit_rows:,} audit rows, in {time.monotonic() - began:.0f} s",
        file=sys.stderr,
    )


def _measure(options) -> int:
    from zoneinfo import ZoneInfo

    from django.conf import settings
    from django.db import connection
    from django.utils import timezone

    from clinic.memory import settle

    from . import audit_log, busy_site, planning, tasks
    from .measure import table

    settle()  # as a process that serves

    few = max(10, options.rounds // 3)
    wanted = (
        (tasks.empty_page, options.rounds),
        (tasks.today, options.rounds),
        (tasks.day_small, options.rounds),
        (tasks.day_large, options.rounds),
        (tasks.patient_page, options.rounds),
        (tasks.long_patient_page, options.rounds),
        (tasks.patient_search, options.rounds),
        (tasks.mistyped_search, options.rounds),
        (tasks.thousand_proposals, 3),
        (planning.engine_alone, options.rounds),
        (planning.live_proposal, options.rounds),
        (tasks.consultation_round_trip, options.rounds),
        (tasks.free_places, few),
        (busy_site.free_places_of_six, options.rounds),
        (tasks.booking, options.rounds),
        (tasks.sheet_in_the_worker, few),
        (tasks.click_to_stored, few),
        (audit_log.one_row, options.rounds),
        (audit_log.seal_a_row, options.rounds),
        (audit_log.verify_all, 1),
    )
    results = []
    with timezone.override(ZoneInfo(settings.CLINIC_TIME_ZONE)):
        for task, rounds in wanted:
            print(f"{task.__name__} ...", file=sys.stderr, flush=True)
            results.append(task(rounds))
    failures = [failure for result in results for failure in result.failures]
    print(table(results))
    print("\n".join(["", *failures]) if failures else "\nEvery count and every ratio is within its bound.")
    report = {
        "at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "machine": {"python": platform.python_version(), "cores": os.cpu_count(), "system": platform.platform()},
        "database": connection.vendor,
        "sizes": {"patients": options.patients, "visits": options.visits, "audit_rows": options.audit_rows, "rounds": options.rounds},
        "results": [result.as_mapping() for result in results],
        "failures": failures,
    }
    path = ROOT / "bench-output" / "bench.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(report, indent=1))
    print(f"JSON in {path.relative_to(ROOT)}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
