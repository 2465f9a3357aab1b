from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EventsConfig(AppConfig):
    name = "events"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from accounts.reach import register_flag
        from accounts.settings_links import SAFETY, SettingsLink, register_link
        from audit.guards import protect
        from patients.merging import register_part
        from patients.overview import register_section
        from patients.timeline import register_source
        from sessions import record_sections

        from . import kept, one_person, patient_page, photos, session_photos
        from .banner import ALERTS_WAIT
        from .guards import guards
        from .models import FollowUpCall

        kept.declare()
        register_flag(ALERTS_WAIT, FollowUpCall.objects.waiting, site="patient__site")
        register_part(one_person.PART)
        for guard in guards():
            protect(guard)
        register_section(patient_page.call)
        for source in patient_page.SOURCES:
            register_source(source)
        photos.register(session_photos.of_event)
        record_sections.register(patient_page.on_record)
        about = _("Their files, ready to report: when it began, device, lots, depth, what was done, what came of it.")
        register_link(SettingsLink(SAFETY, _("Adverse events"), about, "events:events", "events.view"))
