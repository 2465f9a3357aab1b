"""
Addresses for the rows of a list: the route is looked up once for the list, each row's number is put in. And addresses that a
form brings along: where to go on to.
"""

from collections.abc import Callable

from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

_MARK = 987_654_321


def numbered(name: str, numbers: int = 1) -> Callable[..., str]:
    """
    Return what gives the address of *name* for a number, or for so many *numbers*: `numbered("sessions:booking")(12)` is
    /bookings/12/.
    """
    marks = [_MARK + place for place in range(numbers)]
    pattern = reverse(name, args=marks)
    for place, mark in enumerate(marks):
        pattern = pattern.replace(str(mark), f"{{{place}}}")
    return pattern.format


def inside(request, address: str, otherwise: str = "") -> str:
    """
    *address* where it is the path of a page of ours, else *otherwise*. A word without a slash is none: Django would look for a
    view of that name and fail.
    """
    ours = address.startswith("/") and url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    return address if ours else otherwise
