from django.apps import AppConfig


class TreatmentSessionsConfig(AppConfig):
    name = "sessions"
    # Django's own session app already holds the label "sessions".
    label = "treatment_sessions"
    verbose_name = "Treatment sessions"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from audit.guards import protect
        from patients.storyboard import register_fact
        from plans.registry import register_devices, register_history, register_plan_section

        from . import guards, known_to_plans, plan_section, record_guards, storyboard

        protect(guards.no_overlap)
        record_guards.register()
        register_devices(known_to_plans.devices)
        register_history(known_to_plans.history)
        register_plan_section(plan_section.visits)
        register_fact("Consent", storyboard.consent)
