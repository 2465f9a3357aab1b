"""The words for each action on the screen, in one table: what was done, as the auditor reads it."""

from audit.models import AuditEvent, Outcome

LOOKED, CHANGED, OUT, DIARY, REFUSED = "Looked at", "Changed", "Printed and taken out", "Diary", "Refused"
SIGNED_IN, STAFF, PROTOCOLS, SYSTEM = "Signing in", "Staff and sites", "Protocols", "The system"

ACTIONS: dict[str, dict[str, str]] = {
    LOOKED: {
        "patient.viewed": "Opened the patient's page",
        "consultation.viewed": "Opened a consultation",
        "plan.viewed": "Opened a plan",
        "plan.course_viewed": "Opened the booking of a course",
        "plan.to_place_listed": "Listed the courses to book",
        "record.viewed": "Opened a session record",
        "booking.viewed": "Opened a visit",
        "diary.settings_viewed": "Opened the settings of the calendar",
        "diary.resource_viewed": "Opened somebody or something in the calendar",
        "booking.prepared": "Opened the form for a visit",
        "screening.opened": "Opened the safety checks",
        "sheet.viewed": "Looked at how an aftercare sheet stands",
        "patients.listed": "Listed patients",
        "patients.searched": "Searched patients",
        "today.viewed": "Opened Today",
        "calendar.viewed": "Opened the calendar",
        "calendar.searched": "Searched free times",
        "day.end_viewed": "Opened the end of a day",
        "day.pack_viewed": "Looked at a day before printing it",
        "plan.listed": "Listed plans on retired protocols",
        "plan.waiting_listed": "Listed plans to countersign",
        "sheets.listed": "Listed aftercare sheets",
        "texts.listed": "Listed texts to send",
        "courses.drift_listed": "Listed courses that drift",
        "waiting.listed": "Opened the waiting list",
        "reminders.settings_viewed": "Opened the settings of reminders",
        "patient.erasure_viewed": "Opened the page for an erasure",
        "patient.merge_viewed": "Looked at two records beside each other",
        "emergency.listed": "Listed emergency access",
        "log.viewed": "Looked into this log",
        "page.opened": "Opened a page",
    },
    CHANGED: {
        "patient.registered": "Registered a patient",
        "patient.changed": "Changed name or contact",
        "patient.phototype_set": "Set the phototype",
        "patient.asked": "Went through a list with the patient",
        "patient.merged": "Merged two records of one person",
        "patient.unmerged": "Took two merged records apart",
        "patient.erased": "Erased a patient's data",
        "allergy.recorded": "Recorded an allergy",
        "allergy.taken_back": "Took an allergy back",
        "medicine.recorded": "Recorded a medicine",
        "medicine.stopped": "Recorded that a medicine stopped",
        "medicine.said": "Said what a medicine is",
        "medication.taken_back": "Took a medicine back",
        "procedure.recorded": "Recorded an earlier procedure",
        "procedure.taken_back": "Took an earlier procedure back",
        "line.taken_back": "Took a line of the history back",
        "screening.answered": "Recorded answers to safety checks",
        "consultation.started": "Started a consultation",
        "consultation.saved": "Saved a consultation",
        "consultation.closed": "Ended a consultation without a plan",
        "plan.accepted": "Accepted a plan",
        "plan.sent": "Sent a plan for countersignature",
        "plan.refused": "Pressed Accept on a plan that was not complete",
        "plan.countersigned": "Countersigned a plan",
        "plan.returned": "Sent a plan back",
        "plan.taken_back": "Took a sent plan back",
        "plan.stopped": "Stopped a plan",
        "plan.handed_over": "Handed a plan over",
        "consultation.handed_over": "Handed a consultation over",
        "plan.completed": "Completed a plan with its last session",
        "record.started": "Started a session record",
        "record.saved": "Saved a session record",
        "record.taken_over": "Took a session record over",
        "record.handed_over": "Handed a session record over",
        "record.signed": "Signed and locked a session record",
        "record.corrected": "Corrected a signed record",
        "record.closed": "Closed a record without treatment",
        "emergency.opened": "Opened another site's record in an emergency",
        "emergency.refused": "Tried to open another site's record in an emergency",
        "emergency.closed": "Closed an emergency access",
        "emergency.reviewed": "Looked into an emergency access",
        "contact.changed": "Changed what a patient wants of reminders",
        "contact.stopped": "A patient stopped reminders by the link in one",
        "page.sent": "Sent a form",
    },
    OUT: {
        "sheet.requested": "Asked for an aftercare sheet",
        "sheet.made": "An aftercare sheet was made",
        "sheet.rendered": "An aftercare sheet was drawn",
        "sheet.failed": "An aftercare sheet could not be made",
        "sheet.opened": "Opened an aftercare sheet to print",
        "day.pack_printed": "Printed a day with its patients",
        "patient.exported": "Took out a patient's whole record",
        "clinic.exported": "Took out all data",
        "reminder.sent": "A reminder was sent",
        "reminder.failed": "A reminder was not sent",
        "text.done": "Sent a text by hand, or rang",
        "log.exported": "Took out rows of this log",
        "protocol.exported": "Took out a protocol",
    },
    DIARY: {
        "diary.resource_added": "Added somebody or something to the calendar",
        "diary.resource_changed": "Changed somebody or something in the calendar",
        "diary.hours_changed": "Changed weekly hours",
        "diary.absence_added": "Entered leave or service",
        "diary.absence_removed": "Removed leave or service",
        "diary.holiday_added": "Entered a closed day",
        "diary.holiday_removed": "Opened a closed day again",
        "waiting.added": "Put a patient on the waiting list",
        "waiting.ended": "A patient waits no more",
        "reminders.set": "Changed when patients are reminded",
        "diary.lengths_changed": "Changed how long visits take",
        "booking.made": "Booked a visit",
        "booking.moved": "Moved a visit",
        "booking.resized": "Changed how long a visit is",
        "booking.arrived": "Marked a patient as here",
        "booking.booked": "Took an arrival back",
        "booking.numbing_on": "Marked that the numbing is on",
        "booking.numbing_off": "Took back that the numbing is on",
        "booking.late": "Kept how late a patient said to be",
        "booking.not_late": "Took back that a patient is late",
        "booking.in_room": "Marked a patient as in the room",
        "booking.done": "Marked a visit as done",
        "booking.missed": "Marked a visit as missed",
        "booking.cancelled": "Cancelled a visit",
        "booking.reinstated": "Brought a visit back",
        "booking.handed_over": "Handed a visit over",
        "booking.stepped": "Changed how a visit stands",
        "course.booked": "Booked a course",
    },
    REFUSED: {
        "access.refused": "Asked for what is not theirs to see",
        "access.locked": "Asked for something from a locked screen",
        "write.refused": "Sent a change while the clinic was read only",
    },
    SIGNED_IN: {
        "user.signed_in": "Signed in",
        "user.sign_in_failed": "Typed a wrong name or password",
        "user.sign_in_paused": "Was told to wait before trying again",
        "user.signed_out": "Signed out",
        "user.second_step_passed": "Passed the second step",
        "user.second_step_failed": "Failed the second step",
        "user.second_step_added": "Set up a second step",
        "user.second_step_kept": "Kept a second step",
        "user.second_step_removed": "Removed a second step",
        "user.recovery_codes_made": "Made new recovery codes",
        "user.confirmed": "Typed the password once more",
        "user.confirm_failed": "Typed a wrong password",
        "user.password_changed": "Changed the own password",
        "user.pin_set": "Set a PIN",
        "user.pin_removed": "Removed the PIN",
        "feed.made": "Made a calendar link",
        "feed.ended": "Took a calendar link back",
        "session.locked": "The screen was locked",
        "session.opened": "Opened the locked screen",
        "session.open_failed": "Typed a wrong PIN or password at the locked screen",
        "session.password_failed": "Typed a wrong password",
        "session.ended": "Ended a sign-in",
    },
    STAFF: {
        "user.created": "Made a member of staff",
        "user.invited": "Invited a member of staff",
        "user.link_made": "Made a new invitation link",
        "user.invitation_used": "Used the invitation",
        "user.changed": "Changed a member of staff",
        "user.access_changed": "Changed role or sites",
        "user.prescriber_set": "Set who prescribes",
        "user.password_set": "Set a password",
        "user.second_step_reset": "Reset a second step",
        "user.let_in_again": "Let somebody try again",
        "user.leaving_viewed": "Looked at what somebody leaves behind",
        "user.left": "Ended somebody's access",
        "user.taken_back": "Gave somebody access again",
        "watched.asked": "Asked a second person to agree to a change",
        "watched.agreed": "Agreed to a colleague's change",
        "watched.refused": "Refused a colleague's change, or took the own back",
        "watched.done": "Changed the access of a medical lead or a manager",
        "watched.read": "Read of a change that two people are to know",
        "watched.listed": "Listed what two people are to know",
        "competence.viewed": "Looked at what staff are signed off for",
        "competence.recorded": "Signed somebody off",
        "competence.ended": "Ended a sign-off",
        "site.added": "Added a site",
        "site.changed": "Changed a site",
        "staff.viewed": "Looked at the staff",
        "site.viewed": "Opened a site",
        "sites.viewed": "Listed the sites",
        "retention.listed": "Listed records past their retention",
        "retention.set": "Set how long records are kept",
        "retention.shortened": "Shortened how long records are kept",
    },
    PROTOCOLS: {
        "protocol.viewed": "Opened a protocol",
        "protocol.compared": "Compared two protocols",
        "protocol.bench_viewed": "Opened the bench",
        "protocol.cases_viewed": "Listed cases",
        "protocol.case_viewed": "Opened a case",
        "protocol.case_added": "Kept a case",
        "protocol.case_changed": "Changed a case",
        "protocol.case_switched": "Switched a case on or off",
        "protocol.case_switched_on": "Switched a case on",
        "protocol.case_switched_off": "Switched a case off",
        "protocol.loaded": "Brought a protocol in",
        "protocol.drafted": "Made a draft",
        "protocol.edited": "Changed a draft",
        "protocol.submitted": "Handed a draft over for review",
        "protocol.sent_back": "Sent a draft back",
        "protocol.approved": "Approved a protocol",
        "protocol.retired": "Retired a protocol",
    },
    SYSTEM: {
        "feed.read": "A calendar program read a clinician's visits, without anything of patients",
        "backup.made": "A backup was made",
        "backup.restored": "A backup was restored",
        "backup.failed": "A backup could not be made",
        "drill.passed": "A restore drill passed",
        "drill.failed": "A restore drill failed",
        "chain.resumed": "The chain went on after a restore",
    },
}

