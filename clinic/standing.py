"""How the clinic's software stands, line by line and in words, for people: what is well, what is not, and what to do."""

import datetime as dt
import platform
from dataclasses import dataclass

import django
from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy, pgettext_lazy

from audit import guards, read_only
from audit.chain import Unusable, anchors, lag, trouble
from planner.propose import PLANNER_VERSION

from . import health
from .durability import disk, schedule, status
from .rights import finishing, journal

WELL, LOOK, ACT = "clear", "defer", "stop"  # the tones of the marks
WORDS = {WELL: pgettext_lazy("health", "Well"), LOOK: pgettext_lazy("health", "Look at it"), ACT: pgettext_lazy("health", "Act now")}
SEALER_PATIENCE = 60  # seconds
ANCHOR_PATIENCE = dt.timedelta(days=2)
BACKUP_PATIENCE = dt.timedelta(hours=36)
BACKUP_LATE = dt.timedelta(days=3)
DRILL_PATIENCE = dt.timedelta(days=3)  # beyond DRILL_DAYS
CHAIN_KEPT_SECONDS = 60  # an answer of the chain counts this long


@dataclass(frozen=True, slots=True)
class Line:
    """what: the thing. said: how it stands. do: what to do about it, empty where nothing has to be done."""

    what: str
    tone: str
    said: str
    do: str = ""
    more: tuple[str, ...] = ()

    @property
    def word(self) -> str:
        return WORDS[self.tone]


_DAYS = ngettext_lazy("%(n)s day ago", "%(n)s days ago", "n")
_HOURS = ngettext_lazy("%(n)s hour ago", "%(n)s hours ago", "n")
_MINUTES = ngettext_lazy("%(n)s minute ago", "%(n)s minutes ago", "n")


