"""Tasks carry ids and call one service. All are safe to run twice."""

import logging
import resource
import sys

from celery import shared_task
from celery.signals import worker_init, worker_process_init
from django.conf import settings

from audit import read_only

log = logging.getLogger(__name__)


@shared_task(
    name="aftercare.tasks.render_sheet",
    soft_time_limit=settings.SHEET_SECONDS,
    time_limit=settings.SHEET_SECONDS + 10,
    ignore_result=True,
)
def render_sheet(sheet_id: int) -> None:
    # Imported here: WeasyPrint loads in the worker's child only, which macOS insists on.
    from .services.making import make

    if not read_only.reason():  # the sweep offers it again
        make(sheet_id)


@shared_task(name="aftercare.tasks.sweep_sheets", ignore_result=True)
def sweep_sheets() -> None:
    from .services.links import throw_away
    from .services.publishing import sweep

    if not read_only.reason():
        sweep()
        throw_away()


@worker_init.connect
def cut_fonts(**kwargs) -> None:
    """Once per machine, before the children start: they are given only some seconds to come up."""
    from .fonts import folders
    from .render import font_folder

    folders(font_folder())


@worker_process_init.connect
def fence(**kwargs) -> None:
    """No sheet takes the machine's memory: the system refuses a child more than this, and the sheet fails instead of the clinic."""
    most = settings.WORKER_MOST_MB * 1_000_000
    try:
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    except (ValueError, OSError):
        if sys.platform.startswith("linux"):
            raise  # where it can be had, no child works without it


@worker_process_init.connect
def warm_up(**kwargs) -> None:
    """The first sheet of a fresh child would wait for imports and fonts."""
    if sys.platform == "darwin":
        return
    try:
        from .render import warm_up

        warm_up()
        _know_the_protocol()
    except Exception:
        # A machine without Pango still sweeps and says at each sheet what is missing.
        log.exception("The sheet renderer did not warm up")


def _know_the_protocol() -> None:
    """Parsing a protocol costs as much as a sheet: done before the first one is asked for."""
    from django.db import connection

    from protocols.knowledge import knowledge_of
    from protocols.services import current_version

    version = current_version()
    if version is not None:
        knowledge_of(version)
    connection.close()
