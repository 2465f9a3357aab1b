"""
What an audit row says, as bytes, and the signature that this program wrote it.

The bytes are the same on both engines and after a row went from one to the other: microseconds in UTC, keys in order, an
address however it was written, a number whether the engine gives back 1.0 or 1. The signature is keyed with SECRET_KEY, which
every host has: who may only write to the database can add no row that the sealer takes for one of ours.
"""

import base64
import datetime as dt
import hashlib
import hmac
import ipaddress
import json
import secrets
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.conf import settings

from .models import AuditEvent

# Every column but the number, which the database gives, and the signature. A test holds this list to the model.
FIELDS = (
    "at",
    "actor_id",
    "actor_name",
    "action",
    "outcome",
    "patient_pk",
    "object_type",
    "object_pk",
    "detail",
    "address",
    "path",
)
NONCE_BYTES = 9  # two rows with the same words in the same microsecond are still two
MAC_BYTES = 15
_columns = tuple(AuditEvent._meta.get_field(name.removesuffix("_id")) for name in FIELDS)


def content(values: Sequence[Any]) -> bytes:
    """The bytes of a row whose columns, in the order of FIELDS, are *values* as the database gives them."""
    at, actor, name, action, outcome, patient, kind, number, detail, address, path = values
    plain = [_moment(at), actor, name, action, outcome, patient, kind, number, _plain(detail), _address(address), path]
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), default=repr).encode()


def sign(rows: Iterable[AuditEvent]) -> None:
    """Put the signature on rows that are about to be written. Raises TypeError where a detail cannot be written as JSON."""
    for row in rows:
        values = [field.to_python(getattr(row, field.attname)) for field in _columns]
        if row.detail:
            values[FIELDS.index("detail")] = json.loads(json.dumps(row.detail))
        nonce = secrets.token_bytes(NONCE_BYTES)
        row.signature = _signature(nonce, content(values), settings.SECRET_KEY)


def is_signed(values: Sequence[Any], signature: str) -> bool:
    """True where *signature* is one this program made for *values*, with the key of today or one of SECRET_KEY_FALLBACKS."""
    try:
        nonce = base64.urlsafe_b64decode(signature)[:NONCE_BYTES]
    except (ValueError, TypeError):  # not of ours
        return False
    said = content(values)
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return any(hmac.compare_digest(_signature(nonce, said, key).encode(), signature.encode()) for key in keys)


def _signature(nonce: bytes, said: bytes, secret: str | bytes) -> str:
    mac = hmac.digest(_row_key(secret), nonce + said, "sha256")[:MAC_BYTES]
    return base64.urlsafe_b64encode(nonce + mac).decode()


@lru_cache(maxsize=8)
def _row_key(secret: str | bytes) -> bytes:
    secret = secret.encode() if isinstance(secret, str) else secret
    return hashlib.sha256(b"signature of an audit row\0" + secret).digest()


def _moment(value: Any) -> str:
    return value.astimezone(dt.UTC).isoformat(timespec="microseconds") if isinstance(value, dt.datetime) else repr(value)


def _address(value: Any) -> str | None:
    if value is None:
        return None
    try:
        return ipaddress.ip_address(value).exploded
    except ValueError:
        return str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    # PostgreSQL keeps numbers as decimals: 1.0 and 1e20 may come back as 1.0 and 100000000000000000000.
    return int(Decimal(repr(value))) if isinstance(value, float) and value.is_integer() else value
