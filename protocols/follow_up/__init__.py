"""
`follow_up`, an optional section of a protocol version: what is asked after a session, the level that follows, and the only words that
may then be said to the patient. Stands beside the planner, which neither reads nor needs it.
"""

from .reading import SECTION, parse
from .rules import Assessment, Reason, assess, expected_course, questions_for
from .terms import LEVELS, CheckIn, FollowUp, Level, Question, Rule

__all__ = [
    "LEVELS",
    "SECTION",
    "Assessment",
    "CheckIn",
    "FollowUp",
    "Level",
    "Question",
    "Reason",
    "Rule",
    "assess",
    "expected_course",
    "parse",
    "questions_for",
]
