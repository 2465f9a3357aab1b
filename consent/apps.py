from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConsentConfig(AppConfig):
    name = "consent"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from accounts.settings_links import CLINIC, SettingsLink, register_link
        from audit.guards import protect
        from patients.merging import register_part
        from patients.overview import register_section
        from patients.storyboard import register_fact
        from patients.timeline import register_source
        from plans.registry import register_plan_section

        from . import kept, one_person, overview, plan_section, storyboard
        from .guards import guards

        kept.declare()
        register_part(one_person.PART)
        for guard in guards():
            protect(guard)
        register_fact("Consent", storyboard.consent)
        register_section(overview.documents)
        for source in overview.SOURCES:
            register_source(source)
        register_plan_section(plan_section.consent)
        about = _("What patients read and sign before a treatment, by language; who wrote it and who approved it.")
        register_link(SettingsLink(CLINIC, _("Consent texts"), about, "consent:texts", "consent.texts"))
