from .calm import bad_request, denied, not_found, server_error, stale_page
from .pages import passkey_sign_in, second_step, sign_in, sign_out, wait
from .passwords import change_password, confirm
from .people import access, invite, leaving, new_link, take_back, welcome
from .second_steps import add_passkey, my_sign_in, new_recovery_codes, recovery_codes, remove_second_step, set_up_second_step
from .sites import add_site, site, sites
from .staff import add_competence, end_competence, person, set_prescriber, staff
from .staff_sign_in import let_in_again, reset_second_step, staff_sign_in

__all__ = [
    "access",
    "add_competence",
    "add_passkey",
    "add_site",
    "bad_request",
    "change_password",
    "confirm",
    "denied",
    "end_competence",
    "invite",
    "leaving",
    "let_in_again",
    "my_sign_in",
    "new_link",
    "new_recovery_codes",
    "not_found",
    "passkey_sign_in",
    "person",
    "recovery_codes",
    "remove_second_step",
    "reset_second_step",
    "second_step",
    "server_error",
    "set_prescriber",
    "set_up_second_step",
    "sign_in",
    "sign_out",
    "site",
    "sites",
    "staff",
    "staff_sign_in",
    "stale_page",
    "take_back",
    "wait",
    "welcome",
]
