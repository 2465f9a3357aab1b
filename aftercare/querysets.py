from django.db import models


class SheetQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Sheets of patients of the sites *user* works at."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        return self.filter(session__patient__site__in=user.site_ids())
