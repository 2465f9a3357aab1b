"""
What goes on or in besides the needles: each adjuvant of the protocol is used, offered, home only or refused, with its reason.

The choice among actives is made before anything bars them: a bar never brings in another active.
"""

from collections.abc import Iterable

from .context import Context, Wanted
from .knowledge.entries import Adjuvant, AdjuvantUse, Source
from .records import record
from .terms import AdjuvantVerdict, Finding, Step
from .words import fold, tokens

IN_FORCE = ("refuse", "defer", "exclude_zone", "caution")
MOST_KEPT = 1_000  # mixtures of what is treated


@record(frozen=True, slots=True)
class Asked:
    """What the patient asked for: as typed, and whether it is a preparation that is refused whatever it holds."""

    typed: str
    refused: bool


def verdicts(ctx: Context, planned: Iterable[Wanted], findings: tuple[Finding, ...]) -> tuple[AdjuvantVerdict, ...]:
    """
    One verdict for every adjuvant that has a use here or was asked for, and for every preparation that is none of them.

    The active is chosen over everything asked for, and used only where it serves what is treated: a zone left out never
    brings in another one.
    """
    wanted = list(planned)
    asked, strangers = _asked(ctx)
    over_all = _uses(ctx, ctx.wanted)
    chosen = _chosen_actives(ctx, over_all, asked)
    uses = over_all if len(wanted) == len(ctx.wanted) else _uses(ctx, wanted)
    findings = tuple(f for f in findings if f.rule is not None and f.action in IN_FORCE)
    treated = {want.indication for want in wanted}
    found = []
    for adjuvant in ctx.knowledge.adjuvants.values():
        requests = asked.get(adjuvant.id, [])
        if not requests and over_all[adjuvant.id] is None:
            continue
        for request in requests:
            if request.refused:
                found.append(_refused_preparation(ctx, adjuvant, request.typed))
        honest = next((request.typed for request in requests if not request.refused), None)
        if honest is not None or not requests or adjuvant.place == "home":
            found.append(_verdict(ctx, adjuvant, uses[adjuvant.id], honest, chosen, findings, treated))
    return tuple(sorted([*found, *strangers], key=lambda v: (v.order, v.asked_as or "")))


def _asked(ctx: Context) -> tuple[dict[str, list[Asked]], list[AdjuvantVerdict]]:
    """Names as patients say them to adjuvants; what nobody knows is asked, what is a home preparation is refused."""
    rules = ctx.knowledge.adjuvant_rules
    asked: dict[str, list[Asked]] = {}
    strangers: list[AdjuvantVerdict] = []
    for typed in sorted(ctx.case.adjuvants):
        words = tokens(typed.replace("_", " "))
        exact = ctx.knowledge.adjuvants.get(typed) or ctx.knowledge.names.adjuvants.exact(typed)
        matches = [exact] if exact else [match.value for match in ctx.knowledge.names.adjuvants.find(words)]
        covered = {place for match in ctx.knowledge.names.adjuvants.find(words) for place in range(match.start, match.end)}
        rest = tuple(word for place, word in enumerate(words) if place not in covered)
        home_made = bool(ctx.knowledge.names.refused_preparations.find(rest))
        for adjuvant in dict.fromkeys(match.id for match in matches):
            asked.setdefault(adjuvant, []).append(Asked(typed, home_made))
        if matches:
            continue
        if home_made:
            text, source = rules.refused_text, rules.refused_source
            ident = fold(typed).replace(" ", "_") or typed
            steps = (_home_made(text, source),)
            strangers.append(AdjuvantVerdict(ident, typed, "refused", None, typed, text, source, order=10_000, steps=steps))
        else:
            what = f"{typed}: which preparation is this, and is it sterile and meant for needling?"
            ctx.ask(fold(typed) or typed, what, "adjuvant", "adjuvants_requested", label=f"Adjuvant not known: {typed}")
    return asked, strangers


def _uses(ctx: Context, wanted: list[Wanted]) -> dict[str, AdjuvantUse | None]:
    """The best use of every adjuvant; it hangs on the protocol and on what is treated alone, so it is kept with the protocol."""
    pairs = frozenset((w.indication, w.level) for w in wanted)
    kept: dict[frozenset[tuple[str, str]], dict[str, AdjuvantUse | None]] = ctx.knowledge.kept.setdefault("adjuvant uses", {})
    found = kept.get(pairs)
    if found is None:
        if len(kept) >= MOST_KEPT:
            kept.clear()
        found = kept[pairs] = {adjuvant.id: _use(ctx, adjuvant, pairs) for adjuvant in ctx.knowledge.adjuvants.values()}
    return found


