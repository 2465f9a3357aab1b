from django.apps import AppConfig


class OutcomesConfig(AppConfig):
    name = "outcomes"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from audit.guards import protect
        from patients.merging import register_part
        from patients.overview import register_panel, register_section
        from patients.timeline import register_source
        from plans.registry import register_consultation_section, register_plan_section
        from sessions.visit_sections import register as register_visit_section

        from . import kept, one_person, overview
        from .guards import guards

        kept.declare()
        register_part(one_person.PART)
        for guard in guards():
            protect(guard)
        register_panel(overview.charts)
        register_section(overview.to_do)
        register_source(overview.ANSWERS)
        register_plan_section(overview.of_plan)
        register_consultation_section(overview.of_consultation)
        register_visit_section(overview.of_visit)
