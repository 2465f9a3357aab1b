"""
Addresses of a picture inside a page that was logged already.

A page of thumbnails is one look and leaves one row of the log; each picture on it is a request of its own. Such an address carries a
sign, made for one person, one picture and one size, and good for a short while: with it, the picture leaves no further row. Without it
the picture is shown all the same to whom it may be shown, and leaves its row. It opens nothing.
"""

from django.core.signing import BadSignature, TimestampSigner
from django.urls import reverse

SECONDS = 600
SIZES = ("thumb", "screen", "full")
_signer = TimestampSigner(salt="photos.shown-on-a-page")


def _about(user, pk: int, size: str) -> str:
    return f"{user.pk}.{pk}.{size}"


def address(photo, size: str, user) -> str:
    """For the `src` of a picture on a page that is being made for *user*."""
    sign = _signer.sign(_about(user, photo.pk, size)).partition(":")[2]
    return f"{reverse('photos:file', args=[photo.pk, size])}?on_page={sign}"


def is_on_a_page(request, photo, size: str) -> bool:
    sign = request.GET.get("on_page", "")
    try:
        _signer.unsign(f"{_about(request.user, photo.pk, size)}:{sign}", max_age=SECONDS)
    except BadSignature:
        return False
    return True
