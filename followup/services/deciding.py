"""
Whether a visit is reminded of, by one way, now: the one rule, asked by who sends and by who shows it.

Asked from what stands at that moment, never from what stood when something was put into a queue: the visit's state and time, what
the patient wants, what the site has set, the hours in which nobody is to be disturbed, and three minutes in which the desk may take
a change back.
"""

import datetime as dt
from dataclasses import dataclass
from enum import Enum
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.templatetags.clinic_format import in_words
from audit.models import AuditEvent
from patients.languages import language_words
from patients.models import Patient
from sessions.models import Booking
from sessions.services.away import away_words
from sessions.services.booking import UNDO

from .. import sms, wording
from ..models import Channel, ContactChoice, Reminder, ReminderSettings

A_DAY = dt.timedelta(days=1)
LEAST = dt.timedelta(hours=2)  # later than this before the visit a reminder changes nothing any more
BEFORE_QUIET = dt.timedelta(hours=1)  # what finds no other time goes in the last hour before the quiet hours
LEASE = dt.timedelta(minutes=5)  # longer than any sending takes
MOST_TRIES, TRY_AGAIN = 5, dt.timedelta(minutes=5)


# What is kept with a reminder that did not go: in English, and said in the language of the page (see `problem_words`).
REFUSED = gettext_noop("The mail server refused the address.")
CUT_OFF = gettext_noop("It was cut off while it was sent and may have gone. Ring, to be sure.")
NOT_HANDED_OVER = gettext_noop("It could not be handed over, %(tries)s times. Ring the patient.")


def problem_words(problem: str) -> str:
    """What is kept, in the language of the page; a provider's own words stay as they are."""
    tries = {"tries": MOST_TRIES}
    if problem == NOT_HANDED_OVER % tries:
        return _(NOT_HANDED_OVER) % tries
    return _(problem) if problem else ""


class Standing(Enum):
    SENT = "sent"
    WAITS = "waits"
    NOW = "now"
    NEVER = "never"


@dataclass(frozen=True)
class Verdict:
    """Whether it goes, in words for the desk. *at*: when it goes or went, where that is known."""

    standing: Standing
    words: str
    at: dt.datetime | None = None


def never(words: str) -> Verdict:
    return Verdict(Standing.NEVER, words)


def channels_of(row: ReminderSettings | None) -> list[str]:
    """The ways a site reminds by."""
    if row is None or not row.is_on:
        return []
    return [*([Channel.EMAIL] if row.by_email else []), *([Channel.SMS] if row.by_sms else [])]


def language_of(patient: Patient) -> str:
    """In which reminders to *patient* are written."""
    return wording.written_in(patient.language)


def _in_which(patient: Patient) -> str:
    """` In German.`, or that there are no words in the patient's language; nothing where it is the clinic's own, or nobody has asked."""
    written = language_of(patient)
    if patient.language.partition("-")[0] not in ("", written):
        said = {"language": language_words(written), "own": language_words(patient.language)}
        return " " + _("In %(language)s: there are no words in %(own)s yet.") % said
    return " " + _("In %(language)s.") % {"language": language_words(written)} if written != wording.OWN else ""


def past_quiet(moment: dt.datetime, zone: ZoneInfo, quiet_from: dt.time, quiet_until: dt.time) -> dt.datetime:
    """*moment*, or where it lies in the quiet hours of the site's clock, their end."""
    around = _quiet_around(moment, zone, quiet_from, quiet_until)
    return around[1] if around else moment


def _quiet_around(moment: dt.datetime, zone: ZoneInfo, quiet_from: dt.time, quiet_until: dt.time) -> tuple[dt.datetime, dt.datetime] | None:
    """The quiet hours *moment* lies in, from and until; None where it lies in none."""
    if quiet_from == quiet_until:
        return None
    local = moment.astimezone(zone)
    clock, first = local.time(), local.date()
    over_midnight = quiet_from > quiet_until
    if over_midnight and clock < quiet_until:
        first -= A_DAY
    elif clock < quiet_from or (not over_midnight and clock >= quiet_until):
        return None
    days = (first, first + A_DAY if over_midnight else first)
    return tuple(
        dt.datetime.combine(day, at, tzinfo=zone).astimezone(dt.UTC) for day, at in zip(days, (quiet_from, quiet_until), strict=True)
    )


def due_at(starts_at: dt.datetime, row: ReminderSettings) -> dt.datetime:
    """
    When the reminder of a visit at *starts_at* is to go: as many hours before as is set, or when the quiet hours end. Where that would be
    too late to be of use, in the last hour before they begin: never in them, and never too late.
    """
    zone, due = row.site_zone, starts_at - dt.timedelta(hours=row.hours_before)
    around = _quiet_around(due, zone, row.quiet_from, row.quiet_until)
    if around is None:
        return due
    begins, ends = around
    return ends if ends <= starts_at - LEAST else begins - BEFORE_QUIET


def changed_at(booking: Booking) -> dt.datetime:
    """When the visit was made, moved, brought back or changed in any other way for the last time."""
    rows = AuditEvent.objects.filter(object_type=booking._meta.label_lower, object_pk=str(booking.pk), action__startswith="booking.")
    newest = rows.exclude(action="booking.viewed").order_by("-pk").values_list("at", flat=True).first()
    return max(booking.created_at, newest) if newest else booking.created_at


