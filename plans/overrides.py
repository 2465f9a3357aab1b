"""
The clinician's values beside the proposal: what each may be, which reason it needs, and when it is refused. The screen
shows what this module says, and acceptance asks it again.
"""

import re
from dataclasses import dataclass, field
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from planner.wording import mm, number

from . import typed
from .catalogue import Catalogue
from .inputs import text
from .said import span

OTHER = "other"
# The reasons that choosing one of the ways beside the proposal records, by the way's id.
WAYS = {
    "fewer_visits": gettext_lazy("Fewer visits, as offered beside the plan"),
    "gentler": gettext_lazy("Gentler, as offered beside the plan"),
    "before_event": gettext_lazy("Before the event, as offered beside the plan"),
}
REASONS: dict[str, tuple[tuple[str, str], ...]] = {
    "depth": (
        ("less_downtime", gettext_lazy("Patient wants less downtime")),
        ("pain", gettext_lazy("Patient cannot bear more")),
        ("reaction", gettext_lazy("Stronger reaction than expected last time")),
        ("healed_well", gettext_lazy("Healed well last time, more is needed")),
        ("thin_here", gettext_lazy("Skin thinner or closer to bone here")),
        ("thick_here", gettext_lazy("Skin thicker or mark deeper here")),
        ("gentler", WAYS["gentler"]),
        (OTHER, gettext_lazy("Other, say why")),
    ),
    "sessions": (
        ("visits", gettext_lazy("Patient cannot come more often")),
        ("cost", gettext_lazy("Cost to the patient")),
        ("earlier_course", gettext_lazy("Part of an earlier course counts")),
        ("slow_response", gettext_lazy("Slow response expected")),
        ("combined", gettext_lazy("Combined with another treatment")),
        *WAYS.items(),
        (OTHER, gettext_lazy("Other, say why")),
    ),
    "interval_weeks": (
        ("calendar", gettext_lazy("Patient's calendar")),
        ("heals_slowly", gettext_lazy("Heals slowly")),
        ("sun", gettext_lazy("Sun or travel between sessions")),
        ("event", gettext_lazy("Event date")),
        ("combined", gettext_lazy("Combined with another treatment")),
        *((name, words) for name, words in WAYS.items() if name != "fewer_visits"),
        (OTHER, gettext_lazy("Other, say why")),
    ),
    "device": (
        ("not_at_hand", gettext_lazy("Proposed device not at hand")),
        ("large_area", gettext_lazy("Large area")),
        ("tolerated", gettext_lazy("Better tolerated last time")),
        ("asked_for", gettext_lazy("Patient asks for it")),
        ("trained", gettext_lazy("I am trained on this one")),
        (OTHER, gettext_lazy("Other, say why")),
    ),
}
_SETTING = re.compile(r"depth\.[a-z0-9_]{1,60}$|sessions$|interval_weeks$")
MOST_VISITS = 20
LONGEST_INTERVAL_WEEKS = 52


def kind_of(name: str) -> str:
    """`depth.cheeks` is a depth."""
    return name.split(".")[0]


def reasons_for(name: str) -> tuple[tuple[str, str], ...]:
    return REASONS[kind_of(name)]


def reason_words(name: str, code: str, text: str = "") -> str:
    return text if code == OTHER else str(dict(reasons_for(name)).get(code, code))


@dataclass(frozen=True)
class Limit:
    """A ceiling that no reason lifts, and where it stands."""

    value: Decimal
    why: str
    refs: tuple[str, ...] = ()


