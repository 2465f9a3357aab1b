"""What a member of staff is signed off for, as the planner reads it, and how near its certificates are to their end."""

import datetime as dt
from copy import copy
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from .models import Competence, User
from .querysets import EXPIRES_SOON_DAYS
from .templatetags.clinic_format import in_words


def operator_of(user: User, day: dt.date, *, any_day: bool = False, rows: list[Competence] | None = None) -> dict:
    """
    The case format's `operator` for *user* on *day*. No row at all: no limit known. Rows of other days and rows that were ended
    are among them with their last day and cover nothing: what was taken away never reads as no limit, nor frees a depth.
    any_day: leave the dates of the rows that stand out, for a day not yet chosen.
    rows: what `recorded_of` said just now, so that it is not asked again.
    """
    operator: dict = {"role": user.role, "prescriber": user.prescribes_on(day)}
    rows = recorded_of(user) if rows is None else rows
    if rows:
        operator["covers"] = [_cover(row, any_day=any_day) if row.ended_at is None else _taken_away(row, day) for row in rows]
    return operator


def recorded_of(user: User) -> list[Competence]:
    """Every row, ended ones too, in the order of their dates. Sorted here, so that a prefetch is used."""
    return sorted(user.competences.all(), key=lambda row: (row.valid_from, row.pk))


def recorded_then(user: User, day: dt.date) -> list[Competence]:
    """Every row as it stood on *day*, for a treatment of that day: one that was ended later held then."""
    rows = [copy(row) for row in recorded_of(user)]
    for row in rows:
        if row.ended_at is not None and timezone.localdate(row.ended_at) > day:
            row.ended_at = None
    return rows


def standing_of(user: User) -> list[Competence]:
    """The rows nobody ended, in the order of their dates."""
    return [row for row in recorded_of(user) if row.ended_at is None]


def _cover(row: Competence, *, any_day: bool) -> dict:
    cover: dict = {
        "device": row.device or None,
        "zones": row.zones or None,
        "max_depth_mm": float(row.max_depth_mm) if row.max_depth_mm is not None else None,
        "name": row.certificate,
    }
    if not any_day:
        cover["from"] = row.valid_from.isoformat()
        cover["until"] = row.valid_until.isoformat() if row.valid_until else None
    return cover


def _taken_away(row: Competence, day: dt.date) -> dict:
    """A row that was ended, as a cover that is over before *day*."""
    ended = row.ended_at.date() if row.ended_at is not None else day
    last = min(ended, day - dt.timedelta(days=1), row.valid_until or dt.date.max)
    return {**_cover(row, any_day=True), "until": last.isoformat()}


@dataclass(frozen=True)
class Standing:
    """How a row stands on a day. state: held | soon | expired | later | ended; words for the screen; tone: class of the tag."""

    state: str
    words: str
    tone: str


def standing_on(row: Competence, day: dt.date) -> Standing:
    if row.ended_at is not None:
        return Standing("ended", _("Ended"), "mute")
    if row.valid_until is not None and row.valid_until < day:
        return Standing("expired", _("Ran out on %(day)s") % {"day": in_words(row.valid_until)}, "defer")
    if row.valid_from > day:
        return Standing("later", pgettext("certificate", "From %(day)s") % {"day": in_words(row.valid_from)}, "mute")
    if row.valid_until is not None and (row.valid_until - day).days <= EXPIRES_SOON_DAYS:
        left = (row.valid_until - day).days
        later = ngettext("Runs out in %(n)s day, %(day)s", "Runs out in %(n)s days, %(day)s", left)
        words = (later if left else _("Runs out today, %(day)s")) % {"n": left, "day": in_words(row.valid_until)}
        return Standing("soon", words, "caut")
    return Standing("held", _("Valid"), "clear")


def running_out(user: User, day: dt.date):
    """Standing rows that *user* may see and that ran out or will within the month, nearest first; people who left do not count."""
    until = day + dt.timedelta(days=EXPIRES_SOON_DAYS)
    rows = Competence.objects.visible_to(user).standing().filter(valid_until__lte=until, user__is_active=True)
    return rows.select_related("user").order_by("valid_until", "pk")
