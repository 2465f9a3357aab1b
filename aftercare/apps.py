from django.apps import AppConfig


class AftercareConfig(AppConfig):
    name = "aftercare"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.utils.translation import gettext_lazy as _

        from accounts.settings_links import CLINIC, SettingsLink, register_link
        from audit.guards import protect
        from sessions import record_sections
        from sessions.services.record import on_corrected
        from sessions.services.signing import on_signed

        from . import guards, kept
        from .record_page import sheet_section
        from .services.requests import sheet_on_correction, sheet_on_signing

        kept.declare()
        about = _("The aftercare sheet in other languages: read beside the English, approved, retired")
        register_link(SettingsLink(CLINIC, _("Words of the sheet"), about, "aftercare:words", "sheets.words"))
        for guard in (*guards.GUARDS, *guards.translation_guards()):
            protect(guard)
        record_sections.register(sheet_section)
        if sheet_on_signing not in on_signed:
            on_signed.append(sheet_on_signing)
        if sheet_on_correction not in on_corrected:
            on_corrected.append(sheet_on_correction)
