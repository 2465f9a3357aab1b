"""
Sending reminders: which are due, and each one at most once.

The right to send is a row (`Reminder`), written and committed before the message goes, unique for visit, way and time. Whoever dies
between the row and the message leaves a row that says "nobody knows": it is shown to the desk and never sent again, because two
messages to a patient look like two visits, and neither a mail server nor a provider can be asked whether the first one went. Only
what surely did not go (no connection, sign-in refused) is tried again.
"""

import datetime as dt
import hashlib
import logging
import secrets
import smtplib
import socket
from itertools import islice

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils import timezone

from audit.models import Outcome
from audit.services import record
from sessions.models import Booking

from .. import sms, wording
from ..models import Channel, ContactChoice, Reminder, ReminderSettings
from .deciding import (
    A_DAY,
    BEFORE_QUIET,
    CUT_OFF,
    LEAST,
    MOST_TRIES,
    NOT_HANDED_OVER,
    REFUSED,
    Standing,
    Verdict,
    channels_of,
    decide,
    due_at,
    language_of,
    never,
    past_quiet,
)

log = logging.getLogger(__name__)
A_SWEEP = 200
STOPPED = {Channel.EMAIL: "email_stopped_at", Channel.SMS: "sms_stopped_at"}
ADDRESS = {Channel.EMAIL: "email", Channel.SMS: "phone"}


def due(now: dt.datetime | None = None) -> list[tuple[int, str]]:
    """(visit, way) of what may have to go now, soonest visit first. Each is decided by itself when it is sent."""
    now, found = now or timezone.now(), []
    for row in ReminderSettings.objects.filter(is_on=True).select_related("site"):
        if past_quiet(now, row.site_zone, row.quiet_from, row.quiet_until) > now:
            continue
        # Some go before their hours: those that would fall into quiet hours and be too late after them.
        until = now + dt.timedelta(hours=row.hours_before) + A_DAY + BEFORE_QUIET
        visits = Booking.objects.filter(site=row.site, status=Booking.Status.BOOKED, starts_at__gt=now + LEAST, starts_at__lte=until)
        for channel in channels_of(row):
            if channel == Channel.EMAIL and not settings.MAIL_FROM:
                continue
            settled = Reminder.objects.filter(booking=OuterRef("pk"), channel=channel, starts_at=OuterRef("starts_at"))
            settled = settled.exclude(state=Reminder.State.AGAIN)
            stopped = ContactChoice.objects.filter(patient=OuterRef("patient"), **{f"{STOPPED[channel]}__isnull": False})
            rows = visits.exclude(**{f"patient__{ADDRESS[channel]}": ""}).filter(~Exists(settled), ~Exists(stopped))
            times = rows.order_by("starts_at").values_list("pk", "starts_at").iterator()
            found += islice(((at, pk, channel) for pk, at in times if due_at(at, row) <= now), A_SWEEP)
    return [(pk, channel) for _, pk, channel in sorted(found)[:A_SWEEP]]


def send(booking_pk: int, channel: str) -> Verdict:
    """Send one reminder where one goes now, judged by what stands at this moment. Called twice, one message goes."""
    claimed = _claim(booking_pk, channel)
    if isinstance(claimed, Verdict):
        return claimed
    reminder, message, to, link = claimed
    try:
        if channel == Channel.EMAIL:
            _mail(message, to, link, reminder.language)
        else:
            sms.backend().send(to, message.words, reminder=reminder)
    except (sms.NotTaken, *_SURELY_NOT) as why:
        return _not_taken(reminder, why)
    except (sms.Refused, smtplib.SMTPRecipientsRefused) as why:
        words = str(why) if isinstance(why, sms.Refused) else REFUSED
        return _ended(reminder, Reminder.State.FAILED, words)
    except Exception as why:
        # Cut off in the middle, or a fault of ours: nobody knows whether it went, so it is not sent again.
        log.warning("A reminder was cut off: %s", type(why).__name__)
        return _ended(reminder, Reminder.State.FAILED, CUT_OFF)
    return _ended(reminder, Reminder.State.SENT, "")


