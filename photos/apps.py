from django.apps import AppConfig


class PhotosConfig(AppConfig):
    name = "photos"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from audit.guards import protect
        from patients.merging import register_part
        from patients.timeline import register_source
        from sessions.record_sections import register, register_line

        from . import kept, one_person, overview, record_line
        from .guards import guards

        kept.declare()
        register_part(one_person.PART)
        for guard in guards():
            protect(guard)
        register_source(overview.PHOTOS)
        register_line(record_line.line)
        register(record_line.section)
