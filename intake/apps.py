from django.apps import AppConfig
from django.utils.translation import gettext_noop


class IntakeConfig(AppConfig):
    name = "intake"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from accounts.desk.confined import register_home
        from audit.guards import protect
        from patients.merging import register_part
        from patients.overview import register_section
        from patients.storyboard import register_fact
        from patients.timeline import register_source
        from plans.registry import register_told

        from . import kept, one_person, overview
        from .guards import guards
        from .services.told import told_on
        from .tablet import PLACE

        kept.declare()
        register_part(one_person.PART)
        for guard in guards():
            protect(guard)
        register_home(PLACE, "intake:tablet")
        register_told(told_on)
        register_section(overview.intake)
        register_source(overview.ANSWERS)
        register_fact(gettext_noop("Answers"), overview.waiting, only_known=True)
