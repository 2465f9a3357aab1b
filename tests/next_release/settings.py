from microneedle_clinic.settings import *  # noqa: F403

MIGRATION_MODULES = {"plans": "tests.next_release.plans", "treatment_sessions": "tests.next_release.treatment_sessions"}
