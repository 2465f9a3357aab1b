"""What a phototype changes."""

from planner.reading import Reader

from .. import entries as e
from .bounds import DEEPEST_MM, ZERO
from .entry import EntryReader


class PhototypeReader(EntryReader):
    """Reads `phototype_rules`."""

    def phototype_rule(self, r: Reader) -> e.PhototypeRule:
        r.ignore("above_typical_text", "first_session_depth_text", "step_applies_to_text", "note")
        step = r.decimal("depth_step_mm", least=-1, most=0)
        if step:
            r.choice("depth_step_floor", ("row_min",))
            r.choice("step_applies_to", ("first_session",))
        return e.PhototypeRule(
            id=r.text("id"),
            phototypes=r.words("phototypes", required=True, options=e.PHOTOTYPES),
            inherits=r.words("inherits", required=True),
            depth_step_mm=step or ZERO,
            first_session_max=r.choice("first_session_max", ("row", "typical")) or "typical",
            later_session_max=r.choice("later_session_max", ("row", "typical")) or "typical",
            test_area=r.choice("test_area", ("none", "offer")) or "offer",
            min_interval_exempt=r.entries(
                "min_interval_exempt",
                lambda q: (q.text("indication"), q.text("level"), q.whole("min_interval_weeks", least=1, most=52) or 1),
                required=True,
            ),
            max_depth_mm=r.decimal("max_depth_mm", default=None, most=DEEPEST_MM),
            min_interval_weeks=r.whole("min_interval_weeks", least=1, most=52) or 1,
            interval_weeks_after_pigmentation=r.whole("interval_weeks_after_pigmentation", default=None, least=1, most=52),
            extra=r.words("extra", required=True),
            source=self.source(r),
        )
