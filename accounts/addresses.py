"""Addresses for the rows of a list: the route is looked up once for the list, each row's number is put in."""

from collections.abc import Callable

from django.urls import reverse

_MARK = 987_654_321


def numbered(name: str) -> Callable[[int], str]:
    """Return what gives the address of *name* for a number: `numbered("sessions:booking")(12)` is /bookings/12/."""
    before, after = reverse(name, args=[_MARK]).split(str(_MARK))
    return lambda number: f"{before}{number}{after}"
