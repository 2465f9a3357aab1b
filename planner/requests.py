"""What is asked for: known indications, levels and zones; zones never treated; combinations the protocol has no depth for."""

from .case import Request
from .context import Context, Wanted
from .knowledge.entries import Indication, Morphology
from .terms import Finding
from .words import fold, tokens


def resolve(ctx: Context) -> None:
    """Fill `ctx.wanted` and `ctx.zones`; ask about every name the protocol does not know."""
    if not ctx.case.requests:
        ctx.unresolved = True
        ctx.ask("requests", "What is to be treated, and where?", "request", "requests", label="Nothing asked for")
    zones: set[str] = set()
    wanted: dict[Wanted, None] = {}
    requests = ctx.case.requests
    for request in sorted(requests, key=lambda r: (r.indication, r.level or "", r.zones)) if len(requests) > 1 else requests:
        known = _known_zones(ctx, request)
        zones.update(known)
        indication = _indication(ctx, request)
        if indication is None:
            continue
        level = _level(ctx, request, indication)
        _morphology(ctx, request, indication)
        if level is None:
            continue
        wanted.update(dict.fromkeys(Wanted(indication.id, level, zone) for zone in known))
    places = ctx.knowledge.zone_places
    ctx.zones = tuple(sorted(zones, key=places.__getitem__))
    kinds = {ident: place for place, ident in enumerate(ctx.knowledge.indications)}
    ctx.wanted = sorted(wanted, key=lambda w: (places[w.zone], kinds[w.indication], w.level))


def _known_zones(ctx: Context, request: Request) -> list[str]:
    names = ctx.knowledge.names
    known = []
    if not request.zones:
        ctx.unresolved = True
        named = ctx.knowledge.indications.get(request.indication)
        what = named.short_label.lower() if named else request.indication
        ctx.ask("zones", f"Which zones are to be treated for {what}?", "zone", "requests.zones", label="No zone named")
    for name in request.zones:
        zone = names.requested_zones.exact(name)
        if zone is not None:
            known.append(zone)
            continue
        ctx.unresolved = True
        ident = fold(name).replace(" ", "_") or name
        if names.zones.exact(name):
            ctx.ask(ident, f"{name}: which of its zones are to be treated?", "zone", "requests.zones", label=f"{name} is several zones")
        else:
            ctx.ask(ident, f"{name}: which zone is meant?", "zone", "requests.zones", label=f"Unknown zone: {name}")
    return known


def _indication(ctx: Context, request: Request) -> Indication | None:
    indications = ctx.knowledge.indications
    found = indications.get(request.indication)
    if found is None:
        wanted = fold(request.indication)
        named = [i for i in indications.values() if wanted in (fold(i.id), fold(i.label), fold(i.short_label))]
        found = named[0] if named else None
    if found is None:
        ident = fold(request.indication).replace(" ", "_") or request.indication
        ctx.ask(
            ident,
            f"{request.indication}: the protocol has no such indication",
            "indication",
            "requests.indication",
            label=f"Unknown indication: {request.indication}",
        )
    return found


def _level(ctx: Context, request: Request, indication: Indication) -> str | None:
    if request.level in indication.levels:
        return request.level
    wanted = fold(request.level or "")
    for level in indication.levels.values():
        if wanted and wanted in (fold(level.id), fold(level.label), fold(level.short_label)):
            return level.id
    if not wanted:
        ctx.ask(f"{indication.id}.level", f"{indication.label}: how severe?", "level", "requests.level", label="Severity not given")
    else:
        ident = wanted.replace(" ", "_")
        what = f"{request.level}: which severity of {indication.label.lower()} is meant?"
        ctx.ask(ident, what, "level", "requests.level", label=f"Unknown level: {request.level}")
    return None


def _morphology(ctx: Context, request: Request, indication: Indication) -> None:
    """The worst response among the shapes named decides; nothing named is asked where the protocol asks it."""
    if not indication.morphology_asked:
        return
    named: list[Morphology] = []
    if request.morphology and request.morphology.strip():
        names = ctx.knowledge.names.morphology[indication.id]
        named = [match.value for match in names.find(tokens(request.morphology.replace("_", " ")))]
        named += [m for m in indication.morphology if m.id == request.morphology and m not in named and m.words]
    if not named:
        said = f" ({request.morphology})" if request.morphology else ""
        asked = next((m.advice for m in indication.morphology if m.action == "ask" and m.advice), "Record the morphology.")
        label = f"{indication.short_label}: shape not recorded"
        first = next((finding for finding in ctx.findings if finding.id == "morphology"), None)
        ident = "morphology" if first is None or first.label == label else f"{indication.id}.morphology"
        ctx.ask(ident, f"{asked}{said}", "morphology", "requests.morphology", label=label)
    for shape in named:
        if shape.action == "caution":
            reason = shape.advice or shape.response
            ctx.add(
                Finding(
                    f"morphology_{shape.id}",
                    f"{indication.short_label}, shape: {shape.id.replace('_', '-')}",
                    "caution",
                    "patient",
                    reason,
                    shape.source,
                )
            )


def exclude_unknown_combinations(ctx: Context) -> None:
    """Zones never treated, and zones without a depth for what is asked: nothing is interpolated."""
    for zone in ctx.zones:
        never = ctx.knowledge.excluded_zones.get(zone)
        if never is not None:
            reason = f"{never.label}: never treated."
            ctx.add(Finding(never.id, never.label, "exclude_zone", "zone", reason, never.source, zones=(zone,), order=-1))
    missing: dict[str, list[Wanted]] = {}
    rows = ctx.knowledge.depth_rows
    for wanted in ctx.wanted:
        if wanted.zone in ctx.knowledge.zones and (wanted.indication, wanted.level, wanted.zone) not in rows:
            missing.setdefault(wanted.zone, []).append(wanted)
    rule = ctx.knowledge.combination["no_depth_row"]
    for zone, wants in missing.items():
        what = " and ".join(f"{ctx.knowledge.indications[w.indication].label.lower()}, {ctx.level(w).short_label.lower()}" for w in wants)
        reason = f"The protocol has no depth here for {what}: nothing is interpolated, the medical lead is asked."
        ctx.add(
            Finding(
                "no_depth_row",
                f"No depth for {ctx.zone(zone).short_label.lower()}",
                "exclude_zone",
                "zone",
                reason,
                rule.source,
                zones=(zone,),
                order=0,
                sign_off=("medical_lead",),
                details={"ask": "medical_lead"},
            )
        )
