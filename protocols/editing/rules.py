"""Screening rules: what each does, for how long, why, what it follows from, and what is asked."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, pgettext

from planner.knowledge.entries import PHOTOTYPES
from planner.knowledge.parsing import COUNTS_FROM
from planner.knowledge.parsing.bounds import ANSWER_DATES

from ..comparison import NoSuchValue, steps, value_at
from ..reading import ACTIONS, words
from .changes import row_name, same
from .fields import Entry, Field, Group, Making, Page, told
from .leaves import Leaves
from .rows import NEW, Rows, Takes, beside_entry, sheet_group

SLUG, TITLE = "rules", gettext_noop("Screening rules")
ABOUT = gettext_noop("What stops, defers, leaves out or cautions: words, action, waiting time, limits and sources of each rule.")
_BLOCKS = (
    ("all", gettext_noop("Every requested zone")),
    ("region", gettext_noop("Every requested zone of the same region")),
    ("zone", gettext_noop("That zone only")),
)
_ACTIONS = ("refuse", "defer", "exclude_zone", "caution", "none")
_SCOPES = (("patient", gettext_noop("The whole person")), ("zone", gettext_noop("The zone it was found in")))
_TAKEN = (
    ("now", gettext_noop("Taken now")),
    ("stopped", gettext_noop("Stopped")),
    ("within_interval", gettext_noop("Taken within the waiting time")),
)
_DATES = {
    "date": gettext_noop("A day"),
    "stopped": gettext_noop("The day it was stopped"),
    "seen": gettext_noop("The day it was seen"),
    "healed": gettext_noop("Since when it is well again"),
    "treated": gettext_noop("The day it was treated"),
}
OWN = "own"  # a question of its own
REASONS = "patient_wording.reasons"
# What stands in a group of its own on the page, or tells rows apart.
_SHOWN = frozenset(
    {
        *("id", "label", "short_label", "group", "scope", "action", "until", "modifications", "rationale", "note", "blocks", "question"),
        *("refs", "evidence", "unverified", "asked_of", "derived_from", "settled_by_data", "counts_from", "interval_days"),
        *("interval_used", "max_depth_mm", "sign_off", "asked"),
    }
)


def items(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(row["id"], row["label"]) for row in document["contraindications"]]


def links(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rules by group, each with the word of its action."""
    groups: dict[str, list] = {}
    for row in document["contraindications"]:
        word, css, icon = ACTIONS.get(row["action"], (words(row["action"]), "mute", "info"))
        note = _("%(n)s days") % {"n": row["interval_days"]["typical"]} if row.get("interval_days") else ""
        groups.setdefault(row["group"], []).append(
            {
                "item": row["id"],
                "label": row["label"],
                "tag": word,
                "css": css,
                "icon": icon,
                "note": note,
                "refs": len(row.get("refs", ())),
            }
        )
    return [{"title": words(name), "rows": rows} for name, rows in groups.items()]


