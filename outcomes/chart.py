"""A chart of one scale over time as points of an SVG, drawn by the server; the table beside it says the same."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from accounts.templatetags.clinic_format import in_words

from .models import OutcomeAnswer
from .scales import GAIS

WIDTH, HEIGHT = 420, 190
LEFT, LEFT_OF_WORDS, RIGHT, TOP, BOTTOM = 30, 138, 80, 16, 34
MOST_TICKS = 6


@dataclass(frozen=True)
class Point:
    x: float
    y: float
    words: str


@dataclass(frozen=True)
class Series:
    rater: str
    label: str
    points: tuple[Point, ...]
    label_y: float

    @property
    def line(self) -> str:
        return " ".join(f"{point.x},{point.y}" for point in self.points)


@dataclass(frozen=True)
class Row:
    """One day of the table: what each rater said; None is not recorded."""

    on: dt.date
    moment: str
    said: tuple[OutcomeAnswer | None, ...]


@dataclass(frozen=True)
class Chart:
    key: str
    title: str
    scale: str
    summary: str
    hint: str
    series: tuple[Series, ...]
    ticks: tuple[tuple[float, str], ...]
    days: tuple[tuple[float, str, str], ...]
    rows: tuple[Row, ...]
    is_drawn: bool
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT


def charts(answers: Iterable[OutcomeAnswer]) -> list[Chart]:
    """One for each indication and scale, in the order in which they were first asked. *answers*: those that stand."""
    found: dict[tuple, list[OutcomeAnswer]] = {}
    for row in sorted(answers, key=lambda row: (row.rated_on, row.pk)):
        found.setdefault((row.indication, row.kind, row.scale, row.lowest, row.highest), []).append(row)
    ordered = sorted(found.values(), key=lambda rows: (rows[0].indication_label, rows[0].kind != "severity"))
    return [_chart(place, rows) for place, rows in enumerate(ordered)]


def _chart(place: int, rows: list[OutcomeAnswer]) -> Chart:
    first = rows[0]
    left = LEFT_OF_WORDS if first.kind == OutcomeAnswer.Kind.GAIS else LEFT
    days = sorted({row.rated_on for row in rows})
    by_day: dict[dt.date, dict[str, OutcomeAnswer]] = {day: {} for day in days}
    for row in rows:
        by_day[row.rated_on][row.rater] = row
    raters = OutcomeAnswer.Rater
    table = tuple(
        Row(
            day,
            next(iter(by_day[day].values())).get_moment_display(),
            tuple(by_day[day].get(rater) for rater in raters.values),
        )
        for day in reversed(days)
    )
    series = []
    for rater in raters.values:
        points = tuple(
            Point(_x(row.rated_on, days, left), _y(row), f"{raters(rater).label}, {in_words(row.rated_on)}: {row.words_shown}")
            for row in rows
            if row.rater == rater
        )
        if points:
            series.append(Series(rater, raters(rater).label, points, points[-1].y + 4))
    return Chart(
        key=f"chart-{place}",
        title=_title(first),
        scale=first.scale,
        summary=_summary(rows),
        hint=_hint(first),
        series=tuple(_apart(series)),
        ticks=tuple(_ticks(first)),
        days=tuple(_shown_days(days, left)),
        left=left,
        rows=table,
        is_drawn=first.is_ordered and first.highest > first.lowest,
    )


def _title(first: OutcomeAnswer) -> str:
    said = _("%(indication)s: severity") if first.kind == "severity" else _("%(indication)s: change since the first visit")
    return said % {"indication": first.indication_label}


def _hint(first: OutcomeAnswer) -> str:
    if not first.is_ordered:
        return _("These are kinds beside each other, not steps: no line is drawn.")
    return _("Higher on the chart is worse.")


def _x(day: dt.date, days: list[dt.date], left: int) -> float:
    span = (days[-1] - days[0]).days
    wide = WIDTH - left - RIGHT - 24
    return round(left + 12 + (wide / 2 if not span else wide * (day - days[0]).days / span), 1)


def _height(value: Decimal, first: OutcomeAnswer) -> float:
    part = float((value - first.lowest) / (first.highest - first.lowest)) if first.highest > first.lowest else 0.5
    return round(TOP + (HEIGHT - TOP - BOTTOM) * (1 - part), 1)


def _y(row: OutcomeAnswer) -> float:
    return _height(row.value, row)


def _ticks(first: OutcomeAnswer) -> Iterable[tuple[float, str]]:
    if first.kind == OutcomeAnswer.Kind.GAIS:
        yield from ((_height(Decimal(value), first), _(words)) for value, words in enumerate(GAIS, start=1))
        return
    low, high = int(first.lowest), int(first.highest)
    step = max(1, -(-(high - low) // (MOST_TICKS - 1)))
    for value in sorted({*range(low, high + 1, step), high}):
        yield _height(Decimal(value), first), str(value)


def _shown_days(days: list[dt.date], left: int) -> Iterable[tuple[float, str, str]]:
    if len(days) == 1:
        yield _x(days[0], days, left), in_words(days[0]), "middle"
        return
    yield _x(days[0], days, left), in_words(days[0]), "start"
    yield _x(days[-1], days, left), in_words(days[-1]), "end"


def _apart(series: list[Series]) -> list[Series]:
    """Names at the end of two lines that meet do not stand on each other."""
    if len(series) == 2 and abs(series[0].label_y - series[1].label_y) < 16:
        upper, lower = sorted(series, key=lambda one: one.label_y)
        middle = (upper.label_y + lower.label_y) / 2
        moved = {upper.rater: middle - 8, lower.rater: middle + 8}
        return [Series(one.rater, one.label, one.points, moved[one.rater]) for one in series]
    return series


def _summary(rows: list[OutcomeAnswer]) -> str:
    """For who does not see the picture: where each began and where each is now."""
    said = []
    for rater in OutcomeAnswer.Rater.values:
        mine = [row for row in rows if row.rater == rater]
        if not mine:
            said.append(_("%(label)s: not recorded.") % {"label": OutcomeAnswer.Rater(rater).label})
        elif len(mine) == 1:
            said.append(
                _("%(label)s: %(words_shown)s on %(rated_on)s.")
                % {"label": OutcomeAnswer.Rater(rater).label, "words_shown": mine[0].words_shown, "rated_on": in_words(mine[0].rated_on)}
            )
        else:
            first, last = mine[0], mine[-1]
            said.append(
                _("%(label)s: %(words_shown)s on %(rated_on)s, %(words_shown2)s on %(rated_on2)s.")
                % {
                    "label": OutcomeAnswer.Rater(rater).label,
                    "words_shown": first.words_shown,
                    "rated_on": in_words(first.rated_on),
                    "words_shown2": last.words_shown,
                    "rated_on2": in_words(last.rated_on),
                }
            )
    return " ".join(said)
