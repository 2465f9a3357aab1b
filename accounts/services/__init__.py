"""Writing what staff are signed off for."""

from .competence import AlreadyEnded, end, record_competence, set_prescriber

__all__ = ["AlreadyEnded", "end", "record_competence", "set_prescriber"]
