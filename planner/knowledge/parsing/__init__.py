"""From a pack's mapping to typed entries. Every fault is noted with its path; nothing is guessed or left out."""

from .bounds import ANSWER_DATES, COUNTS_FROM, DEEPEST_MM, DEPTH_STEPS, LARGEST_LAB, MOST, SHALLOWEST_MM, ZERO
from .entry import NO_SOURCE
from .pack import PackReader
from .screening import ask_if

__all__ = [
    "ANSWER_DATES",
    "COUNTS_FROM",
    "DEEPEST_MM",
    "DEPTH_STEPS",
    "LARGEST_LAB",
    "MOST",
    "NO_SOURCE",
    "SHALLOWEST_MM",
    "ZERO",
    "PackReader",
    "ask_if",
]
