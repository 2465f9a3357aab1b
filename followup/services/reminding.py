"""When and how a site reminds its patients: set by who answers for it."""

import datetime as dt

from django.db import transaction

from accounts.models import Site
from accounts.seen import digest
from audit.services import record

from ..models import ReminderSettings

FIELDS = ("is_on", "by_email", "by_sms", "hours_before", "quiet_from", "quiet_until")
# What a new site starts with: nobody is written to until somebody says so.
START = {"is_on": False, "by_email": True, "by_sms": False, "hours_before": 48, "quiet_from": dt.time(20), "quiet_until": dt.time(8)}


class ChangedMeanwhile(Exception):
    """Somebody saved them after the form was opened."""


def of_site(site: Site) -> ReminderSettings:
    return ReminderSettings.objects.filter(site=site).first() or ReminderSettings(site=site, **START)


def seen_of(row: ReminderSettings) -> str:
    return digest(*(getattr(row, name) for name in FIELDS))


def change(site: Site, *, was: str, by, request=None, **fields) -> ReminderSettings:
    """Raises ChangedMeanwhile."""
    with transaction.atomic():
        Site.objects.select_for_update(no_key=True).get(pk=site.pk)
        row = of_site(site)
        if was != seen_of(row):
            raise ChangedMeanwhile
        changed = [name for name in FIELDS if getattr(row, name) != fields[name]]
        for name in changed:
            setattr(row, name, fields[name])
        if changed or row.pk is None:
            row.save()
            said = {name: str(fields[name]) for name in changed}
            record("reminders.set", actor=by, obj=row, request=request, detail={"site": site.pk, "changed": said})
    return row
