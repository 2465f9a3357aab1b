"""
Chosen photos of one patient as an archive, for one use the patient allows at this moment: in the record, for teaching, for marketing.

For teaching and marketing nothing in it says whose they are. A picture itself may: that is what the patient was asked.
"""

import json
from collections.abc import Iterator

from django.utils import timezone, translation

from photos import permission, storage
from photos.models import Photo

from .zipping import PIECE, Archive

README = {
    permission.Use.RECORD: "Photos of patient no. {number}, from the record.\n",
    permission.Use.TEACHING: "Photos that the patient allows for teaching, and for nothing else.\n",
    permission.Use.MARKETING: "Photos that the patient allows for marketing, and for nothing else.\n",
}
REST = """
photos.json   what each shows and how it was taken
SHA256SUMS    checksums: `sha256sum -c SHA256SUMS`

The permission stood on {day}. It can be taken back at any time: ask the clinic before each further use.
"""


def archive(photos: list[Photo], use: str, *, number: int) -> Iterator[bytes]:
    """
    Piece by piece; one picture is in memory at once. The permission is asked anew before each picture.

    Raises:
        permission.NotAllowed: it does not stand, or was taken back meanwhile. storage.NotTheFile: a file is gone or changed.
    """
    now = timezone.localtime()
    made = Archive(now.timetuple()[:6])
    text = README[use].format(number=number) + REST.format(day=now.date().isoformat())
    yield from made.add("README.txt", iter([text.encode()]))
    facts = []
    for place, photo in enumerate(photos, start=1):
        try:
            permission.ask(photo.patient, use)
            data = storage.read(photo.full_file, photo.full_sha256)
        except (permission.NotAllowed, storage.NotTheFile):
            made.drop()
            raise
        name = f"photos/{place:03d}-{photo.area}-{photo.view}.jpg".replace("_", "-")
        yield from made.add(name, (data[start : start + PIECE] for start in range(0, len(data), PIECE)))
        with translation.override("en-gb"):
            facts.append(_facts(name, photo, use))
    about = {"use": str(use), "taken_out_on": now.date().isoformat(), "photos": facts}
    yield from made.add("photos.json", iter([json.dumps(about, indent=1, ensure_ascii=False).encode()]))
    yield from made.end()


def _facts(name: str, photo: Photo, use: str) -> dict:
    said = {
        "file": name,
        "sha256": photo.full_sha256,
        "area": photo.area_label,
        "view": photo.view_label,
        "occasion": photo.occasion_label,
        "light": photo.get_light_display(),
        "distance_cm": photo.distance_cm,
        "lens_mm": photo.lens_mm,
    }
    if use == permission.Use.RECORD:
        said |= {"photo": photo.pk, "taken_on": photo.site.day_of(photo.taken_at).isoformat(), "original_sha256": photo.original_sha256}
    return said
