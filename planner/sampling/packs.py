"""
Valid variations of a pack from a seed: what another clinic's medical lead could have signed.

The phototype rules keep their order of strictness: "darker" is what stands later. Numbers are made up; they are never treatment.
"""

import copy
import random
from collections.abc import Mapping
from typing import Any

PackMapping = dict[str, Any]
SHARES = (0, 0.4, 0.7, 1.0)  # how much of a pack a seed changes


def pack_of(seed: int, document: Mapping[str, Any]) -> PackMapping:
    """A variation of *document* that `Knowledge.parse` accepts; seed 0 is the document itself."""
    pack: PackMapping = copy.deepcopy(dict(document))
    if seed:
        _Variation(seed, pack).vary()
        pack["pack_version"] = f"{pack['pack_version']}-variation-{seed}"
    return pack


class _Variation:
    def __init__(self, seed: int, pack: PackMapping):
        self.draw = random.Random(f"pack {seed}")  # noqa: S311 - reproducible, not secret
        self.pack = pack
        self.share = self.draw.choice(SHARES[1:])

    def maybe(self, share: float = 1.0) -> bool:
        return self.draw.random() < self.share * share

    def vary(self) -> None:
        for part in (
            self.fewer_zones,
            self.ceilings,
            self.rows,
            self.levels,
            self.devices,
            self.phototypes,
            self.rules,
            self.adjuvants,
            self.bands,
            self.limits,
            self.course,
            self.settings,
        ):
            part()

    def span(self, low: float, high: float, step: float) -> dict[str, float]:
        steps = sorted(self.draw.randint(round(low / step), round(high / step)) for _ in range(3))
        return dict(zip(("min", "typical", "max"), (round(count * step, 4) for count in steps), strict=True))

    # -- zones and depths ----------------------------------------------------------------------------------------------

    def fewer_zones(self) -> None:
        """Some zones are not treated by this clinic; every level keeps one."""
        pack = self.pack
        for zone in [zone["id"] for zone in pack["zones"]]:
            if not self.maybe(0.2):
                continue
            rest = [row for row in pack["depth_ranges"] if row["zone"] != zone]
            if {(r["indication"], r["level"]) for r in rest} != {(r["indication"], r["level"]) for r in pack["depth_ranges"]}:
                continue
            left = [entry for entry in pack["zones"] if entry["id"] != zone]
            if {entry["region"] for entry in left} != {entry["region"] for entry in pack["zones"]}:
                continue
            pack["depth_ranges"], pack["zones"] = rest, left
            _forget(pack, zone)

    def ceilings(self) -> None:
        deepest = max(band["depth_mm"]["up_to_and_including"] for band in self.pack["downtime_bands"])
        for zone in self.pack["zones"]:
            if self.maybe(0.6):
                zone["max_depth_mm"] = min(deepest, self.draw.choice((0.3, 0.5, 0.75, 0.8, 1.0, 1.5, 2.0, 2.5)))
        most = {zone["id"]: zone["max_depth_mm"] for zone in self.pack["zones"]}
        for row in self.pack["depth_ranges"]:
            for side in ("min", "typical", "max"):
                row[side] = min(row[side], most[row["zone"]])

    def rows(self) -> None:
        pack = self.pack
        most = {zone["id"]: zone["max_depth_mm"] for zone in pack["zones"]}
        for row in pack["depth_ranges"]:
            if self.maybe(0.5):
                row.update(self.span(0.25, max(0.25, most[row["zone"]]), 0.05 if self.maybe(0.3) else 0.25))
                for side in ("min", "typical", "max"):
                    row[side] = min(row[side], most[row["zone"]])
        for row in [row for row in pack["depth_ranges"] if self.maybe(0.1)]:
            pair = (row["indication"], row["level"])
            if sum((other["indication"], other["level"]) == pair for other in pack["depth_ranges"]) > 1:
                pack["depth_ranges"].remove(row)

    def levels(self) -> None:
        for indication in self.pack["indications"]:
            for level in indication["levels"]:
                if self.maybe(0.5):
                    level["sessions"].update(self.whole(1, 8))
                if self.maybe(0.5):
                    level["interval"].update(self.whole(2, 12))

    def whole(self, low: int, high: int) -> dict[str, int]:
        return dict(zip(("min", "typical", "max"), sorted(self.draw.randint(low, high) for _ in range(3)), strict=True))

    # -- devices -------------------------------------------------------------------------------------------------------

    def devices(self) -> None:
        draw = self.draw
        for device in self.pack["devices"]:
            if device.get("dial_step_mm") and self.maybe():
                device["dial_step_mm"] = draw.choice((0.05, 0.1, 0.25, 0.5))
            if device.get("needle_lengths_mm") and self.maybe():
                lengths = device["needle_lengths_mm"]
                kept = draw.sample(lengths, draw.randint(2, len(lengths)))
                device["needle_lengths_mm"] = sorted({*kept, max(lengths)})  # some device must reach the deepest ceiling
        for model in self.pack["device_models"]:
            if self.maybe():
                model["max_set_mm"] = draw.choice((0.5, 1.0, 1.5, 2.0, 2.5, 3.0))
        hardware = {model["brand"]: model["max_set_mm"] for model in self.pack["device_models"]}
        for line in self.pack["device_limits"]:
            line["max_set_mm"] = min(line["max_set_mm"], hardware[line["device"]])
            if self.maybe():
                line["max_evaluated_mm"] = draw.choice((0.25, 0.5, 1.0, 1.5, 2.0))
            line["max_evaluated_mm"] = min(line["max_evaluated_mm"], line["max_set_mm"])

    # -- people --------------------------------------------------------------------------------------------------------

    def phototypes(self) -> None:
        """Each rule at least as strict as the one before it."""
        step, most, weeks, stages = 0.0, None, 1, 0
        modes = (("row", "row"), ("typical", "row"), ("typical", "typical"))
        for rule in self.pack["phototype_rules"]:
            if self.maybe():
                rule["depth_step_mm"] = self.draw.choice((0.0, -0.25, -0.5))
                rule["max_depth_mm"] = self.draw.choice((None, None, 2.0, 1.5, 1.0))
                rule["min_interval_weeks"] = self.draw.randint(1, 8)
                stages = max(stages, self.draw.randrange(3))
                rule["min_interval_exempt"] = []
            stages = max(stages, modes.index((rule["first_session_max"], rule["later_session_max"])))
            rule["first_session_max"], rule["later_session_max"] = modes[stages]
            step = rule["depth_step_mm"] = min(step, rule["depth_step_mm"])
            for key, value in (("depth_step_floor", "row_min"), ("step_applies_to", "first_session")):
                if step < 0:
                    rule.setdefault(key, value)
                else:
                    rule.pop(key, None)
            limits = [mm for mm in (most, rule["max_depth_mm"]) if mm is not None]
            most = rule["max_depth_mm"] = min(limits) if limits else None
            weeks = rule["min_interval_weeks"] = max(weeks, rule["min_interval_weeks"])

    def rules(self) -> None:
        for rule in self.pack["contraindications"]:
            derived = rule.get("derived_from", {})
            if rule["action"] != "none" and not rule.get("settled_by_data") and self.maybe(0.3):
                self._action(rule)
            if rule.get("interval_days") and self.maybe(0.5):
                rule["interval_days"].update(self.whole(1, 200))
            if rule["action"] == "caution" and self.maybe(0.4):
                rule["max_depth_mm"] = self.draw.choice((0.5, 0.75, 1.0, 1.5))
            if rule["action"] == "caution" and rule["scope"] == "patient" and self.maybe(0.1) and "request" not in derived:
                rule["max_zones_per_session"] = self.draw.randint(1, 3)
            if rule["action"] == "caution" and self.maybe(0.15):
                rule["start_at"] = "min"
            if rule["action"] == "caution" and self.maybe(0.1):
                rule["lighter_endpoint"] = True
            if self.maybe(0.1):
                chosen = self.draw.choice([adjuvant["id"] for adjuvant in self.pack["adjuvants"]])
                rule["no_adjuvants"] = list(dict.fromkeys([*rule.get("no_adjuvants", []), chosen]))

    def _action(self, rule: dict[str, Any]) -> None:
        """Another action, where the rest of the rule goes with it."""
        if any(rule.get(key) for key in ("policy", "dose_rule", "lifted_by", "other_zones", "when_lifted", "sign_off_if_kind", "recheck")):
            return
        if rule.get("interval_days") and rule["action"] == "defer":
            return
        if "phototype" in rule.get("derived_from", {}) or "request" in rule.get("derived_from", {}):
            return
        actions = ["refuse", "defer", "caution"] if rule["scope"] == "patient" else ["refuse", "defer", "exclude_zone", "caution"]
        rule["action"] = self.draw.choice(actions)
        if rule["action"] in ("defer", "exclude_zone") and not rule.get("until"):
            rule["until"] = "seen by the medical lead"

    def adjuvants(self) -> None:
        rules = self.pack["adjuvant_rules"]
        if self.maybe(0.4):
            rules["actives_per_session"] = self.draw.randint(0, 3)
        for adjuvant in self.pack["adjuvants"]:
            for use in adjuvant["use"]:
                if self.maybe(0.3):
                    use["role"] = self.draw.choice(rules["role_order"])
            if self.maybe(0.2):
                adjuvant["exclude_phototypes"] = self.draw.choice(([], ["VI"], ["V", "VI"], ["IV", "V", "VI"]))

    # -- afterwards ----------------------------------------------------------------------------------------------------

    def bands(self) -> None:
        bands = self.pack["downtime_bands"]
        if self.maybe(0.6):
            deepest = bands[-1]["depth_mm"]["up_to_and_including"]
            edges = [*sorted(self.draw.sample((0.3, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0), len(bands) - 1)), deepest]
            floor: float = 0.0
            for band, edge in zip(bands, edges, strict=True):
                band["depth_mm"].update({"above": floor, "up_to_and_including": edge})
                floor = edge
        for band in bands:
            for measure in ("erythema", "oedema", "flaking", "visible_downtime"):
                if self.maybe(0.3):
                    band[measure].update(self.span(0, 14, 0.5))

    def limits(self) -> None:
        """The limits between the row and the rounding, in another order."""
        for rule in self.pack["combination_rules"]:
            if rule["id"] == "order_of_limits" and self.maybe(0.5):
                between = rule["steps"][1:-1]
                self.draw.shuffle(between)
                rule["steps"] = [rule["steps"][0], *between, rule["steps"][-1]]

    def course(self) -> None:
        if self.maybe(0.5):
            self.pack["course_rules"]["first_session_after_days"] = self.draw.randint(0, 30)
        if self.maybe(0.5):
            self.pack["course_rules"]["review_weeks_after_last"] = self.draw.randint(2, 20)
        before = self.pack["alternatives"]["before_event"]
        if self.maybe(0.5):
            before["free_days_at_least"] = self.draw.randint(0, 40)

    def settings(self) -> None:
        for setting in self.pack["settings"]:
            if self.maybe(0.5):
                setting["default"] = self.draw.choice([option["id"] for option in setting["options"]])
                for rule in self.pack["contraindications"]:
                    if (rule.get("policy") or {}).get("setting") == setting["id"]:
                        rule["policy"]["default"] = setting["default"]


def _forget(value: Any, zone: str) -> None:
    """Take *zone* out of every list of zones in the pack."""
    items = list(value.values()) if isinstance(value, dict) else value
    if isinstance(value, dict):
        for key, item in value.items():
            if key in ("zones", "not_in_zones", "avoid_zones") and isinstance(item, list) and zone in item:
                value[key] = [name for name in item if name != zone]
            elif key == "zones" and isinstance(item, dict):
                item.pop(zone, None)  # words by zone
    for item in items:
        if isinstance(item, (dict, list)):
            _forget(item, zone)
