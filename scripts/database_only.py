"""Pytest plugin of the second run: keeps the tests that touch the database and leaves out the rest. `-p scripts.database_only`."""

DATABASE_FIXTURES = {"db", "transactional_db", "django_db_reset_sequences", "live_server"}


def pytest_collection_modifyitems(config, items):
    from django.test import TestCase, TransactionTestCase

    def touches_the_database(item) -> bool:
        in_class = isinstance(getattr(item, "cls", None), type) and issubclass(item.cls, (TestCase, TransactionTestCase))
        return in_class or item.get_closest_marker("django_db") is not None or bool(DATABASE_FIXTURES & set(item.fixturenames))

    kept = [item for item in items if touches_the_database(item)]
    left_out = [item for item in items if not touches_the_database(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept
