from django.apps import AppConfig


class ProtocolsConfig(AppConfig):
    name = "protocols"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from audit.guards import protect

        from .guards import version_locked

        protect(version_locked)
