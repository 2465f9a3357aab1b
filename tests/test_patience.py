"""A request does not wait for ever for PostgreSQL (web/patience.py)."""

import time

import pytest
from django.db import OperationalError, connection

from microneedle_clinic.web.patience import wait_no_longer

pytestmark = [pytest.mark.both_engines, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def impatient():
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lies in the web's own processes: there is nobody to wait for")
    from psycopg2 import extensions

    connection.close()
    wait_no_longer(answer=0.5, connect=5)
    yield
    extensions.set_wait_callback(None)
    connection.close()
    with connection.cursor() as cursor:  # the server still works at what nobody waits for
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND query LIKE %s", ["%sleep(60%"]
        )


def test_a_statement_without_an_answer_is_given_up_and_the_next_one_has_a_connection_of_its_own(impatient):
    began = time.monotonic()
    with pytest.raises(OperationalError, match=r"did not answer within 0\.5 s"), connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(60)")
    assert time.monotonic() - began < 30
    connection.close_if_unusable_or_obsolete()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)
