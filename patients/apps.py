from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PatientsConfig(AppConfig):
    name = "patients"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from accounts.reach import register_openings
        from accounts.settings_links import SAFETY, SettingsLink, register_link
        from audit.guards import protect

        from . import guards, kept, merge_guards, opening_guards
        from .emergency import open_to

        kept.declare()
        for guard in [*guards.guards(), *opening_guards.guards(), *merge_guards.guards()]:
            protect(guard)
        register_openings(open_to)
        register_link(
            SettingsLink(
                SAFETY, _("Emergency access"), _("Records opened by staff of another site, and why."), "patients:openings", "emergency.view"
            )
        )
        register_link(
            SettingsLink(
                SAFETY,
                _("Open a patient of another site"),
                _("In an emergency, by number and date of birth."),
                "patients:emergency",
                "emergency.open",
            )
        )