_SURELY_NOT = (
    ConnectionRefusedError,
    socket.gaierror,
    smtplib.SMTPConnectError,
    smtplib.SMTPHeloError,
    smtplib.SMTPAuthenticationError,
    smtplib.SMTPNotSupportedError,
    smtplib.SMTPSenderRefused,
)


def _claim(booking_pk: int, channel: str):
    """The row that is the right to send, with what is sent; or why nothing is. The visit is held meanwhile: nobody cancels it between."""
    now = timezone.now()
    try:
        with transaction.atomic():
            rows = Booking.objects.select_for_update(of=("self",)).select_related("site", "patient")
            booking = rows.filter(pk=booking_pk).first()
            if booking is None:
                return never("There is no such visit any more.")
            row = ReminderSettings.objects.filter(site=booking.site_id).first()
            choice = ContactChoice.of(booking.patient_id)
            begun = Reminder.objects.filter(booking=booking, channel=channel, starts_at=booking.starts_at)
            known = begun.select_related("booking__site").first()
            verdict = decide(booking, channel, row=row, choice=choice, reminder=known, now=now)
            if verdict.standing is not Standing.NOW:
                return verdict
            secret = secrets.token_urlsafe(24) if channel == Channel.EMAIL else ""
            language = language_of(booking.patient)
            fields = {"claimed_at": now, "language": language, "state": Reminder.State.SENDING}
            fields["stop_digest"] = digest_of(secret) if secret else ""
            if known is None:
                reminder = Reminder.objects.create(booking=booking, channel=channel, starts_at=booking.starts_at, **fields)
            else:
                Reminder.objects.filter(pk=known.pk).update(**fields, attempts=known.attempts + 1)
                reminder = Reminder.objects.get(pk=known.pk)
            link = stop_link(secret)
            if channel == Channel.EMAIL:
                return reminder, wording.email(booking.site, booking.starts_at, language, link=link), booking.patient.email, link
            return reminder, wording.text(booking.site, booking.starts_at, language), booking.patient.phone, ""
    except IntegrityError:
        return never("Another worker sends it.")


def digest_of(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


def stop_link(secret: str) -> str:
    """The address of "no more reminders"; empty where the clinic has no address that is reached from outside."""
    return f"{settings.PUBLIC_URL.rstrip('/')}{reverse('followup:stop')}?key={secret}" if secret and settings.PUBLIC_URL else ""


def _mail(message: wording.Message, to: str, link: str, language: str) -> None:
    headers = {"Auto-Submitted": "auto-generated", "Content-Language": language}
    if link:
        headers |= {"List-Unsubscribe": f"<{link}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    EmailMessage(message.subject, message.words, settings.MAIL_FROM, [to], headers=headers).send()


def _not_taken(reminder: Reminder, why: Exception) -> Verdict:
    log.warning("A reminder was not taken: %s", type(why).__name__)
    if reminder.attempts < MOST_TRIES:
        Reminder.objects.filter(pk=reminder.pk).update(state=Reminder.State.AGAIN)
        return Verdict(Standing.WAITS, "Is tried again in a few minutes.")
    return _ended(reminder, Reminder.State.FAILED, NOT_HANDED_OVER % {"tries": MOST_TRIES})


def _ended(reminder: Reminder, state: str, problem: str) -> Verdict:
    now, sent = timezone.now(), state == Reminder.State.SENT
    with transaction.atomic():
        found = Reminder.objects.filter(pk=reminder.pk, state=Reminder.State.SENDING)
        if found.update(state=state, sent_at=now if sent else None, problem=problem[:200]):
            patient, detail = reminder.booking.patient_id, {"channel": reminder.channel, "booking": reminder.booking_id}
            if sent:
                record("reminder.sent", patient=patient, obj=reminder, detail=detail)
            else:
                record("reminder.failed", patient=patient, obj=reminder, detail=detail, outcome=Outcome.FAILED)
    return Verdict(Standing.SENT, "Sent.", now) if sent else never(problem)