@dataclass
class Setting:
    """One value of the plan: the proposal's, and the clinician's where it differs."""

    name: str
    label: str
    unit: str
    proposed: Decimal
    low: Decimal
    high: Decimal
    text: str = ""
    value: Decimal | None = None
    reason: str = ""
    reason_text: str = ""
    told: bool = False
    meant: bool = False
    limit: Limit | None = None
    faults: dict[str, str] = field(default_factory=dict)  # field name to words
    asks_meant: Decimal | None = None  # what was probably meant

    @property
    def changed(self) -> bool:
        return self.value is None or self.value != self.proposed

    @property
    def inside(self) -> bool:
        return self.value is not None and self.low <= self.value <= self.high

    @property
    def shown(self) -> str:
        """What stands in the field: a readable value in one way of writing, anything else as it was typed."""
        return number(self.value) if self.value is not None else self.text

    @property
    def say(self) -> str:
        """What is wrong with the value itself."""
        return self.faults.get("yours") or self.faults.get("meant", "")

    @property
    def limit_words(self) -> str:
        return _("Never above %(most)s. %(why)s.") % {"most": mm(self.limit.value), "why": self.limit.why} if self.limit else ""

    @property
    def reasons(self) -> tuple[tuple[str, str], ...]:
        return reasons_for(self.name)

    @property
    def proposed_words(self) -> str:
        return self.words(self.proposed)

    @property
    def value_words(self) -> str:
        return self.words(self.value) if self.value is not None else self.text

    @property
    def range_words(self) -> str:
        return span(self.low, self.high, self.unit)

    def words(self, value: Decimal) -> str:
        return mm(value) if self.unit == "mm" else number(value)


def read(post) -> dict[str, dict]:
    """Return the clinician's values out of a form: {name: {value, was, reason, reason_text, told, meant}}, changed ones only."""
    found = {}
    for key in post:
        name = key.removeprefix("yours.")
        if name == key or not _SETTING.match(name):
            continue
        value, was = text(post.get(key, "").strip(), 20), post.get(f"was.{name}", "").strip()
        if value == was:
            continue
        found[name] = {
            "value": value,
            "reason": text(post.get(f"reason.{name}", ""), 40),
            "reason_text": text(post.get(f"other.{name}", "").strip()),
            "told": bool(post.get(f"told.{name}")),
            "meant": text(post.get(f"meant.{name}", ""), 20),
        }
    return found


def limit_of(zone: dict) -> Limit:
    """The ceiling of a zone of the proposal, and where it stands."""
    rule = zone["ceiling_rule"]
    found = next((entry for entry in zone.get("limits") or [] if entry["rule"] == rule), {})
    why = found.get("why") or _("the limit of the protocol")
    return Limit(Decimal(str(zone["ceiling_mm"])), why.rstrip("."), tuple(found.get("refs") or ()))


def depth_setting(zone: dict, chosen: dict, *, catalogue: Catalogue, device: dict, own: tuple[Decimal, str] | None = None) -> Setting:
    """
    Judge the depth of one zone of the proposal, to be set on the proposal's *device*. own: the most the labels of the clinic's own
    devices of that brand allow, and who says so; it counts where it is less than the protocol allows.
    """
    depth, limit = zone["depth_mm"], limit_of(zone)
    low, high = Decimal(str(depth["min"])), Decimal(str(depth["max"]))
    if own is not None and own[0] < limit.value:
        limit = Limit(own[0], own[1][:1].upper() + own[1][1:])
        low, high = min(low, limit.value), min(high, limit.value)
    label = _("%(zone)s depth") % {"zone": catalogue.zone_word(zone["zone"]).lower()}
    setting = Setting(
        name=f"depth.{zone['zone']}",
        label=label,
        unit="mm",
        proposed=Decimal(str(depth["typical"])),
        low=low,
        high=high,
        limit=limit,
    )
    _take(setting, chosen)
    if not setting.text:
        setting.value = setting.proposed
        if setting.value > limit.value:
            setting.faults["yours"] = _too_deep(setting)
        return setting
    try:
        setting.value = typed.depth_mm(setting.text, label)
    except ValueError as fault:
        setting.faults["yours"] = str(fault)
        return setting
    if setting.limit and setting.value > setting.limit.value:
        fault = _too_deep(setting)
        if setting.value >= 3 * setting.proposed:
            fault += " " + _("Did you mean %(depth)s?") % {"depth": mm(_meant_value(setting))}
        setting.faults["yours"] = fault
        return setting
    if setting.value == setting.proposed:
        return setting
    fault = _step_fault(setting, device)
    if fault:
        setting.faults["yours"] = fault
        return setting
    if setting.value >= 3 * setting.proposed and not _meant(setting, chosen):
        setting.asks_meant = _meant_value(setting)
        both = {"depth": mm(setting.value), "meant": mm(setting.asks_meant)}
        setting.faults["meant"] = _("%(depth)s is 3 times the proposal or more. Did you mean %(meant)s?") % both
    _ask_reason(setting)
    return setting


