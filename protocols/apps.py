from django.apps import AppConfig


class ProtocolsConfig(AppConfig):
    name = "protocols"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from accounts.vocabulary import register_vocabulary
        from audit.guards import protect

        from . import kept
        from .guards import edit_locked, step_locked, version_locked
        from .vocabulary import names

        kept.declare()
        for guard in (version_locked, edit_locked, step_locked):
            protect(guard)
        register_vocabulary(names)
