"""Is the clinic's software whole: database, guards, broker, worker. Each check is a short question with a time limit."""

import datetime as dt
from urllib.parse import parse_qs, urlsplit

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from redis.backoff import NoBackoff
from redis.retry import Retry

from aftercare.models import Sheet
from audit import guards

BROKER_SECONDS = 0.2
SHEET_PATIENCE = dt.timedelta(minutes=2)


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
    except DatabaseError as error:
        return f"The database does not answer: {error}"
    return ""


def _guards() -> str:
    absent = guards.missing()
    return f"Not there: {', '.join(sorted(absent))}. Run manage.py migrate." if absent else ""


def _broker_client() -> redis.Redis | None:
    url = settings.BROKER_URL
    # One try: the client's own retries would make this page wait for seconds.
    limits = {"socket_connect_timeout": BROKER_SECONDS, "socket_timeout": BROKER_SECONDS, "retry": Retry(NoBackoff(), 0)}
    if url.startswith("redis+socket://"):
        parts = urlsplit(url)
        return redis.Redis(unix_socket_path=parts.path, db=int(parse_qs(parts.query).get("virtual_host", ["0"])[0]), **limits)
    if url.startswith(("redis://", "rediss://", "unix://")):
        return redis.Redis.from_url(url, **limits)
    return None


def _broker() -> str:
    client = _broker_client()
    if client is None:
        return ""
    try:
        client.ping()
    except (redis.RedisError, OSError):
        return f"The broker did not answer within {BROKER_SECONDS} s."
    finally:
        client.close()
    return ""


def _worker() -> str:
    """A worker that lives finishes sheets; one that waits too long tells on it without asking the worker itself."""
    late = timezone.now() - SHEET_PATIENCE
    waiting = Sheet.objects.filter(state__in=[Sheet.State.REQUESTED, Sheet.State.RENDERING], requested_at__lt=late)
    waiting = waiting.filter(Q(again_at=None) | Q(again_at__lt=late)).count()  # one tried again by itself was offered just now
    return _("%(n)s sheets have waited for more than 2 minutes.") % {"n": waiting} if waiting else ""


CHECKS = {"database": _database, "guards": _guards, "broker": _broker, "worker": _worker}


def state() -> dict[str, str]:
    """Return {check: what is wrong}; an empty text is well. Where the database is away, nothing else is asked of it."""
    found = {"database": _database()}
    for name, check in CHECKS.items():
        if name != "database":
            found[name] = check() if name == "broker" or not found["database"] else "Not asked: the database does not answer."
    return found
