"""The worker and its clock start only where the clinic may open. (The tasks themselves are in the apps.)"""

from celery.signals import beat_init, worker_init, worker_process_init

from audit import read_only

from . import starting


@worker_init.connect
@beat_init.connect
def start(**kwargs) -> None:
    starting.open_or_end()


@worker_process_init.connect
def start_child(**kwargs) -> None:
    read_only.enforce()
