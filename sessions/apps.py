from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class TreatmentSessionsConfig(AppConfig):
    name = "sessions"
    # Django's own session app already holds the label "sessions".
    label = "treatment_sessions"
    verbose_name = "Treatment sessions"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from accounts.handover import register_change, register_handover
        from accounts.settings_links import CLINIC, SettingsLink, register_link
        from audit.guards import protect
        from patients.merging import register_part
        from plans.registry import register_devices, register_history, register_history_form, register_plan_section

        from . import guards, handover, kept, known_to_plans, one_person, plan_section, record_guards, skin_form

        kept.declare()
        register_part(one_person.PART)
        protect(guards.no_overlap)
        record_guards.register()
        register_devices(known_to_plans.devices)
        register_history(known_to_plans.history)
        register_history_form(skin_form.at_consultation)
        register_plan_section(plan_section.visits)
        register_handover(handover.VISITS)
        register_handover(handover.RECORDS)
        about = gettext_lazy("Clinicians, rooms, bays and devices, their hours and leave, closed days, lengths of visits.")
        register_link(SettingsLink(CLINIC, gettext_lazy("Calendar"), about, "sessions:diary_settings", "diary.settings"))
        about = gettext_lazy("Cartridges, numbing, adjuvants and tubes: their lots, use-by dates and stock.")
        register_link(SettingsLink(CLINIC, gettext_lazy("Products and lots"), about, "sessions:lots", "lots.view"))
        about = gettext_lazy("Serial numbers, labels, service and cleaning, and what is due.")
        register_link(SettingsLink(CLINIC, gettext_lazy("Devices"), about, "sessions:devices", "devices.view"))
        register_change(leaving=handover.stops_being_booked, returning=handover.is_booked_again)