def page(document: Mapping[str, Any], item: str) -> Page | None:
    if not item:
        return Page(_(TITLE), [], links=links(document))
    rule = next((row for row in document["contraindications"] if row["id"] == item), None)
    if rule is None:
        return None
    make, path = Making(document), row_name("contraindications", item)
    name = rule.get("label") or _("New rule")

    def one(key: str, label: str, kind: str = "line", **more: Any):
        return make.one(path, rule, key, label, kind, **more)

    groups_of_rules = list(dict.fromkeys(row["group"] for row in document["contraindications"] if row.get("group")))
    does = [
        one("action", _("Action"), "choice", options=[(name, str(ACTIONS[name][0])) for name in _ACTIONS], width="m"),
        one("scope", _("Concerns"), "choice", options=told(_SCOPES), width="m"),
        one("blocks", _("Holds back"), "choice", options=told(_BLOCKS), width="m"),
        one("until", _("Until"), "text", blank="null", hint=_("A deferral names its condition, for example: after delivery.")),
        one("modifications", _("What is done differently"), "lines", hint=_("One per line.")),
        one("max_depth_mm", _("Depth at most"), "number", unit="mm", blank="drop", width="s"),
        one(
            "sign_off",
            _("Signed off by"),
            "lines",
            blank="drop",
            hint=_("One per line, as the protocol names the role: prescriber, medical_lead."),
            width="m",
        ),
    ]
    counts = tuple((value, words(value)) for value in COUNTS_FROM)
    waiting = make.span(f"{path}.interval_days", rule.get("interval_days") or {}, "whole", "days", _("Waiting time"), blank="drop")
    waiting.append(one("counts_from", _("Counted from"), "choice", options=counts, blank="drop", width="m"))
    spans = (("min", pgettext("least", "Min")), ("typical", _("Typical")), ("max", _("Max")))
    waiting.append(one("interval_used", _("Figure used"), "choice", options=spans, blank="drop", width="m", hint=_("None: typical.")))
    said = [
        one("label", _("Name"), full=_("Name")),
        one("short_label", _("Short name"), width="m", hint=_("For narrow columns.")),
        one("group", _("Group"), "choice", options=[(group, words(group)) for group in groups_of_rules], width="m"),
        one("rationale", _("Reason"), "text"),
        one("note", _("Note"), "text", blank="drop"),
    ]
    groups = [
        Group(_("In words"), [Entry(_("In words"), said)]),
        Group(_("What it does"), [Entry(_("What it does"), does, make.source(path, rule, name))]),
        Group(_("Waiting time"), [Entry(_("Days to wait"), waiting, note=_("Leave all empty where no date follows from the rule."))]),
        _follows(make, path, rule),
        _asked(make, path, rule, item),
        _more(make, path, rule),
    ]
    reason = [("", _("Why something is not done, in a few words"), "line", {"blank": "drop", "width": "m", "hint": _REASON_HINT})]
    if item == NEW:
        groups += sheet_group(beside_entry(make, REASONS, item, reason))
    return Page(name, groups, back=("", _(TITLE)), copied=("", item))


_REASON_HINT = gettext_noop("For example: a skin infection. Empty: the sheet says “your health check”.")


def _follows(make: Making, path: str, rule: Mapping[str, Any]) -> Group:
    """The data of a case that answer the rule without asking."""
    document = make.document
    data = rule.get("derived_from") or {}
    there = f"{path}.derived_from"
    age, medicine = data.get("age") or {}, data.get("medicine") or {}
    classes = [(row["id"], row["label"]) for row in document["medicines"]["classes"]]
    procedures = list(dict.fromkeys(row["leads_to"] for row in document["procedures"]["list"]))
    rules = dict(make.labels("contraindications"))
    allergens = [(row["id"], words(row["id"])) for row in document["allergens"]["list"]]
    labs = list(dict.fromkeys([*data.get("lab", ()), *(row["name"].casefold() for row in document["lab_rules"])]))
    pregnant = [("pregnant", _("Pregnant")), ("breastfeeding", _("Breastfeeding"))]

    def picks(key: str, label: str, options: list[tuple[str, str]]) -> Field:
        return make.one(there, data, key, label, "picks", options=options, blank="drop", width="m")

    def years(key: str, label: str) -> Field:
        return make.one(f"{there}.age", age, key, label, "whole", unit="years", blank="drop", width="s", full=label)

    fields = [
        make.one(
            f"{there}.medicine", medicine, "classes", _("Medicines of these classes"), "picks", options=classes, blank="drop", width="m"
        ),
        make.one(f"{there}.medicine", medicine, "taken", _("When taken"), "choice", options=told(_TAKEN), blank="drop", width="m"),
        picks("procedure", _("Earlier treatments"), [(name, rules.get(name, words(name))) for name in procedures]),
        picks("allergen", _("Allergies"), allergens),
        picks("lab", _("Laboratory values"), [(name, words(name)) for name in labs]),
        picks("phototype", _("Phototypes"), [(name, name) for name in PHOTOTYPES]),
        picks("pregnancy_or_breastfeeding", _("Pregnancy, breastfeeding"), pregnant),
        years("below", _("Age below")),
        years("from", _("Age from")),
        years("to", _("Age to")),
        make.one(path, rule, "settled_by_data", _("Settled by data, never asked"), "flag", blank="drop", width="m"),
    ]
    note = _("What is on record answers the rule without asking. Leave empty where it is only asked.")
    return Group(_("What it follows from"), [Entry(_("What it follows from"), fields)], note=note)


