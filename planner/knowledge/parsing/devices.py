"""Devices, brands and what they are labelled for."""

from decimal import Decimal

from planner.reading import MISSING, Reader, as_decimal, type_name

from .. import entries as e
from .bounds import DEEPEST_MM, ZERO
from .entry import EntryReader


class DeviceReader(EntryReader):
    """Reads `devices`, `device_models`, `device_limits` and `labelling`."""

    def device(self, r: Reader) -> e.Device:
        r.ignore("depth_rounding_text")
        lengths = []
        raw = r.take("needle_lengths_mm", required=False)
        if isinstance(raw, (list, tuple)):
            for index, item in enumerate(raw):
                number = as_decimal(item)
                if number is None or not ZERO < number <= DEEPEST_MM:
                    r.fault(f"needle_lengths_mm[{index}]", f"must be millimetres, more than 0 and at most {DEEPEST_MM}")
                else:
                    lengths.append(number)
        elif raw is not MISSING and raw is not None:
            r.fault("needle_lengths_mm", f"must be a list, not {type_name(raw)}")
        step = r.decimal("dial_step_mm", default=None, least=Decimal("0.01"), most=1)
        allowed = r.flag("allowed")
        if allowed:
            r.choice("rounding", ("down",))
            if not lengths and step is None:
                r.fault("", "needs dial_step_mm or needle_lengths_mm: a depth must be rounded down to something")
        else:
            r.ignore("rounding")
        return e.Device(
            id=r.text("id"),
            label=r.text("label"),
            short_label=r.text("short_label"),
            words=r.words("words"),
            preferred=r.flag("preferred"),
            allowed=allowed,
            action=r.choice("action", ("refuse",), default=None),
            dial_step_mm=step,
            needle_lengths_mm=tuple(sorted(lengths)),
            not_in_zones=r.words("not_in_zones"),
            why=r.text("why"),
            source=self.source(r),
        )

    def device_model(self, r: Reader) -> e.DeviceModel:
        return e.DeviceModel(
            r.text("brand"), r.text("kind"), r.decimal("max_set_mm", least=Decimal("0.1"), most=DEEPEST_MM) or ZERO, self.source(r)
        )

    def device_limit(self, r: Reader) -> e.DeviceLimit:
        phototypes = r.take("phototypes")
        named = None if phototypes is None else r.words("phototypes", options=e.PHOTOTYPES)
        limit = e.DeviceLimit(
            device=r.text("device"),
            indication=r.text("indication"),
            in_pack=r.flag("in_pack", default=True),
            area=r.text("area"),
            zones=r.words("zones", required=True),
            phototypes=named,
            min_age=r.whole("min_age", most=120) or 0,
            max_set_mm=r.decimal("max_set_mm", most=DEEPEST_MM) or ZERO,
            max_evaluated_mm=r.decimal("max_evaluated_mm", most=DEEPEST_MM) or ZERO,
            note=r.text("note", default=""),
            source=self.source(r),
        )
        if limit.max_evaluated_mm > limit.max_set_mm:
            r.fault("max_evaluated_mm", "must not be above max_set_mm")
        return limit

    def labelling(self, r: Reader) -> e.Labelling:
        r.ignore("on_label_text")
        r.choice("off_label_effect", ("none",))

        def above(a: Reader) -> tuple[str, ...]:
            if a.words("caps", required=True) != ("typical",):
                a.fault("caps", "must be [typical]")
            a.ignore("text")
            return self.signers(a)

        def above_set(a: Reader) -> None:
            if a.words("caps", required=True) != ("min", "typical", "max"):
                a.fault("caps", "must be [min, typical, max]")

        sign_off = r.entry("above_max_evaluated", above, required=True) or ()
        r.entry("above_max_set", above_set, required=True)
        return e.Labelling(
            requires=r.words("on_label_requires", required=True, options=("brand", "indication", "zone", "phototype", "age")),
            no_brand_status=r.choice("no_brand_status", ("off-label",)) or "off-label",
            no_brand_text=r.text("no_brand_text"),
            off_label_text=r.text("off_label_text"),
            above_evaluated_sign_off=sign_off,
            source=self.source(r),
        )
