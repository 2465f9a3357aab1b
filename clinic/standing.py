"""How the clinic's software stands, line by line and in words, for people: what is well, what is not, and what to do."""

import datetime as dt
import platform
from dataclasses import dataclass

import django
from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from audit import guards, read_only
from audit.chain import Unusable, anchors, lag, trouble
from planner.propose import PLANNER_VERSION

from . import health
from .durability import disk, schedule, status
from .rights import finishing, journal

WELL, LOOK, ACT = "clear", "defer", "stop"  # the tones of the marks
WORDS = {WELL: "Well", LOOK: "Look at it", ACT: "Act now"}
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


def ago(moment: dt.datetime | None, now: dt.datetime) -> str:
    """ "3 hours ago": how long somebody has to trust what was known then."""
    if moment is None:
        return ""
    seconds = max(0, int((now - moment).total_seconds()))
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= 2 * length or (unit != "minute" and seconds >= length):
            count = seconds // length
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return "just now" if seconds < 60 else "1 minute ago"


def lines() -> list[Line]:
    """Every line of the health page. Where the database is away, what would ask it is left out."""
    now = timezone.now()
    away = health._database()
    gone = Line("Database", ACT, "It does not answer.", "Look whether it runs; what was saved is safe.")
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
    return Line("Database", WELL, f"{name} {version} answers.")


def _postgresql() -> str:
    major, minor = divmod(connection.pg_version, 10000)
    return f"{major}.{minor}"


def _guards() -> Line:
    absent = guards.missing()
    if absent:
        said = f"Not there: {', '.join(sorted(absent))}."
        return Line("Guards", ACT, said, "Run manage.py migrate: without them what is locked is not protected.")
    return Line("Guards", WELL, "The database refuses to change what is signed, sealed or locked.")


def _broker() -> Line:
    if health._broker():
        return Line("Queue", LOOK, "It does not answer. Work goes on; sheets are made when it is back.", "Start it again if it stays away.")
    return Line("Queue", WELL, "It answers.")


def _worker() -> Line:
    waiting = health._worker()
    if waiting:
        return Line("Sheets", LOOK, waiting, "Look whether the worker runs.")
    return Line("Sheets", WELL, "None waits longer than 2 minutes.")


def _audit(now: dt.datetime) -> list[Line]:
    shut = read_only.reason()
    wrong = shut or trouble(at_most_old=CHAIN_KEPT_SECONDS)
    if shut:
        do = "Find out who changed it, then let the chain go on with a record: manage.py resume_audit."
        chain = Line("Audit log", ACT, f"The clinic is read-only. {wrong}", do)
    elif wrong:
        chain = Line("Audit log", ACT, wrong, "Find out who changed it. At the next start the clinic opens read-only.")
    else:
        chain = Line("Audit log", WELL, "The chain holds since the last anchor.")
    return [chain, _sealer(), _anchor(now)]


def _erasures() -> Line:
    try:
        files, orders = finishing.behind()
    except (DatabaseError, OSError, Unusable, journal.Damaged) as problem:
        said = str(problem) if isinstance(problem, journal.Damaged | Unusable) else "How far they are cannot be said."
        return Line("Erasures", ACT, said, "Until then a restored backup may bring back who was erased.")
    if orders > 0:
        said = f"{orders} {'order is' if orders == 1 else 'orders are'} not in the journal beside the database."
        return Line("Erasures", ACT, said, "Look whether AUDIT_DIR can be written, and whether the backup schedule runs.")
    if files:
        said = f"{files} {'file' if files == 1 else 'files'} of erased patients could not be removed."
        return Line("Erasures", LOOK, said, "Look whether the storage can be written. It is tried again.")
    return Line("Erasures", WELL, "Each is carried out, and stands in the journal beside the database.")


def _sealer() -> Line:
    try:
        behind = lag()
    except (DatabaseError, Unusable):
        return Line("Sealer", LOOK, "How far it is behind cannot be said.")
    many = f"{behind.rows} row{' waits' if behind.rows == 1 else 's wait'}"
    if behind.seconds > SEALER_PATIENCE:
        said = f"{many}, the oldest for {int(behind.seconds)} s."
        return Line("Sealer", ACT, said, "Look whether the sealer runs (manage.py seal_audit).")
    return Line("Sealer", WELL, f"{many} for a seal, as each does for a second." if behind.rows else "Every row has its seal.")


