from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AuditConfig(AppConfig):
    name = "audit"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import guards

        guards.protect(guards.no_change("audit_auditevent", reason="audit rows are only ever added"))
        # Sent once per app when all migrations are done: one sender is enough.
        post_migrate.connect(guards.install_after_migrate, sender=self, dispatch_uid="audit.guards")
