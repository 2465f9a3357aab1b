"""Where a clinic can be made: empty places on either engine."""

import atexit
import contextlib
import shutil
import tempfile
from functools import cache
from pathlib import Path

import psycopg2

from tests import tables
from tests.a_clinic_at_work import Place


@cache
def _filled() -> Place:
    """A small clinic on SQLite that was made once and is not touched, to be copied."""
    folder = Path(tempfile.mkdtemp(prefix="clinic-filled-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    place = Places(folder).ready()
    place.fill()
    return place


class Places:
    """Empty places of one engine, one after another."""

    def __init__(self, folder: Path, server: str = ""):
        self.folder, self.server, self.count = folder, server, 0
        self.tables: Place | None = None

    def next(self) -> Place:
        """A machine on which nothing was ever done."""
        return self._new()

    def ready(self) -> Place:
        """An empty place whose tables are there already: most of a restore's time is making them."""
        if not self.server:
            place = self._new()
            place.data.mkdir(mode=0o700)
            tables.copy_into(place.data / "clinic.sqlite3")
            return place
        if self.tables is None:
            self.tables = self._new()
            self.tables.must("migrate", "--verbosity", "0")
        return self._new(like=self.tables.url.rpartition("/")[2])

    def filled(self) -> Place:
        """A place in which a small clinic is at work."""
        if self.server:
            place = self.ready()
            place.fill()
        else:
            place = self._new()
            shutil.copytree(_filled().data, place.data)
        return place

    def _new(self, like: str = "template1") -> Place:
        self.count += 1
        name = f"place_{self.count}"
        if not self.server:
            return Place(self.folder / name)
        host = self.server.removeprefix("postgres://clinic@/").rpartition("/")[0]
        with contextlib.closing(psycopg2.connect(host=host, user="clinic", dbname="postgres")) as connection:
            connection.autocommit = True
            connection.cursor().execute(f"CREATE DATABASE {name} TEMPLATE {like}")
        (self.folder / name).mkdir()
        return Place(self.folder / name, f"{self.server.rpartition('/')[0]}/{name}")
