"""
Makes three clean pictures of one that somebody sent. A program of its own, started by `photos.decoding`: it reads the file from standard
input, writes to standard output and touches nothing else, so that a hostile file takes down this process and no other.

What comes out is new: upright, in sRGB, with nothing of the file it was made from but its pixels. Standard library and Pillow alone.
"""

import io
import json
import re
import resource
import struct
import sys

MEGABYTE = 1 << 20
MOST_MEMORY = 512 * MEGABYTE  # of addresses, which is more than is ever used
MOST_SECONDS = 4  # of the processor
MOST_OUTPUT = 48 * MEGABYTE
MOST_PIXELS = 50_000_000
LONGEST_SIDE = 12_000
SHORTEST_SIDE = 480
# (name, longest side in pixels, quality of the JPEG)
SIZES = (("full", 4096, 92), ("screen", 1600, 86), ("thumb", 360, 80))
HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")
# What stands in no picture, but in files that want to be something else as well.
FOREIGN = re.compile(rb"<script|<\?php|<svg[\s>]|<html|<iframe|<!doctype|javascript:|%PDF-", re.IGNORECASE)
NOT_PICTURES = (
    (b"GIF8", "gif"),
    (b"%PDF", "pdf"),
    (b"MZ", "program"),
    (b"\x7fELF", "program"),
    (b"\xca\xfe\xba\xbe", "program"),
    (b"#!", "program"),
    (b"PK\x03\x04", "archive"),
    (b"\x1f\x8b", "archive"),
    (b"Rar!", "archive"),
    (b"7z\xbc\xaf", "archive"),
    (b"BM", "other_picture"),
    (b"II*\x00", "other_picture"),
    (b"MM\x00*", "other_picture"),
    (b"RIFF", "other_picture"),
    (b"\x00\x00\x01\x00", "other_picture"),
    (b"8BPS", "other_picture"),
)


class Refused(Exception):
    """code: of `photos.decoding.REASONS`."""


def fence() -> None:
    """From here on no more memory, time or output than this: the system itself ends what goes beyond."""
    for what, most in (
        (resource.RLIMIT_AS, MOST_MEMORY),
        (resource.RLIMIT_CPU, MOST_SECONDS),
        (resource.RLIMIT_FSIZE, MOST_OUTPUT),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        try:
            resource.setrlimit(what, (most, most))
        except (ValueError, OSError):
            if sys.platform.startswith("linux"):
                raise  # where it can be had, nothing is decoded without it


def kind_of(data: bytes) -> str:
    """jpeg, png or heic, by what the file is and not by what it is called."""
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data[4:8] == b"ftyp":
        brands = {data[8:12], *(data[at : at + 4] for at in range(16, min(struct.unpack(">I", data[:4])[0], 64), 4))}
        if brands & set(HEIC_BRANDS):
            return "heic"
        raise Refused("other_picture" if b"avif" in brands else "film")
    for start, code in NOT_PICTURES:
        if data.startswith(start):
            raise Refused(code)
    if re.match(rb"\s*(<\?xml|<!|<svg|<html|<script)", data[:200].lstrip(b"\xef\xbb\xbf"), re.IGNORECASE):
        raise Refused("page")
    raise Refused("no_picture")


# Is it a picture and nothing else?


def look_through(kind: str, data: bytes) -> None:
    """Refuse a file that is a picture and something else at once."""
    words, behind = {"jpeg": _jpeg, "png": _png, "heic": _boxes}[kind](data)
    if FOREIGN.search(words) or FOREIGN.search(behind) or _is_archive(data):
        raise Refused("two_things")
    if behind.strip(b"\x00\xff\r\n ") and not (kind == "jpeg" and _cameras_write(behind)):
        raise Refused("something_behind")


def _cameras_write(behind: bytes) -> bool:
    """Behind the picture: further ones (depth, light), a few seconds of film, or Samsung's own notes."""
    return behind.startswith(b"\xff\xd8\xff") or behind[4:8] == b"ftyp" or behind.endswith(b"SEFT")


def _is_archive(data: bytes) -> bool:
    """A zip is read from its end: a picture with one behind it is both."""
    at = data.rfind(b"PK\x05\x06", max(0, len(data) - 70_000))
    return at >= 0 and len(data) - at >= 22 and at + 22 + struct.unpack("<H", data[at + 20 : at + 22])[0] <= len(data)


def _jpeg(data: bytes) -> tuple[bytes, bytes]:
    """(what its segments say, what stands behind the picture)."""
    at, words = 2, []
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker == 0xD9:
            return b"\n".join(words), data[at + 2 :]
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:
            at += 2
            continue
        length = struct.unpack(">H", data[at + 2 : at + 4])[0]
        if length < 2 or at + 2 + length > len(data):
            raise Refused("broken")
        if 0xE0 <= marker <= 0xEF or marker == 0xFE:
            words.append(data[at + 4 : at + 2 + length])
        at += 2 + length
        if marker == 0xDA:
            found = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]").search(data, at)
            if found is None:
                return b"\n".join(words), b""
            at = found.start()
    if data[at : at + 2] == b"\xff\xd9":
        return b"\n".join(words), data[at + 2 :]
    raise Refused("broken")


def _png(data: bytes) -> tuple[bytes, bytes]:
    at, words = 8, []
    while at + 12 <= len(data):
        length, name = struct.unpack(">I4s", data[at : at + 8])
        end = at + 12 + length
        if end > len(data):
            raise Refused("broken")
        if name == b"acTL":
            raise Refused("film")
        if name != b"IDAT":
            words.append(data[at + 8 : end - 4])
        if name == b"IEND":
            return b"\n".join(words), data[end:]
        at = end
    raise Refused("broken")


