"""
What stands on one patient's aftercare sheet: blocks of wording picked by the protocol, with its hours turned into dates.

Pure: no Django, no clock, no database. Every figure and every text comes from the protocol version (`knowledge.document`;
versions from before the words were signed use those of `wording/`); every name and lot from the record.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from planner import wording as figures
from planner.knowledge.wording_section import MONTHS

from .blocks import PrintedBlock
from .dates import Moment, after_days, after_hours, calendar_of
from .facts import Approval, LeftOut, RecordFacts, SheetCannotBeMade, SheetFacts, SiteFacts, TranslationFacts
from .words import Line, Words, plain, words_for

# The days every sheet shows (of a table, not of a rule); days on which a rule changes join them.
# Countries where the year runs the other way round.
SOUTHERN = frozenset(
    {"AR", "AU", "BO", "BR", "BW", "CL", "FJ", "LS", "MG", "MU", "MZ", "NA", "NZ", "PE", "PG", "PY", "SZ", "UY", "ZA", "ZM", "ZW"}
)
USUAL_DAYS = (0, 1, 2, 3, 7, 14)
MOST_COLUMNS = 7
# Up to eight zones stand in one row as wide as their names; more stand in rows of six.
ZONES_IN_ONE_ROW, ZONES_A_ROW = 8, 6


class Knowledge(Protocol):
    @property
    def document(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True)
class Column:
    day: int
    label: Line
    date: str


@dataclass(frozen=True)
class RuleRow:
    """`closed` columns of "Not yet", then `open` columns of "From midday, Wed 18 Nov"."""

    label: Line
    closed: int
    not_yet: Line
    open: int
    from_when: Line


@dataclass(frozen=True)
class Box:
    title: Line
    line: Line


@dataclass(frozen=True)
class DayTable:
    title: Line
    columns: tuple[Column, ...]
    feel_label: Line
    feel: tuple[Line, ...]
    rules: tuple[RuleRow, ...]


@dataclass(frozen=True)
class Help:
    same_day_title: Line
    same_day: tuple[Line, ...]
    emergency_title: Line
    emergency: tuple[Line, ...]
    this_week: Line | None
    phone: str
    phone_hours: str


@dataclass(frozen=True)
class Step:
    when: Line
    dates: str
    see: Line
    do: tuple[Line, ...]


@dataclass(frozen=True)
class ZoneDepth:
    zone: str
    name: Line
    depth: str


@dataclass(frozen=True)
class Map:
    """A picture of the face or the body with the zones that are shaded and striped on it."""

    kind: str
    treated: tuple[str, ...]
    left_out: tuple[str, ...]
    alt: Line


@dataclass(frozen=True)
class Visit:
    title: Line
    day: Line | None
    clock: Line | None
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class DayRule:
    """What one rule says on one day. mark: "ok" or "no"."""

    label: Line
    says: Line
    mark: str


@dataclass(frozen=True)
class Day:
    """One column of the day table as a paragraph: only what changes on that day is said again."""

    label: Line
    date: str
    feel: Line
    rules: tuple[DayRule, ...]


@dataclass(frozen=True)
class SheetContent:
    language: str
    country: str
    paper: str
    title: Line
    clinic: str
    keep: Line
    name: str
    who: tuple[Line, ...]
    maps: tuple[Map, ...]
    legend: tuple[Line, ...]
    three: tuple[Box, ...]
    days: DayTable
    help: Help
    steps_title: Line
    step_heads: tuple[Line, Line, Line]
    steps: tuple[Step, ...]
    normal: Box
    did_title: Line
    did_caption: Line
    zone_rows: tuple[tuple[ZoneDepth, ...], ...]
    did: tuple[Line, ...]
    extras_title: Line
    extras: tuple[Line, ...]
    visit: Visit
    before: Line
    checked: tuple[Line, ...]
    foot: Line
    page: Line
    of: Line
    direction: str = "ltr"
    large: bool = False
    blocks: tuple[PrintedBlock, ...] = ()

    @property
    def day_list(self) -> tuple[Day, ...]:
        """The day table as a list by day: all rules on the first day, then each on the day on which it changes."""
        days, table = [], self.days
        for index, (column, feel) in enumerate(zip(table.columns, table.feel, strict=True)):
            rules = [DayRule(rule.label, rule.not_yet, "no") for rule in table.rules if index == 0 and rule.closed]
            rules += [DayRule(rule.label, rule.from_when, "ok") for rule in table.rules if index == rule.closed and rule.open]
            days.append(Day(column.label, column.date, feel, tuple(rules)))
        return tuple(days)

    @property
    def is_translated(self) -> bool:
        return not self.language.startswith("en-")


def content(
    facts: RecordFacts,
    knowledge: Knowledge,
    *,
    site: SiteFacts,
    approval: Approval,
    sheet: SheetFacts,
    language: str = "en",
    translation: TranslationFacts | None = None,
) -> SheetContent:
    """
    Compose the sheet of one signed session. translation: the approved words where *language* is not English.

    Raises:
        SheetCannotBeMade: the protocol is not approved, a zone or rule has no words, a depth has no band, or the clinic's
            phone numbers are missing. The message says what to do.
    """
    words = words_for(knowledge.document, language, site.country, translation)
    return _Sheet(facts, knowledge.document, site, approval, sheet, words).compose()


def spoken_list(items: Sequence[str], joiner: str, comma: str = ", ") -> str:
    """`forehead, nose and chin`"""
    return items[0] if len(items) == 1 else f"{comma.join(items[:-1])} {joiner} {items[-1]}"


def band_of(document: Mapping[str, Any], depth_mm: Decimal) -> Mapping[str, Any]:
    """Return the downtime band that holds *depth_mm*."""
    for band in document["downtime_bands"]:
        limits = band["depth_mm"]
        if Decimal(str(limits["above"])) < depth_mm <= Decimal(str(limits["up_to_and_including"])):
            return band
    raise SheetCannotBeMade(
        f"The protocol has no healing times for a depth of {figures.mm(depth_mm)}. Check the depths in the record, or ask the medical lead."
    )


class _Sheet:
    """One composition; holds what its parts share."""

    def __init__(
        self, facts: RecordFacts, document: Mapping[str, Any], site: SiteFacts, approval: Approval, sheet: SheetFacts, words: Words
    ):
        if approval.approved_on is None:
            raise SheetCannotBeMade(
                f"Protocol {approval.version} is not approved, so no sheet is made from it. "
                "Ask the medical lead to approve it, then make the sheet again."
            )
        if not facts.treated:
            raise SheetCannotBeMade("No zone was treated in this session, so there is nothing to look after.")
        if not site.phone or not site.emergency_number:
            raise SheetCannotBeMade("The sheet needs the clinic's phone number and emergency number. Enter both in the clinic's settings.")
        self.facts, self.document, self.site, self.approval, self.sheet, self.words = facts, document, site, approval, sheet, words
        self.zone = ZoneInfo(site.time_zone)
        self.calendar = calendar_of(site.country, words.terms["midday"], words.calendar)
        self.today: date = facts.ended_at.astimezone(self.zone).date()
        self.deepest = max(item.depth_mm for item in facts.treated)
        self.band = band_of(document, self.deepest)
        self.regions = {zone["id"]: zone["region"] for zone in document["zones"]}
        unknown = [item.zone for item in facts.treated if item.zone not in self.regions]
        if unknown:
            raise SheetCannotBeMade(f"The protocol does not know the zone “{unknown[0]}”. Ask the medical lead.")
        self.moments = self._moments()

    # What the protocol's hours mean for this session

    def _moments(self) -> dict[str, Moment]:
        moments = {}
        for field, value in self.band["resume"].items():
            # Every other field of the block is where the figures come from: references, grade, note.
            if field.endswith("_hours"):
                moments[field] = after_hours(self.facts.ended_at, Decimal(str(value)), self.zone)
            elif field.endswith("_days"):
                moments[field] = after_days(self.facts.ended_at, Decimal(str(value)), self.zone)
        return moments

    def _gel_until(self) -> Moment:
        first = min(self.document["aftercare"], key=lambda entry: entry["from_hour"])
        return after_hours(self.facts.ended_at, Decimal(str(first["to_hour"])), self.zone)

    def _values(self) -> dict[str, str]:
        """Everything a line may ask for by the name of the protocol's field."""
        values = {field: self.calendar.moment(moment) for field, moment in self.moments.items()}
        values["gel_until"] = self.calendar.moment(self._gel_until())
        values["emergency_number"] = self.site.emergency_number.replace(" ", "\u00a0")
        sun = self.document.get("sun_protection")
        factor = self.words.document["factor"]
        values["factor"] = factor.format(**self.words.terms, spf_min=figures.number(sun["spf_min"])) if sun else ""
        return values

    def line(self, path: str, template: str | None = None, **values: object) -> Line:
        return self.words.line(path, template, **{**self._values(), **values})

    def day_number(self, day: date) -> int:
        return (day - self.today).days

    # The parts of the sheet

    def compose(self) -> SheetContent:
        # The blocks last: by then it is known which of them stand on the sheet.
        composed = self._composed()
        if not composed.extras:
            self.words.used.discard("extras_title")
        return replace(composed, blocks=self.words.blocks(self.approval))

    def _language(self) -> str:
        """BCP 47, for screen readers."""
        if self.words.translation:
            return self.words.language
        return "en-US" if self.site.country == "US" else f"{self.words.language}-GB"

    def _composed(self) -> SheetContent:
        return SheetContent(
            language=self._language(),
            country=self.site.country,
            paper=self.sheet.paper,
            title=self.line("title"),
            clinic=self.site.clinic,
            keep=self.line("keep"),
            name=self.facts.name,
            who=self._who(),
            maps=self._maps(),
            legend=self._legend(),
            three=tuple(Box(self.line(f"three.{key}.title"), self.line(f"three.{key}.line")) for key in self.words.document["three"]),
            days=self._days(),
            help=self._help(),
            steps_title=self.line("steps.title"),
            step_heads=(self.line("steps.when"), self.line("steps.see"), self.line("steps.do")),
            steps=self._steps(),
            normal=Box(self.line("normal.title"), self._normal()),
            did_title=self.line("did.title"),
            did_caption=self.line("did.caption"),
            zone_rows=self._zone_rows(),
            did=tuple(self._did()),
            extras_title=self.line("extras_title"),
            extras=tuple(self._extras()),
            visit=self._visit(),
            before=self.line("next_visit.before"),
            checked=tuple(self._checked()),
            foot=self.line(
                "foot",
                name=self.facts.name,
                treated_on=self.calendar.long(self.today),
                clinic=self.site.clinic,
                sheet=self.sheet.number,
                version=self.sheet.version,
            ),
            page=self.line("page"),
            of=self.line("of"),
            direction="rtl" if self.words.runs_right_to_left else "ltr",
            large=self.sheet.large,
        )

    def _who(self) -> tuple[Line, ...]:
        born = self.line("born", birth_date=self.calendar.long(self.facts.birth_date))
        who = Line("born", ((self.words.own(self.facts.name), True), (f"{self.calendar.comma}{born.text}", False)))
        path = "session" if self.facts.sessions_planned else "session_alone"
        return (
            who,
            self.line("treated_on", treated_on=self.calendar.long(self.today, weekday=True)),
            self.line(path, number=self.facts.session_number, count=self.facts.sessions_planned, clinician=self.facts.clinician),
        )

    def _maps(self) -> tuple[Map, ...]:
        treated = [item.zone for item in self.facts.treated]
        left_out = [item.zone for item in self.facts.left_out if item.zone in self.regions]
        maps = []
        for kind in ("face", "body"):
            on_it = [zone for zone in (*treated, *left_out) if (self.regions[zone] == "face") == (kind == "face")]
            if on_it:
                note = self.line("map.left_out").text if any(zone in on_it for zone in left_out) else ""
                maps.append(
                    Map(
                        kind,
                        tuple(zone for zone in treated if zone in on_it),
                        tuple(zone for zone in left_out if zone in on_it),
                        self.line(f"map.{kind}", left_out=note),
                    )
                )
        return tuple(maps)

    def _legend(self) -> tuple[Line, ...]:
        striped = (self.line("map.striped"),) if any(item.zone in self.regions for item in self.facts.left_out) else ()
        return (self.line("map.shaded"), *striped)

    def _days(self) -> DayTable:
        changes = {self.day_number(moment.day) for moment in self.moments.values()}
        days = sorted({*USUAL_DAYS, *changes})
        while len(days) > MOST_COLUMNS:
            # The day before a change says least: it goes first, the latest of them before the others.
            spare = [n for n in days if n not in changes and n + 1 in changes and n] or [n for n in days if n not in changes and n]
            if not spare:
                break
            days.remove(max(spare))
        columns = tuple(
            Column(
                n,
                self.line("day_table.day", n=n) if n else self.line("day_table.today"),
                self._column_date(n, days),
            )
            for n in days
        )
        return DayTable(
            title=self.line("day_table.title"),
            columns=columns,
            feel_label=self.line("day_table.feel"),
            feel=tuple(self._feel(n) for n in days),
            rules=tuple(self._rules(days)),
        )

    def _column_date(self, n: int, days: list[int]) -> str:
        """`Wed 18`; with the month where it begins to be another one."""
        day = self.today + timedelta(days=n)
        before = self.today + timedelta(days=days[days.index(n) - 1]) if n else day
        return self.calendar.column(day, month=day.month != before.month)

    def _feel(self, n: int) -> Line:
        """The words for day *n*: of what goes on then, the newest; quiet things only where nothing else does."""
        hour, found = n * 24, []
        for entry in self.document["normal_course"]:
            if "bands" in entry and self.band["id"] not in entry["bands"]:
                continue
            key = entry["id"]
            block = self.words.block("normal_course", key)
            last = entry["to_hour"]
            if "extends" in block:
                # The longest day the band gives for this sign is counted whole.
                last = (int(Decimal(str(self.band[block["extends"]]["max"])).to_integral_value(ROUND_CEILING)) + 1) * 24
            if entry["from_hour"] <= hour < last:
                found.append((not block.get("quiet", False), entry["from_hour"], bool(entry.get("bands")), key, block))
        if not found:
            return self.line("day_table.settled")
        *_, key, block = max(found, key=lambda item: (item[0], item[2] and not item[0], item[1]))
        return self.line(f"normal_course.{key}", block["feel"])

    def _rules(self, days: list[int]):
        together: dict[str, str] = {}
        for number, group in enumerate(self.words.document["resume_together"], 1):
            fields = [field for field in group["fields"] if field in self.moments]
            if len(fields) > 1 and len({self.moments[field] for field in fields}) == 1:
                together.update(dict.fromkeys(fields[1:], ""))
                together[fields[0]] = group["label"]
                self.words.printed(f"resume_together.{number}")
        # In the order of the wording; a field of the band that it does not know is refused, never left out.
        for field in self.moments:
            self.words.block("resume", field)
        for field, block in self.words.document["resume"].items():
            if field not in self.moments or together.get(field) == "":
                continue
            moment = self.moments[field]
            closed = sum(1 for n in days if n < self.day_number(moment.day))
            when = self.calendar.moment(moment)
            not_yet, open_line = self._rule_lines(field, block, when, closed, len(days) - closed)
            yield RuleRow(
                label=self.line(f"resume.{field}", together.get(field) or block["label"]),
                closed=closed,
                not_yet=not_yet,
                open=len(days) - closed,
                from_when=open_line,
            )

    def _rule_lines(self, field: str, block: Mapping[str, Any], when: str, closed: int, open_columns: int) -> tuple[Line, Line]:
        """What stands in the hatched part and in the solid part of one row."""
        if open_columns == 1 and closed > 1:
            now = block.get("lead") or self.words.text("day_table.now")
            return self.line("day_table.until", when=when), plain(f"resume.{field}.from", now)
        from_when = self.words.text("day_table.from", when=when)
        if "lead" in block:
            from_when = f"{block['lead']}{self.calendar.comma}{from_when[0].lower()}{from_when[1:]}"
        if "tail" in block:
            from_when = f"{from_when}{self.calendar.comma}{block['tail']}"
        return self.line("day_table.first_no" if closed == 1 else "day_table.not_yet"), plain(f"resume.{field}.from", from_when)

    def _help(self) -> Help:
        by_urgency: dict[str, list[Line]] = {"emergency": [], "same_day": [], "within_24h": [], "within_week": []}
        treated_regions = {self.regions[item.zone] for item in self.facts.treated}
        for flag in self.document["red_flags"]:
            if flag["audience"] != "patient":
                continue
            block = self.words.block("red_flags", flag["id"])
            if block.get("needs") == "numbing" and not self.facts.numbing:
                continue
            if "regions" in block and not treated_regions & set(block["regions"]):
                continue
            if flag["urgency"] not in by_urgency:
                raise SheetCannotBeMade(f"The sheet does not know the urgency “{flag['urgency']}” of the protocol. Tell the medical lead.")
            from_day = figures.number(Decimal(str(flag["from_hour"])) / 24)
            by_urgency[flag["urgency"]] += [self.line(f"red_flags.{flag['id']}", text, from_day=from_day) for text in block["lines"]]
        for product in self._products_with_advice():
            block = self.words.block("adjuvants", product)
            by_urgency["emergency"] += [self.line(f"adjuvants.{product}", text) for text in block.get("emergency", [])]
        return Help(
            same_day_title=self.line("help.same_day"),
            # Within 24 hours is asked for as the same day: sooner, never later.
            same_day=tuple(by_urgency["same_day"] + by_urgency["within_24h"]),
            emergency_title=self.line("help.emergency"),
            emergency=tuple(by_urgency["emergency"]),
            this_week=self.line(
                "help.this_week", signs=spoken_list([line.text for line in week], self.words.text("help.or"), self.calendar.comma)
            )
            if (week := by_urgency["within_week"])
            else None,
            phone=self.words.own(self.site.phone.replace(" ", "\u00a0")),
            phone_hours=self.words.own(self.site.phone_hours),
        )

    def _steps(self) -> tuple[Step, ...]:
        steps = []
        entries = sorted(self.document["aftercare"], key=lambda entry: entry["from_hour"])
        for entry in entries:
            key = entry["id"]
            block = self.words.block("aftercare", key)
            first, last = int(entry["from_hour"]) // 24, int(entry["to_hour"]) // 24 - 1
            start, end = self.today + timedelta(days=first), self.today + timedelta(days=last)
            if first == 0 and last <= 0:
                when, dates = self.line("steps.today"), self.calendar.short(start)
            elif last - first > 6:
                when, dates = self.line("steps.open", first=first), self.calendar.short(start)
            elif first == last:
                when, dates = self.line("steps.one", first=first), self.calendar.short(start)
            else:
                pair = last == first + 1
                when = self.line("steps.pair" if pair else "steps.range", first=first, last=last)
                joiner = self.calendar.pair if pair else self.calendar.span
                if self.calendar.month_first:
                    tail = self.calendar.short(end, weekday=False, month=end.month != start.month)
                    dates = f"{self.calendar.short(start, weekday=False)}{joiner}{tail}"
                else:
                    head = self.calendar.short(start, month=end.month != start.month)
                    dates = f"{head}{joiner}{self.calendar.short(end, month=end.month != start.month)}"
            steps.append(
                Step(
                    when,
                    dates,
                    self.line(f"aftercare.{key}.see", block["see"]),
                    (
                        *(self.line(f"aftercare.{key}.do.{n}", text) for n, text in enumerate(block["do"], 1)),
                        *(self._season() if not steps else ()),
                    ),
                )
            )
        return tuple(steps)

    def _normal(self) -> Line:
        """For the skin it is said to, where the version has words for it; feeling comes before colour in all of them."""
        skin = figures.ROMAN[self.facts.phototype - 1] if self.facts.phototype else None
        for name, entry in self.words.document.get("normal_by_phototype", {}).items():
            if skin in entry["phototypes"]:
                return self.line(f"normal_by_phototype.{name}.line", entry["line"])
        return self.line("normal.line")

    def _season(self):
        """What the time of year adds to the first day's steps; in the southern half of the earth it is the other half of the year."""
        month = MONTHS[(self.today.month - 1 + (6 if self.site.country in SOUTHERN else 0)) % 12]
        for name, entry in self.words.document.get("season", {}).items():
            if month in entry["months"]:
                yield self.line(f"season.{name}.line", entry["line"])

    def _zone_name(self, zone: str) -> str:
        self.words.printed(f"zones.{zone}")
        return str(self.words.block("zones", zone))

    def _depth(self, depth_mm: Decimal) -> str:
        """`0.5 mm`; the decimal mark is the language's."""
        return self.words.own(figures.mm(depth_mm).replace(".", self.calendar.decimal))

    def _zone_rows(self) -> tuple[tuple[ZoneDepth, ...], ...]:
        zones = [
            ZoneDepth(item.zone, plain(f"zones.{item.zone}", self._zone_name(item.zone)), self._depth(item.depth_mm))
            for item in self.facts.treated
        ]
        size = len(zones) if len(zones) <= ZONES_IN_ONE_ROW else ZONES_A_ROW
        return tuple(tuple(zones[start : start + size]) for start in range(0, len(zones), size))

    def _did(self):
        facts = self.facts
        device = self.words.own(facts.device_name) or str(self.words.block("devices", facts.device))
        if not facts.device_name:
            self.words.printed(f"devices.{facts.device}")
        if facts.needle_lot and facts.needle_expires_on:
            yield self.line("did.device", device=device, lot=facts.needle_lot, use_by=self.calendar.month(facts.needle_expires_on))
        else:
            yield plain("did.device", f"{device}.")
        yield from self._left_out()
        if facts.numbing:
            yield self.line("did.numbing", numbing=facts.numbing)
        elif facts.numbing_allergy:
            yield self.line("did.numbing_allergy", substance=facts.numbing_allergy)
        for product in facts.products:
            name = product.product or self._product_name(product.id)
            path = "did.product" if product.lot else "did.product_no_lot"
            yield self.line(path, product=name, lot=product.lot)

    def _left_out(self):
        """One sentence for all zones with the same reason."""
        by_reason: dict[tuple[tuple[str, ...], str], list[LeftOut]] = {}
        for item in self.facts.left_out:
            by_reason.setdefault((item.because, item.words), []).append(item)
        for (because, written), items in by_reason.items():
            names = self._listed([self._zone_name(item.zone).lower() for item in items])
            sentence = self.words.text("did.left_out", zone=names)
            if because:
                known, other = self.words.document["reasons"], self.words.document["reason_other"]
                for rule in because:
                    self.words.printed(f"reasons.{rule}" if rule in known else "reason_other")
                reasons = self._listed(list(dict.fromkeys(known.get(rule, other) for rule in because)))
                yield plain("did.left_out", f"{sentence} {self.words.text('did.because', reason=reasons)}")
            elif written:
                yield plain("did.left_out", f"{sentence}. {self.words.text('did.why_recorded')} {self.words.own(written.rstrip('.'))}.")
            else:
                yield plain("did.left_out", f"{sentence}.")

    def _listed(self, names: list[str]) -> str:
        if len(names) > 1:
            self.words.printed("did.and")
        return spoken_list(names, self.words.document["did"]["and"], self.calendar.comma)

    def _product_name(self, id: str) -> str:
        adjuvants = self.words.document["adjuvants"]
        self.words.printed(f"adjuvants.{id}" if id in adjuvants else f"adjuvant_names.{id}")
        return adjuvants[id]["name"] if id in adjuvants else str(self.words.block("adjuvant_names", id))

    def _products_with_advice(self) -> list[str]:
        used = {product.id for product in self.facts.products}
        return [entry["adjuvant"] for entry in self.document["aftercare_by_adjuvant"] if entry["adjuvant"] in used]

    def _extras(self):
        for product in self._products_with_advice():
            block = self.words.block("adjuvants", product)
            for n, text in enumerate(block["lines"], 1):
                yield self.line(f"adjuvants.{product}.{n}", text)
        classes = set(self.words.document["medicines"]["classes"])
        for medicine in self.facts.medicines:
            if classes & set(medicine.classes):
                yield self.line("medicines.line", medicine=medicine.name)

    def _visit(self) -> Visit:
        facts, visit = self.facts, self.facts.next_visit
        if visit is None:
            is_last = bool(facts.sessions_planned) and facts.session_number >= facts.sessions_planned
            phone = self.site.phone.replace(" ", "\u00a0")
            title = self.line("next_visit.last_title" if is_last else "next_visit.none_title")
            return Visit(title, None, None, (self.line("next_visit.last" if is_last else "next_visit.none", phone=phone),))
        starts = visit.starts_at
        minutes = int((visit.ends_at - visit.starts_at).total_seconds() // 60)
        if visit.kind == "session" and visit.session_number and facts.sessions_planned:
            title = self.line("next_visit.session", number=visit.session_number, count=facts.sessions_planned)
        else:
            title = self.line("next_visit.review" if visit.kind == "review" else "next_visit.consultation")
        where = [f"{self.words.own(part)}." for part in (visit.clinician, visit.address or self.site.address) if part]
        allow = self.words.text("next_visit.allow", duration=self.calendar.duration(minutes))
        return Visit(
            title,
            plain("next_visit.day", self.calendar.long(starts.date(), weekday=True)),
            plain("next_visit.clock", self.calendar.clock(starts)),
            (plain("next_visit.allow", " ".join([allow, *where])),),
        )

    def _checked(self):
        approval = self.approval
        yield self.line(
            "checked.demo" if approval.demo else "checked.line",
            approved_by=approval.approved_by,
            approved_on=self.calendar.long(approval.approved_on),
        )
        if approval.next_review_on:
            yield self.line("checked.next", next_review_on=self.calendar.long(approval.next_review_on))
        yield self.line("checked.version", protocol=approval.version, wording=self.words.version)
        if translation := self.words.translation:
            by, on = self.words.own(translation.approved_by), self.words.own(self.calendar.long(translation.approved_on))
            yield plain("checked.translation", translation.document["approved"].format(approved_by=by, approved_on=on))