def _anchor(now: dt.datetime) -> Line:
    try:
        last = anchors.last_anchor()
    except anchors.NoAnchor as problem:
        return Line("Anchor", ACT, str(problem), "Compare it with the copy that is kept elsewhere.")
    if last is None:
        return Line("Anchor", LOOK, "There is none yet. The sealer makes one each day.")
    words = f"Number {last.number}, {ago(last.made_at, now)}, at position {last.position}."
    if now - last.made_at > ANCHOR_PATIENCE:
        return Line("Anchor", LOOK, words, "Look whether the sealer runs (manage.py seal_audit).")
    return Line("Anchor", WELL, words)


BACKUP = "Last backup"


def _backup(now: dt.datetime) -> Line:
    state = status.read()
    made, failed = state.get("backup"), state.get("failed_backup")
    at = schedule.moment(made)
    if failed:
        words = f"The last try failed {ago(schedule.moment(failed), now)}: {failed.get('why', '')}"
        return Line(BACKUP, ACT, words, "Put that right, then run manage.py backup.", _backup_words(made, now))
    if at is None:
        minutes = int(schedule.FIRST_AFTER.total_seconds() // 60)
        when = (
            f"The first is taken {minutes} minutes after the backup schedule has started, then one each day at {settings.BACKUP_AT:%H:%M}."
        )
        return Line(BACKUP, LOOK, "There is none yet.", f"{when} Or now, with manage.py backup.")
    words = " ".join(_backup_words(made, now))
    if now - at > BACKUP_LATE:
        return Line(BACKUP, ACT, words, "Look whether the backups run (manage.py backup_schedule), or run manage.py backup.")
    if now - at > BACKUP_PATIENCE:
        return Line(BACKUP, LOOK, words, "Look whether the backups run (manage.py backup_schedule).")
    if made.get("problems"):
        return Line(BACKUP, LOOK, words, " ".join(made["problems"][:3]))
    if not disk.backups_lie_apart():
        return Line(BACKUP, LOOK, words, "It lies on the same disk as the data. Name a folder on another one in BACKUP_DIR.")
    return Line(BACKUP, WELL, words)


def _backup_words(made: dict | None, now: dt.datetime) -> tuple[str, ...]:
    if not made:
        return ()
    words = f"{ago(schedule.moment(made), now)}: {made['rows']} rows and {made['files']} files, {disk.size(made['bytes'])}"
    read = "read back whole" if made.get("verified") else "not read back: its key is not on this machine"
    return (f"{words[0].upper()}{words[1:]}, {read}.",)


def _drill(now: dt.datetime) -> Line:
    what = "Last good restore drill"
    state = status.read()
    passed, failed = state.get("drill"), state.get("failed_drill")
    at = schedule.moment(passed)
    words = f"{ago(at, now)}, in {passed['seconds']:.0f} s, with {passed['file']}." if at else "None yet."
    words = f"{words[0].upper()}{words[1:]}"
    if failed:
        said = f"{words} The last try failed {ago(schedule.moment(failed), now)}: {failed.get('why', '')}"
        return Line(what, ACT, said, "Until a drill passes, take the backups for broken.")
    more = tuple(passed.get("said", ())) if passed else ()
    if at is None:
        return Line(what, LOOK, words, "It follows the next nightly backup, or now with manage.py restore_drill.")
    if now - at > dt.timedelta(days=settings.DRILL_DAYS) + DRILL_PATIENCE:
        return Line(what, LOOK, words, "Look whether the backups run (manage.py backup_schedule), or run manage.py restore_drill.", more)
    return Line(what, WELL, words, more=more)


def _disk() -> list[Line]:
    found = []
    for room in disk.rooms():
        if room.is_low:
            found.append(Line("Disk", ACT, f"Only {room.words}.", "Make room, or move the data: on a full disk nothing can be saved."))
        else:
            found.append(Line("Disk", WELL, f"{room.words[0].upper()}{room.words[1:]}."))
    return found


def _versions() -> Line:
    said = f"Planner {PLANNER_VERSION}, Python {platform.python_version()}, Django {django.get_version()}."
    return Line("Versions", WELL, said)
