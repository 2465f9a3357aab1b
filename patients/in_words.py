"""What a record says of a person, as the screens that compare two of them write it."""

from planner.wording import day

from .languages import language_words
from .models import Sex


def in_words(name: str, value, *, empty: str) -> str:
    """*value* of the field *name* of a patient; *empty* where it says nothing and the field has no word of its own for that."""
    if name == "birth_date":
        return day(value)
    if name == "sex":
        return Sex(value).label if value else "Not asked"
    if name == "language":
        return language_words(value)
    return empty if value in (None, "") else str(value)
