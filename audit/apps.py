from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class AuditConfig(AppConfig):
    name = "audit"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import erasure_guards, guards, kept

        guards.protect(guards.no_change("audit_auditevent", reason="audit rows are only ever added"))
        guards.protect(guards.no_change("audit_auditseal", reason="seals are only ever added"))
        kept.declare()
        for guard in erasure_guards.guards():
            guards.protect(guard)
        # Sent once per app before and after all migrations: one sender is enough.
        pre_migrate.connect(guards.remove_before_migrate, sender=self, dispatch_uid="audit.guards")
        post_migrate.connect(guards.install_after_migrate, sender=self, dispatch_uid="audit.guards")