def _boxes(data: bytes) -> tuple[bytes, bytes]:
    """Of a HEIC: every box but the pictures' own bytes."""
    at, words = 0, []
    while at + 8 <= len(data):
        length, name = struct.unpack(">I4s", data[at : at + 8])
        if length == 1 and at + 16 <= len(data):
            length = struct.unpack(">Q", data[at + 8 : at + 16])[0]
        if length == 0:
            length = len(data) - at
        if length < 8 or at + length > len(data) or not name.isalnum():
            return b"\n".join(words), data[at:]
        if name != b"mdat":
            words.append(data[at : at + length])
        at += length
    return b"\n".join(words), data[at:]


# From the file to three clean pictures


def opened(kind: str, data: bytes):
    from PIL import Image, ImageFile

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    if kind == "heic":
        try:
            import pillow_heif
        except ImportError:
            raise Refused("no_codec") from None
        pillow_heif.register_heif_opener(thumbnails=False, decode_threads=1)
        formats = ["HEIF"]
    else:
        formats = [kind.upper()]
    picture = Image.open(io.BytesIO(data), formats=formats)
    width, height = picture.size
    # One that lets through is held twice while it is made smaller.
    most = MOST_PIXELS // 2 if picture.mode in ("LA", "PA", "RGBA") or "transparency" in picture.info else MOST_PIXELS
    if width * height > most or max(width, height) > LONGEST_SIDE:
        raise Refused("too_many_pixels")
    if min(width, height) < SHORTEST_SIDE:
        raise Refused("too_small")
    return picture


def facts_of(picture) -> dict:
    """What the camera says of itself and of the moment; never where it was."""
    exif = picture.getexif()
    inner = exif.get_ifd(0x8769)
    make, model = (_word(exif.get(tag)) for tag in (0x010F, 0x0110))
    try:
        lens = int(inner.get(0xA405) or 0)
    except (TypeError, ValueError):
        lens = 0
    flash = inner.get(0x9209)
    return {
        "camera": (model if model.lower().startswith(make.lower()) else f"{make} {model}").strip()[:60],
        "lens_mm": lens if 1 <= lens <= 2000 else None,
        "flash": bool(flash & 1) if isinstance(flash, int) else None,
        "taken": _word(inner.get(0x9003))[:19],
    }


def _word(value) -> str:
    return re.sub(r"[^ -~]", "", value).strip()[:60] if isinstance(value, str) else ""


def clean(picture):
    """*picture* upright, in sRGB, on white where it let through, with nothing else about it; no larger than the largest size."""
    from PIL import Image, ImageOps

    side = SIZES[0][1]
    picture.draft("RGB", (side, side))  # a JPEG is read smaller at once
    picture.load()
    profile = picture.info.get("icc_profile")
    if picture.mode in ("1", "P", "PA"):
        picture = picture.convert("RGBA" if "transparency" in picture.info or picture.mode == "PA" else "RGB")
    elif picture.mode.startswith("I"):
        picture = picture.convert("I")
    picture.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)  # before anything that makes another of its size
    if picture.mode == "I":
        picture = picture.point(lambda level: level * (1 / 256)).convert("L")
    picture = ImageOps.exif_transpose(picture)
    picture = _on_srgb(picture, profile)
    if picture.mode in ("LA", "RGBA", "RGBa", "La"):
        picture = picture.convert("RGBA")
        ground = Image.new("RGB", picture.size, "white")
        ground.paste(picture, mask=picture.getchannel("A"))
        picture = ground
    picture = picture.convert("RGB")
    picture.info = {}
    return picture


def _on_srgb(picture, profile):
    """Colours as they were meant; a profile that cannot be read is left aside."""
    if not profile or picture.mode not in ("RGB", "RGBA", "L", "CMYK"):
        return picture
    from PIL import ImageCms

    try:
        alpha = picture.getchannel("A") if picture.mode == "RGBA" else None
        bare = picture.convert("RGB") if alpha else picture
        given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        found = ImageCms.profileToProfile(bare, given, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return picture
    if alpha:
        found.putalpha(alpha)
    return found


def sizes_of(picture) -> list[bytes]:
    """The JPEGs of `SIZES` of a clean picture, largest first."""
    from PIL import Image

    made = []
    for _, side, quality in SIZES:
        picture = picture.copy()
        picture.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
        picture.info = {}
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=quality, subsampling=0 if quality > 90 else 2)
        made.append(out.getvalue())
    return made


def decode(data: bytes) -> tuple[dict, list[bytes]]:
    kind = kind_of(data)
    look_through(kind, data)
    picture = opened(kind, data)
    facts = facts_of(picture)
    picture = clean(picture)
    return {"kind": kind, "width": picture.width, "height": picture.height, **facts}, sizes_of(picture)


def main() -> int:
    fence()
    made: list[bytes] = []
    try:
        said, made = decode(sys.stdin.buffer.read())
        said["sizes"] = [len(one) for one in made]
    except Refused as refusal:
        said = {"refused": str(refusal)}
    except MemoryError:
        said = {"refused": "too_much"}
    except Exception as error:
        bomb = type(error).__name__.startswith("DecompressionBomb")
        said = {"refused": "too_many_pixels" if bomb else "broken"}
    out = sys.stdout.buffer
    out.write(json.dumps(said).encode() + b"\n")
    for one in made:
        out.write(one)
    out.flush()
    return 0


if __name__ == "__main__":
    import warnings

    warnings.simplefilter("ignore")
    sys.exit(main())
