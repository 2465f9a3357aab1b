"""
Django's web sessions, kept in `WebSession`. The row is read once with the session, so that the idle clock costs no query.

Saving writes the data alone: idle clock, lock, confinement and tries are other people's columns (`accounts.desk.services`,
`accounts.desk.confined`).
"""

import datetime as dt
import hashlib

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import CreateError, SessionBase, UpdateError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

CLOCKS_DIFFER = dt.timedelta(minutes=1)  # between two hosts of one clinic, at most


def is_over(now: dt.datetime) -> Q:
    """
    Which sessions nobody may use any more. One that begins in the future was signed in before the clock was put back: it would
    outlive the absolute limit.
    """
    return Q(expires_at__lte=now) | Q(began_at__gt=now + CLOCKS_DIFFER)


def hash_of(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


class SessionStore(SessionBase):
    def __init__(self, session_key=None):
        super().__init__(session_key)
        self._row = None
        self._sign_in = {}

    @classmethod
    def rows(cls):
        from .models import WebSession

        return WebSession.objects

    @property
    def row(self):
        """The `WebSession` as it was read, or None before the first save."""
        self._get_session()
        return self._row

    def begin(self, *, address: str | None, browser: str) -> None:
        """Somebody has just signed in here: all clocks start anew with the next save."""
        now = timezone.now()
        self._sign_in = {
            "began_at": now,
            "seen_at": now,
            "locked_at": None,
            "confined_to": "",
            "confined_at": None,
            "tries": 0,
            "address": address,
            "browser": browser,
        }
        self.modified = True

    def exists(self, session_key):
        return self.rows().filter(key_hash=hash_of(session_key)).exists()

    def load(self):
        self._row = self.rows().filter(~is_over(timezone.now()), key_hash=hash_of(self.session_key)).first()
        if self._row is None:
            self._session_key = None
            return {}
        return self.decode(self._row.data)

    def create(self):
        while True:
            self._session_key = self._get_new_session_key()
            try:
                self.save(must_create=True)
            except CreateError:
                continue
            self.modified = True
            return

    def _last_moment(self, began_at: dt.datetime) -> dt.datetime:
        """The absolute limit counts from the sign-in; a shorter wish of the session itself is kept."""
        return min(began_at + dt.timedelta(seconds=self.get_session_cookie_age()), self.get_expiry_date())

    def save(self, must_create=False):
        if self.session_key is None:
            self.create()
            return
        data = self._get_session(no_load=must_create)
        now = timezone.now()
        before, sign_in = self._row, self._sign_in
        began_at = sign_in.get("began_at") or (before.began_at if before else now)
        values = {
            "data": self.encode(data),
            "user_id": data.get(SESSION_KEY),
            "expires_at": self._last_moment(began_at),
            **sign_in,
        }
        if must_create:
            if before is not None:  # a new key for the same session: its clocks, its lock and its tries go on
                kept = ("began_at", "seen_at", "locked_at", "confined_to", "confined_at", "tries", "address", "browser")
                values = {**{name: getattr(before, name) for name in kept}, **values}
            values.setdefault("seen_at", now)
            values["began_at"] = began_at
            try:
                with transaction.atomic():
                    self._row = self.rows().create(key_hash=hash_of(self.session_key), **values)
            except IntegrityError as taken:
                raise CreateError from taken
        elif not self.rows().filter(key_hash=hash_of(self.session_key)).update(**values):
            raise UpdateError
        self._sign_in = {}

    def delete(self, session_key=None):
        key = session_key or self.session_key
        if key is None:
            return
        self.rows().filter(key_hash=hash_of(key)).delete()
        if session_key is None:
            self._row = None

    @classmethod
    def clear_expired(cls):
        cls.rows().filter(is_over(timezone.now())).delete()