WORDS: dict[str, str] = {action: words for group in ACTIONS.values() for action, words in group.items()}
# What tells that somebody saw a patient's data, for the summary of one record.
_BY_ITSELF = {"sheet.made", "sheet.rendered", "sheet.failed", "reminder.sent", "reminder.failed"}  # by no person
SEEN: frozenset[str] = frozenset({*ACTIONS[LOOKED], *ACTIONS[OUT]} - {"log.viewed", "log.exported", "sheet.requested", *_BY_ITSELF})
WRITTEN: frozenset[str] = frozenset({*ACTIONS[CHANGED], *ACTIONS[DIARY], "sheet.requested"})
TONES = {Outcome.DONE: "mute", Outcome.REFUSED: "stop", Outcome.NOTHING: "info", Outcome.FAILED: "defer"}

_THINGS = {
    "patients.allergy": "Allergy",
    "patients.medication": "Medicine",
    "patients.procedure": "Procedure",
    "plans.consultation": "Consultation",
    "plans.treatmentplan": "Plan",
    "treatment_sessions.booking": "Visit",
    "treatment_sessions.treatmentsession": "Session",
    "aftercare.sheet": "Sheet",
}


def words_of(action: str) -> str:
    """The words for *action*; one the table does not know is written as it stands: "noun verb"."""
    return WORDS.get(action) or action.replace(".", " ").replace("_", " ").capitalize()


def thing_of(row: AuditEvent) -> str:
    """What of a patient was read or changed, as kind and number: "Plan 12"; empty for what the action's words name already."""
    return f"{_THINGS[row.object_type]} {row.object_pk}" if row.object_type in _THINGS else ""


def detail_words(detail: dict) -> list[tuple[str, str]]:
    """(name, value) of what else the row says, as text."""
    return [(name.replace("_", " ").capitalize(), _value(value)) for name, value in detail.items()]


def _value(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name.replace('_', ' ')} {_value(one)}" for name, one in value.items())
    if isinstance(value, list):
        return ", ".join(_value(one) for one in value) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None or value == "" else str(value)
