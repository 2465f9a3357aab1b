"""
A clinic in a folder and database of its own, for the tests of backup and restore: made small, worked in, looked at past the
software. Run as `python -m tests.a_clinic_at_work make` or `work NUMBER` with the clinic's settings in the environment.
"""

import base64
import hashlib
import itertools
import os
import secrets
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg2

from tests import running_clinic

ROOT = Path(__file__).resolve().parent.parent
SECRET = secrets.token_urlsafe(64)
MARKER = "Zyxomarkerwellington"  # a surname nobody has: looked for where nothing of a patient may be
SHEET = b"%PDF-1.7 a sheet that was made once\n" * 300


@dataclass
class Place:
    """url: of its PostgreSQL database; empty for SQLite, which lies in the folder."""

    data: Path
    url: str = ""

    @property
    def environment(self) -> dict[str, str]:
        found = {**running_clinic.environment(self.data, 1), "PYTHONWARNINGS": "ignore"}
        if self.url:
            found |= {"DATABASE_URL": self.url, "SECRET_KEY": SECRET, "ALLOWED_HOSTS": "localhost", "HTTPS": "0"}
            found["BROKER_URL"] = f"redis+socket://{self.data}/none.sock"
        return found

    def run(self, *arguments: str, **more: str) -> subprocess.CompletedProcess:
        """A command of manage.py in this clinic."""
        return self._python("manage.py", *arguments, **more)

    def must(self, *arguments: str, **more: str) -> str:
        ended = self.run(*arguments, **more)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def program(self, text: str) -> str:
        """Python in this clinic."""
        ended = self._python("-c", text, DJANGO_SETTINGS_MODULE="microneedle_clinic.settings")
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def fill(self) -> None:
        """A small clinic in tables that are there already, sealed."""
        ended = self._python("-m", "tests.a_clinic_at_work", "make")
        assert ended.returncode == 0, ended.stderr
        self.must("seal_audit", "--once")

    def _python(self, *arguments: str, **more: str) -> subprocess.CompletedProcess:
        environment = {**self.environment, **more}
        return subprocess.run([sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    def start_work(self, number: int, log: Path) -> subprocess.Popen:
        """One who registers patients one after another, and writes each that was committed into *log*."""
        with log.open("wb") as out:
            command = [sys.executable, "-m", "tests.a_clinic_at_work", "work", str(number)]
            return subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=out, stderr=subprocess.STDOUT)

    # Past the software

    def ask(self, query: str) -> list[tuple]:
        if self.url:
            parts = urlsplit(self.url)
            host, _, name = parts.path.rpartition("/")
            host = parse_qs(parts.query).get("host", [host.replace("//", "/")])[0]
            with closing(psycopg2.connect(host=host, user=parts.username, dbname=name)) as connection, connection.cursor() as cursor:
                cursor.execute(query)
                return cursor.fetchall() if cursor.description else connection.commit() or []
        with closing(sqlite3.connect(self.data / "clinic.sqlite3", timeout=60, isolation_level=None)) as connection:
            return connection.execute(query).fetchall()

    def tables(self) -> list[str]:
        query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        if self.url:
            query = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        return sorted(name for (name,) in self.ask(query))

    def everything(self) -> dict[str, set[str]]:
        """Every row of every table, as the database itself writes it."""
        return {table: {repr(row) for row in self.ask(f'SELECT * FROM "{table}"')} for table in self.tables()}  # noqa: S608

    def files(self) -> dict[str, str]:
        root = self.data / "files"
        return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in root.rglob("*") if path.is_file()}

    def backups(self) -> list[Path]:
        return sorted((self.data / "backups").glob("clinic-*.age"))


# What runs in the clinic's own process


def _make() -> None:
    from django.core.files.base import ContentFile
    from django.core.files.storage import default_storage
    from django.utils import timezone

    from accounts.models import Site, User
    from aftercare.models import Sheet
    from aftercare.services.files import name_of
    from aftercare.tests.signed_record import signed
    from audit.services import record

    site = Site.objects.create(
        name="Alder Skin Clinic", slug="alder", time_zone="Europe/London", phone="020 7946 0118", emergency_number="999"
    )
    amara = User.objects.create_user("amara", "", "correct horse battery", role="clinician", last_name="Osei", is_prescriber=True)
    amara.sites.add(site)
    for surname in (MARKER, "O'Brien\t\\N \\ back\nslash", "Łukasiewicz 漢字 \u2028"):
        session = signed(site, amara, surname=surname)
        sheet = Sheet.objects.create(session=session, record_version=1, variant="A4", requested_at=timezone.now())
        name = default_storage.save(name_of(sheet.pk), ContentFile(SHEET + str(sheet.pk).encode()))
        data = SHEET + str(sheet.pk).encode()
        Sheet.objects.filter(pk=sheet.pk).update(state="ready", file=name, sha256=hashlib.sha256(data).hexdigest(), pages=1)
        record("sheet.made", patient=session.patient_id, obj=sheet)


def _work(who: str) -> None:
    import datetime as dt

    from django.db import transaction

    from accounts.models import Site
    from audit.services import record
    from patients.models import Patient

    site = Site.objects.order_by("pk")[0]
    for count in itertools.count(1):
        given = f"worker-{who}-{count:05d}"
        print("begun", given, time.time(), flush=True)
        with transaction.atomic():
            patient = Patient.objects.create(
                number=int(who) * 100_000 + count,
                site=site,
                surname="Example",
                given=given,
                birth_date=dt.date(1990, 1, 1),
                surname_key="example",
                given_key=given,
            )
            record("patient.registered", patient=patient, detail={"key": base64.b64encode(os.urandom(30)).decode()})
        print("done", given, time.time(), flush=True)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "microneedle_clinic.settings")
    import django

    django.setup()
    _make() if sys.argv[1] == "make" else _work(sys.argv[2])