def ago(moment: dt.datetime | None, now: dt.datetime) -> str:
    """ "3 hours ago": how long somebody has to trust what was known then."""
    if moment is None:
        return ""
    seconds = max(0, int((now - moment).total_seconds()))
    for said, length, least in ((_DAYS, 86400, 86400), (_HOURS, 3600, 3600), (_MINUTES, 60, 60)):
        if seconds >= least:
            return said % {"n": seconds // length}
    return _("just now")


def lines() -> list[Line]:
    """Every line of the health page. Where the database is away, what would ask it is left out."""
    now = timezone.now()
    away = health._database()
    gone = Line(_("Database"), ACT, _("It does not answer."), _("Look whether it runs; what was saved is safe."))
    first = [gone] if away else [_database(), _guards()]
    asked = [] if away else [_worker(), *_audit(now), _erasures()]
    return [*first, _broker(), *asked, _backup(now), _drill(now), *_disk(), _versions()]


def warnings() -> list[Line]:
    """What a manager is told on every page: no query, a look at two files. Each is on the health page as well."""
    now = timezone.now()
    return [line for line in (_backup(now), *_disk()) if line.tone == ACT]


def _database() -> Line:
    version = ".".join(str(part) for part in connection.Database.sqlite_version_info) if connection.vendor == "sqlite" else _postgresql()
    name = "SQLite" if connection.vendor == "sqlite" else "PostgreSQL"
    return Line(_("Database"), WELL, _("%(name)s %(version)s answers.") % {"name": name, "version": version})


def _postgresql() -> str:
    major, minor = divmod(connection.pg_version, 10000)
    return f"{major}.{minor}"


def _guards() -> Line:
    absent = guards.missing()
    if absent:
        said = _("Not there: %(names)s.") % {"names": ", ".join(sorted(absent))}
        return Line(_("Guards"), ACT, said, _("Run manage.py migrate: without them what is locked is not protected."))
    return Line(_("Guards"), WELL, _("The database refuses to change what is signed, sealed or locked."))


def _broker() -> Line:
    if health._broker():
        return Line(
            _("Queue"), LOOK, _("It does not answer. Work goes on; sheets are made when it is back."), _("Start it again if it stays away.")
        )
    return Line(_("Queue"), WELL, _("It answers."))


def _worker() -> Line:
    waiting = health._worker()
    if waiting:
        return Line(_("Sheets"), LOOK, waiting, _("Look whether the worker runs."))
    return Line(_("Sheets"), WELL, _("None waits longer than 2 minutes."))


def _audit(now: dt.datetime) -> list[Line]:
    shut = read_only.reason()
    wrong = shut or trouble(at_most_old=CHAIN_KEPT_SECONDS)
    if shut:
        do = _("Find out who changed it, then let the chain go on with a record: manage.py resume_audit.")
        chain = Line(_("Audit log"), ACT, _("The clinic is read-only. %(why)s") % {"why": wrong}, do)
    elif wrong:
        chain = Line(_("Audit log"), ACT, wrong, _("Find out who changed it. At the next start the clinic opens read-only."))
    else:
        chain = Line(_("Audit log"), WELL, _("The chain holds since the last anchor."))
    return [chain, _sealer(), _anchor(now)]


def _erasures() -> Line:
    try:
        files, orders = finishing.behind()
    except (DatabaseError, OSError, Unusable, journal.Damaged) as problem:
        said = str(problem) if isinstance(problem, journal.Damaged | Unusable) else _("How far they are cannot be said.")
        return Line(_("Erasures"), ACT, said, _("Until then a restored backup may bring back who was erased."))
    if orders > 0:
        said = ngettext(
            "%(n)s order is not in the journal beside the database.", "%(n)s orders are not in the journal beside the database.", orders
        ) % {"n": orders}
        return Line(_("Erasures"), ACT, said, _("Look whether AUDIT_DIR can be written, and whether the backup schedule runs."))
    if files:
        said = ngettext(
            "%(n)s file of erased patients could not be removed.", "%(n)s files of erased patients could not be removed.", files
        ) % {"n": files}
        return Line(_("Erasures"), LOOK, said, _("Look whether the storage can be written. It is tried again."))
    return Line(_("Erasures"), WELL, _("Each is carried out, and stands in the journal beside the database."))


def _sealer() -> Line:
    try:
        behind = lag()
    except (DatabaseError, Unusable):
        return Line(_("Sealer"), LOOK, _("How far it is behind cannot be said."))
    n = {"n": behind.rows, "seconds": int(behind.seconds)}
    if behind.seconds > SEALER_PATIENCE:
        said = ngettext("%(n)s row waits, the oldest for %(seconds)s s.", "%(n)s rows wait, the oldest for %(seconds)s s.", behind.rows) % n
        return Line(_("Sealer"), ACT, said, _("Look whether the sealer runs (manage.py seal_audit)."))
    if not behind.rows:
        return Line(_("Sealer"), WELL, _("Every row has its seal."))
    said = (
        ngettext(
            "%(n)s row waits for a seal, as each does for a second.", "%(n)s rows wait for a seal, as each does for a second.", behind.rows
        )
        % n
    )
    return Line(_("Sealer"), WELL, said)


def _anchor(now: dt.datetime) -> Line:
    try:
        last = anchors.last_anchor()
    except anchors.NoAnchor as problem:
        return Line(_("Anchor"), ACT, str(problem), _("Compare it with the copy that is kept elsewhere."))
    if last is None:
        return Line(_("Anchor"), LOOK, _("There is none yet. The sealer makes one each day."))
    n = {"number": last.number, "ago": ago(last.made_at, now), "position": last.position}
    words = _("Number %(number)s, %(ago)s, at position %(position)s.") % n
    if now - last.made_at > ANCHOR_PATIENCE:
        return Line(_("Anchor"), LOOK, words, _("Look whether the sealer runs (manage.py seal_audit)."))
    return Line(_("Anchor"), WELL, words)


BACKUP = gettext_lazy("Last backup")


def _failed(failed: dict, now: dt.datetime) -> str:
    return _("The last try failed %(ago)s: %(why)s") % {"ago": ago(schedule.moment(failed), now), "why": failed.get("why", "")}


def _backup(now: dt.datetime) -> Line:
    state = status.read()
    made, failed = state.get("backup"), state.get("failed_backup")
    at = schedule.moment(made)
    if failed:
        words = _failed(failed, now)
        return Line(BACKUP, ACT, words, _("Put that right, then run manage.py backup."), _backup_words(made, now))
    if at is None:
        minutes = int(schedule.FIRST_AFTER.total_seconds() // 60)
        when = _(
            "The first is taken %(minutes)s minutes after the backup schedule has started, then one each day at %(time)s. "
            "Or now, with manage.py backup."
        )
        return Line(BACKUP, LOOK, _("There is none yet."), when % {"minutes": minutes, "time": f"{settings.BACKUP_AT:%H:%M}"})
    words = " ".join(_backup_words(made, now))
    if now - at > BACKUP_LATE:
        return Line(BACKUP, ACT, words, _("Look whether the backups run (manage.py backup_schedule), or run manage.py backup."))
    if now - at > BACKUP_PATIENCE:
        return Line(BACKUP, LOOK, words, _("Look whether the backups run (manage.py backup_schedule)."))
    if made.get("problems"):
        return Line(BACKUP, LOOK, words, " ".join(made["problems"][:3]))
    if not disk.backups_lie_apart():
        return Line(BACKUP, LOOK, words, _("It lies on the same disk as the data. Name a folder on another one in BACKUP_DIR."))
    return Line(BACKUP, WELL, words)


def _backup_words(made: dict | None, now: dt.datetime) -> tuple[str, ...]:
    if not made:
        return ()
    said = {"ago": ago(schedule.moment(made), now), "rows": made["rows"], "files": made["files"], "size": disk.size(made["bytes"])}
    whole = _("%(ago)s: %(rows)s rows and %(files)s files, %(size)s, read back whole.")
    unread = _("%(ago)s: %(rows)s rows and %(files)s files, %(size)s, not read back: its key is not on this machine.")
    words = (whole if made.get("verified") else unread) % said
    return (f"{words[0].upper()}{words[1:]}",)


def _drill(now: dt.datetime) -> Line:
    what = _("Last good restore drill")
    state = status.read()
    passed, failed = state.get("drill"), state.get("failed_drill")
    at = schedule.moment(passed)
    words = _("None yet.")
    if at:
        said = {"ago": ago(at, now), "seconds": f"{passed['seconds']:.0f}", "file": passed["file"]}
        words = _("%(ago)s, in %(seconds)s s, with %(file)s.") % said
    words = f"{words[0].upper()}{words[1:]}"
    if failed:
        said = f"{words} {_failed(failed, now)}"
        return Line(what, ACT, said, _("Until a drill passes, take the backups for broken."))
    more = tuple(passed.get("said", ())) if passed else ()
    if at is None:
        return Line(what, LOOK, words, _("It follows the next nightly backup, or now with manage.py restore_drill."))
    if now - at > dt.timedelta(days=settings.DRILL_DAYS) + DRILL_PATIENCE:
        return Line(what, LOOK, words, _("Look whether the backups run (manage.py backup_schedule), or run manage.py restore_drill."), more)
    return Line(what, WELL, words, more=more)


def _disk() -> list[Line]:
    found = []
    for room in disk.rooms():
        if room.is_low:
            found.append(
                Line(
                    _("Disk"),
                    ACT,
                    _("Only %(room)s.") % {"room": room.words},
                    _("Make room, or move the data: on a full disk nothing can be saved."),
                )
            )
        else:
            found.append(Line(_("Disk"), WELL, f"{room.words[0].upper()}{room.words[1:]}."))
    return found


def _versions() -> Line:
    said = f"Planner {PLANNER_VERSION}, Python {platform.python_version()}, Django {django.get_version()}."
    return Line(_("Versions"), WELL, said)
