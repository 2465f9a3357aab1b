"""Entry point for gunicorn."""

import os

from django.core.wsgi import get_wsgi_application

from .logs import say_no_words_of_faults
from .web.entry import enter

say_no_words_of_faults()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "microneedle_clinic.settings")
_django = get_wsgi_application()

from django.conf import settings  # noqa: E402

from clinic.memory import settle  # noqa: E402 - they need the settings
from clinic.starting import open_or_end  # noqa: E402

from .web.patience import wait_no_longer  # noqa: E402

if not settings.EMBEDDED:
    wait_no_longer()

open_or_end(status=3)  # gunicorn's own number for "did not boot": it stops instead of trying for ever
settle()


def application(environ, start_response):
    return _django(enter(environ), start_response)
