"""The largest and smallest figures a pack may hold, and the words its fields choose from."""

from decimal import Decimal

ZERO = Decimal(0)
DEEPEST_MM = Decimal(3)  # nothing a pen or roller of this kind can do is deeper; a larger figure is a wrong unit
SHALLOWEST_MM = Decimal("0.1")  # less than a tenth of a millimetre is centimetres, or a slip
LARGEST_LAB = 1_000_000
MOST = {"sessions": 24, "weeks": 26}  # a larger figure is a wrong unit: days for weeks
COUNTS_FROM = ("stop_date", "procedure_date", "seen_date", "end_date", "treated_date", "application_date", "birth_date")
ANSWER_DATES = ("date", "stopped", "seen", "healed", "treated")
DEPTH_STEPS = (
    "row",
    "phototype_step",
    "melasma_in_zone",
    "finding_max",
    "phototype_max",
    "zone_max",
    "device_evaluated",
    "device_set",
    "operator_max",
    "rounding",
)
