"""
One protocol version, parsed and checked.

`Knowledge.parse(mapping)` reads a whole pack or refuses it whole with every fault and its path. Nothing here is code:
every clinical value stands in the pack, with its references.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from planner.errors import Fault, KnowledgeFaults
from planner.reading import MISSING, Reader, repeated, type_name
from planner.spellings import Joined, Spellings
from planner.words import NameIndex, tokens

from . import entries as e
from . import structure, wording_section
from .checks import check
from .sections import SectionReader, texts_of

SCHEMA = "microneedling-protocol/2"
STATUSES = ("draft", "in_review", "approved", "retired")


@dataclass(frozen=True, slots=True)
class Names:
    """
    Finders for the names people type, built once. `noise`: words of a medicine's text that are not its name;
    `rules_from_data`: the rules that follow from data; `rules_of_class`: medicine class -> ids of the rules it leads to.
    """

    noise: frozenset[str]
    medicines: NameIndex[e.Medicine]
    ambiguous: NameIndex[str]
    denied: NameIndex[str]
    spellings: Spellings
    joined: Joined[e.Medicine]
    procedures: NameIndex[e.Procedure]
    allergens: NameIndex[e.Allergen]
    adjuvants: NameIndex[e.Adjuvant]
    refused_preparations: NameIndex[str]
    labs: NameIndex[str]
    devices: NameIndex[e.Device]
    brands: NameIndex[e.DeviceModel]
    zones: NameIndex[tuple[str, ...]]
    requested_zones: NameIndex[str]
    rules: NameIndex[str]
    rules_from_data: tuple[e.Rule, ...]
    rules_of_class: Mapping[str, tuple[str, ...]]
    morphology: Mapping[str, NameIndex[e.Morphology]]


@dataclass(frozen=True, slots=True)
class Knowledge:
    """
    What the clinic knows, typed. Mappings keep the pack's order.

    version, status, sha256   what a proposal pins; `stamped()` gives the same knowledge under a stored version's own
    document                  the mapping it was parsed from
    grades                    evidence grade -> meaning
    references                id -> Reference
    zones, excluded_zones     id -> Zone (label, short_label, short_reason, region, max_depth_mm, order), ExcludedZone
    zone_groups               words that name several zones ("face")
    indications               id -> Indication (label, short_label, levels: id -> Level, morphology, efficacy ...)
    depth_rows                (indication, level, zone) -> DepthRow (depth_mm: Span, source, note)
    devices, device_models    kind -> Device; brand -> DeviceModel
    device_limits, labelling  what a brand is labelled for, and when that counts
    adjuvants, adjuvant_rules id -> Adjuvant (uses per indication, words, bars)
    rules                     id -> Rule: every contraindication and caution with what it does
    questions                 about 14 Question (covers: Cover per rule), in the order asked
    question_of               rule id -> Question
    lists                     medicines, allergies -> ListQuestion: how long a list holds once it was gone through
    medicines, medicine_classes, matching, procedures, allergens, lab_rules
    phototype_rules           PhototypeRule; `phototype_rule("V")`
    combination               id -> CombinationRule; limits: LimitOrder; large_area_regions; above_evaluated_sign_off
    alternatives, technique, numbing, anaesthesia (id -> Fact)
    downtime_bands            DowntimeBand, shallow to deep; `band_of(depth_mm)`
    precare, aftercare, aftercare_by_adjuvant (id -> Fact), sun_protection, normal_course, red_flags, review_advice
    course, not_healed, pigmentation, operator_rules
    settings                  id -> Setting (default, options): what the clinic decides once
    kept                      what follows from the protocol alone, worked out at first use; a changed copy begins anew
    patient_wording           PatientWording: the words of the aftercare sheet; None in versions from before they were signed
    """

    version: str
    status: str
    sha256: str
    document: Mapping[str, Any] = field(repr=False)
    grades: Mapping[str, str] = field(repr=False)
    references: Mapping[str, e.Reference] = field(repr=False)
    devices: Mapping[str, e.Device] = field(repr=False)
    device_models: Mapping[str, e.DeviceModel] = field(repr=False)
    device_limits: tuple[e.DeviceLimit, ...] = field(repr=False)
    labelling: e.Labelling = field(repr=False)
    zones: Mapping[str, e.Zone] = field(repr=False)
    excluded_zones: Mapping[str, e.ExcludedZone] = field(repr=False)
    zone_groups: tuple[e.ZoneGroup, ...] = field(repr=False)
    indications: Mapping[str, e.Indication] = field(repr=False)
    depth_rows: Mapping[tuple[str, str, str], e.DepthRow] = field(repr=False)
    adjuvants: Mapping[str, e.Adjuvant] = field(repr=False)
    adjuvant_rules: e.AdjuvantRules = field(repr=False)
    rules: Mapping[str, e.Rule] = field(repr=False)
    questions: tuple[e.Question, ...] = field(repr=False)
    lists: Mapping[str, e.ListQuestion] = field(repr=False)
    question_of: Mapping[str, e.Question] = field(repr=False)
    medicine_classes: Mapping[str, e.MedicineClass] = field(repr=False)
    medicines: tuple[e.Medicine, ...] = field(repr=False)
    matching: e.Matching = field(repr=False)
    medicine_source: e.Source = field(repr=False)
    procedures: tuple[e.Procedure, ...] = field(repr=False)
    procedure_source: e.Source = field(repr=False)
    allergens: tuple[e.Allergen, ...] = field(repr=False)
    allergen_source: e.Source = field(repr=False)
    lab_rules: tuple[e.LabRule, ...] = field(repr=False)
    phototype_rules: tuple[e.PhototypeRule, ...] = field(repr=False)
    combination: Mapping[str, e.CombinationRule] = field(repr=False)
    limits: e.LimitOrder = field(repr=False)
    large_area_regions: tuple[str, ...] = field(repr=False)
    above_evaluated_sign_off: tuple[str, ...] = field(repr=False)
    alternatives: e.Alternatives = field(repr=False)
    technique: e.Technique = field(repr=False)
    anaesthesia: Mapping[str, e.Fact] = field(repr=False)
    numbing: e.Numbing = field(repr=False)
    downtime_source: e.Source = field(repr=False)
    downtime_bands: tuple[e.DowntimeBand, ...] = field(repr=False)
    precare: tuple[e.PrecareItem, ...] = field(repr=False)
    aftercare: tuple[e.AftercareItem, ...] = field(repr=False)
    aftercare_by_adjuvant: Mapping[str, e.Fact] = field(repr=False)
    sun_protection: e.SunProtection | None = field(repr=False)
    normal_course: tuple[e.NormalItem, ...] = field(repr=False)
    red_flags: tuple[e.RedFlag, ...] = field(repr=False)
    course: e.CourseRules = field(repr=False)
    not_healed: e.HistoryRule = field(repr=False)
    pigmentation: e.HistoryRule = field(repr=False)
    operator_rules: e.OperatorRules = field(repr=False)
    review_advice: tuple[e.ReviewAdvice, ...] = field(repr=False)
    settings: Mapping[str, e.Setting] = field(repr=False)
    patient_wording: wording_section.PatientWording | None = field(repr=False)
    names: Names = field(repr=False)
    kept: dict[Any, Any] = field(init=False, repr=False, compare=False, default_factory=dict)

    @classmethod
    def parse(cls, mapping: object) -> "Knowledge":
        """
        Return the pack in *mapping* as knowledge.

        Raises:
            KnowledgeFaults: the pack is broken; every fault with its path, nothing of it used.
        """
        if not isinstance(mapping, Mapping):
            raise KnowledgeFaults([Fault("", f"a pack is a mapping of names to values, not {type_name(mapping)}")])
        faults: list[Fault] = list(structure.walk(mapping))
        parts = _read(mapping, faults)
        check(mapping, parts, faults)
        if faults:
            raise KnowledgeFaults(structure.in_pack_order(faults, mapping))
        parts["names"] = _names(parts)
        for name in ("combination_ids", "aftercare_adjuvants"):
            parts.pop(name)
        return cls(document=mapping, sha256=canonical_sha256(mapping), **parts)

    def stamped(self, *, version: str, status: str, sha256: str) -> "Knowledge":
        """The same knowledge under a stored version's own name, status and hash."""
        return replace(self, version=version, status=status, sha256=sha256)

    @property
    def asked_rules(self) -> tuple[e.Rule, ...]:
        """The rules with a question of their own, in the pack's order."""
        if "asked rules" not in self.kept:
            self.kept["asked rules"] = tuple(rule for rule in self.rules.values() if rule.question is not None)
        found: tuple[e.Rule, ...] = self.kept["asked rules"]
        return found

    @property
    def question_places(self) -> Mapping[str, int]:
        """Rule id -> place of its question in the order asked."""
        if "question places" not in self.kept:
            self.kept["question places"] = {rule_id: place for place, rule_id in enumerate(self.question_of)}
        found: dict[str, int] = self.kept["question places"]
        return found

    @property
    def zone_places(self) -> Mapping[str, int]:
        """Zone -> place in the pack's order, the zones never treated last."""
        if "zone places" not in self.kept:
            self.kept["zone places"] = {zone: place for place, zone in enumerate((*self.zones, *self.excluded_zones))}
        found: dict[str, int] = self.kept["zone places"]
        return found

    def phototype_rule(self, phototype: str) -> e.PhototypeRule:
        for rule in self.phototype_rules:
            if phototype in rule.phototypes:
                return rule
        raise LookupError(f"the protocol has no rule for phototype {phototype}")  # refused when the pack is parsed

    def band_of(self, depth_mm: Decimal) -> e.DowntimeBand:
        """The downtime band of a session whose deepest depth is *depth_mm*."""
        for band in self.downtime_bands:
            if depth_mm <= band.up_to_mm:
                return band
        raise LookupError(f"the protocol has no downtime band for {depth_mm} mm")  # refused when the pack is parsed


