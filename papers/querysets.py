from django.db import models

from patients.querysets import OfPatientQuerySet


class PriceListQuerySet(models.QuerySet):
    def in_force(self, site, day):
        """The list that holds at *site* on *day*: of those that have begun, the one that begins last, and of these the newest; or None."""
        return self.filter(site=site, valid_from__lte=day).order_by("-valid_from", "-pk").first()

    def of_sites(self, user):
        """Price lists of the sites where *user* works."""
        return self.filter(site__in=user.site_ids())


class QuoteQuerySet(OfPatientQuerySet):
    pass


class PaperQuerySet(OfPatientQuerySet):
    pass
