"""
Who may do what: one table. A view names its permission with `@requires`; what names none is refused.

The desk sees booking, contact and alert words, never notes, photos or scales.
"""

from django.db import models


class Role(models.TextChoices):
    CLINICIAN = "clinician", "Clinician"
    FRONT_DESK = "front_desk", "Front desk"
    MEDICAL_LEAD = "medical_lead", "Medical lead"
    MANAGER = "manager", "Manager"


_C, _D, _L, _M = Role.CLINICIAN, Role.FRONT_DESK, Role.MEDICAL_LEAD, Role.MANAGER

PERMISSIONS: dict[str, frozenset[Role]] = {
    "today.view": frozenset({_C, _D, _L, _M}),
    "patients.find": frozenset({_C, _D, _L, _M}),
    "patients.view": frozenset({_C, _D, _L, _M}),  # name, contact, alert words, bookings
    "patients.edit": frozenset({_C, _D, _L, _M}),
    "patients.clinical": frozenset({_C, _L}),  # history, findings, phototype, medicines
    "protocols.view": frozenset({_C, _D, _L, _M}),
    "protocols.approve": frozenset({_L}),
    "plans.view": frozenset({_C, _L}),
    "plans.edit": frozenset({_C, _L}),
    "plans.accept": frozenset({_C, _L}),
    "plans.countersign": frozenset({_L}),
    "bookings.view": frozenset({_C, _D, _L, _M}),
    "bookings.edit": frozenset({_C, _D, _L, _M}),
    "records.view": frozenset({_C, _L}),
    "records.edit": frozenset({_C, _L}),
    "records.sign": frozenset({_C, _L}),
    "sheets.view": frozenset({_C, _D, _L}),  # the printed sheet is what the patient takes home
    "sheets.make": frozenset({_C, _D, _L}),
    "settings.view": frozenset({_C, _D, _L, _M}),
    "audit.view": frozenset({_L, _M}),
    "styleguide.view": frozenset({_C, _D, _L, _M}),  # only there while DEBUG is on
}

_PLURAL = {_C: "clinicians", _D: "the front desk", _L: "medical leads", _M: "managers"}


def who(permission: str) -> str:
    """The roles that hold *permission*, in words: "clinicians and medical leads"."""
    words = [_PLURAL[role] for role in Role if role in PERMISSIONS[permission]]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def may(user, permission: str) -> bool:
    """True where *user* is signed in, active and has a role that holds *permission*. An unknown permission is a bug: KeyError."""
    roles = PERMISSIONS[permission]
    return bool(user.is_authenticated and user.is_active and user.role in roles)


def requires(permission: str):
    """Mark a view with the permission it needs; `DenyByDefaultMiddleware` enforces it."""
    if permission not in PERMISSIONS:
        raise KeyError(f"{permission} is not in accounts.permissions.PERMISSIONS")

    def mark(view):
        view.required_permission = permission
        return view

    return mark


def public(view):
    """Mark a view that anybody may open without signing in."""
    view.required_permission = None
    return view
