"""What comes out of a file: upright, in sRGB, three sizes, and nothing of the file but its pixels."""

import io

import pytest
from PIL import Image, ImageCms, PngImagePlugin

from photos import decoding
from photos.tests.pictures import QUARTERS, drawn, sent

GPS, INNER = 0x8825, 0x8769
SECRET = b"Zqsecretplace"
# How a picture is turned so that its orientation tag turns it back: exif value -> transposition of the upright one.
TURNS = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
KINDS = {"JPEG": "jpg", "PNG": "png", "HEIF": "heic"}


def exif_of(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = SECRET.decode()
    exif[0x010F], exif[0x0110] = "Acme", "Acme One"
    exif[0x013B] = SECRET.decode()  # artist
    exif.get_ifd(INNER).update({0x9003: "2026:11:17 10:40:00", 0xA405: 52, 0x9209: 16, 0x927C: SECRET})
    exif.get_ifd(GPS).update({1: "N", 2: (51.0, 30.0, 12.34), 3: "W", 4: (0.0, 7.0, 39.9)})
    return exif


def file_of(kind: str, orientation: int) -> bytes:
    upright = drawn((640, 480))
    turned = upright.transpose(TURNS[orientation]) if TURNS[orientation] is not None else upright
    out = io.BytesIO()
    options: dict = {"exif": exif_of(orientation)}
    xmp = b'<?xpacket begin=""?><x:xmpmeta xmlns:x="adobe:ns:meta/">' + SECRET + b"</x:xmpmeta>"
    if kind == "JPEG":
        options |= {"comment": SECRET, "quality": 98, "xmp": xmp}
    if kind == "PNG":
        text = PngImagePlugin.PngInfo()
        text.add_text("Author", SECRET.decode())
        text.add_itxt("XML:com.adobe.xmp", xmp.decode())
        options["pnginfo"] = text
    if kind == "HEIF":
        import pillow_heif

        pillow_heif.register_heif_opener()
        options |= {"quality": 95, "xmp": xmp, "exif": options["exif"].tobytes()}  # as bytes it is written as HEIC's own turn, too
    turned.save(out, kind, **options)
    return out.getvalue()


def colours_of(data: bytes) -> dict:
    """The colour in the middle of each quarter, by its nearest name."""
    with Image.open(io.BytesIO(data)) as picture:
        width, height = picture.size
        pixels = picture.convert("RGB")
        named = {"red": (255, 0, 0), "green": (0, 128, 0), "blue": (0, 0, 255), "white": (255, 255, 255)}

        def name_at(x, y):
            seen = pixels.getpixel((round(width * (0.25 + x / 2)), round(height * (0.25 + y / 2))))
            return min(named, key=lambda name: sum((a - b) ** 2 for a, b in zip(seen, named[name], strict=True)))

        return {name_at(x, y): (x, y) for x, y in QUARTERS.values()}


@pytest.mark.parametrize("orientation", TURNS)
@pytest.mark.parametrize("kind", KINDS)
def test_it_comes_out_upright_and_carries_nothing(kind, orientation):
    if kind == "HEIF" and not decoding.reads_heic():
        pytest.skip("the optional codec is not installed")
    data = file_of(kind, orientation)
    assert SECRET in data, "the control: it went in with it"
    made = decoding.decode(sent(data, f"photo.{KINDS[kind]}"))
    assert (made.width, made.height) == (640, 480)
    assert (made.camera, made.lens_mm, made.taken, made.flash) == ("Acme One", 52, "2026:11:17 10:40:00", False)
    for picture in (made.full, made.screen, made.thumb):
        assert colours_of(picture) == QUARTERS
        assert decoding.carried_by(picture) == []
        assert SECRET not in picture
        with Image.open(io.BytesIO(picture)) as read:
            assert not read.getexif()
            assert not ({"exif", "xmp", "comment", "icc_profile", "photoshop", "adobe"} & set(read.info))


def test_what_is_carried_is_seen():
    """The control: each kind of metadata alone is found in a JPEG that has it."""
    for options, segment in (
        ({"exif": exif_of(1)}, "E1"),
        ({"comment": b"words"}, "FE"),
        ({"icc_profile": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()}, "E2"),
        ({"xmp": b"<x/>"}, "E1"),
    ):
        out = io.BytesIO()
        drawn().save(out, "JPEG", **options)
        assert decoding.carried_by(out.getvalue()) == [segment]
    out = io.BytesIO()
    drawn().save(out, "JPEG")
    assert decoding.carried_by(out.getvalue()) == []
    assert decoding.carried_by(out.getvalue() + b"more") == ["behind"]


def test_heic_without_the_codec_is_answered_with_what_to_do(monkeypatch):
    if decoding.reads_heic():
        pytest.skip("the optional codec is installed")
    head = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + b"\x00\x00\x00\x08meta"
    with pytest.raises(decoding.NotAPhoto, match="Set the camera to its most compatible format"):
        decoding.decode(sent(head, "IMG_0001.HEIC"))


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "CMYK", "1", "I;16"])
def test_every_kind_of_pixel_comes_out_as_colours(mode):
    out = io.BytesIO()
    base = Image.new("L", (640, 480), 200).convert("I").point(lambda level: level * 256).convert("I;16") if mode == "I;16" else None
    (base or drawn().convert(mode)).save(out, "JPEG" if mode == "CMYK" else "PNG")
    made = decoding.decode(sent(out.getvalue()))
    with Image.open(io.BytesIO(made.full)) as picture:
        assert picture.mode == "RGB"
        if mode == "I;16":
            assert abs(picture.getpixel((300, 200))[0] - 200) < 4
    if mode in ("P", "RGBA", "CMYK"):
        assert colours_of(made.full) == QUARTERS


def test_colours_of_another_profile_are_brought_to_srgb():
    out = io.BytesIO()
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    Image.new("RGB", (640, 480), (120, 120, 120)).save(out, "PNG", icc_profile=b"broken" + profile)
    assert decoding.decode(sent(out.getvalue(), "a.png")).width == 640, "one that cannot be read is left aside"


def test_what_lets_through_lies_on_white():
    out = io.BytesIO()
    Image.new("RGBA", (640, 480), (255, 0, 0, 0)).save(out, "PNG")
    with Image.open(io.BytesIO(decoding.decode(sent(out.getvalue(), "a.png")).full)) as picture:
        assert picture.getpixel((10, 10)) == (255, 255, 255)


def test_the_sizes_are_bounded_and_a_small_one_is_not_blown_up():
    out = io.BytesIO()
    Image.new("RGB", (6000, 4500), "grey").save(out, "JPEG")
    made = decoding.decode(sent(out.getvalue()))
    sizes = []
    for data in (made.full, made.screen, made.thumb):
        with Image.open(io.BytesIO(data)) as picture:
            sizes.append(picture.size)
    assert sizes == [(4096, 3072), (1600, 1200), (360, 270)]


@pytest.mark.parametrize(
    "behind", [b"\xff\xd8\xff\xe0 another picture", b"\x00\x00\x00\x18ftypmp42 a few seconds", b"notes of a phone SEFT", b"\x00" * 40]
)
def test_what_cameras_write_behind_a_picture_is_no_reason_to_refuse_it(behind):
    out = io.BytesIO()
    drawn().save(out, "JPEG")
    made = decoding.decode(sent(out.getvalue() + behind))
    assert behind not in made.full
