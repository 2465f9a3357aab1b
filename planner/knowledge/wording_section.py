"""
`patient_wording`: what the aftercare sheet says, in words for patients, signed with the version it belongs to.

Words only. A figure (hours, days, depth, sun protection) is a name in braces which the sheet fills from the same version,
so a text can never say another number than the protocol does. Ordered parts are lists: a stored version keeps no order of keys.
"""

import string
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from planner.errors import Fault
from planner.reading import Reader, repeated, type_name

from . import entries as e

LANGUAGES = ("en",)
MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
)  # fmt: skip
LONGEST_LINE = 400
# What the sheet can put into any line: the moments of the session's downtime band, and three more.
EVERYWHERE = (*e.RESUMES, "gel_until", "emergency_number", "factor")

# One text each, by its dotted place: the names it may use beside those of EVERYWHERE.
LINES: Mapping[str, tuple[str, ...]] = {
    "title": (),
    "keep": (),
    "born": ("birth_date",),
    "treated_on": ("treated_on",),
    "session": ("number", "count", "clinician"),
    "session_alone": ("number", "clinician"),
    "map.face": ("left_out",),
    "map.body": ("left_out",),
    "map.left_out": (),
    "map.shaded": (),
    "map.striped": (),
    "day_table.title": (),
    "day_table.today": (),
    "day_table.day": ("n",),
    "day_table.feel": (),
    "day_table.settled": (),
    "day_table.first_no": (),
    "day_table.not_yet": (),
    "day_table.until": ("when",),
    "help.same_day": (),
    "help.emergency": (),
    "help.this_week": ("signs",),
    "steps.title": (),
    "steps.when": (),
    "steps.see": (),
    "steps.do": (),
    "steps.today": (),
    "steps.one": ("first",),
    "steps.pair": ("first", "last"),
    "steps.range": ("first", "last"),
    "steps.open": ("first",),
    "normal.title": (),
    "normal.line": (),
    "did.title": (),
    "did.caption": (),
    "did.device": ("device", "lot", "use_by"),
    "did.numbing": ("numbing",),
    "did.numbing_allergy": ("substance",),
    "did.product": ("product", "lot"),
    "did.product_no_lot": ("product",),
    "extras_title": (),
    "medicines.line": ("medicine",),
    "next_visit.session": ("number", "count"),
    "next_visit.review": (),
    "next_visit.consultation": (),
    "next_visit.none_title": (),
    "next_visit.none": ("phone",),
    "next_visit.last_title": (),
    "next_visit.last": ("phone",),
    "next_visit.before": (),
    "checked.line": ("approved_by", "approved_on"),
    "checked.demo": ("approved_by", "approved_on"),
    "checked.next": ("next_review_on",),
    "checked.version": ("protocol",),
    "foot": ("name", "treated_on", "clinic", "sheet", "version"),
    "page": (),
    "of": (),
}
# Parts of a line: of the names, only those given here.
PARTS: Mapping[str, tuple[str, ...]] = {
    "factor": ("spf_min",),
    "day_table.from": ("when",),
    "day_table.now": (),
    "help.or": (),
    "did.left_out": ("zone",),
    "did.because": ("reason",),
    "did.why_recorded": (),
    "did.and": (),
    "next_visit.allow": ("duration",),
    "reason_other": (),
}


@dataclass(frozen=True, slots=True)
class PatientWording:
    """The checked section. `document` is the mapping the sheet walks; `language` is what it is written in."""

    language: str
    document: Mapping[str, Any]


def read(top: Reader, parts: Mapping[str, Any], faults: list[Fault]) -> PatientWording | None:
    """The section, checked against the parts of the pack read before it; None where a version has none."""
    raw = top.take("patient_wording", required=False)
    if not isinstance(raw, Mapping):
        if "patient_wording" in top.data:
            top.fault("patient_wording", f"must be a mapping, not {type_name(raw)}")
        return None
    section = _Section(raw, parts, faults)
    section.check()
    return PatientWording(str(raw.get("language", "")), raw)