def decide(
    booking: Booking,
    channel: str,
    *,
    row: ReminderSettings | None,
    choice: ContactChoice | None,
    reminder: Reminder | None,
    now: dt.datetime | None = None,
) -> Verdict:
    """*reminder*: the row for this visit at this time by this way, where there is one. *booking* is as it stands in the database."""
    now, zone = now or timezone.now(), booking.site.zone
    if reminder is not None and reminder.state != Reminder.State.AGAIN:
        waits = getattr(reminder, "text", None) if reminder.channel == Channel.SMS else None
        if waits is not None and waits.done_at is None and (refused := _refused(booking, channel, choice)):
            return never(refused)
        return happened(reminder, now)
    if booking.status != Booking.Status.BOOKED:
        return never(_("The visit is %(status)s.") % {"status": booking.get_status_display().lower()})
    if booking.starts_at <= now:
        return never(_("The visit has begun or is over."))
    if channel not in channels_of(row):
        return never(_("This site reminds nobody this way."))
    if refused := _refused(booking, channel, choice):
        return never(refused)
    if away := away_words([booking]).get(booking.pk):
        return never(_("%(why)s. None goes while that stands: move the visit, or ring the patient.") % {"why": away})
    due = max(due_at(booking.starts_at, row), changed_at(booking) + UNDO)
    if reminder is not None:
        due = max(due, reminder.claimed_at + TRY_AGAIN)
    # Quiet at the time it was to go, and quiet now: a worker that was away in the evening disturbs nobody at night.
    goes = past_quiet(max(due, now), zone, row.quiet_from, row.quiet_until)
    if goes > booking.starts_at - LEAST:
        return never(_("There is too little time left before the visit."))
    if goes > now:
        words = _("Goes %(when)s.") % {"when": _when(goes, zone)}
        return Verdict(Standing.WAITS, f"{words}{_in_which(booking.patient)}", goes)
    words = _("Goes now.")
    return Verdict(Standing.NOW, f"{words}{_in_which(booking.patient)}", now)


def _refused(booking: Booking, channel: str, choice: ContactChoice | None) -> str:
    """Why nothing is sent this way to this patient; empty where something is."""
    patient = booking.patient
    if choice is not None and choice.stopped_at(channel):
        day = in_words(timezone.localtime(choice.stopped_at(channel)).date())
        return _("The patient wants no reminders this way (since %(day)s).") % {"day": day}
    if channel == Channel.EMAIL:
        if not patient.email:
            return _("No email address is on file.")
        return "" if settings.MAIL_FROM else _("No mail server is set for the clinic.")
    return "" if patient.phone else _("No phone number is on file.")


def happened(reminder: Reminder, now: dt.datetime) -> Verdict:
    """What became of a reminder that was begun, on the clock of the visit's site."""
    zone = reminder.booking.site.zone
    if reminder.state == Reminder.State.AGAIN:
        return Verdict(Standing.WAITS, _("Is tried again in a few minutes."))
    if reminder.state == Reminder.State.FAILED:
        return never(problem_words(reminder.problem))
    if reminder.state == Reminder.State.SENDING:
        if now - reminder.claimed_at < LEASE:
            return Verdict(Standing.WAITS, _("Is being sent."), reminder.claimed_at)
        return never(_("Nobody knows whether it went: the sending was cut off. Ring, to be sure."))
    text = getattr(reminder, "text", None) if reminder.channel == Channel.SMS else None
    if text is None:
        said = {"when": _when(reminder.sent_at, zone), "language": language_words(reminder.language)}
        words = _("Sent %(when)s.") if reminder.language in ("", wording.OWN) else _("Sent %(when)s, in %(language)s.")
        return Verdict(Standing.SENT, words % said, reminder.sent_at)
    if text.done_at:
        words = _("Done by %(name)s, %(when)s.") % {"name": text.done_by, "when": _when(text.done_at, zone)}
        return Verdict(Standing.SENT, words, text.done_at)
    return Verdict(Standing.WAITS, _("Waits for the desk to send it: no SMS provider is set."), text.made_at)


def _when(moment: dt.datetime, zone: ZoneInfo) -> str:
    local = moment.astimezone(zone)
    return f"{in_words(local.date(), weekday=True)}, {local:%H:%M}"


def verdicts(booking: Booking, *, now: dt.datetime | None = None) -> list[tuple[str, Verdict]]:
    """(way, verdict) for each way the site reminds by, and for what was sent already for this time. sms.backend is not asked."""
    row = ReminderSettings.objects.filter(site=booking.site_id).first()
    choice = ContactChoice.of(booking.patient_id)
    rows = Reminder.objects.filter(booking=booking, starts_at=booking.starts_at).select_related("booking__site", "text__done_by")
    known = {one.channel: one for one in rows}
    ways = [channel for channel in Channel.values if channel in channels_of(row) or channel in known]
    return [
        (Channel(channel).label, decide(booking, channel, row=row, choice=choice, reminder=known.get(channel), now=now)) for channel in ways
    ]


def leaves_by_itself() -> bool:
    """Whether a text message goes without anybody's hand."""
    return sms.backend().leaves
