"""
What a log may hold: what happened, where in the code, and when. Never what somebody typed, never a row, never a query.

The message of an exception is somebody else's sentence about our data ("Key (surname)=(Rahman) already exists"), so it is
left out everywhere; its kind and the lines of code it came through are kept.
"""

import logging
import re
import sys
import threading
import traceback

_QUERY = re.compile(r"\?[^\s\"'<>]+")
LONGEST = 2000  # characters of one message
# What celery says about a task besides its name and number: the error's own words, what the task was given, what it gave.
_TASK_WORDS = frozenset({"exc", "args", "kwargs", "traceback", "return_value", "eta", "origin"})
SPEAKS_OF_CODE = frozenset({"ImportError", "NameError", "AttributeError", "ImproperlyConfigured", "SyntaxError", "TemplateDoesNotExist"})
# These say at their lowest level what they are given: queries with their values, messages, variables of a template.
TALKATIVE = ("django.db.backends", "django.template", "kombu", "amqp", "celery", "weasyprint", "fontTools", "PIL", "axes", "allauth")


def kind_of(fault: BaseException) -> str:
    """The name of an exception's class, with its module."""
    kind = type(fault)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def chain_of(fault: BaseException | None) -> list[BaseException]:
    """*fault* and what it came from, the latest first; each once."""
    found: list[BaseException] = []
    waiting = [fault]
    while waiting:
        one = waiting.pop()
        if one is None or any(one is seen for seen in found):
            continue
        found.append(one)
        waiting += [one.__context__, one.__cause__, *getattr(one, "exceptions", ())]
    return found


def named(fault: BaseException) -> str:
    """Its kind, and its words where they can only speak of code and settings."""
    kinds = {one.__name__ for one in type(fault).__mro__}
    return f"{kind_of(fault)}: {fault}" if kinds & SPEAKS_OF_CODE else kind_of(fault)


def without_words(fault: BaseException) -> str:
    """The traceback of *fault* and of what it came from: files, lines, functions and kinds."""
    parts = []
    for one in reversed(chain_of(fault)):
        parts.append("Traceback (most recent call last):")
        parts += [line.rstrip("\n") for line in traceback.format_list(traceback.extract_tb(one.__traceback__))]
        parts.append(named(one))
    return "\n".join(parts)


class PrivateFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        copy = logging.makeLogRecord(record.__dict__)
        copy.exc_text = None  # another handler's formatter may have kept one with words
        copy.msg, copy.args = self._message(record), None
        if record.name.startswith("django.security"):
            copy.exc_info = None  # the kind is in the message, and there is nothing of ours to look for in the code
        return super().format(copy)

    def formatException(self, exc_info) -> str:
        return without_words(exc_info[1]) if exc_info and exc_info[1] else ""

    def formatStack(self, stack_info) -> str:
        return ""

    @staticmethod
    def _message(record: logging.LogRecord) -> str:
        if isinstance(record.args, dict):
            record = logging.makeLogRecord({**record.__dict__, "args": _safe(record.args)})
        elif isinstance(record.args, tuple) and any(isinstance(one, BaseException) for one in record.args):
            kinds = tuple(kind_of(one) if isinstance(one, BaseException) else one for one in record.args)
            record = logging.makeLogRecord({**record.__dict__, "args": kinds})
        try:
            text = record.getMessage()
        except Exception:
            text = str(record.msg)[:LONGEST] if isinstance(record.msg, str) else record.name
        text = _with_route(text, getattr(record, "request", None))
        fault = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        for one in chain_of(fault):
            for words in sorted({repr(one), str(one), *map(str, one.args)}, key=len, reverse=True):
                if len(words) > 3:
                    text = text.replace(words, kind_of(one))
        return _QUERY.sub("?...", text)[:LONGEST]


def _with_route(text: str, request) -> str:
    """An address as the routes write it (`patients/<int:number>/`): which page it was, not whose."""
    path = getattr(request, "path", "")
    if len(path) < 2 or not hasattr(request, "resolver_match"):
        return text
    route = f"/{request.resolver_match.route}" if request.resolver_match else "an address that is none"
    for written in {path, path.encode("unicode_escape").decode("ascii")}:  # Django escapes what it logs
        text = text.replace(written, route)
    return text


def _safe(arguments: dict) -> dict:
    return {name: "..." if name in _TASK_WORDS else value for name, value in arguments.items()}


def logging_settings(level: str) -> dict:
    """Django's LOGGING: one handler to the process's own output, one formatter, and no mail."""
    numbers = logging.getLevelNamesMapping()
    lowest = logging.getLevelName(max(numbers.get(level, logging.WARNING), logging.INFO))
    form = "%(asctime)s %(levelname)s %(name)s %(message)s"
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": "microneedle_clinic.logs.PrivateFormatter", "format": form}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            # Over Django's own, which would mail each fault, with what the request held, to whoever is named in ADMINS.
            "django": {"handlers": [], "propagate": True},
            "django.server": {"handlers": [], "propagate": True},
            **{name: {"level": lowest} for name in TALKATIVE},
        },
    }


def say_no_words_of_faults() -> None:
    """A process without a terminal writes a fault that nobody caught as the log would."""

    def told(kind, fault, trace):
        print(without_words(fault), file=sys.stderr, flush=True)

    sys.excepthook = told
    threading.excepthook = lambda found: told(found.exc_type, found.exc_value, found.exc_traceback) if found.exc_value else None
    sys.unraisablehook = lambda found: told(found.exc_type, found.exc_value, found.exc_traceback) if found.exc_value else None
