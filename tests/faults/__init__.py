"""
The fault kit: a whole clinic of real processes, and ways to hurt it.

clinic.py    `FaultyClinic`: web, worker, beat and the rest under the real supervisor, on SQLite or on a PostgreSQL of its own,
             with a broker of its own. Kill a part by name, freeze it, and wait until the clinic answers again.
wire.py      `Wire`: between the clinic and its database or broker; cut it, delay it, let it hang.
clock.py     `move`: the clock of all its processes, an hour or a day, forward and back.
disk.py      `small_disk`: a data folder on a disk of a few megabytes (needs root on Linux).
clients.py   people at their screens, each of whom notes what the clinic acknowledged and what it refused.

Each proof comes twice: a small count in `make test`, the full one in `make prove`. By hand:

    .venv/bin/python -m pytest tests/faults -q                      # small counts
    PROVE=1 .venv/bin/python -m pytest tests/faults -q -m prove     # full counts

DEMO_MADE=/folder/of/yours keeps the demo clinic of the day there, so that the next run need not make it.
"""
