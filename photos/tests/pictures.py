"""Pictures for tests: drawn here, plainly of nobody; and photos kept without the decoder, where a test is about something else."""

import datetime as dt
import io
import itertools

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image, ImageDraw

from consent import photos as consent_photos
from photos import storage
from photos.models import Photo

_keys = itertools.count(1)
QUARTERS = {"red": (0, 0), "green": (1, 0), "blue": (0, 1), "white": (1, 1)}  # where each colour stands in an upright picture


def drawn(size=(640, 480), mode="RGB") -> Image.Image:
    """Four quarters of four colours: how it stands can be read from its pixels."""
    picture = Image.new(mode, size)
    pen = ImageDraw.Draw(picture)
    width, height = size[0] // 2, size[1] // 2
    for colour, (x, y) in QUARTERS.items():
        pen.rectangle((x * width, y * height, (x + 1) * width - 1, (y + 1) * height - 1), fill=colour)
    return picture


def jpeg(size=(640, 480), **options) -> bytes:
    out = io.BytesIO()
    picture = drawn(size)
    picture.putpixel((0, 0), (next(_keys) % 200, 0, 0))  # no two files of a test are the same
    picture.save(out, "JPEG", quality=100, **options)
    return out.getvalue()


def sent(data: bytes, name="photo.jpg", kind="image/jpeg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, content_type=kind)


def allow(patient, *, by, record=True, **uses) -> None:
    consent_photos.answer(
        patient, {"record": record, **uses}, language="en", said_by=str(patient), by=by, request_key=f"test-{next(_keys)}"
    )


def photo_of(patient, *, by, allowed=True, data: bytes = b"", **fields) -> Photo:
    """One that is kept, with files in the storage; without the decoder, which has its own tests."""
    if allowed:
        allow(patient, by=by)
    data = data or jpeg((480, 640))
    name = [storage.write(data) for _ in range(3)]
    digest, key = storage.sha256(data), f"photo-{next(_keys)}"
    given = {
        "occasion": "session" if fields.get("session") else "baseline",
        "area": "face",
        "area_label": "Face",
        "view": "front",
        "taken_at": timezone.now() - dt.timedelta(minutes=5),
        "way": "camera",
        "light": "lamp",
        "distance_cm": 90,
        "make_up": False,
        "lens_mm": 52,
        "camera": "Acme One",
        "width": 480,
        "height": 640,
        "original_kind": "jpeg",
        "original_bytes": len(data),
        "original_sha256": storage.sha256(key.encode()),
        "added_at": timezone.now(),
        "request_key": key,
        **{f"{size}_file": one for size, one in zip(("full", "screen", "thumb"), name, strict=True)},
        **dict.fromkeys(("full_sha256", "screen_sha256", "thumb_sha256"), digest),
    }
    return Photo.objects.create(patient=patient, site=patient.site, added_by=by, **{**given, **fields})
