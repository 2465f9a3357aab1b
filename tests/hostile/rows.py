"""What a request changed: the statements it sent, and every row before and after it."""

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import contextmanager

from django.apps import apps
from django.db import connection

# Tables that looking may write, each with its reason.
NOT_OF_THE_CLINIC = {
    "audit_auditevent": "every look leaves its row",
    "audit_auditseal": "the chain over these rows",
    "django_session": "when the screen was last used, and the words for the next page",
    "accounts_websession": "the list of one's own sign-ins, with when each was last used",
    "axes_accessattempt": "wrong passwords, for the throttle",
    "axes_accessattemptexpiration": "as above",
    "axes_accessfailurelog": "as above",
    "axes_accesslog": "as above",
}
_WRITES = re.compile(r'^\s*(?:INSERT\s+(?:OR\s+\w+\s+)?INTO|UPDATE|DELETE\s+FROM|TRUNCATE(?:\s+TABLE)?|COPY)\s+"?(\w+)"?', re.I)
_STORED = re.compile(r"(\w+)/[0-9a-f]{2}/[0-9a-f]{32}\.\w+")  # a name that the storage of files gave
_QUIET = ("SELECT", "SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "COMMIT", "SET", "PRAGMA", "EXPLAIN", "SHOW", "(SELECT")


@contextmanager
def writes() -> Iterator[list[str]]:
    """The tables that are written meanwhile, in order; a statement of a kind nobody knows is given as it is."""
    seen = []

    def look(execute, sql, params, many, context):
        found = _WRITES.match(sql)
        if found and found[1] not in NOT_OF_THE_CLINIC:
            seen.append(found[1])
        elif not found and not sql.lstrip().upper().startswith(_QUIET):
            seen.append(sql[:80])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(look):
        yield seen


def snapshot() -> dict:
    """Every row of every table of ours: {model: {primary key: {column: value}}}."""
    models = [model for model in apps.get_models(include_auto_created=True) if model._meta.db_table not in NOT_OF_THE_CLINIC]
    return {model: {row[model._meta.pk.attname]: row for row in model._base_manager.order_by().values()} for model in models}


def changes(before: dict, after: dict) -> list[str]:
    """
    Each changed value and each new row in words that are the same on every run: a number given out meanwhile is "new", a
    moment reckoned from the present is said to be that, a random key is "key", a file with a random name one of its folder.
    """
    now, told = dt.datetime.now(dt.UTC), []
    for model, rows in after.items():
        fields = {field.attname: field for field in model._meta.concrete_fields}

        def plain(name, value, fields=fields, model=model):
            field = fields[name]
            if field.primary_key or field.is_relation:
                target = field.related_model if field.is_relation else model
                known = before.get(target)
                return value if value is None or known is None or value in known else "new"
            if isinstance(value, dt.datetime) and (value.microsecond or abs((now - value).total_seconds()) < 300):
                return "reckoned from now"  # what somebody chose or sent is a whole second
            if field.get_internal_type() == "UUIDField" or name in ("password", "digest", "signature", "slug"):
                return "key"
            if isinstance(value, str) and (stored := _STORED.fullmatch(value)):
                return f"a file of {stored[1]}"
            return value

        for pk, row in rows.items():
            earlier = before[model].get(pk)
            if earlier is None:
                told.append(f"{model.__name__} new: {sorted((name, repr(plain(name, value))) for name, value in row.items())}")
            elif earlier != row:
                moved = sorted((name, repr(plain(name, value))) for name, value in row.items() if value != earlier[name])
                told.append(f"{model.__name__} {pk}: {moved}")
        told += [f"{model.__name__} {pk}: gone" for pk in before[model] if pk not in rows]
    return sorted(told)
