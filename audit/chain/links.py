"""One link from the one before it. Every use of the key has a key of its own, made from it."""

import hmac
from functools import lru_cache

LINK, LINE, ANCHOR = b"link", b"line", b"anchor"  # what a key is for
LINE_MAC = 32  # characters of a head's code


@lru_cache(maxsize=64)
def use(key: bytes, what_for: bytes) -> bytes:
    return hmac.digest(key, b"audit chain 1\0" + what_for, "sha256")


def link(key: bytes, before: str, position: int, row: int, said: bytes, signature: str) -> str:
    """The link of the row numbered *row*, whose content is *said*, at *position* behind the link *before*."""
    return hmac.digest(use(key, LINK), f"{before} {position} {row} {signature} ".encode(errors="replace") + said, "sha256").hex()


def first_link(key: bytes) -> str:
    """What stands before position 1."""
    return hmac.digest(use(key, LINK), b"begun", "sha256").hex()


def restart_link(key: bytes, position: int, head: str, stored: str) -> str:
    """What the chain goes on from where its end in the database is not ours: bound to the last head known and to what lies there."""
    return hmac.digest(use(key, LINK), f"resumed {position} {head} {stored}".encode(errors="replace"), "sha256").hex()


def line_mac(key: bytes, text: str) -> str:
    return hmac.digest(use(key, LINE), text.encode(), "sha256").hex()[:LINE_MAC]
