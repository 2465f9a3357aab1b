"""
Files that want something else than to be looked at, made here. Each is refused with a reason, in under five seconds, in less than 512 MB,
and nothing of it is stored; the process that answers the web opens none of them.
"""

import gzip
import io
import json
import os
import resource
import struct
import subprocess
import sys
import time
import zipfile
import zlib
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from PIL import Image

from photos import decoder, decoding
from photos.tests.pictures import drawn, jpeg, sent
from photos.tests.test_decoding import file_of

MEGABYTES = 1 << 20
_PNG = b"\x89PNG\r\n\x1a\n"


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def header(width: int, height: int, depth: int = 8, colour: int = 2) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))


def png_of(width: int, height: int, *, rows: bytes | None = None, depth: int = 8, colour: int = 2) -> bytes:
    packed = zlib.compress(rows if rows is not None else b"\x00" * 1000)
    return _PNG + header(width, height, depth, colour) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def flood(width: int, height: int) -> bytes:
    """A whole and valid PNG of one colour: a few thousand bytes that become gigabytes."""
    pack, row = zlib.compressobj(9), b"\x00" + b"\x00" * ((width + 7) // 8)
    data = b"".join(pack.compress(row * 500) for _ in range(height // 500)) + pack.flush()
    return _PNG + header(width, height, 1, 0) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def small_png() -> bytes:
    out = io.BytesIO()
    drawn().save(out, "PNG")
    return out.getvalue()


def before_the_end(png: bytes, *chunks: bytes) -> bytes:
    return png[:-12] + b"".join(chunks) + png[-12:]


def zipped(name: str, data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, data)
    return out.getvalue()


def saved(kind: str, picture=None, **options) -> bytes:
    out = io.BytesIO()
    (picture or drawn()).save(out, kind, **options)
    return out.getvalue()


def box(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data) + 8) + name + data


def heic(*boxes: bytes, brand: bytes = b"heic") -> bytes:
    return box(b"ftyp", brand + b"\x00\x00\x00\x00mif1" + brand) + b"".join(boxes)


def nested_tiles(depth: int) -> bytes:
    """A grid whose tiles are grids, each of 256 by 256 of the next."""
    sizes = box(b"ispe", struct.pack(">III", 0, 0xFFFF, 0xFFFF))
    inner = b"".join(box(b"infe", struct.pack(">IHH", 0x02000000, item, 0) + b"grid\x00") for item in range(1, depth))
    refs = b"".join(box(b"dimg", struct.pack(">HHH", item, 1, item % depth + 1)) for item in range(1, depth))
    meta = b"\x00" * 4 + box(b"pitm", struct.pack(">IH", 0, 1)) + box(b"iinf", struct.pack(">IH", 0, depth - 1) + inner)
    meta += (
        box(b"iref", b"\x00" * 4 + refs)
        + box(b"iprp", box(b"ipco", sizes))
        + box(b"idat", struct.pack(">BBBBHH", 0, 0, 255, 255, 65535, 65535))
    )
    return heic(box(b"meta", meta))


SCRIPT = b"<script>alert(document.cookie)</script>"
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)">' + SCRIPT + b"</svg>"


def corpus() -> dict[str, tuple[str, object]]:
    """{what it is: (its name, its bytes, or what makes them)}."""
    picture, png = jpeg(), small_png()
    gif = saved("GIF", drawn().convert("P"))
    segment = lambda marker, data: bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data  # noqa: E731
    with_words = lambda marker, data: picture[:2] + segment(marker, data) + picture[2:]  # noqa: E731
    return {
        "nothing": ("photo.jpg", b""),
        "one byte": ("photo.jpg", b"\xff"),
        "zeros": ("photo.jpg", b"\x00" * 100_000),
        "words": ("photo.jpg", b"This is not a photo." * 50),
        "too large": ("photo.jpg", lambda: picture + b"\x00" * decoding.MOST_BYTES),
        "a drawing with a script": ("photo.svg", SVG),
        "a drawing with a script called a photo": ("photo.jpg", SVG),
        "a drawing behind a mark of order": ("photo.png", b"\xef\xbb\xbf  " + SVG),
        "a packed drawing": ("photo.jpg", gzip.compress(SVG)),
        "a page called a photo": ("photo.jpg", b"<!DOCTYPE html><html>" + SCRIPT + b"</html>"),
        "a program for Windows": ("photo.jpg", b"MZ\x90\x00" + b"\x00" * 4000),
        "a program for Linux": ("photo.png", b"\x7fELF\x02\x01\x01" + b"\x00" * 4000),
        "a program for the shell": ("photo.jpg", b"#!/bin/sh\nrm -rf /\n"),
        "a program in bytes of Java": ("photo.jpg", b"\xca\xfe\xba\xbe\x00\x00\x00\x34" + b"\x00" * 400),
        "a program by its name": ("photo.jpg.exe", picture),
        "a script by its name": ("photo.php", picture),
        "a drawing by its name": ("photo.svg", picture),
        "a name that reads backwards": ("photo\u202egpj.exe", picture),
        "a name that reads backwards and ends well": ("gnp.exe\u202e.jpg", picture),
        "a name with a hidden letter": ("photo\u200b.jpg", picture),
        "a name with a new line": ("photo\n.jpg", picture),
        "an archive": ("photo.jpg", zipped("a.jpg", picture)),
        "a PDF": ("photo.jpg", b"%PDF-1.7\n" + b"x" * 1000),
        "a GIF": ("photo.jpg", gif),
        "a bitmap": ("photo.jpg", saved("BMP")),
        "a TIFF": ("photo.jpg", saved("TIFF")),
        "a WebP": ("photo.jpg", saved("WEBP")),
        "an icon": ("photo.png", b"\x00\x00\x01\x00\x01\x00" + b"\x00" * 500),
        "a Photoshop file": ("photo.jpg", b"8BPS\x00\x01" + b"\x00" * 500),
        "a film": ("photo.heic", box(b"ftyp", b"isom\x00\x00\x02\x00isomiso2mp41") + b"\x00" * 500),
        "an AVIF": ("photo.heic", box(b"ftyp", b"avif\x00\x00\x00\x00avifmif1"[:8] + b"avif") + b"\x00" * 500),
        "a picture and an archive": ("photo.jpg", picture + zipped("evil.class", b"\xca\xfe\xba\xbe")),
        "a picture and a page": ("photo.jpg", picture + b"<html>" + SCRIPT),
        "a picture and a program": ("photo.jpg", picture + b"MZ\x90\x00" + b"\x00" * 900),
        "a picture and a PDF": ("photo.jpg", picture + b"\n%PDF-1.7\n%%EOF"),
        "a script in a comment": ("photo.jpg", with_words(0xFE, b"*/" + SCRIPT + b"/*")),
        "a script for the server in its facts": ("photo.jpg", with_words(0xE1, b"Exif\x00\x00<?php system($_GET['c']); ?>")),
        "a PDF in a segment": ("photo.jpg", with_words(0xE5, b"%PDF-1.4 1 0 obj")),
        "a script in a text of a PNG": ("photo.png", before_the_end(png, chunk(b"tEXt", b"Comment\x00" + SCRIPT))),
        "words behind the end of a PNG": ("photo.png", png + b"and here are the words that were hidden"),
        "an archive behind the end of a PNG": ("photo.png", png + zipped("a.exe", b"MZ")),
        "a moving PNG": ("photo.png", before_the_end(png, chunk(b"acTL", struct.pack(">II", 2, 0)))),
        "a JPEG cut in half": ("photo.jpg", picture[: len(picture) // 2]),
        "a JPEG of its head alone": ("photo.jpg", picture[:200]),
        "a JPEG with a segment that is too long": ("photo.jpg", picture[:2] + b"\xff\xe1\xff\xff" + picture[2:2000]),
        "a PNG cut in half": ("photo.png", png[: len(png) // 2]),
        "a PNG with wrong sums": ("photo.png", png.replace(b"IDAT", b"IDAT\x00", 1)),
        "a PNG with a chunk that is too long": ("photo.png", _PNG + header(640, 480) + struct.pack(">I", 0x7FFFFFFF) + b"IDAT"),
        "a PNG of no size": ("photo.png", png_of(0, 0)),
        "a PNG with less rows than it says": ("photo.png", png_of(4000, 4000)),
        "a flood of pixels": ("photo.png", lambda: flood(30_000, 30_000)),
        "a head that says it is a flood": ("photo.png", png_of(30_000, 30_000)),
        "a head of two thousand million": ("photo.png", png_of(0x7FFFFFFF, 0x7FFFFFFF)),
        "a JPEG that says it is a flood": ("photo.jpg", _says_size(picture, 65_500, 65_500)),
        "a long strip": ("photo.png", lambda: flood(16, 40_000)),
        "a bomb of text": (
            "photo.png",
            lambda: before_the_end(png, *[chunk(b"zTXt", b"a\x00\x00" + zlib.compress(b"A" * 60 * MEGABYTES, 9))] * 3),
        ),
        "a bomb of colours": (
            "photo.png",
            lambda: _PNG + png[8:33] + chunk(b"iCCP", b"a\x00\x00" + zlib.compress(b"A" * 99 * MEGABYTES)) + png[33:60],
        ),
        "a picture of one dot": ("photo.png", saved("PNG", Image.new("RGB", (1, 1)))),
        "tiles in tiles": ("photo.heic", nested_tiles(40)),
        "a HEIC of its head alone": ("photo.heic", heic()),
        "a HEIC with a box that is too long": ("photo.heic", heic(struct.pack(">I", 0x7FFFFFFF) + b"meta")),
        "a HEIC and a page": ("photo.heic", heic(box(b"free", SCRIPT))),
    }


def _says_size(picture: bytes, width: int, height: int) -> bytes:
    at = picture.index(b"\xff\xc0")
    return picture[: at + 5] + struct.pack(">HH", height, width) + picture[at + 9 :]


CORPUS = corpus()


def made(what: str) -> tuple[str, bytes]:
    name, data = CORPUS[what]
    return name, data() if callable(data) else data


def test_there_are_enough():
    assert len(CORPUS) >= 40


def seconds() -> float:
    """Of the processor, used here and by the programs started here: what a file costs, whoever else works on this machine."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + spent.ru_utime + spent.ru_stime


@pytest.fixture(autouse=True)
def place(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "files"


def answers() -> dict[str, dict]:
    """What became of each file. largest_mb: the largest program that was started up to then."""
    found = {}
    for what in CORPUS:
        name, data = made(what)
        start, said = seconds(), {"code": "", "words": ""}
        try:
            decoding.decode(sent(data, name), name=name)
        except decoding.NotAPhoto as refusal:
            said = {"code": refusal.code, "words": str(refusal)}
        found[what] = said | {"seconds": seconds() - start, "largest_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024}
    return found


_ALONE = """
import json, sys
import django
from django.conf import settings
settings.MEDIA_ROOT = sys.argv[1]
django.setup()
from photos.tests.test_hostile_files import answers
print(json.dumps(answers()))
"""


@pytest.fixture(scope="module")
def in_a_process_of_their_own(tmp_path_factory):
    """
    (the answers, where files are stored). Asked in a small process: the system counts the memory of whoever starts a program towards
    that program, and a process that has run five thousand tests is large.
    """
    folder = tmp_path_factory.mktemp("files")
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "microneedle_clinic.settings"}
    run = subprocess.run(
        [sys.executable, "-c", _ALONE, folder], cwd=django_settings.BASE_DIR, env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout), folder


@pytest.mark.parametrize("what", CORPUS)
def test_it_is_refused_quickly_with_a_reason_and_nothing_is_kept(in_a_process_of_their_own, what):
    answers, folder = in_a_process_of_their_own
    said = answers[what]
    assert said["code"] in decoding.REASONS
    assert len(said["words"]) > 20
    assert said["seconds"] < 5
    assert said["largest_mb"] < 512
    assert not [path for path in Path(folder).rglob("*") if path.is_file()]


def test_reasons_are_told_apart():
    """A refusal helps only where it says what is wrong: these are the ones people meet."""
    expected = {
        "nothing": "empty",
        "too large": "too_large",
        "a drawing with a script called a photo": "page",
        "a program for Windows": "program",
        "a program by its name": "wrong_ending",
        "a name that reads backwards": "hidden_name",
        "a GIF": "gif",
        "a PDF": "pdf",
        "an archive": "archive",
        "a film": "film",
        "a moving PNG": "film",
        "a picture and an archive": "two_things",
        "a script in a comment": "two_things",
        "words behind the end of a PNG": "something_behind",
        "a JPEG cut in half": "broken",
        "a flood of pixels": "too_many_pixels",
        "a picture of one dot": "too_small",
    }
    for what, code in expected.items():
        name, data = made(what)
        with pytest.raises(decoding.NotAPhoto) as refusal:
            decoding.decode(sent(data, name), name=name)
        assert refusal.value.code == code, what


def test_what_is_good_passes_the_same_doors():
    """The control: the pictures the hostile ones were made from are kept."""
    assert decoding.decode(sent(jpeg(), "photo.jpg"), name="photo.jpg").kind == "jpeg"
    assert decoding.decode(sent(small_png(), "photo.png"), name="photo.png").kind == "png"
    assert decoding.decode(sent(file_of("JPEG", 6), "IMG 0001.JPEG"), name="IMG 0001.JPEG").width == 640


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("held = bytearray(900 << 20)", "too_much"),
        ("while True: pass", "too_much"),
        ("import os; os.abort()", "too_much"),
        ("import sys; sys.stdout.buffer.write(b'x' * (60 << 20))", "too_much"),
        ("print('no answer')", "too_much"),
        ("import json; print(json.dumps({'refused': 'something else'}))", "broken"),
    ],
)
def test_a_program_that_is_taken_over_is_ended_by_the_system(tmp_path, monkeypatch, body, code):
    """As if a file had broken into the decoder: more memory, time or output than it may have, and it is gone; the web goes on."""
    program = tmp_path / "taken_over.py"
    program.write_text(f"import sys\nsys.path.insert(0, {str(Path(decoder.__file__).parent)!r})\nimport decoder\ndecoder.fence()\n{body}\n")
    monkeypatch.setattr(decoding, "PROGRAM", program)
    start = seconds()
    with pytest.raises(decoding.NotAPhoto) as refusal:
        decoding.decode(sent(jpeg()))
    assert refusal.value.code == code
    assert seconds() - start < 6


def test_an_answer_that_carries_something_is_not_believed(tmp_path, monkeypatch):
    data = jpeg(comment=b"where it was taken")
    program = tmp_path / "careless.py"
    facts = {"kind": "jpeg", "width": 1, "height": 1, "camera": "", "lens_mm": None, "flash": None, "taken": "", "sizes": [len(data)] * 3}
    program.write_text(f"import sys, json\nsys.stdout.buffer.write(json.dumps({facts!r}).encode() + b'\\n' + {data!r} * 3)\n")
    monkeypatch.setattr(decoding, "PROGRAM", program)
    with pytest.raises(decoding.NotAPhoto):
        decoding.decode(sent(jpeg()))


def test_only_so_many_are_read_at_once(monkeypatch):
    monkeypatch.setattr(decoding, "WAIT_FOR_A_TURN", 0.01)
    for _ in range(decoding.AT_ONCE):
        decoding._turns.acquire()
    try:
        with pytest.raises(decoding.NotAPhoto, match="in a few seconds"):
            decoding.decode(sent(jpeg()))
    finally:
        for _ in range(decoding.AT_ONCE):
            decoding._turns.release()
