"""One way only to write a record down, so that the same record always has the same hash."""

import datetime as dt
import json
from decimal import Decimal


def canonical(content) -> str:
    """JSON with sorted keys, no spaces, UTF-8; millimetres as text, moments in UTC to the microsecond."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain, allow_nan=False)


def _plain(value):
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    raise TypeError(f"{type(value)} has no canonical form")