def cover_of(document: Mapping[str, Any], rule: str) -> tuple[str, Mapping[str, Any]] | None:
    """The question in which *rule* is asked, and what is ticked there."""
    for question in document.get("questions", ()):
        for cover in question.get("covers", ()):
            if cover.get("rule") == rule:
                return question["id"], cover
    return None


def _asked(make: Making, path: str, rule: Mapping[str, Any], item: str) -> Group:
    document, question = make.document, rule.get("question")
    there, blank = f"{path}.question", "refuse" if isinstance(question, Mapping) else "drop"
    question = question if isinstance(question, Mapping) else {}
    alone = [
        make.one(there, question, "text", _("Question"), "text", full=_("Question"), blank=blank),
        make.one(
            there,
            question,
            "valid_days",
            _("Answer holds for"),
            "whole",
            unit="days",
            width="s",
            full=_("Answer holds for"),
            hint=_("0: asked at every visit."),
            blank=blank,
        ),
    ]
    who = [("patient", _("The patient")), ("clinician", _("The clinician"))]
    alone.append(
        make.one(path, rule, "asked_of", _("Answered by"), "choice", options=who, width="m", blank="drop", hint=_("None: the patient."))
    )
    standing = cover_of(document, item)
    held = standing[1] if standing else rule.get("asked") or {}
    options = [(row["id"], row["text"]) for row in document.get("questions", ())] + [(OWN, _("A question of its own"))]
    within = Field(
        f"{path}.asked.in",
        _("Ticked under"),
        "choice",
        standing[0] if standing else held.get("in"),
        options=options,
        blank="drop",
        apart=True,
    )
    where = f"{row_name('questions', standing[0])}.{row_name('covers', item)}" if standing else f"{path}.asked"
    apart = standing is None
    dates = [(name, _(_DATES[name])) for name in ANSWER_DATES]
    ticked = [
        within,
        make.one(where, held, "label", _("Words to tick"), width="m", blank="refuse" if standing else "drop", apart=apart),
        make.one(where, held, "date", _("Asks for a date"), "choice", options=dates, blank="null", width="m", apart=apart),
        make.one(
            where, held, "date_label", _("What the date is"), blank="drop", width="m", apart=apart, hint=_("For example: Last one on.")
        ),
        make.one(where, held, "zone", _("Asks which zone"), "flag", width="m", blank="refuse" if standing else "drop", apart=apart),
        make.one(
            where, held, "note", _("Asks for a note"), blank="null", width="m", apart=apart, hint=_("What it is for, for example: Which.")
        ),
    ]
    note = _("An answer that can be asked stands in exactly one question. Leave empty what is settled by data.")
    return Group(_("What is asked"), [Entry(_("Asked alone"), alone), Entry(_("In the list of questions"), ticked)], note=note)