def canonical_sha256(mapping: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical JSON: keys sorted, no spaces, UTF-8. 1.0 and 1 are the same number."""

    def plain(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {str(key): plain(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [plain(item) for item in value]
        if isinstance(value, (float, Decimal)):
            return int(value) if value == int(value) else float(value)
        if value is None or isinstance(value, (bool, int, str)):
            return value
        return value.isoformat() if hasattr(value, "isoformat") else str(value)

    text = json.dumps(plain(mapping), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _read(mapping: Mapping[str, Any], faults: list[Fault]) -> dict[str, Any]:
    """Every section of the pack, typed. Entries with a fault are still returned, so that all faults are found at once."""
    top = Reader(mapping, "", faults)
    if top.text("schema") not in ("", SCHEMA):
        top.fault("schema", f"must be {SCHEMA}")
    parts: dict[str, Any] = {
        "version": top.text("pack_version"),
        "status": top.choice("status", STATUSES) or "draft",
    }
    top.ignore("status_text")
    written = top.take("vocabulary")
    vocabulary = Reader({} if written is MISSING else written, "vocabulary", faults)
    parts["grades"] = texts_of(vocabulary, "evidence")
    for key, value in vocabulary.data.items():
        if key == "evidence" or isinstance(value, str):
            continue
        if isinstance(value, Mapping):
            texts_of(vocabulary, key)
        else:
            vocabulary.fault(key, f"must be text or a mapping of words to their meaning, not {type_name(value)}")
    r = SectionReader(faults, tuple(parts["grades"]), _unread(mapping.get("references")))

    def by_id(key: str, read: Any, ident: str = "id") -> dict[str, Any]:
        rows = top.entries(key, read, required=True, filled=True)
        for twice in repeated(getattr(row, ident) for row in rows):
            faults.append(Fault(key, f"{twice} stands twice"))
        return {getattr(row, ident): row for row in rows}

    parts["devices"] = by_id("devices", r.device)
    parts["device_models"] = by_id("device_models", r.device_model, "brand")
    parts["labelling"] = top.entry("labelling", r.labelling, required=True)
    parts["device_limits"] = top.entries("device_limits", r.device_limit, required=True)
    zones = r.zones(top)
    for twice in repeated(zone.id for zone in zones):
        faults.append(Fault("zones", f"{twice} stands twice"))
    parts["zones"] = {zone.id: zone for zone in zones}
    parts["excluded_zones"] = by_id("excluded_zones", r.excluded_zone)
    parts["zone_groups"] = top.entries("zone_groups", r.zone_group)
    parts["indications"] = by_id("indications", r.indication)
    rows = top.entries("depth_ranges", r.depth_row, required=True)
    for indication, level, zone in repeated((row.indication, row.level, row.zone) for row in rows):
        faults.append(Fault("depth_ranges", f"{indication}, {level}, {zone} stands twice"))
    parts["depth_rows"] = {(row.indication, row.level, row.zone): row for row in rows}
    adjuvants = r.adjuvants(top)
    for twice in repeated(adjuvant.id for adjuvant in adjuvants):
        faults.append(Fault("adjuvants", f"{twice} stands twice"))
    parts["adjuvants"] = {adjuvant.id: adjuvant for adjuvant in adjuvants}
    parts["adjuvant_rules"] = top.entry("adjuvant_rules", r.adjuvant_rules, required=True)
    rules = r.rules(top)
    for twice in repeated(rule.id for rule in rules):
        faults.append(Fault("contraindications", f"{twice} stands twice"))
    parts["rules"] = {rule.id: rule for rule in rules}
    _read_names(top, r, parts)
    _read_course(top, r, parts, by_id)
    top.done()
    return parts


def _read_names(top: Reader, r: SectionReader, parts: dict[str, Any]) -> None:
    def medicines(m: Reader) -> None:
        parts["matching"] = m.entry("matching", r.matching, required=True)
        parts["medicine_source"] = r.source(m)
        classes = m.entries("classes", r.medicine_class, required=True)
        for twice in repeated(c.id for c in classes):
            m.fault("classes", f"{twice} stands twice")
        parts["medicine_classes"] = {c.id: c for c in classes}
        parts["medicines"] = m.entries("list", r.medicine, required=True)

    def procedures(p: Reader) -> None:
        parts["procedure_source"] = r.source(p)
        parts["procedures"] = p.entries(
            "list", lambda q: e.Procedure(q.text("leads_to"), q.words("words", required=True), q.text_or_none("filler_kind"))
        )

    def allergens(a: Reader) -> None:
        parts["allergen_source"] = r.source(a)
        parts["allergens"] = a.entries(
            "list",
            lambda q: e.Allergen(
                q.text("id"), q.words("leads_to", required=True), q.words("words", required=True), q.text_or_none("advice")
            ),
        )

    top.entry("medicines", medicines, required=True)
    top.entry("procedures", procedures, required=True)
    top.entry("allergens", allergens, required=True)
    parts["lab_rules"] = top.entries("lab_rules", r.lab_rule, required=True)
    parts["phototype_rules"] = top.entries("phototype_rules", r.phototype_rule, required=True)


def _read_course(top: Reader, r: SectionReader, parts: dict[str, Any], by_id: Any) -> None:
    combined = top.entries("combination_rules", r.combination, required=True)
    parts["combination"] = {rule.id: rule for rule, _ in combined}
    parts["combination_ids"] = tuple(rule.id for rule, _ in combined)
    fields = {rule.id: values for rule, values in combined}
    order = fields.get("order_of_limits", {})
    rule = parts["combination"].get("order_of_limits")
    parts["limits"] = e.LimitOrder(
        order.get("steps", ()),
        order.get("least_depth_mm") or Decimal("0.2"),
        rule.text if rule else "",
        rule.source if rule else e.Source((), "", True),
    )
    parts["large_area_regions"] = fields.get("large_areas", {}).get("regions", ())
    parts["above_evaluated_sign_off"] = fields.get("above_evaluated", {}).get("sign_off", ())
    parts["alternatives"] = top.entry("alternatives", r.alternatives, required=True)
    parts["technique"] = top.entry("technique", r.technique, required=True)
    parts["anaesthesia"] = by_id("anaesthesia", r.fact)
    parts["numbing"] = top.entry("numbing", r.numbing, required=True)
    parts["downtime_source"] = top.entry("downtime_rule", r.downtime_rule, required=True)
    bands = top.entries("downtime_bands", r.downtime_band, required=True, filled=True)
    parts["downtime_bands"] = tuple(sorted(bands, key=lambda band: band.up_to_mm))
    parts["precare"] = tuple(by_id("precare", r.precare).values())
    parts["aftercare"] = tuple(by_id("aftercare", r.aftercare).values())
    texts = top.entries("aftercare_by_adjuvant", lambda q: (q.text("adjuvant"), r.fact(q, "text")), required=True, filled=True)
    parts["aftercare_by_adjuvant"] = dict(texts)
    parts["aftercare_adjuvants"] = tuple(name for name, _ in texts)
    parts["sun_protection"] = top.entry("sun_protection", r.sun_protection)
    parts["normal_course"] = tuple(by_id("normal_course", r.normal).values())
    parts["red_flags"] = tuple(by_id("red_flags", r.red_flag).values())
    parts["course"] = top.entry("course_rules", r.course_rules, required=True)
    parts["not_healed"], parts["pigmentation"] = top.entry("history_rules", r.history_rules, required=True) or (None, None)
    parts["operator_rules"] = top.entry("operator_rules", r.operator_rules, required=True)
    parts["review_advice"] = tuple(by_id("review_advice", r.review_advice).values())
    parts["settings"] = by_id("settings", r.setting)
    parts["questions"] = tuple(by_id("questions", r.question).values())
    parts["question_of"] = {cover.rule: question for question in parts["questions"] for cover in question.covers}
    lists = top.entries("lists", r.list_question)
    for twice in repeated(question.id for question in lists):
        top.fault("lists", f"{twice} stands twice")
    parts["lists"] = {question.id: question for question in (*_lists_by_questions(parts), *lists)}
    parts["references"] = by_id("references", _reference)
    parts["patient_wording"] = wording_section.read(top, parts, top.faults)


def _unread(rows: object) -> list[str]:
    """The ids of the references marked unverified: looked up before the entries that name them are read."""
    if not isinstance(rows, (list, tuple)):
        return []
    marked = [row["id"] for row in rows if isinstance(row, Mapping) and row.get("unverified") is True and "id" in row]
    return [ident for ident in marked if isinstance(ident, str)]


def _reference(r: Reader) -> e.Reference:
    return e.Reference(
        id=r.text("id"),
        citation=r.text("citation"),
        type=r.text("type"),
        evidence=r.text("evidence"),
        read=r.text("read"),
        unverified=r.flag("unverified"),
        doi=_identifier(r, "doi"),
        pmid=_identifier(r, "pmid"),
        pmcid=_identifier(r, "pmcid"),
    )


def _identifier(r: Reader, key: str) -> str:
    """Text, or the bare number of a PMID."""
    value = r.take(key, required=False)
    if value is MISSING or value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        r.fault(key, f"must be text or a whole number, not {type_name(value)}")
        return ""
    return str(value) if isinstance(value, str) or abs(value) < structure.LARGEST else ""


def _lists_by_questions(parts: dict[str, Any]) -> tuple[e.ListQuestion, ...]:
    """Where a pack says nothing about a list, it holds as long as the shortest-lived question about what follows from it."""

    def days(follows: Any) -> int:
        questions = (parts["question_of"].get(rule.id) for rule in parts["rules"].values() if follows(rule.derived))
        return min((question.valid_days for question in questions if question is not None), default=0)

    if "medicine_source" not in parts or "allergen_source" not in parts:
        return ()  # a broken pack: its faults are told
    return (
        e.ListQuestion(
            "medicines",
            "Have your medicines or supplements changed since you were last asked?",
            days(lambda derived: derived.medicine_classes),
            parts["medicine_source"],
        ),
        e.ListQuestion(
            "allergies",
            "Have you found out about a new allergy since you were last asked?",
            days(lambda derived: derived.allergens),
            parts["allergen_source"],
        ),
    )


def _names(parts: dict[str, Any]) -> Names:
    matching: e.Matching = parts["matching"]
    listed = [(name, m) for m in parts["medicines"] for name in (m.ingredient, *m.names) if m.names is not None]
    known = {name for name, _ in listed}
    listed += [
        (form.ingredient, e.Medicine(form.ingredient, (), (), True)) for form in matching.forms.values() if form.ingredient not in known
    ]
    zones: list[tuple[str, tuple[str, ...]]] = []
    requested: list[tuple[str, str]] = []
    for zone in (*parts["zones"].values(), *parts["excluded_zones"].values()):
        for word in (zone.id, zone.label, zone.short_label, *zone.words):
            zones.append((word, (zone.id,)))
            requested.append((word, zone.id))
    everywhere = (*parts["zones"].values(), *parts["excluded_zones"].values())
    for group in parts["zone_groups"]:
        members = tuple(zone.id for zone in everywhere if zone.region in group.regions)
        zones += [(word, members) for word in (group.id, *group.words)]
    filler = {*matching.units, *matching.topical_words, *matching.systemic_words, *matching.noise}
    filler |= {word for words, _ in matching.frequencies for word in words}
    return Names(
        noise=frozenset(token for word in filler for token in tokens(word)),
        medicines=NameIndex(listed),
        ambiguous=NameIndex((word, word) for word in matching.ambiguous),
        denied=NameIndex((word, word) for word in matching.denied),
        spellings=Spellings((name, medicine.ingredient) for name, medicine in listed),
        joined=Joined(listed),
        procedures=NameIndex(((word, p) for p in parts["procedures"] for word in p.words), plurals=True),
        allergens=NameIndex(((word, a) for a in parts["allergens"] for word in a.words), plurals=True),
        adjuvants=NameIndex(
            ((word, a) for a in parts["adjuvants"].values() for word in (a.id, a.label, a.short_label, *a.words)), plurals=True
        ),
        refused_preparations=NameIndex(((word, word) for word in parts["adjuvant_rules"].refused_words), plurals=True),
        labs=NameIndex((word, rule.name) for rule in parts["lab_rules"] for word in (rule.name, *rule.words)),
        devices=NameIndex((word, d) for d in parts["devices"].values() for word in (d.id, d.label, d.short_label, *d.words)),
        brands=NameIndex((m.brand, m) for m in parts["device_models"].values()),
        zones=NameIndex(zones),
        requested_zones=NameIndex(requested),
        rules_from_data=tuple(rule for rule in parts["rules"].values() if rule.derived != e.Derivation()),
        rules_of_class={
            group.id: tuple(
                rule.id for rule in parts["rules"].values() if group.id in rule.derived.medicine_classes or rule.id in group.leads_to
            )
            for group in parts["medicine_classes"].values()
        },
        rules=NameIndex((word, rule.id) for rule in parts["rules"].values() for word in (rule.id, rule.label)),
        morphology={
            indication.id: NameIndex((word, m) for m in indication.morphology for word in m.words)
            for indication in parts["indications"].values()
        },
    )
