"""
How long a request waits for PostgreSQL. The client library itself waits for ever: a database that hangs, or a network that
swallows what is sent, would take one thread of the web server after the other until nobody gets an answer, not even the calm page.
"""

import select
import time

ANSWER_SECONDS = 20  # as long as SQLite waits for its lock
CONNECT_SECONDS = 5


def wait_no_longer(answer: float = ANSWER_SECONDS, connect: float = CONNECT_SECONDS) -> None:
    """
    From now on every connection of this process gives up after so many seconds for one statement: it is closed, and Django
    raises OperationalError. For the web's processes; what takes its time (backup, restore) runs elsewhere.
    """
    import psycopg2
    from psycopg2 import extensions

    events = {extensions.POLL_READ: select.POLLIN, extensions.POLL_WRITE: select.POLLOUT}

    def wait(connection) -> None:
        limit = connect if connection.status == extensions.STATUS_SETUP else answer
        until = time.monotonic() + limit
        while (state := connection.poll()) != extensions.POLL_OK:
            if state not in events:
                raise psycopg2.OperationalError(f"state {state}")
            waiting = select.poll()
            waiting.register(connection.fileno(), events[state])
            left = until - time.monotonic()
            if left <= 0 or not waiting.poll(left * 1000):
                raise psycopg2.OperationalError(f"The database did not answer within {limit:g} s")

    extensions.set_wait_callback(wait)