def _too_deep(setting: Setting) -> str:
    values = {"label": _capital(setting.label), "most": mm(setting.limit.value), "why": setting.limit.why}
    return _("%(label)s must be %(most)s or less. %(why)s.") % values


def _capital(label: str) -> str:
    return label[:1].upper() + label[1:]


def _meant(setting: Setting, chosen: dict) -> bool:
    setting.meant = chosen.get("meant") == number(setting.value)
    return setting.meant


def _meant_value(setting: Setting) -> Decimal:
    """15 was probably 1.5, a slip of the decimal mark; anything else was probably the proposal."""
    tenth = setting.value / 10
    return tenth if setting.low <= tenth <= setting.high else setting.proposed


def _take(setting: Setting, chosen: dict) -> None:
    setting.text = chosen.get("value", "")
    setting.reason = chosen.get("reason", "")
    setting.reason_text = chosen.get("reason_text", "")
    setting.told = bool(chosen.get("told"))


def _step_fault(setting: Setting, device: dict) -> str | None:
    """A depth the device cannot be set to; the ends of the proposal's own range are always taken."""
    if setting.value in {setting.low, setting.high}:
        return None
    label = _capital(setting.label)
    lengths = [Decimal(str(length)) for length in device.get("needle_lengths_mm") or []]
    if lengths and setting.value not in lengths:
        listed = ", ".join(number(length) for length in lengths)
        return _("%(label)s must be a length the roller comes in: %(lengths)s mm") % {"label": label, "lengths": listed}
    step = Decimal(str(device["dial_step_mm"])) if device.get("dial_step_mm") else None
    if step and setting.value % step:
        return _("%(label)s must be a whole step of %(step)s") % {"label": label, "step": mm(step)}
    return None


def _ask_reason(setting: Setting) -> None:
    label = setting.label
    if setting.reason not in dict(setting.reasons):
        setting.faults["reason"] = _("Choose the reason for the %(label)s you set") % {"label": label}
    elif setting.reason == OTHER and not setting.reason_text:
        setting.faults["other"] = _("Say why you set the %(label)s") % {"label": label}
    if not setting.inside and not setting.told:
        values = {"label": label, "range": setting.range_words}
        setting.faults["told"] = _("The %(label)s is outside the allowed range of %(range)s: tell the patient and mark it") % values


def count_setting(
    name: str, label: str, unit: str, proposed: dict, chosen: dict, *, lowest: int, highest: int, lowest_why: str = ""
) -> Setting:
    """Judge a whole number (sessions, weeks between them): refused outside *lowest* to *highest*."""
    setting = Setting(
        name=name,
        label=label,
        unit=unit,
        proposed=Decimal(str(proposed["typical"])),
        low=Decimal(str(proposed["min"])),
        high=Decimal(str(proposed["max"])),
    )
    _take(setting, chosen)
    if not setting.text:
        setting.value = setting.proposed
        return setting
    try:
        setting.value = Decimal(typed.count(setting.text, _capital(label), low=1, high=highest))
    except ValueError as fault:
        setting.faults["yours"] = str(fault)
        return setting
    if setting.value == setting.proposed:
        return setting
    if setting.value < lowest:
        values = {"label": _capital(label), "lowest": lowest, "why": lowest_why}
        setting.faults["yours"] = _("%(label)s must be %(lowest)s or more: %(why)s") % values
        return setting
    _ask_reason(setting)
    return setting
