"""The colours of the stylesheet: each pair of text and ground that the components use can be read (WCAG 2.2, 1.4.3 and 1.4.11)."""

import re
from pathlib import Path

import pytest
from django.conf import settings

CSS = (Path(settings.BASE_DIR) / "static/css/clinic.css").read_text()
TOKENS = dict(re.findall(r"--([a-z0-9-]+): (#[0-9A-Fa-f]{6})", CSS))

TEXT = [
    *[(ink, ground) for ink in ("ink", "ink-2", "ink-3") for ground in ("surface", "canvas", "sunk")],
    *[("pine", ground) for ground in ("surface", "canvas", "pine-50", "pine-100")],
    *[("surface", ground) for ground in ("pine", "pine-d", "rail", "stop", "stop-d", "ink", "ink-2")],
    *[(word, f"{word}-bg") for word in ("stop", "defer", "caut", "clear", "info", "plum", "clay")],
    *[("ink", f"{word}-bg") for word in ("stop", "defer", "caut", "clear", "info")],
    *[("ink", ground) for ground in ("d025", "d05", "d075", "d1", "focus", "defer-row")],
    *[("surface", ground) for ground in ("d15", "d2", "d25")],
    ("defer", "defer-row"),
    ("stop", "surface"),
    ("pine-d", "pine-100"),
]
EDGES = [
    *[(edge, ground) for edge in ("ctl", "defer-bd", "caut-bd", "stop", "pine") for ground in ("surface", "canvas")],
    ("defer-bd", "defer-bg"),
    ("caut-bd", "caut-bg"),
    ("band", "surface"),
    ("focus", "rail"),
    ("focus", "ink"),  # the ring is yellow outside and ink inside: one of both is seen on any ground
]


def _luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    dark, light = sorted((_luminance(TOKENS[one]), _luminance(TOKENS[other])))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(("text", "ground"), TEXT)
def test_text_can_be_read_on_its_ground(text, ground):
    assert _contrast(text, ground) >= 4.5


@pytest.mark.parametrize(("edge", "ground"), EDGES)
def test_edges_and_marks_are_seen_on_their_ground(edge, ground):
    assert _contrast(edge, ground) >= 3


def test_the_sum_is_right():
    """Black on white is 21 to 1; the control that a bad pair would be noticed."""
    TOKENS.update({"black": "#000000", "white": "#FFFFFF", "pale": "#DDDDDD"})
    assert _contrast("black", "white") == pytest.approx(21)
    assert _contrast("pale", "white") < 4.5


def test_every_colour_used_is_a_token_of_the_sheet():
    assert set(re.findall(r"var\(--([a-z0-9-]+)\)", CSS)) <= {*re.findall(r"--([a-z0-9-]+):", CSS)}
