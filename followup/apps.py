from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FollowupConfig(AppConfig):
    name = "followup"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from accounts.handover import register_change
        from accounts.settings_links import CLINIC, ME, SettingsLink, register_link
        from patients.merging import register_part
        from sessions.visit_sections import register as register_visit_section

        from . import kept, one_person, sms, visit_page
        from .services import feed

        sms.refuse_unknown()
        kept.declare()
        register_part(one_person.PART)
        register_change(leaving=feed.end_link)  # who comes back makes a new one
        about = _("Your visits in the calendar program of your phone, without anything of patients.")
        register_link(SettingsLink(ME, _("Your calendar link"), about, "followup:my_feed", feed.FEED))
        about = _("When patients are reminded of their visits, how, and the hours in which nobody is disturbed.")
        register_link(SettingsLink(CLINIC, _("Reminders"), about, "followup:reminder_settings", "reminders.settings"))
        register_visit_section(visit_page.who_could_come)
        register_visit_section(visit_page.reminders)
