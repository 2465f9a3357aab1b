"""Indications with their levels, scales and morphology, and the depth of each in each zone."""

from typing import Any

from planner.reading import MISSING, Reader, as_decimal, repeated

from .. import entries as e
from .bounds import DEEPEST_MM, SHALLOWEST_MM
from .entry import NO_SOURCE, EntryReader

_NO_SPAN = e.SourcedSpan(e.WholeSpan(1, 1, 1), NO_SOURCE)
_NO_SCALE = e.Scale("", "", "", NO_SOURCE)


class IndicationReader(EntryReader):
    """Reads `indications` and `depth_ranges`."""

    def scale(self, *, full: bool) -> Any:
        def read(r: Reader) -> e.Scale:
            refs = r.words("refs", required=True)
            grade = r.choice("evidence", self.grades) if full else ""
            return e.Scale(
                r.text("name"),
                r.text("range", default="") if full else "",
                r.text("note", default="", blank=True) if full else "",
                e.Source(refs, grade or "", False, unread=bool(refs) and self.unread.issuperset(refs)),
            )

        return read

    def level(self, r: Reader) -> e.Level:
        return e.Level(
            id=r.text("id"),
            label=r.text("label"),
            short_label=r.text("short_label"),
            sessions=r.entry("sessions", self.sourced_span("sessions"), required=True) or _NO_SPAN,
            interval_weeks=r.entry("interval", self.sourced_span("weeks"), required=True) or _NO_SPAN,
            advice=r.text_or_none("advice"),
            alternatives=r.words("alternatives"),
            requires_home_care=r.words("requires_home_care"),
        )

    def morphology(self, r: Reader) -> e.Morphology:
        return e.Morphology(
            id=r.text("id"),
            words=r.words("words", required=True),
            response=r.text("response"),
            action=r.choice("action", ("caution", "ask"), default=None),
            advice=r.text_or_none("advice"),
            source=self.source(r),
        )

    def indication(self, r: Reader) -> e.Indication:
        r.ignore("labelled_use_text")
        r.entry("published_span", self.published_span)  # what trials reported: shown, never acted on
        levels = r.entries("levels", self.level, required=True)
        for twice in repeated(level.id for level in levels):
            r.fault("levels", f"{twice} stands twice")
        return e.Indication(
            id=r.text("id"),
            label=r.text("label"),
            short_label=r.text("short_label"),
            levels={level.id: level for level in levels},
            severity_scale=r.entry("severity_scale", self.scale(full=True), required=True) or _NO_SCALE,
            outcome_scale=r.entry("outcome_scale", self.scale(full=False), required=True) or _NO_SCALE,
            efficacy=r.entries("efficacy", self.fact),
            morphology_asked=r.flag("morphology_asked", default=False),
            morphology=r.entries("morphology", self.morphology),
        )

    def published_span(self, r: Reader) -> None:
        r.words("refs", required=True)
        r.ignore("note")
        for key in ("depth_mm", "sessions", "interval_weeks"):
            raw = r.take(key, required=False)
            if raw is MISSING:
                continue
            numbers = [as_decimal(item) for item in raw] if isinstance(raw, (list, tuple)) else []
            low, high = numbers if len(numbers) == 2 else (None, None)
            if low is None or high is None or not 0 < low <= high <= 60:
                r.fault(key, "must be two numbers, the lower first")

    def depth_row(self, r: Reader) -> e.DepthRow:
        r.text_or_none("above_evaluated_depth_of")  # a reading aid; the device's own line decides
        if r.text("unit") != "mm":
            r.fault("unit", "must be mm")
        return e.DepthRow(
            indication=r.text("indication"),
            level=r.text("level"),
            zone=r.text("zone"),
            depth_mm=self.span(r, least=SHALLOWEST_MM, most=DEEPEST_MM),
            note=r.text("note", default=""),
            source=self.source(r),
        )
