"""Writing consultations and plans."""

from .acceptance import AcceptanceRefused, accept
from .consultation import ConsultationClosed, close, decide, propose_for, save, start
from .stopping import NotInForce, stop

__all__ = ["AcceptanceRefused", "ConsultationClosed", "NotInForce", "accept", "close", "decide", "propose_for", "save", "start", "stop"]
