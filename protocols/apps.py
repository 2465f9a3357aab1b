from django.apps import AppConfig


class ProtocolsConfig(AppConfig):
    name = "protocols"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from accounts.vocabulary import register_vocabulary
        from audit.guards import protect

        from . import kept
        from .guards import edit_locked, edit_of_draft, never_handed_over, step_in_order, step_locked, version_locked
        from .vocabulary import names

        kept.declare()
        for guard in (version_locked, edit_locked, step_locked, edit_of_draft, step_in_order, never_handed_over):
            protect(guard)
        register_vocabulary(names)
