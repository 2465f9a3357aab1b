"""Writing consultations and plans."""

from .acceptance import AcceptanceRefused, accept
from .consultation import ConsultationClosed, close, decide, go_on, propose_for, save, start
from .countersigning import (
    CountersignRefused,
    NotWaiting,
    countersign,
    days_late,
    may_take_back,
    missing_choices,
    open_roles,
    role_words,
    roles_among,
    roles_of,
    send_back,
    take_back,
    waiting_for,
    why_not,
)
from .medicines import say as say_what_it_is
from .medicines import take_back as take_answer_back
from .stopping import NotInForce, stop

__all__ = [
    "AcceptanceRefused",
    "ConsultationClosed",
    "CountersignRefused",
    "NotInForce",
    "NotWaiting",
    "accept",
    "close",
    "countersign",
    "days_late",
    "decide",
    "go_on",
    "may_take_back",
    "missing_choices",
    "open_roles",
    "propose_for",
    "role_words",
    "roles_among",
    "roles_of",
    "save",
    "say_what_it_is",
    "send_back",
    "start",
    "stop",
    "take_answer_back",
    "take_back",
    "waiting_for",
    "why_not",
]
