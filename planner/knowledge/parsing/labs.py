"""Laboratory values and their limits."""

from planner.reading import Reader

from .. import entries as e
from .bounds import LARGEST_LAB
from .entry import EntryReader


class LabReader(EntryReader):
    """Reads `lab_rules`."""

    def lab_limit(self, r: Reader) -> e.LabLimit:
        return e.LabLimit(
            r.text("unit"),
            r.words("words", required=True),
            r.decimal("above", default=None, most=LARGEST_LAB),
            r.decimal("from", default=None, most=LARGEST_LAB),
            r.decimal("below", default=None, most=LARGEST_LAB),
        )

    def lab_rule(self, r: Reader) -> e.LabRule:
        return e.LabRule(
            id=r.text("id"),
            name=r.text("name"),
            words=r.words("words", required=True),
            limits=r.entries("limits", self.lab_limit, required=True),
            missing_or_older_than_days=r.whole("missing_or_older_than_days", default=None, most=3650),
            only_if_medicine=r.words("only_if_medicine"),
            action=r.choice("action", e.ACTIONS) or "ask",
            finding=r.text("finding"),
            blocks=r.choice("blocks", ("all",)) or "all",
            until=r.text_or_none("until", required=True),
            text=r.text("text", default=""),
            source=self.source(r),
        )
