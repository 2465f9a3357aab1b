from django.apps import AppConfig


class ClinicConfig(AppConfig):
    name = "clinic"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from accounts.sign_in_notes import register_note
        from patients.overview import register_section
        from patients.storyboard import register_fact, register_tag

        from . import overview
        from .demo.sign_ins import note
        from .today import same_name_today

        register_tag(same_name_today)
        register_fact("Next booking", overview.next_booking)
        for section in overview.SECTIONS:
            register_section(section)
        register_note(note)
