from .details import add_allergy, add_medicine, add_procedure, details, none_known, stop_medicine, take_back
from .emergency import close_emergency, emergency, openings, review_erased_opening, review_opening
from .medicines import confirm_list, medicine_names, say_what_it_is
from .merging import merge, merge_with, unmerge
from .people import detail, edit, people, register

__all__ = [
    "add_allergy",
    "add_medicine",
    "add_procedure",
    "close_emergency",
    "confirm_list",
    "detail",
    "details",
    "edit",
    "emergency",
    "medicine_names",
    "merge",
    "merge_with",
    "none_known",
    "openings",
    "people",
    "register",
    "review_erased_opening",
    "review_opening",
    "say_what_it_is",
    "stop_medicine",
    "take_back",
    "unmerge",
]