def _use(ctx: Context, adjuvant: Adjuvant, pairs: frozenset[tuple[str, str]]) -> AdjuvantUse | None:
    """The best use of the adjuvant among what is treated; the worse role wins where two indications share a zone."""
    order = ctx.knowledge.adjuvant_rules.role_order
    found = [use for use in adjuvant.uses if any(use.indication == i and (not use.levels or level in use.levels) for i, level in pairs)]
    return min(found, key=lambda use: (order.index(use.role), use.source.evidence), default=None)


def _chosen_actives(ctx: Context, uses: dict[str, AdjuvantUse | None], asked: dict[str, list[Asked]]) -> list[str]:
    """The actives of a session: what was asked for and may be used comes first, then what the protocol proposes."""
    rules = ctx.knowledge.adjuvant_rules
    ranked = []
    for adjuvant in ctx.knowledge.adjuvants.values():
        use = uses[adjuvant.id]
        if use is None or adjuvant.place != "during" or not adjuvant.counts_as_active:
            continue
        wished = any(not request.refused for request in asked.get(adjuvant.id, []))
        if use.role in rules.proposed_roles or (wished and use.role in rules.offered_roles):
            ranked.append(((not wished, rules.role_order.index(use.role), use.source.evidence, adjuvant.order), adjuvant.id))
    return [ident for _, ident in sorted(ranked)][: rules.actives_per_session]


def _refused_preparation(ctx: Context, adjuvant: Adjuvant, typed: str) -> AdjuvantVerdict:
    rules = ctx.knowledge.adjuvant_rules
    offer = " The sterile form made for this use may be offered instead." if adjuvant.place == "during" else ""
    source = _both(rules.refused_source, adjuvant.source)
    steps = (_home_made(rules.refused_text, rules.refused_source),)
    text = f"{rules.refused_text}{offer}"
    return AdjuvantVerdict(adjuvant.id, adjuvant.short_label, "refused", None, typed, text, source, order=adjuvant.order, steps=steps)


def _home_made(text: str, source: Source) -> Step:
    return Step("refused_preparation", None, "refused", text, source)


def _verdict(
    ctx: Context,
    adjuvant: Adjuvant,
    use: AdjuvantUse | None,
    asked_as: str | None,
    chosen: list[str],
    findings: tuple[Finding, ...],
    treated: set[str],
) -> AdjuvantVerdict:
    rules = ctx.knowledge.adjuvant_rules
    source = _behind(ctx, adjuvant, use) if use else adjuvant.source
    indications = tuple(dict.fromkeys([use.indication for use in adjuvant.uses if use.indication in treated]))

    steps: list[Step] = []

    def say(verdict: str, reason: str, because: tuple[str, ...] = (), sign_off: tuple[str, ...] = ()) -> AdjuvantVerdict:
        return AdjuvantVerdict(
            id=adjuvant.id,
            label=adjuvant.short_label,
            verdict=verdict,
            role=use.role if use else None,
            asked_as=asked_as,
            reason=reason,
            source=source,
            sign_off=sign_off,
            because=because,
            route=adjuvant.route,
            handling=adjuvant.handling,
            indications=indications,
            order=adjuvant.order,
            home_from_day=adjuvant.home_from_day if verdict == "home_only" else None,
            prescriber=adjuvant.prescriber_decides if verdict != "refused" else None,
            steps=tuple(steps),
        )

    def step(rule: str, after: str, why: str, behind: Source) -> None:
        steps.append(Step(rule, steps[-1].after if steps else None, after, why, behind))

    if use is None:
        step("no_use", "refused", rules.no_entry_text, rules.source)
        return say("refused", f"{rules.no_entry_text} {adjuvant.risks}".strip())
    verdict = _by_role(ctx, adjuvant, use, asked_as)
    named = ctx.knowledge.indications[use.indication].label
    step(f"use_{use.indication}", verdict, f"{named}: {use.role.replace('_', ' ')}.", use.source)
    bars = _bars(ctx, adjuvant, findings)
    for ident, (label, behind) in bars.items():
        step(ident, "refused", f"Not with: {label[:1].lower()}{label[1:]}.", behind)
    if bars:
        words = ", ".join(label for label, _ in bars.values()).lower()
        return say("refused", f"Not with: {words}. {adjuvant.risks}", tuple(bars))
    if verdict == "refused":
        return say("refused", f"{adjuvant.handling} {adjuvant.note or adjuvant.risks}".strip())
    if verdict == "home_only":
        return say("home_only", f"{adjuvant.route.capitalize()}. {adjuvant.note}".strip())
    signing = _sign_off(ctx, adjuvant, findings)
    signed = f" Only when signed: {', '.join(label for label, _ in signing.values()).lower()}." if signing else ""
    if adjuvant.counts_as_active and adjuvant.id not in chosen:
        first = ctx.knowledge.adjuvants[chosen[0]].short_label if chosen else "nothing"
        why = f"{rules.actives_text.capitalize()}: {first} comes first here."
        if asked_as is not None:
            step("one_active", "refused", why, rules.source)
            return say("refused", why)
        if verdict != "offered":
            step("one_active", "offered", why, rules.source)
            verdict = "offered"
    for ident, (label, behind) in signing.items():
        if adjuvant.counts_as_active and verdict == "use" and asked_as is None:
            verdict = "offered"
        step(ident, verdict, f"Only when signed: {label[:1].lower()}{label[1:]}.", behind)
    return say(verdict, f"{adjuvant.note}{signed}", tuple(signing), adjuvant.sign_off if signing else ())