class _Section:
    """One reading of the section; holds the names its texts may use."""

    def __init__(self, raw: Mapping[str, Any], parts: Mapping[str, Any], faults: list[Fault]):
        self.raw, self.p, self.faults = raw, parts, faults
        terms = raw.get("terms")
        self.terms = tuple(str(name) for name in terms) if isinstance(terms, Mapping) else ()
        self.everywhere = frozenset((*EVERYWHERE, *self.terms))

    def check(self) -> None:
        top = Reader(self.raw, "patient_wording", self.faults)
        top.choice("language", LANGUAGES)
        self._terms(top)
        fixed: dict[str, Collection[str]] = {path: self.everywhere | set(names) for path, names in LINES.items()}
        fixed |= {path: {*self.terms, *names} for path, names in PARTS.items()}
        groups: dict[str, dict[str, Collection[str]]] = {}
        for path, names in fixed.items():
            group, _, key = path.rpartition(".")
            groups.setdefault(group, {})[key] = names
        for key, names in groups.pop("").items():
            self.line(top, key, names)
        for group, keys in groups.items():
            top.entry(group, partial(self._group, group, keys), required=True)
        self._three(top)
        self._resume(top)
        self._by_skin_and_season(top)
        self._blocks(top)
        self._names(top)
        top.done()

    def _group(self, group: str, keys: Mapping[str, Collection[str]], r: Reader) -> None:
        for key, names in keys.items():
            self.line(r, key, names)
        if group == "medicines":
            # Classes of the protocol that the line is for: it says to go on, never to stop.
            self.known(r.at("classes"), r.words("classes", required=True), self.p.get("medicine_classes", {}), "medicine class")

    # -- the parts -----------------------------------------------------------------------------------------------------

    def _terms(self, top: Reader) -> None:
        """Words that differ from country to country: name -> {default, US ...}."""
        raw = top.take("terms")
        if not isinstance(raw, Mapping):
            return
        if "midday" not in raw:
            top.fault("terms.midday", "is missing: the sheet names the time of day with it")
        for name, forms in raw.items():
            path = top.at(f"terms.{name}")
            if not str(name).isidentifier():
                self.faults.append(Fault(path, "must be one word of letters, to stand in braces"))
            r = Reader(forms, path, self.faults)
            if "default" not in r.data:
                r.fault("default", "is missing")
            for country in r.data:
                if country != "default" and not (isinstance(country, str) and len(country) == 2 and country.isupper()):
                    r.fault(str(country), "must be default or a country in two capitals")
                self.line(r, str(country), ())

    def _three(self, top: Reader) -> None:
        def box(r: Reader) -> str:
            self.line(r, "title", self.everywhere)
            self.line(r, "line", self.everywhere)
            return r.text("id")

        self.twice(top.at("three"), top.entries("three", box, required=True, filled=True))

    def _resume(self, top: Reader) -> None:
        """One row of the day table per field of a downtime band's `resume`, in the order in which they are printed."""

        def row(r: Reader) -> str:
            self.line(r, "label", self.everywhere)
            self.line(r, "tail", (), required=False)
            self.line(r, "lead", (), required=False)
            return r.choice("id", e.RESUMES) or ""

        def together(r: Reader) -> None:
            r.words("fields", required=True, options=e.RESUMES)
            self.line(r, "label", self.everywhere)

        rows = top.entries("resume", row, required=True)
        self.twice(top.at("resume"), rows)
        self.complete(top.at("resume"), rows, e.RESUMES)
        top.entries("resume_together", together)

    def _by_skin_and_season(self, top: Reader) -> None:
        """Optional: what is normal by phototype, and a line by the month of the session (of the northern half of the earth)."""

        def skin(r: Reader) -> str:
            r.words("phototypes", required=True, options=e.PHOTOTYPES)
            self.line(r, "line", self.everywhere)
            return r.text("id")

        def season(r: Reader) -> str:
            r.words("months", required=True, options=MONTHS)
            self.line(r, "line", self.everywhere)
            return r.text("id")

        for key, read_entry, field in (("normal_by_phototype", skin, "phototypes"), ("season", season, "months")):
            self.twice(top.at(key), top.entries(key, read_entry))
            raw = self.raw.get(key)
            rows = [row for row in raw if isinstance(row, Mapping)] if isinstance(raw, (list, tuple)) else []
            said = [item for row in rows if isinstance(row.get(field), (list, tuple)) for item in row[field] if isinstance(item, str)]
            self.twice(top.at(key), said)

    def _blocks(self, top: Reader) -> None:
        p = self.p
        regions = {zone.region for zone in p["zones"].values()}

        def red_flag(r: Reader) -> None:
            r.choice("needs", ("numbing",), default=None)
            self.known(r.at("regions"), r.words("regions"), regions, "region")
            self.lines(r, "lines", {*self.everywhere, "from_day"})

        def course(r: Reader) -> None:
            self.line(r, "feel", self.everywhere)
            r.choice("extends", e.MEASURES, default=None)
            r.flag("quiet", default=False)

        def care(r: Reader) -> None:
            self.line(r, "see", self.everywhere)
            self.lines(r, "do", self.everywhere)

        def product(r: Reader) -> None:
            self.line(r, "name", ())
            self.lines(r, "lines", self.everywhere)
            self.lines(r, "emergency", self.everywhere, required=False)

        flags = {flag.id: flag for flag in p["red_flags"]}
        shown = [flag.id for flag in flags.values() if flag.audience == "patient"]
        self.mapping(top, "red_flags", red_flag, flags, shown, "red flag")
        courses = [item.id for item in p["normal_course"]]
        self.mapping(top, "normal_course", course, courses, courses, "entry of the normal course called")
        cares = [item.id for item in p["aftercare"]]
        self.mapping(top, "aftercare", care, cares, cares, "entry of the aftercare called")
        products = list(p["aftercare_by_adjuvant"])
        self.mapping(top, "adjuvants", product, products, products, "aftercare for an adjuvant called")

    def _names(self, top: Reader) -> None:
        p = self.p
        zones = [*p["zones"], *p["excluded_zones"]]
        self.named(top, "zones", zones, zones, "zone")
        self.named(top, "devices", p["devices"], [device.id for device in p["devices"].values() if device.allowed], "device")
        others = [name for name in p["adjuvants"] if name not in p["aftercare_by_adjuvant"]]
        self.named(top, "adjuvant_names", p["adjuvants"], others, "adjuvant")
        # A rule without a reason of its own is told as `reason_other`.
        self.named(top, "reasons", [*p["rules"], *p["excluded_zones"]], (), "contraindication")

    # -- one text, a list of texts, a mapping by id --------------------------------------------------------------------

    def line(self, r: Reader, key: str, names: Collection[str], *, required: bool = True) -> None:
        if required or key in r.data:
            self.words_of(r.at(key), r.text(key), names)

    def lines(self, r: Reader, key: str, names: Collection[str], *, required: bool = True) -> None:
        texts = r.words(key, required=required)
        if required and not texts and isinstance(r.data.get(key), (list, tuple)):
            r.fault(key, "must hold at least one line")
        for index, text in enumerate(texts):
            if not text.strip():
                r.fault(f"{key}[{index}]", "must not be empty")
            self.words_of(r.at(f"{key}[{index}]"), text, names)

    def mapping(self, top: Reader, key: str, block: Any, among: Collection[str], needed: Collection[str], kind: str) -> None:
        raw = top.take(key)
        if not isinstance(raw, Mapping):
            if key in top.data:
                top.fault(key, f"must be a mapping, not {type_name(raw)}")
            return
        self.known(top.at(key), raw, among, kind)
        self.complete(top.at(key), raw, needed)
        for name, item in raw.items():
            r = Reader(item, top.at(f"{key}.{name}"), self.faults)
            if isinstance(item, Mapping):
                block(r)
                r.done()

    def named(self, top: Reader, key: str, among: Collection[str], needed: Collection[str], kind: str) -> None:
        """A mapping of ids to names, which are printed as they stand."""
        raw = top.take(key)
        if not isinstance(raw, Mapping):
            if key in top.data:
                top.fault(key, f"must be a mapping, not {type_name(raw)}")
            return
        r = Reader(raw, top.at(key), self.faults)
        self.known(r.path, raw, among, kind)
        self.complete(r.path, raw, needed)
        for name in raw:
            self.line(r, name, ())

    def words_of(self, path: str, text: str, names: Collection[str]) -> None:
        """No figure, only names the sheet can fill, stars in pairs."""
        try:
            fields = list(string.Formatter().parse(text))
        except ValueError:
            self.faults.append(Fault(path, "has a brace without its partner"))
            return
        for said, name, spec, turn in fields:
            if any(unicodedata.category(letter) in ("Nd", "No", "Nl") for letter in said):
                self.faults.append(Fault(path, "holds a figure: a figure comes from the protocol, by its name in braces"))
            if name is None:
                continue
            if spec or turn or name not in names:
                shown = ", ".join(sorted(names)) or "none"
                self.faults.append(Fault(path, f"asks for {{{name}}}, which the sheet cannot fill here; it can fill: {shown}"))
        if text.count("**") % 2:
            self.faults.append(Fault(path, "has stars without their partner: **strong** text stands between two pairs"))
        if len(text) > LONGEST_LINE:
            self.faults.append(Fault(path, f"must be at most {LONGEST_LINE} characters"))

    def known(self, path: str, names: Collection[str], among: Collection[str], kind: str) -> None:
        for name in names:
            if name not in among:
                self.faults.append(Fault(f"{path}.{name}", f"there is no {kind} {name}"))

    def complete(self, path: str, names: Collection[str], needed: Collection[str]) -> None:
        for name in needed:
            if name not in names:
                self.faults.append(Fault(f"{path}.{name}", "is missing: the sheet needs words for it"))

    def twice(self, path: str, names: Collection[str]) -> None:
        for name in repeated(names):
            self.faults.append(Fault(path, f"{name} stands twice"))
