"""
What each address of the clinic does and whose it is, for the log: one line for every name of an address (a test walks them).

A view says the finer things itself (`audit.services.note_read`); a line here is what a refusal names, what a press that changed
nothing is called, and what is kept where a view says nothing. An empty action means that nothing of a patient is shown or changed.
"""

from aftercare.models import Sheet
from audit.pages import Page
from consent.models import Consent
from events.models import AdverseEvent, FollowUpCall
from followup.models import OutboxText, WaitingEntry
from intake.models import QuestionnaireResponse
from intake.tablet import held
from outcomes.models import OutcomeAnswer
from papers.models import Paper, Quote
from patients.models import EmergencyOpening, ErasedOpening, Patient, PatientMerge
from photos.models import Photo
from sessions.models import Booking, TreatmentSession

LARGEST = 2**63 - 1  # what a number in an address may be for the database to look it up


def _number(text) -> int | None:
    """A number as an address or a form carries it; None for what no row can have."""
    text = str(text or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= LARGEST else None


def _of(model, column: str, key: str, patient: str):
    def find(request, kwargs):
        number = _number(kwargs.get(key))
        return None if number is None else model.objects.filter(**{column: number}).values_list(patient, flat=True)

    return find


by_number = _of(Patient, "number", "number", "pk")
by_booking = _of(Booking, "pk", "pk", "patient_id")
by_record = _of(TreatmentSession, "pk", "pk", "patient_id")
by_opening = _of(EmergencyOpening, "pk", "pk", "patient_id")
by_merge = _of(PatientMerge, "pk", "pk", "kept_id")
by_text = _of(OutboxText, "pk", "pk", "reminder__booking__patient_id")
by_waiting = _of(WaitingEntry, "pk", "pk", "patient_id")
by_consent = _of(Consent, "pk", "pk", "patient_id")
by_paper = _of(Paper, "pk", "pk", "patient_id")
by_quote = _of(Quote, "pk", "pk", "patient_id")
by_photo = _of(Photo, "pk", "pk", "patient_id")
by_response = _of(QuestionnaireResponse, "pk", "pk", "patient_id")
by_call = _of(FollowUpCall, "pk", "pk", "patient_id")
by_event = _of(AdverseEvent, "pk", "pk", "patient_id")
by_answer = _of(OutcomeAnswer, "pk", "pk", "patient_id")
by_sheet = _of(Sheet, "pk", "pk", "session__patient_id")


def by_erased_opening(request, kwargs):
    return ErasedOpening.objects.filter(request_key=kwargs["key"]).values_list("patient_pk", flat=True)


def by_tablet(request, kwargs):
    """The patient whose form this browser was handed over for."""
    response = held(request)
    return None if response is None else [response.patient_id]


def by_choice(request, kwargs):
    """The patient a form or a link names by number: `?patient=10482`."""
    sent = request.POST if request.method == "POST" else request.GET
    number = _number(sent.get("choose") or sent.get("patient") or sent.get("number"))
    return None if number is None else Patient.objects.filter(number=number).values_list("pk", flat=True)


NOTHING = Page()

PAGES: dict[str, Page] = {
    "clinic:home": NOTHING,
    "clinic:today": Page("today.viewed"),
    "clinic:find": NOTHING,  # with something typed it says so itself
    "clinic:intended_purpose": NOTHING,
    "clinic:settings": NOTHING,
    "clinic:standing": NOTHING,
    "clinic:health": NOTHING,
    "clinic:log": Page("log.viewed", patient=by_choice),
    "clinic:log_file": Page("log.exported", patient=by_choice),
    "clinic:patient_log": Page("log.viewed", patient=by_number),
    "accounts:sign_in": NOTHING,
    "accounts:sign_out": NOTHING,
    # Signing in and what belongs to it is logged where it happens; its pages show nothing of a patient.
    **dict.fromkeys(
        ("accounts:second_step", "accounts:presence", "accounts:lock", "accounts:unlock", "accounts:hand_over", "accounts:language"),
        NOTHING,
    ),
    **dict.fromkeys(("accounts:sign_ins", "accounts:pin", "accounts:my_sign_in", "accounts:recovery_codes"), NOTHING),
    **dict.fromkeys(("accounts:end_sign_in", "accounts:end_other_sign_ins", "accounts:remove_pin", "accounts:confirm"), NOTHING),
    **dict.fromkeys(("accounts:change_password", "accounts:set_up_second_step", "accounts:add_passkey"), NOTHING),
    **dict.fromkeys(("accounts:new_recovery_codes", "accounts:remove_second_step"), NOTHING),
    "accounts:staff": Page("competence.viewed"),
    "accounts:person": Page("competence.viewed"),
    "accounts:add_competence": Page(writes="competence.recorded"),
    "accounts:end_competence": Page(writes="competence.ended"),
    "accounts:set_prescriber": Page(writes="user.prescriber_set"),
    "accounts:staff_sign_in": NOTHING,
    "accounts:passkey_sign_in": NOTHING,
    "accounts:reset_second_step": Page(writes="user.second_step_reset"),
    "accounts:let_in_again": Page(writes="user.let_in_again"),
    "accounts:invite": Page(writes="user.invited"),
    "accounts:access": Page(writes="user.access_changed"),
    "accounts:new_link": Page(writes="user.link_made"),
    "accounts:leaving": Page("user.leaving_viewed", "user.left"),
    "accounts:take_back": Page(writes="user.taken_back"),
    "accounts:welcome": NOTHING,
    "accounts:watched": Page("watched.listed"),
    "accounts:watched_agree": Page(writes="watched.agreed"),
    "accounts:watched_refuse": Page(writes="watched.refused"),
    "accounts:watched_read": Page(writes="watched.read"),
    "accounts:sites": NOTHING,
    "accounts:add_site": Page(writes="site.added"),
    "accounts:site": Page(writes="site.changed"),
    "clinic:end_of_day": Page("day.end_viewed"),
    "clinic:pack": Page("day.pack_viewed"),
    "clinic:print_pack": Page(writes="day.pack_printed"),
    "clinic:recalls": Page("recall.listed"),
    "clinic:recall_new": Page("recall.prepared", "lot.blocked"),
    "clinic:recall": Page("recall.viewed"),
    "clinic:recall_file": Page("recall.exported"),
    "clinic:recall_letters": Page(writes="recall.letter_printed"),
    "clinic:recall_lift": Page(writes="lot.unblocked"),
    "clinic:recall_person": Page("recall.person_viewed", "recall.contacted", by_number),
    "clinic:retention": Page("retention.listed"),
    "clinic:retention_rule": Page(writes="retention.set"),
    "clinic:erasure": Page("patient.erasure_viewed", "patient.erased", by_number),
    "clinic:export": Page("patient.viewed", "patient.exported", by_number),
    "patients:list": Page("patients.listed"),
    "patients:register": Page(writes="patient.registered"),
    "patients:detail": Page("patient.viewed", patient=by_number),
    "patients:edit": Page("patient.viewed", "patient.changed", by_number),
    "patients:merge": Page("patient.merge_viewed", patient=by_number),
    "patients:merge_with": Page("patient.merge_viewed", "patient.merged", by_number),
    "patients:unmerge": Page("patient.merge_viewed", "patient.unmerged", by_merge),
    "patients:details": Page("patient.viewed", patient=by_number),
    "patients:add_allergy": Page("", "allergy.recorded", by_number),
    "patients:add_medicine": Page("", "medicine.recorded", by_number),
    "patients:stop_medicine": Page("", "medicine.stopped", by_number),
    "patients:add_procedure": Page("", "procedure.recorded", by_number),
    "patients:none_known": Page("", "patient.asked", by_number),
    "patients:confirm_list": Page("", "patient.asked", by_number),
    "patients:say_what_it_is": Page("", "medicine.said", by_number),
    "patients:medicine_names": NOTHING,  # words of the protocol
    "patients:take_back": Page("", "line.taken_back", by_number),
    "patients:emergency": Page("", "emergency.opened", by_choice),
    "patients:close_emergency": Page("", "emergency.closed", by_number),
    "patients:openings": Page("emergency.listed"),
    "patients:review_opening": Page("", "emergency.reviewed", by_opening),
    "patients:review_erased_opening": Page("", "emergency.reviewed", by_erased_opening),
    "protocols:list": NOTHING,
    "protocols:cases": Page("protocol.cases_viewed"),
    "protocols:case_add": Page(writes="protocol.case_added"),
    "protocols:case_edit": Page("protocol.case_viewed", "protocol.case_changed"),
    "protocols:case_switch": Page(writes="protocol.case_switched"),
    "protocols:import": Page(writes="protocol.loaded"),
    "protocols:compare": NOTHING,
    "protocols:version": Page("protocol.viewed"),
    "protocols:pack": Page("protocol.exported"),
    "protocols:make_draft": Page(writes="protocol.drafted"),
    "protocols:submit": Page(writes="protocol.submitted"),
    "protocols:send_back": Page(writes="protocol.sent_back"),
    "protocols:approve": Page(writes="protocol.approved"),
    "protocols:retire": Page(writes="protocol.retired"),
    "protocols:delete_draft": Page("protocol.viewed", "protocol.deleted"),
    "protocols:bench": Page("protocol.bench_viewed"),
    "protocols:bench_case": Page("protocol.bench_viewed"),
    "protocols:edit": Page("protocol.viewed"),
    "protocols:edit_history": Page("protocol.viewed"),
    "protocols:edit_section": Page("protocol.viewed", "protocol.edited"),
    "protocols:edit_item": Page("protocol.viewed", "protocol.edited"),
    "protocols:edit_remove_reference": Page("protocol.viewed", "protocol.edited"),
    "protocols:edit_remove_row": Page("protocol.viewed", "protocol.edited"),
    "protocols:edit_add_sheet_words": Page(writes="protocol.edited"),
    "protocols:edit_add_follow_up": Page(writes="protocol.edited"),
    "protocols:edit_add_before_visit": Page(writes="protocol.edited"),
    "protocols:edit_take_off": Page(writes="protocol.edited"),
    "protocols:indication": Page("protocol.viewed"),
    "plans:on_retired": Page("plan.listed"),
    "plans:consult_start": Page("", "consultation.started", by_number),
    "plans:consultation": Page("consultation.viewed", "consultation.saved", by_number),
    "plans:accept": Page("", "plan.accepted", by_number),
    "plans:close": Page("", "consultation.closed", by_number),
    "plans:keep_case": Page("consultation.viewed", "protocol.case_added", by_number),
    "plans:plan": Page("plan.viewed", patient=by_number),
    "plans:countersign": Page("", "plan.countersigned", by_number),
    "plans:take_back": Page("", "plan.taken_back", by_number),
    "plans:waiting": Page("plan.waiting_listed"),
    "papers:prices": NOTHING,
    "papers:new_prices": Page(writes="prices.entered"),
    "papers:price_list": NOTHING,
    "papers:patient": Page("papers.listed", patient=by_number),
    "papers:print": Page(writes="paper.made", patient=by_number),
    "papers:pdf": Page("paper.printed", patient=by_paper),
    "papers:give": Page("quote.prepared", "quote.given", by_number),
    "papers:quote": Page("quote.viewed", patient=by_quote),
    "papers:answer": Page(writes="quote.accepted", patient=by_quote),
    "consent:texts": Page("consent.texts_listed"),
    "consent:new_text": Page(writes="consent.text_written"),
    "consent:text": Page("consent.text_viewed", "consent.text_written"),
    "consent:approve_text": Page(writes="consent.text_approved"),
    "consent:retire_text": Page(writes="consent.text_retired"),
    "consent:throw_away_text": Page(writes="consent.text_thrown_away"),
    "consent:patient": Page("consent.listed", patient=by_number),
    "consent:sign": Page("consent.prepared", "consent.signed", by_number),
    "consent:withdraw": Page("consent.listed", "consent.withdrawn", by_number),
    "consent:photos": Page("consent.listed", "consent.photos_answered", by_number),
    "consent:document": Page("consent.viewed", patient=by_consent),
    "consent:pdf": Page("consent.printed", patient=by_consent),
    "photos:patient": Page("photos.listed", patient=by_number),
    "photos:take": Page("photos.prepared", "photo.added", by_number),
    "photos:compare": Page("photos.compared", patient=by_number),
    "photos:photo": Page("photo.opened", patient=by_photo),
    "photos:file": Page("photo.opened", patient=by_photo),
    "photos:remove": Page("photo.opened", "photo.removed", by_photo),
    "photos:skip": Page("photos.prepared", "photos.skipped", by_record),
    "clinic:photos_out": Page("photos.listed", "photos.taken_out", by_number),
    "outcomes:patient": Page("outcome.listed", patient=by_number),
    "outcomes:record": Page("outcome.prepared", "outcome.recorded", by_number),
    "outcomes:correct": Page("outcome.viewed", "outcome.corrected", by_answer),
    "clinic:consent_ahead": Page("consent.ahead_listed"),
    "intake:patient": Page("intake.listed", patient=by_number),
    "intake:hand_over": Page(writes="intake.handed_over", patient=by_number),
    "intake:paper": Page("intake.printed", patient=by_number),
    "intake:review": Page("intake.viewed", patient=by_response),
    "intake:decide": Page(writes="intake.looked_at", patient=by_response),
    "intake:put_away": Page(writes="intake.put_away", patient=by_response),
    "intake:tablet": Page("intake.opened", "intake.confirmed", by_tablet),
    "intake:question": Page("intake.opened", "intake.saved", by_tablet),
    "intake:check": Page("intake.opened", "intake.sent", by_tablet),
    "intake:medicine_names": NOTHING,
    "intake:staff": Page(writes="intake.given_back", patient=by_tablet),
    "sessions:day": Page("calendar.viewed"),
    "sessions:day_on": Page("calendar.viewed"),
    "sessions:book": Page("booking.prepared", "booking.made", by_choice),
    "sessions:walk_in": Page("booking.prepared", "booking.made", by_choice),
    "sessions:to_place": Page("plan.to_place_listed"),
    "sessions:free_times": Page("", "calendar.searched", by_choice),
    "sessions:booking": Page("booking.viewed", patient=by_booking),
    "sessions:move": Page("", "booking.moved", by_booking),
    "sessions:cancel": Page("", "booking.cancelled", by_booking),
    "sessions:arrive": Page("", "booking.arrived", by_booking),
    "sessions:late": Page("", "booking.late", by_booking),
    "sessions:begin_late": Page("", "booking.moved", by_booking),
    "sessions:again": Page("", "booking.made", by_booking),
    "sessions:step": Page("", "booking.stepped", by_booking),
    "sessions:book_course": Page("plan.course_viewed", "course.booked", by_number),
    "sessions:enter_unbooked": Page("plan.course_viewed", "record.entered_late", by_number),
    "sessions:record_start": Page("", "record.started", by_booking),
    "sessions:enter_record": Page("booking.viewed", "record.entered_late", by_booking),
    "sessions:record": Page("record.viewed", "record.saved", by_record),
    "sessions:sign": Page("record.viewed", "record.signed", by_record),
    "sessions:countersign": Page("record.viewed", "record.countersigned", by_record),
    "sessions:correct": Page("record.viewed", "record.corrected", by_record),
    "sessions:record_answers": Page("", "screening.answered", by_record),
    "sessions:ask": Page("screening.opened", "screening.answered", by_booking),
    "sessions:record_decide": Page("", "record.decided", by_record),
    "sessions:skin_seen": Page("record.viewed", "skin.seen", by_number),
    "sessions:record_treats": Page("", "record.taken_over", by_record),
    "sessions:diary_settings": Page("diary.settings_viewed"),
    "sessions:add_resource": Page("diary.settings_viewed", "diary.resource_added"),
    "sessions:holidays": Page("", "diary.holiday_added"),
    "sessions:visit_lengths": Page("", "diary.lengths_changed"),
    "sessions:resource": Page("diary.resource_viewed", "diary.resource_changed"),
    "sessions:resource_hours": Page("", "diary.hours_changed"),
    "sessions:resource_absences": Page("", "diary.absence_added"),
    "sessions:lots": Page("lots.viewed"),
    "sessions:add_product": Page("lots.viewed", "product.added"),
    "sessions:product": Page("lots.viewed", "product.changed"),
    "sessions:receive": Page("lots.viewed", "stock.received"),
    "sessions:lot": Page("lots.viewed", "stock.taken_out"),
    "sessions:devices": Page("devices.viewed"),
    "sessions:device": Page("devices.viewed"),
    "sessions:device_label": Page("devices.viewed", "device.changed"),
    "sessions:device_log": Page(writes="device.logged"),
    "sessions:record_tube": Page("", "tube.checked", by_record),
    "sessions:record_close": Page("record.viewed", "record.closed", by_record),
    "followup:my_feed": NOTHING,
    "followup:make_feed": Page(writes="feed.made"),
    "followup:end_feed": Page(writes="feed.ended"),
    "followup:feed": NOTHING,  # read by programs, without anything of patients; the first reading of a day says so itself
    "followup:reminder_settings": Page("reminders.settings_viewed", "reminders.set"),
    "followup:contact": Page("patient.viewed", "contact.changed", by_number),
    "followup:outbox": Page("texts.listed"),
    "followup:text_done": Page("", "text.done", by_text),
    "followup:waiting": Page("waiting.listed"),
    "followup:wait": Page("patient.viewed", "waiting.added", by_number),
    "followup:end_waiting": Page("", "waiting.ended", by_waiting),
    "followup:book_waiting": Page("", "booking.made", by_waiting),
    "followup:drift": Page("courses.drift_listed"),
    "followup:stop": NOTHING,  # names nobody; what a press changes says so itself
    "events:calls": Page("calls.listed"),
    "events:call": Page("call.prepared", "call.made", by_number),
    "events:made": Page("call.viewed", patient=by_call),
    "events:acknowledge": Page("", "call.acknowledged", by_call),
    "events:events": Page("events.listed"),
    "events:new": Page("event.prepared", "event.opened", by_number),
    "events:event": Page("event.viewed", patient=by_event),
    "events:add": Page("", "event.added_to", by_event),
    "events:pdf": Page("event.printed", patient=by_event),
    "events:json": Page("event.exported", patient=by_event),
    "aftercare:queue": Page("sheets.listed"),
    "aftercare:request": Page("", "sheet.requested", by_record),
    "aftercare:sheet": Page("sheet.viewed", patient=by_sheet),
    "aftercare:pdf": Page("sheet.opened", patient=by_sheet),
    "aftercare:words": Page("sheet_words.listed"),
    "aftercare:words_in": Page("sheet_words.viewed"),
    "aftercare:change_words": Page(writes="sheet_words.written"),
    "aftercare:change_hours": Page(writes="sheet_words.hours_written"),
    "aftercare:approve_words": Page(writes="sheet_words.approved"),
    "aftercare:retire_words": Page(writes="sheet_words.retired"),
    "aftercare:throw_away_words": Page(writes="sheet_words.thrown_away"),
    "aftercare:make_today": Page("", "sheet.requested"),
    "aftercare:hand_over": Page("", "sheet.handed_over", by_sheet),
    "aftercare:end_link": Page("", "sheet.link_ended", by_sheet),
    "aftercare:read": NOTHING,  # an address that opens a sheet says so itself, and whose it is
}
