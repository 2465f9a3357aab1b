from django.apps import AppConfig


class PlansConfig(AppConfig):
    name = "plans"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        from accounts.handover import register_handover
        from audit.guards import protect
        from patients.merging import register_part
        from patients.overview import register_section
        from patients.storyboard import register_fact
        from patients.timeline import register_source
        from protocols.registry import register_in_use

        from . import kept, one_person
        from .guards import guards
        from .handover import DRAFTS, PLANS
        from .overview import SOURCES, overview, watch_for
        from .retired import open_plans_of_versions

        kept.declare()
        register_part(one_person.PART)
        register_handover(DRAFTS)
        register_handover(PLANS)
        for guard in guards():
            protect(guard)
        register_section(overview)
        for source in SOURCES:
            register_source(source)
        register_in_use(open_plans_of_versions)
        register_fact("Watch for", watch_for)
