from .bench_case import keep_case
from .consultation import accept_plan, close_consultation, consultation, start
from .countersigning import countersign, take_back, waiting
from .on_retired import on_retired_protocols
from .plan import plan

__all__ = [
    "accept_plan",
    "close_consultation",
    "consultation",
    "countersign",
    "keep_case",
    "on_retired_protocols",
    "plan",
    "start",
    "take_back",
    "waiting",
]
