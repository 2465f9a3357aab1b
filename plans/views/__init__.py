from .consultation import accept_plan, close_consultation, consultation, start
from .plan import plan

__all__ = ["accept_plan", "close_consultation", "consultation", "plan", "start"]
