"""Settings for the negative control of the load on SQLite: write locks are taken late and nobody waits for one."""

from microneedle_clinic.settings import *  # noqa: F403
from microneedle_clinic.settings import DATABASES

DATABASES["default"]["OPTIONS"] |= {"transaction_mode": "DEFERRED", "timeout": 0}
