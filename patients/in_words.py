"""What a record says of a person, as the screens that compare two of them write it."""

from django.utils.translation import gettext as _

from accounts.templatetags import clinic_format

from .languages import language_words
from .models import Sex


def in_words(name: str, value, *, empty: str) -> str:
    """*value* of the field *name* of a patient; *empty* where it says nothing and the field has no word of its own for that."""
    if name == "birth_date":
        return clinic_format.in_words(value)
    if name == "sex":
        return str(Sex(value).label) if value else _("Not asked")
    if name == "language":
        return language_words(value)
    return empty if value in (None, "") else str(value)