def _more(make: Making, path: str, rule: Mapping[str, Any]) -> Group:
    """Everything else a rule can do; what is made of several values is changed where the rule has it, and comes with a copy."""
    document = make.document
    rules, adjuvants = make.labels("contraindications"), make.labels("adjuvants")
    zones = [*make.labels("zones"), *make.labels("excluded_zones")]
    regions = [(name, words(name)) for name in dict.fromkeys(row["region"] for row in document["zones"] if row.get("region"))]
    labs = [(row["name"].casefold(), row["name"]) for row in document["lab_rules"]]

    def one(key: str, label: str, kind: str, **more: Any) -> Field:
        return make.one(path, rule, key, label, kind, **({"blank": "drop", "width": "m"} | more))

    role = _("One per line, as the protocol names the role.")
    clearance = (("written_clearance", _("Written clearance")), ("interval_and_clearance", _("Waiting time and clearance")))
    fields = [
        one("no_adjuvants", _("Adjuvants left out"), "picks", options=adjuvants),
        one("adjuvants_need_sign_off", _("Adjuvants signed off"), "picks", options=adjuvants),
        one("adds", _("Brings with it"), "picks", options=[(name, label) for name, label in rules if name != rule.get("id")]),
        one("avoid_zones", _("Zones avoided"), "picks", options=zones),
        one("applies_to_regions", _("Only in these regions"), "picks", options=regions),
        one("start_at", _("Depth begins at"), "choice", options=(("min", _("The smallest of the row")),)),
        one("max_zones_per_session", _("Zones in one session at most"), "whole", width="s"),
        one("test_area", _("Test area first"), "flag"),
        one("test_area_wait_weeks", _("Wait after the test area"), "whole", unit="weeks", width="s"),
        one("lighter_endpoint", _("Lighter endpoint"), "flag"),
        one("go_around", _("Needle goes round it"), "flag"),
        one("no_actives_days", _("No actives for"), "whole", unit="days", width="s"),
        one("no_topical_anaesthetic", _("No numbing cream"), "flag"),
        one("refer", _("Referred to"), "lines", hint=role),
        one("refer_within_days", _("Referred within"), "whole", unit="days", width="s"),
        one("prescriber_decides", _("What a prescriber decides"), "line"),
        one("rest_needs_sign_off", _("Other zones signed off by"), "lines", hint=role),
        one("overridable_by", _("Can be lifted by"), "lines", hint=role),
        one("override_max_depth_mm", _("Depth at most where lifted"), "number", unit="mm", width="s"),
        one("lifted_by", _("Is lifted by"), "choice", options=clearance),
        one("clearance_from", _("Cleared by"), "lines", hint=role),
        one("needs_lab", _("Needs the value of"), "choice", options=labs),
        one("lab_max_age_days", _("Value not older than"), "whole", unit="days", width="s"),
        one("check_after_hours", _("Looked at again after"), "whole", unit="h", width="s"),
        one("heavy_from_cigarettes_per_day", _("Heavy from"), "whole", unit="a day", width="s"),
        one("recheck", _("Looked at again before each session"), "flag"),
        one("interval_is_advice_only", _("Waiting time is advice only"), "flag"),
        one("interval_after_healed", _("Waiting time begins when healed"), "flag"),
        one("never_shorter_than_plan_interval_min", _("Never shorter than the plan's interval"), "flag"),
        one("never_advise_stopping", _("Never advise to stop the medicine"), "flag"),
    ]
    said = _SHOWN | {one.path.rpartition(".")[2] for one in fields}
    rest = {key: value for key, value in rule.items() if key not in said}
    entries = [Entry(_("More that it does"), fields, folded=True)]
    entries += Leaves(document).entries(path, rest, _("Also"))
    return Group(_("More that it does"), entries, note=_("Leave empty what does not apply."))


def finish(row: dict[str, Any]) -> None:
    """What a rule must hold though nobody typed it."""
    row.pop("asked", None)
    row.setdefault("until", None)
    row.setdefault("modifications", [])
    question = row.get("question")
    if question:
        question.setdefault("asks_date", None)
        question.setdefault("asks_zone", False)
    row["question"] = question or None


