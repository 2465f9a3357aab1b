"""A drawn signature: read from what the page sends, judged whether it is one, and drawn again by the server."""

import json
from itertools import pairwise

from django.utils.translation import gettext as _

WIDTH, HEIGHT = 600, 200
MOST_STROKES, MOST_POINTS, MOST_LETTERS = 200, 8000, 200_000
LEAST_LENGTH, LEAST_POINTS, LEAST_SPREAD = 90, 8, 30  # a dot, a tick and a slip of the finger are no signature


class NoSignature(ValueError):
    """What came is no signature; the message says what to do."""


def read(text: str) -> list[list[list[int]]]:
    """
    Return the strokes as whole points inside the field; empty where nothing was drawn.

    Raises:
        NoSignature: it is not what our page sends.
    """
    if not text.strip():
        return []
    refused = NoSignature(_("The drawing could not be read. Sign once more, or type the name."))
    if len(text) > MOST_LETTERS:
        raise NoSignature(_("The drawing is too long. Clear it and sign once more."))
    try:
        sent = json.loads(text)
    except (ValueError, RecursionError):
        raise refused from None
    if not isinstance(sent, list) or len(sent) > MOST_STROKES:
        raise refused
    strokes, points = [], 0
    for stroke in sent:
        if not isinstance(stroke, list):
            raise refused
        points += len(stroke)
        if points > MOST_POINTS or not all(_is_point(point) for point in stroke):
            raise refused
        if stroke:
            strokes.append([[_within(point[0], WIDTH), _within(point[1], HEIGHT)] for point in stroke])
    return strokes


def _is_point(point) -> bool:
    return isinstance(point, list) and len(point) == 2 and all(type(one) in (int, float) and -10_000 < one < 10_000 for one in point)


def _within(value: float, most: int) -> int:
    return max(0, min(most, round(value)))


def judge(strokes: list[list[list[int]]]) -> None:
    """
    Raises:
        NoSignature: there is nothing, or too little ink for a signature.
    """
    points = [point for stroke in strokes for point in stroke]
    if not points:
        raise NoSignature(_("There is no signature yet. Sign in the field, or type the name."))
    length = sum(
        ((after[0] - before[0]) ** 2 + (after[1] - before[1]) ** 2) ** 0.5 for stroke in strokes for before, after in pairwise(stroke)
    )
    spread = max(max(point[axis] for point in points) - min(point[axis] for point in points) for axis in (0, 1))
    if length < LEAST_LENGTH or len(points) < LEAST_POINTS or spread < LEAST_SPREAD:
        raise NoSignature(_("That is too little for a signature. Sign with the whole name, or type it."))


def svg(strokes: list[list[list[int]]]) -> str:
    """The strokes as a picture: made of whole numbers only."""
    path = " ".join(_path(stroke) for stroke in strokes)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">'
        f'<path d="{path}" fill="none" stroke="#000" stroke-width="3" stroke-linecap="round" stroke-linejoin="round"/></svg>'
    )


def _path(stroke: list[list[int]]) -> str:
    first, *rest = stroke
    return f"M{first[0]} {first[1]}" + "".join(f"L{x} {y}" for x, y in rest or [first])
