from django.apps import AppConfig


class PlansConfig(AppConfig):
    name = "plans"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        from audit.guards import protect
        from patients.overview import register_section
        from patients.storyboard import register_fact

        from .guards import guards
        from .overview import overview, watch_for

        for guard in guards():
            protect(guard)
        register_section(overview)
        register_fact("Watch for", watch_for)