def also(document: Mapping[str, Any], ident: str, page: Page, values: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Where the rule is ticked: it joins a question, moves to another one, or gets one of its own."""
    chosen = next((one for one in page.fields if one.apart and one.path.endswith(".asked.in")), None)
    if chosen is None or chosen.path not in values:
        return
    rule = page_path(page)
    asked = page.field(f"{rule}.question.text")
    if rule == row_name("contraindications", ident) and asked.value is None and values.get(asked.path):
        yield {"path": f"{rule}.question.asks_date", "before": None, "after": None}
        yield {"path": f"{rule}.question.asks_zone", "before": None, "after": False}
    wanted, standing = values[chosen.path], cover_of(document, ident)
    if same(chosen.value, wanted) and (standing is None) == (wanted is None):
        return
    cover = _cover(page, ident, standing[1] if standing else {}, values)
    if standing is not None:
        yield from leaves(document, standing[0], ident, cover)
    if wanted is None:
        return
    if wanted != OWN:
        yield {"path": f"{row_name('questions', wanted)}.{row_name('covers', ident)}", "before": None, "after": cover}
        return
    text, days, whom = (_now(page, values, f"{rule}.{key}") for key in ("question.text", "question.valid_days", "asked_of"))
    only = (value_at(document, rule).get("question") or {}).get("ask_if")
    question = {"id": ident, "text": text, "asked_of": whom or "patient", "valid_days": days, "ask_if": only, "covers": [cover]}
    yield {"path": row_name("questions", ident), "before": None, "after": {k: v for k, v in question.items() if v is not None}}


def page_path(page: Page) -> str:
    """The name of the rule that *page* is about."""
    return next(one.path for one in page.fields if one.path.endswith(".asked.in")).removesuffix(".asked.in")


def _now(page: Page, values: Mapping[str, Any], path: str) -> Any:
    one = page.field(path)
    return values.get(path, one.value if one else None)


def _cover(page: Page, ident: str, held: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    cover: dict[str, Any] = {"rule": ident, "date": None, "zone": False, "note": None} | dict(held)
    for one in page.fields:
        holder, _sep, key = one.path.rpartition(".")
        if key in ("label", "date", "date_label", "zone", "note") and (holder.endswith(".asked") or ".covers[" in holder):
            value = values.get(one.path, one.value)
            if value is not None:
                cover[key] = value
            elif key in ("date", "note"):
                cover[key] = None
            elif key == "date_label":
                cover.pop(key, None)
    return cover


def leaves(document: Mapping[str, Any], question: str, rule: str, cover: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The rule is not ticked there any more; a question nobody can tick anything in goes."""
    path = row_name("questions", question)
    try:
        row = value_at(document, path)
    except NoSuchValue:
        return
    if [one["rule"] for one in row["covers"]] == [rule]:
        yield {"path": path, "before": {**row, "covers": [dict(cover)]}, "after": None}
    else:
        yield {"path": f"{path}.{row_name('covers', rule)}", "before": dict(cover), "after": None}


def gone(document: Mapping[str, Any], ident: str) -> Iterator[dict[str, Any]]:
    """A rule that is taken out is not asked any more."""
    standing = cover_of(document, ident)
    if standing is not None:
        yield from leaves(document, standing[0], ident, standing[1])


def asked(document: Mapping[str, Any], ident: str, gone: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Where the copied rule is ticked, or the one that was taken out was."""
    standing = cover_of(document, ident)
    if standing is not None:
        question = next(row for row in document["questions"] if row["id"] == standing[0])
        alone = question["id"] == ident and len(question["covers"]) == 1
        return {"asked": {"in": OWN if alone else standing[0]} | {key: value for key, value in standing[1].items() if key != "rule"}}
    for change in gone:
        was = change["before"] if change["after"] is None and isinstance(change["before"], Mapping) else {}
        if was.get("rule") == ident and change["path"].endswith(f".{row_name('covers', ident)}"):
            return {"asked": {"in": steps(change["path"])[1][1], **{key: value for key, value in was.items() if key != "rule"}}}
        if [cover.get("rule") for cover in was.get("covers", ())] == [ident]:
            return {"asked": {"in": OWN, **{key: value for key, value in was["covers"][0].items() if key != "rule"}}}
    return {}


ROWS = (
    Rows(
        path="contraindications",
        noun=gettext_noop("a screening rule"),
        page=page,
        own=("label", "short_label"),
        named_by="label",
        begins=lambda document: {"modifications": [], "until": None, "question": None},
        beside=(REASONS,),
        also=also,
        asked=asked,
        finish=finish,
        gone=gone,
        takes=Takes(
            words=frozenset({"adds", "exclude_if", "sign_off_if", "leads_to", "asks"}),
            rows=(("procedures.list", "leads_to"),),
        ),
    ),
)
