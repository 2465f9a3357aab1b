"""What a protocol version is made of, typed. Millimetres are Decimal, times whole days, weeks or hours."""

from .adjuvants import Adjuvant, AdjuvantRules, AdjuvantUse
from .care import AftercareItem, DowntimeBand, Measure, NormalItem, PrecareItem, RedFlag, ReviewAdvice, SunProtection
from .combination import Alternatives, CombinationRule, LimitOrder
from .course import CourseRules, HistoryRule, Setting
from .devices import Device, DeviceLimit, DeviceModel, Labelling
from .indications import DepthRow, Indication, Level, Morphology, Scale
from .labs import LabLimit, LabRule
from .medicines import Allergen, FormRule, Matching, Medicine, MedicineClass, Procedure
from .operators import OperatorRule, OperatorRules
from .phototypes import PhototypeRule
from .questions import Cover, CoverIn, ListQuestion, Question, QuestionIn, asked_of
from .screening import Derivation, DoseRule, Lifted, OtherZones, Policy, PolicyRule, Rule, RuleQuestion
from .sources import Fact, Reference, Source
from .spans import SourcedSpan, Span, WholeSpan
from .technique import Endpoint, Numbing, Passes, Technique
from .vocabulary import ACTIONS, MEASURES, PATIENT_ACTIONS, PHOTOTYPES, RESUMES
from .zones import ExcludedZone, Zone, ZoneGroup

__all__ = [
    "ACTIONS",
    "MEASURES",
    "PATIENT_ACTIONS",
    "PHOTOTYPES",
    "RESUMES",
    "Adjuvant",
    "AdjuvantRules",
    "AdjuvantUse",
    "AftercareItem",
    "Allergen",
    "Alternatives",
    "CombinationRule",
    "CourseRules",
    "Cover",
    "CoverIn",
    "DepthRow",
    "Derivation",
    "Device",
    "DeviceLimit",
    "DeviceModel",
    "DoseRule",
    "DowntimeBand",
    "Endpoint",
    "ExcludedZone",
    "Fact",
    "FormRule",
    "HistoryRule",
    "Indication",
    "LabLimit",
    "LabRule",
    "Labelling",
    "Level",
    "Lifted",
    "LimitOrder",
    "ListQuestion",
    "Matching",
    "Measure",
    "Medicine",
    "MedicineClass",
    "Morphology",
    "NormalItem",
    "Numbing",
    "OperatorRule",
    "OperatorRules",
    "OtherZones",
    "Passes",
    "PhototypeRule",
    "Policy",
    "PolicyRule",
    "PrecareItem",
    "Procedure",
    "Question",
    "QuestionIn",
    "RedFlag",
    "Reference",
    "ReviewAdvice",
    "Rule",
    "RuleQuestion",
    "Scale",
    "Setting",
    "Source",
    "SourcedSpan",
    "Span",
    "SunProtection",
    "Technique",
    "WholeSpan",
    "Zone",
    "ZoneGroup",
    "asked_of",
]
