"""Where the operator's sign-off ends, and who countersigns."""

from dataclasses import dataclass

from .sources import Source


@dataclass(frozen=True, slots=True)
class OperatorRule:
    """What is said where the operator's sign-off does not reach, and who must countersign."""

    id: str
    label: str
    sign_off: tuple[str, ...]
    source: Source


@dataclass(frozen=True, slots=True)
class OperatorRules:
    """`countersign_within_days`: how many days after the visit a plan may still be countersigned; 0 = the same day only."""

    certificate_expired: OperatorRule
    certificate_ends: OperatorRule
    beyond_device: OperatorRule
    beyond_zone: OperatorRule
    not_prescriber: OperatorRule
    countersign_within_days: int
    countersign_text: str
    countersign_source: Source
    source: Source
