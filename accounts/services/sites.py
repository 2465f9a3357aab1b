"""The places of the clinic: added and changed by a manager of them."""

import secrets
from collections.abc import Callable

from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from audit.services import record

from ..models import Site, User
from ..reach import forget
from ..seen import digest
from .staff import ChangedMeanwhile, StaffRefused

FIELDS = ("name", "address", "phone", "phone_hours", "emergency_number", "country", "time_zone", "paper")


_judges: list[Callable[[Site, str], str]] = []


def register_judge(judge: Callable[[Site, str], str]) -> None:
    """judge(site, country) -> why the site may not be said to lie there; apps above register what hangs on a site's country."""
    if judge not in _judges:
        _judges.append(judge)


def seen_of(site: Site) -> str:
    return digest(*(getattr(site, name) for name in FIELDS))


def _taken(name: str) -> StaffRefused:
    return StaffRefused(_("There is a site called %(name)s already") % {"name": name}, field="name")


def add_site(*, by: User, request=None, **fields) -> Site:
    """Make a site; who makes it belongs to it, or nobody could manage it. Raises StaffRefused where the name is taken."""
    try:
        with transaction.atomic():
            if Site.objects.filter(name__iexact=fields["name"]).exists():
                raise _taken(fields["name"])
            slug = f"{slugify(fields['name'])[:40] or 'site'}-{secrets.token_hex(3)}"
            site = Site.objects.create(slug=slug, is_demo=by.is_demo, **fields)
            by.sites.add(site)
            forget(by)
            record("site.added", actor=by, obj=site, request=request)
    except IntegrityError as clash:
        raise _taken(fields["name"]) from clash
    return site


def change_site(site: Site, *, by: User, was: str, request=None, **fields) -> Site:
    """Raises StaffRefused where the name is taken or the country may not be; ChangedMeanwhile where *was* is not what stands."""
    try:
        with transaction.atomic():
            stored = Site.objects.select_for_update(no_key=True).get(pk=site.pk)
            if was != seen_of(stored):
                raise ChangedMeanwhile
            if Site.objects.filter(name__iexact=fields["name"]).exclude(pk=site.pk).exists():
                raise _taken(fields["name"])
            changed = [name for name, value in fields.items() if getattr(stored, name) != value]
            for judge in _judges if "country" in changed else ():
                if words := judge(stored, fields["country"]):
                    raise StaffRefused(words, field="country")
            if changed:
                for name in changed:
                    setattr(stored, name, fields[name])
                stored.save(update_fields=changed)
                record("site.changed", actor=by, obj=stored, request=request, detail={"changed": changed})
    except IntegrityError as clash:
        raise _taken(fields["name"]) from clash
    return stored
