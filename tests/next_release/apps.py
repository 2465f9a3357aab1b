from django.apps import AppConfig
from django.db.models.signals import pre_migrate


class Careless(AppConfig):
    name = "tests.next_release"
    label = "careless"

    def ready(self) -> None:
        assert pre_migrate.disconnect(sender=self.apps.get_app_config("audit"), dispatch_uid="audit.guards")
