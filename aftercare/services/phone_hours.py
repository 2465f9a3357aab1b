"""When the phone is answered, said in another language: typed for each site, printed on sheets in that language."""

from collections.abc import Iterable, Mapping

from django.db import transaction
from django.utils import timezone

from accounts.models import Site
from accounts.seen import digest
from audit.services import record

from ..models import PhoneHours

LONGEST = PhoneHours._meta.get_field("words").max_length


class ChangedMeanwhile(Exception):
    """Somebody else saved others since the form was shown."""


def hours_in(language: str, sites: Iterable[Site]) -> dict[int, str]:
    """{site: the words}, of those that have any."""
    return dict(PhoneHours.objects.filter(language=language, site__in=sites).values_list("site_id", "words"))


def seen_of(language: str, sites: Iterable[Site]) -> str:
    """Of what stands now: the words, and the clinic's own beside which they are written."""
    stands = hours_in(language, sites)
    return digest(*(f"{site.pk} {site.phone_hours} {stands.get(site.pk, '')}" for site in sorted(sites, key=lambda one: one.pk)))


def keep(language: str, sites: list[Site], words: Mapping[int, str], *, was: str, by, request=None) -> int:
    """
    Keep *words* for each of *sites*; empty takes them away. Returns how many changed.

    Raises:
        ChangedMeanwhile: *was* is not what stands.
    """
    with transaction.atomic():
        sites = list(Site.objects.select_for_update(no_key=True).filter(pk__in=[site.pk for site in sites]).order_by("pk"))
        if was != seen_of(language, sites):
            raise ChangedMeanwhile
        stands = hours_in(language, sites)
        changed = [site for site in sites if words.get(site.pk, "") != stands.get(site.pk, "")]
        for site in changed:
            said = words.get(site.pk, "")
            if said:
                fresh = {"words": said, "written_by": by, "written_at": timezone.now()}
                PhoneHours.objects.update_or_create(site=site, language=language, defaults=fresh)
            else:
                PhoneHours.objects.filter(site=site, language=language).delete()
            record("sheet_words.hours_written", actor=by, obj=site, request=request, detail={"language": language})
    return len(changed)
