"""
Who may do what: one table. A view names its permission with `@requires`; what names none is refused.

The desk sees booking, contact and alert words, never notes, photos or scales. The auditor reads the log and no record.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from .listed import all_of


class Role(models.TextChoices):
    CLINICIAN = "clinician", _("Clinician")
    FRONT_DESK = "front_desk", _("Front desk")
    MEDICAL_LEAD = "medical_lead", _("Medical lead")
    MANAGER = "manager", _("Manager")
    AUDITOR = "auditor", _("Auditor")


_C, _D, _L, _M, _A = Role.CLINICIAN, Role.FRONT_DESK, Role.MEDICAL_LEAD, Role.MANAGER, Role.AUDITOR

PERMISSIONS: dict[str, frozenset[Role]] = {
    "today.view": frozenset({_C, _D, _L, _M, _A}),  # each sees what the other permissions let through
    "patients.find": frozenset({_C, _D, _L, _M}),
    "patients.view": frozenset({_C, _D, _L, _M}),  # name, contact, alert words, bookings
    "patients.edit": frozenset({_C, _D, _L, _M}),
    "patients.clinical": frozenset({_C, _L}),  # history, findings, phototype, medicines
    "patients.merge": frozenset({_C, _D, _L, _M}),  # two records of one person; each sees of both what the other permissions let through
    "patients.unmerge": frozenset({_C, _L, _M}),
    "protocols.view": frozenset({_C, _D, _L, _M}),
    "protocols.edit": frozenset({_C, _L}),  # drafts; bringing packs in
    "protocols.approve": frozenset({_L}),  # and retire
    "protocols.delete": frozenset({_C, _L}),  # a draft nobody handed over; a clinician only one that nobody else worked on
    "competence.view": frozenset({_C, _L, _M}),
    "competence.edit": frozenset({_L}),
    "screening.ask": frozenset({_C, _D, _L}),  # the questions that are due, never earlier answers
    "intake.hand_over": frozenset({_C, _D, _L}),  # the tablet to a patient, for the questions; never what was answered
    "intake.review": frozenset({_C, _L}),  # what a patient answered, beside the record: accept or decline
    "plans.view": frozenset({_C, _L}),
    "plans.edit": frozenset({_C, _L}),
    "plans.accept": frozenset({_C, _L}),
    "plans.countersign": frozenset({_C, _L}),  # a clinician as a prescriber
    "consent.view": frozenset({_C, _D, _L}),  # what a patient signed, word for word
    "consent.take": frozenset({_C, _D, _L}),  # have it signed, withdraw it, ask about photos
    "consent.texts": frozenset({_C, _D, _L, _M}),  # the clinic's own words
    "consent.texts_edit": frozenset({_C, _L}),
    "consent.texts_approve": frozenset({_L}),  # never one's own draft; and retire
    "bookings.view": frozenset({_C, _D, _L, _M}),
    "bookings.edit": frozenset({_C, _D, _L, _M}),
    "bookings.sooner": frozenset({_C, _L}),  # a session sooner than its healing gap, with a reason
    "calendar.feed": frozenset({_C, _L}),  # the own visits in a calendar program outside, without anything of patients
    "reminders.settings": frozenset({_L, _M}),  # when patients are reminded of their visits
    "day.end": frozenset({_C, _D, _L, _M}),  # what is left of a day; each line leads where the other permissions let it
    "day.pack": frozenset({_C, _D, _L, _M}),  # a day on paper: names, contact, alert words
    "diary.settings": frozenset({_L, _M}),  # clinicians, rooms, devices, their hours and lengths of visits
    "lots.view": frozenset({_C, _L, _M}),  # products, their lots and stock
    "lots.edit": frozenset({_C, _L, _M}),
    "devices.view": frozenset({_C, _D, _L, _M}),  # devices, their labels and logs; who was treated only for those who see records
    "devices.log": frozenset({_C, _D, _L, _M}),  # that a device was cleaned or serviced; take one out of service
    "devices.edit": frozenset({_L, _M}),  # serial number and label; put one back in service
    "recall.view": frozenset({_C, _L, _M}),  # who was treated with a lot: name, phone, session and zones
    "recall.contact": frozenset({_C, _L, _M}),  # who was reached; letters and the list as a file
    "recall.order": frozenset({_L, _M}),  # block a lot everywhere, and lift that
    "records.view": frozenset({_C, _L}),
    "records.edit": frozenset({_C, _L}),
    "records.sign": frozenset({_C, _L}),
    "photos.view": frozenset({_C, _L}),  # and only where the patient lets them be used in the record
    "photos.take": frozenset({_C, _L}),
    "photos.remove": frozenset({_C, _L}),  # one that was entered in error
    "photos.take_out": frozenset({_L}),  # as a file, for one use the patient allows
    "tubes.check": frozenset({_C, _D, _L}),  # patient against tube, on the screen of who treats
    "outcomes.view": frozenset({_C, _L}),  # how severe it is and how it changed, as clinician and patient see it
    "outcomes.record": frozenset({_C, _L}),
    "sheets.view": frozenset({_C, _D, _L}),  # the printed sheet is what the patient takes home
    "sheets.make": frozenset({_C, _D, _L}),
    "sheets.words": frozenset({_C, _D, _L, _M}),  # the sheet's words in other languages, beside the English
    "sheets.words_edit": frozenset({_C, _L}),  # the draft of a translation
    "sheets.words_approve": frozenset({_L}),  # never one's own draft; and retire
    "papers.view": frozenset({_C, _D, _L}),  # what a patient takes home beside the sheet, and who printed what when
    "papers.make": frozenset({_C, _D, _L}),
    "quotes.view": frozenset({_C, _D, _L}),  # what a plan was said to cost; names zones and depths, as the sheet does
    "quotes.give": frozenset({_C, _D, _L}),  # and write down the answer
    "prices.view": frozenset({_C, _D, _L, _M}),
    "prices.edit": frozenset({_L, _M}),
    "calls.make": frozenset({_C, _D, _L}),  # follow-up calls by the protocol's questions; the words for the patient, never notes
    "calls.acknowledge": frozenset({_C, _L}),  # what was answered, and have an alert in hand
    "events.view": frozenset({_C, _L}),  # the files of adverse events, as paper and as data too
    "events.edit": frozenset({_C, _L}),
    "settings.view": frozenset({_C, _D, _L, _M, _A}),  # the page of links; each link has its own permission
    "emergency.open": frozenset({_C, _L}),  # a patient of another site, for a short time and with a reason
    "emergency.view": frozenset({_L, _M, _A}),  # who opened what that way
    "emergency.review": frozenset({_L, _M}),
    "staff.edit": frozenset({_M}),  # invite, role, sites, leaving; never one's own
    "sites.edit": frozenset({_M}),
    "watched.view": frozenset(Role),  # what others did to the own access
    "watched.report": frozenset({_L, _M, _A}),  # what was done to the access of leads and managers, and to retention
    "watched.decide": frozenset({_L, _M}),  # agree as the second person; never to the own
    "sign_in.own": frozenset(Role),  # the own password and second step
    "records.export": frozenset({_L, _M}),  # one patient's whole record, as a file
    "retention.view": frozenset({_L, _M}),  # how long records are kept, and who is due
    "retention.edit": frozenset({_L, _M}),
    "erasure.order": frozenset({_L, _M}),
    "health.view": frozenset({_L, _M, _A}),  # whether the software stands, backups, disk; nothing of patients
    "audit.view": frozenset({_L, _M, _A}),
    "styleguide.view": frozenset(Role),  # only there while DEBUG is on
}

_PLURAL = {_C: _("clinicians"), _D: _("the front desk"), _L: _("medical leads"), _M: _("managers"), _A: _("auditors")}


def who(permission: str) -> str:
    """The roles that hold *permission*, in words: "clinicians and medical leads"."""
    return all_of(_PLURAL[role] for role in Role if role in PERMISSIONS[permission])


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
