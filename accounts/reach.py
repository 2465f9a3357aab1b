"""
Which patients a person reaches: the one rule behind every `visible_to`.

Those of the sites the person works at, and those of other sites whose record the person has opened in an emergency and not
closed (the app that keeps these openings registers where they are). Nobody without the permission to open a patient reaches
one. Asked once per request, in one query, and kept on the user of that request.
"""

from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.contrib.auth import get_user_model
from django.db.models import Exists, F, Q, QuerySet, Value

from audit.services import mark

from .permissions import may


@dataclass(frozen=True, slots=True)
class Reach:
    """
    sites: primary keys of the own sites. opened: primary keys of patients of other sites, open in an emergency right now. clocks: the
    time zones of the own sites, in the order of `sites`. flags: names of what there may be for this person (see `register_flag`).
    """

    sites: tuple[int, ...] = ()
    opened: tuple[int, ...] = ()
    clocks: tuple[str, ...] = ()
    flags: frozenset[str] = frozenset()

    @property
    def clock(self) -> ZoneInfo | None:
        """What the clock says where this person works; None where the sites do not agree, or there is none."""
        return ZoneInfo(self.clocks[0]) if len(set(self.clocks)) == 1 else None

    def patients(self, path: str = "") -> Q:
        """The condition on rows whose patient is at *path* ("" for patients themselves, "session__patient" for sheets)."""
        prefix = f"{path}__" if path else ""
        own = Q(**{f"{prefix}site__in": self.sites})
        # Left out where nothing is open: the search of every day then stays one range of one index.
        return own | Q(**{f"{path or 'pk'}__in": self.opened}) if self.opened else own

    def covers(self, *, site_id: int, patient_id: int) -> bool:
        return site_id in self.sites or patient_id in self.opened


# openings(user) -> rows open now, as values_list("of", "patient_id", "clock") with of=Value("patient") and an empty clock.
_openings: list[Callable[[object], QuerySet]] = []


def register_openings(provider: Callable[[object], QuerySet]) -> None:
    if provider not in _openings:
        _openings.append(provider)


_flags: dict[str, tuple[Callable[[], QuerySet], str]] = {}


def register_flag(name: str, rows: Callable[[], QuerySet], *, site: str) -> None:
    """
    Have it said with the reach, in the same query, whether *rows* holds any at the own sites: what nearly every page has to say, and
    mostly has not, then costs those pages nothing. site: the path to the site. While a record of another site is open it is said
    unasked: there may be some.
    """
    _flags[name] = (rows, site)


def reach_of(user) -> Reach:
    """What *user* reaches in this request."""
    known = getattr(user, "_reach", None)
    if known is None:
        known = user._reach = _asked(user)
    return known


def forget(user) -> None:
    """Ask again next time: something was opened or closed within this request."""
    user._reach = None


def known_reach(user) -> Reach | None:
    """The reach where this request has asked for it already; never a query."""
    return getattr(user, "_reach", None)


def _asked(user) -> Reach:
    if user.pk is None:
        return Reach()
    rows = user.sites.through.objects.filter(user_id=user.pk).order_by()
    rows = rows.annotate(of=Value("site"), clock=F("site__time_zone")).values_list("of", "site_id", "clock")
    if may(user, "emergency.open"):
        for openings in _openings:
            rows = rows.union(openings(user), all=True)
    for name, (some, site) in _flags.items():
        own = some().filter(**{f"{site}__staff": user.pk})
        myself = get_user_model().objects.filter(Exists(own), pk=user.pk).order_by()
        rows = rows.union(myself.annotate(of=Value(f"flag {name}"), clock=Value("")).values_list("of", "pk", "clock"), all=True)
    found = list(rows)
    opened = tuple(sorted({pk for of, pk, _ in found if of == "patient"}))
    if opened:
        mark(emergency=list(opened))  # on every row this request leaves: the log shows which steps an emergency let through
    sites = sorted((pk, clock) for of, pk, clock in found if of == "site")
    flags = frozenset(_flags) if opened else frozenset(of.removeprefix("flag ") for of, _, _ in found if of.startswith("flag "))
    return Reach(sites=tuple(pk for pk, _ in sites), opened=opened, clocks=tuple(clock for _, clock in sites), flags=flags)


def reached(rows: QuerySet, user, path: str = "") -> QuerySet:
    """*rows* whose patient *user* reaches; see `Reach.patients` for *path*."""
    if not may(user, "patients.view"):
        return rows.none()
    return rows.filter(reach_of(user).patients(path))
