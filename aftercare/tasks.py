"""Tasks carry ids and call one service. All are safe to run twice."""

import logging
import sys

from celery import shared_task
from celery.signals import worker_init, worker_process_init

from audit import read_only

log = logging.getLogger(__name__)


@shared_task(name="aftercare.tasks.render_sheet", soft_time_limit=30, time_limit=40, ignore_result=True)
def render_sheet(sheet_id: int) -> None:
    # Imported here: WeasyPrint loads in the worker's child only, which macOS insists on.
    from .services.making import make

    if not read_only.reason():  # the sweep offers it again
        make(sheet_id)


@shared_task(name="aftercare.tasks.sweep_sheets", ignore_result=True)
def sweep_sheets() -> None:
    from .services.publishing import sweep

    if not read_only.reason():
        sweep()


@worker_init.connect
def cut_fonts(**kwargs) -> None:
    """Once per machine, before the children start: they are given only some seconds to come up."""
    from .fonts import folders
    from .render import font_folder

    folders(font_folder())


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