def _by_role(ctx: Context, adjuvant: Adjuvant, use: AdjuvantUse, asked_as: str | None) -> str:
    """What its role and its place give before anything bars it."""
    rules = ctx.knowledge.adjuvant_rules
    if adjuvant.place == "never" or use.role in rules.never_proposed_roles:
        return "refused"
    if adjuvant.place == "home" or use.role in rules.home_only_roles:
        return "home_only"
    return "use" if asked_as is not None or use.role in rules.proposed_roles else "offered"


def _bars(ctx: Context, adjuvant: Adjuvant, findings: tuple[Finding, ...]) -> dict[str, tuple[str, Source]]:
    """What keeps the adjuvant out: findings, unanswered questions of the same id, the phototype."""
    bars: dict[str, tuple[str, Source]] = {}
    for finding in findings:
        if finding.rule is None or finding.action not in IN_FORCE:
            continue
        if finding.rule.id in adjuvant.exclude_if or adjuvant.id in finding.rule.no_adjuvants:
            bars[finding.rule.id] = (finding.label, finding.source)
    if ctx.knowledge.adjuvant_rules.unanswered_excludes:
        for rule_id in adjuvant.exclude_if:
            if rule_id in ctx.unanswered:
                bars[rule_id] = (f"not asked: {ctx.knowledge.rules[rule_id].label}", ctx.knowledge.rules[rule_id].source)
    if ctx.case.phototype in adjuvant.exclude_phototypes:
        bars["phototype"] = (f"phototype {ctx.case.phototype}", adjuvant.source)
    return bars


def _sign_off(ctx: Context, adjuvant: Adjuvant, findings: tuple[Finding, ...]) -> dict[str, tuple[str, Source]]:
    needs: dict[str, tuple[str, Source]] = {}
    for finding in findings:
        if finding.rule is None or finding.action not in IN_FORCE:
            continue
        if finding.rule.id in adjuvant.sign_off_if or adjuvant.id in finding.rule.adjuvants_need_sign_off:
            needs[finding.rule.id] = (finding.label, finding.source)
    for group in adjuvant.sign_off_if_medicine:
        if group in ctx.classes_now:
            needs[group] = (ctx.knowledge.medicine_classes[group].label, adjuvant.source.for_field("sign_off_if_medicine"))
    return needs


def _behind(ctx: Context, adjuvant: Adjuvant, use: AdjuvantUse) -> Source:
    """What stands behind one use of the adjuvant: kept with the protocol."""
    kept: dict[tuple[str, int], Source] = ctx.knowledge.kept.setdefault("adjuvant sources", {})
    found = kept.get((adjuvant.id, id(use)))
    if found is None:
        found = kept[adjuvant.id, id(use)] = _both(use.source, adjuvant.source)
    return found


def _both(first: Source, second: Source) -> Source:
    return Source(
        tuple(dict.fromkeys((*first.refs, *second.refs))), first.evidence, first.unverified, unread=first.unread and second.unread
    )
