from django.apps import AppConfig


class ClinicConfig(AppConfig):
    name = "clinic"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from patients.storyboard import register_tag

        from .today import same_name_today

        register_tag(same_name_today)
