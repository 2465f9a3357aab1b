"""Zones to treat, zones never treated, and words for several zones."""

from decimal import Decimal

from planner.reading import Reader

from .. import entries as e
from .bounds import DEEPEST_MM, ZERO
from .entry import EntryReader


class ZoneReader(EntryReader):
    """Reads `zones`, `excluded_zones` and `zone_groups`."""

    def zones(self, r: Reader) -> tuple[e.Zone, ...]:
        order = iter(range(100_000))

        def read(z: Reader) -> e.Zone:
            return e.Zone(
                id=z.text("id"),
                label=z.text("label"),
                short_label=z.text("short_label"),
                short_reason=z.text("short_reason"),
                region=z.text("region"),
                max_depth_mm=z.decimal("max_depth_mm", least=Decimal("0.1"), most=DEEPEST_MM) or ZERO,
                words=z.words("words"),
                paired=z.flag("paired", default=False),
                keloid_prone=z.flag("keloid_prone", default=False),
                note=z.text("note", default="", blank=True),
                order=next(order),
                source=self.source(z),
            )

        return r.entries("zones", read, required=True)

    def excluded_zone(self, r: Reader) -> e.ExcludedZone:
        r.choice("action", ("exclude_zone",))
        if r.flag("overridable"):
            r.fault("overridable", "must be false: an excluded zone is never treated")
        return e.ExcludedZone(r.text("id"), r.text("label"), r.text("short_label"), r.text("region"), r.words("words"), self.source(r))

    def zone_group(self, r: Reader) -> e.ZoneGroup:
        group = e.ZoneGroup(r.text("id"), r.words("words", required=True), r.words("regions", required=True))
        self.source(r)
        return group
