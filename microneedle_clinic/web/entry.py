"""What has to be put right before Django so much as looks at a request."""

import re

_PARAMETER = re.compile(r";\s*charset\s*=\s*\"?([^\";\s]*)", re.I)
# Parameters in the long form (charset*=...) name an encoding of their own; no browser sends one.
_ODD = re.compile(r"\*\s*=|[^\x20-\x7e]")
CHARSETS = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
UNKNOWN = "text/plain; charset=unknown"  # refused by EveryAnswerMiddleware, as a page with its headers


def enter(environ: dict) -> dict:
    """
    Give the request with a content type Django can take apart. It reads the charset while it makes the request object, before
    any code of ours could answer for it, and fails on encodings that Python knows and that are none for text.
    """
    kind = environ.get("CONTENT_TYPE") or ""
    named = _PARAMETER.findall(kind)
    if _ODD.search(kind) or any(name.lower() not in CHARSETS for name in named):
        environ["CONTENT_TYPE"] = UNKNOWN
    return environ
