"""
The fonts of the sheet: two installed packages and nothing else, so that every machine prints the same page.

Inter comes as one variable file, and WeasyPrint would cut regular and bold out of it for every sheet, which costs ten
times the rest of the work. So both are cut once per machine and kept; Noto for other scripts is used as it is.
"""

import importlib.metadata
import importlib.util
import os
import tempfile
import unicodedata
from functools import lru_cache
from pathlib import Path
from xml.sax.saxutils import escape

FAMILY = "Sheet Inter"
WEIGHTS = {400: "Regular", 700: "Bold"}
# Latin with Vietnamese, Greek, Cyrillic, punctuation, currency, tick and cross. Other letters come from Noto.
LETTERS = (
    (0x20, 0x7E),
    (0xA0, 0x24F),
    (0x259, 0x259),
    (0x2B0, 0x2FF),
    (0x300, 0x36F),
    (0x370, 0x3FF),
    (0x400, 0x52F),
    (0x1E00, 0x1EFF),
    (0x2010, 0x203A),
    (0x20A0, 0x20BF),
    (0x2113, 0x2122),
    (0x2212, 0x2215),
    (0x2713, 0x2717),
)
# Pictures, not letters: a name set in these would be a surprise on paper.
NOT_FOR_TEXT = ("NotoEmoji", "Italic")


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError(f"The font package {name} is not installed. Run `make install`.")
    return Path(next(iter(spec.submodule_search_locations)))


def _cut_folder(folder: Path) -> Path:
    return folder / f"inter-{importlib.metadata.version('fontpkg-inter')}"


def _cut(target: Path) -> None:
    """Write regular and bold of Inter into *target*, whole or not at all; two processes may do it at once."""
    from fontTools import subset
    from fontTools.ttLib import TTFont
    from fontTools.varLib import instancer

    source = _package("fontpkg_inter") / "files" / "Inter[opsz,wght].ttf"
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        small = Path(scratch) / "small.ttf"
        with TTFont(source) as font:
            options = subset.Options(layout_features=["ccmp", "kern", "locl", "mark", "mkmk"], notdef_outline=True, name_IDs=["*"])
            subsetter = subset.Subsetter(options)
            subsetter.populate(unicodes=[point for first, last in LETTERS for point in range(first, last + 1)])
            subsetter.subset(font)
            font.save(small)
        made = Path(scratch) / "made"
        made.mkdir()
        for weight, style in WEIGHTS.items():
            font = instancer.instantiateVariableFont(TTFont(small), {"wght": weight, "opsz": 14}, inplace=True)
            names = {1: FAMILY, 2: style, 4: f"{FAMILY} {style}", 6: f"SheetInter-{style}"}
            font["name"].names = [record for record in font["name"].names if record.nameID not in (3, 16, 17, 21, 22, 25)]
            for number, text in names.items():
                font["name"].setName(text, number, 3, 1, 0x409)
            font["OS/2"].usWeightClass = weight
            font["OS/2"].fsSelection = 0x20 if weight == 700 else 0x40
            font["head"].macStyle = 1 if weight == 700 else 0
            font.save(made / f"SheetInter-{style}.ttf")
        try:
            made.rename(target)
        except OSError:
            if not target.is_dir():
                raise


def folders(folder: Path) -> tuple[Path, ...]:
    """Where the sheet's fonts are. The first call on a machine cuts Inter, which takes some seconds."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    cut = _cut_folder(folder)
    if not cut.is_dir():
        _cut(cut)
    return (cut, _package("manimgx_fonts"))


def use_private_fonts(folder: Path) -> Path:
    """
    Write a fontconfig file below *folder* that names our fonts only, and make this process use it. Must run before
    WeasyPrint is imported.
    """
    dirs = "".join(f"<dir>{escape(str(path))}</dir>" for path in folders(folder))
    text = (
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd"><fontconfig>'
        f"{dirs}<cachedir>{escape(str(folder / 'cache'))}</cachedir></fontconfig>\n"
    )
    target = folder / "fonts.conf"
    if not target.exists() or target.read_text() != text:
        fresh = target.with_name(f"fonts.{os.getpid()}.conf")
        fresh.write_text(text)
        fresh.replace(target)
    os.environ["FONTCONFIG_FILE"] = str(target)
    return target


@lru_cache
def covered(folder: Path) -> frozenset[int]:
    """Code points that at least one of the fonts can draw."""
    from fontTools.ttLib import TTFont

    points: set[int] = set()
    for place in folders(folder):
        for path in sorted(place.glob("*.ttf")):
            if not any(part in path.name for part in NOT_FOR_TEXT):
                with TTFont(path, lazy=True) as font:
                    points |= font.getBestCmap().keys()
    return frozenset(points)


def missing(text: str, folder: Path) -> list[str]:
    """Characters of *text* that would print as an empty box, each once."""
    known = covered(folder)
    return sorted({char for char in text if ord(char) not in known and unicodedata.category(char) not in ("Cc", "Cf", "Zs")})
