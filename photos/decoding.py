"""
A file that somebody sent becomes three clean pictures, or a sentence that says why not. Nothing of the file is opened in this process.
"""

import hashlib
import importlib.util
import json
import subprocess
import sys
import tempfile
import threading
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext, gettext_noop

from . import decoder

PROGRAM = Path(decoder.__file__)
MOST_BYTES = 20_000_000
LONGEST_WAIT = 20  # seconds by the wall; its own time on the processor is bounded far below (see `decoder.fence`)
AT_ONCE = 2  # in one web process: each may take 512 MB
WAIT_FOR_A_TURN = 8  # seconds
ENDINGS = ("jpg", "jpeg", "png", "heic", "heif")
LIMITS = {
    "megabytes": MOST_BYTES // 1_000_000,
    "pixels": decoder.MOST_PIXELS // 1_000_000,
    "longest": f"{decoder.LONGEST_SIDE:,}",
    "shortest": decoder.SHORTEST_SIDE,
}
REASONS = {
    "empty": gettext_noop("The file is empty. Send a JPEG or PNG."),
    "too_large": gettext_noop("The file is larger than %(megabytes)s MB. Send a smaller one."),
    "hidden_name": gettext_noop("The name of the file holds characters that hide what it is. Rename it and send it again."),
    "wrong_ending": gettext_noop("The name of the file does not end like that of a photo (.jpg, .png or .heic). Send a JPEG or PNG."),
    "gif": gettext_noop("This is a GIF. Send a JPEG or PNG."),
    "pdf": gettext_noop("This is a PDF, not a photo. Send a JPEG or PNG."),
    "program": gettext_noop("This is a program, not a photo. Do not open it, and tell whoever looks after the computers."),
    "archive": gettext_noop("This is an archive, not a photo. Take the photo out and send it alone."),
    "other_picture": gettext_noop("This kind of picture cannot be kept. Send a JPEG or PNG."),
    "film": gettext_noop("This is a film or a moving picture. Send a still photo."),
    "page": gettext_noop("This is a drawing or a page in text (SVG, HTML), not a photo. Send a photo as JPEG or PNG."),
    "no_picture": gettext_noop("This is no picture. Send a JPEG or PNG."),
    "two_things": gettext_noop("This file is a picture and something else at once, so it is not kept. Take a new photo."),
    "something_behind": gettext_noop(
        "Something is hidden behind the end of this picture, so it is not kept. Save it anew as JPEG and send that."
    ),
    "broken": gettext_noop("The picture is cut off or damaged and cannot be read. Take it again, or send it again."),
    "too_many_pixels": gettext_noop(
        "The picture has too many pixels: %(pixels)s million at most, half of that where parts of it let through, "
        "and %(longest)s on one side. Send a smaller one."
    ),
    "too_small": gettext_noop("The picture is too small: %(shortest)s pixels at least on the short side. Send the camera's own file."),
    "too_much": gettext_noop("Reading this picture takes more memory or time than any photo does, so it is not kept. Take a new photo."),
    "no_codec": gettext_noop("HEIC cannot be read here. Set the camera to its most compatible format, or send the photo as JPEG."),
    "busy": gettext_noop("Several photos are being read right now. Send it again in a few seconds."),
}
_turns = threading.BoundedSemaphore(AT_ONCE)


class NotAPhoto(Exception):
    """Nothing is kept; the text says why and what to do. code: of `REASONS`."""

    def __init__(self, code: str):
        super().__init__(gettext(REASONS[code]) % LIMITS)
        self.code = code


@dataclass(frozen=True)
class Decoded:
    """sha256, size, kind: of the file as it was sent. full, screen, thumb: JPEGs. The rest as the camera says."""

    sha256: str
    size: int
    kind: str
    full: bytes
    screen: bytes
    thumb: bytes
    width: int
    height: int
    camera: str
    lens_mm: int | None
    flash: bool | None
    taken: str


def reads_heic() -> bool:
    """Whether the optional codec is installed (requirements-heic.txt)."""
    return importlib.util.find_spec("pillow_heif") is not None


def decode(file, *, name: str = "") -> Decoded:
    """
    *file*: as Django hands an upload over. It is read, never kept.

    Raises:
        NotAPhoto: it is none, or one that is not safe to keep.
    """
    if file.size == 0:
        raise NotAPhoto("empty")
    if file.size > MOST_BYTES:
        raise NotAPhoto("too_large")
    _judge_name(name)
    with tempfile.TemporaryFile() as sent, tempfile.TemporaryFile() as made:
        digest = hashlib.sha256()
        for piece in file.chunks():
            digest.update(piece)
            sent.write(piece)
        sent.seek(0)
        _run(sent, made)
        said, pictures = _answer(made)
    full, screen, thumb = pictures
    return Decoded(
        sha256=digest.hexdigest(),
        size=file.size,
        full=full,
        screen=screen,
        thumb=thumb,
        **{key: said[key] for key in ("kind", "width", "height", "camera", "lens_mm", "flash", "taken")},
    )


def _judge_name(name: str) -> None:
    """It is used for nothing; but whoever sends a name that lies is told so."""
    if any(unicodedata.category(letter) in ("Cc", "Cf") for letter in name):
        raise NotAPhoto("hidden_name")
    _, dot, ending = name.rpartition(".")
    if dot and ending.lower() not in ENDINGS:
        raise NotAPhoto("wrong_ending")


def _run(sent, made) -> None:
    if not _turns.acquire(timeout=WAIT_FOR_A_TURN):
        raise NotAPhoto("busy")
    try:
        done = subprocess.run(  # noqa: S603 - our own program, no text of anybody in the command
            [sys.executable, "-I", str(PROGRAM)],
            stdin=sent,
            stdout=made,
            stderr=subprocess.DEVNULL,
            env={},
            timeout=LONGEST_WAIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NotAPhoto("too_much") from None
    finally:
        _turns.release()
    if done.returncode:
        raise NotAPhoto("too_much")  # ended by the system: memory, time or output


def _answer(made) -> tuple[dict, list[bytes]]:
    """What the program says, looked at once more: it read a file of a stranger."""
    made.seek(0)
    try:
        said = json.loads(made.readline(10_000))
    except ValueError:
        raise NotAPhoto("too_much") from None
    if "refused" in said:
        raise NotAPhoto(said["refused"] if said["refused"] in REASONS else "broken")
    pictures = [made.read(size) for size in said["sizes"]]
    if len(pictures) != len(decoder.SIZES) or any(carried_by(one) for one in pictures):
        raise NotAPhoto("broken")
    return said, pictures


def carried_by(jpeg: bytes) -> list[str]:
    """What a JPEG carries besides its picture, by the names of its segments; of a clean one: nothing."""
    if not jpeg.startswith(b"\xff\xd8"):
        return ["no JPEG"]
    at, found = 2, []
    while jpeg[at : at + 1] == b"\xff":
        marker, length = jpeg[at + 1], int.from_bytes(jpeg[at + 2 : at + 4])
        if (0xE1 <= marker <= 0xEF) or marker == 0xFE or (marker == 0xE0 and not jpeg[at + 4 :].startswith(b"JFIF\x00")):
            found.append(f"{marker:02X}")
        if marker == 0xDA:
            end = jpeg.rfind(b"\xff\xd9")
            return found if end == len(jpeg) - 2 else [*found, "behind"]
        at += 2 + length
    return [*found, "broken"]
