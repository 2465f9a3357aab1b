from .details import add_allergy, add_medicine, add_procedure, details, none_known, stop_medicine, take_back
from .people import detail, edit, people, register

__all__ = [
    "add_allergy",
    "add_medicine",
    "add_procedure",
    "detail",
    "details",
    "edit",
    "none_known",
    "people",
    "register",
    "stop_medicine",
    "take_back",
]
