"""Reminders: the site's settings, what a patient wants, the texts the desk sends by hand, and the link that stops them."""

import datetime as dt

from django.conf import settings
from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.desk.middleware import while_locked
from accounts.permissions import public, requires
from accounts.signing_in import throttle
from accounts.views.calm import too_many
from audit.services import about, note_read
from patients.access import patient_or_404
from patients.languages import language_words
from sessions.services.hours import at_clock, chosen, clinic_zone, local_day, sites_of

from .. import wording
from ..forms.reminders import ContactForm, SettingsForm
from ..models import Channel, OutboxText, Reminder
from ..services import contact, deciding, reminding

MOST_TEXTS, MOST_REMINDERS = 100, 30
EXAMPLES = (9, 13, 17)  # hours of visits for which it is said when their reminder goes
A_FORTNIGHT = dt.timedelta(days=14)


# Settings


@require_http_methods(["GET", "HEAD", "POST"])
@requires("reminders.settings")
def reminder_settings(request):
    sites = sites_of(request.user)
    site = chosen(sites, request.POST.get("site") or request.GET.get("site", ""))
    if site is None:
        raise Http404
    row = reminding.of_site(site)
    if request.method != "POST":
        start = {name: getattr(row, name) for name in reminding.FIELDS}
        start |= {name: f"{start[name]:%H:%M}" for name in ("quiet_from", "quiet_until")}
        note_read("reminders.settings_viewed", request=request, obj=site)
        return _settings(request, sites, site, SettingsForm(initial={**start, "was": reminding.seen_of(row)}))
    form = SettingsForm(request.POST)
    if not form.is_valid():
        return _settings(request, sites, site, form, status=422)
    try:
        reminding.change(site, was=form.cleaned_data["was"], by=request.user, request=request, **form.values())
    except reminding.ChangedMeanwhile:
        form.data = form.data.copy()
        form.data["was"] = reminding.seen_of(reminding.of_site(site))
        return _settings(request, sites, site, form, status=409)
    messages.success(request, _("Saved. It holds for every reminder that has not gone yet."))
    return redirect(f"{reverse('followup:reminder_settings')}?site={site.slug}")


def _settings(request, sites, site, form, *, status: int = 200):
    zone = clinic_zone(site)
    at = at_clock(local_day(timezone.now(), zone) + dt.timedelta(days=1), dt.time(10), zone)
    context = {
        "sites": sites,
        "site": site,
        "form": form,
        "stale": status == 409,
        "errors_on_page": status != 200,
        "mail_is_set": bool(settings.MAIL_FROM),
        "link_is_set": bool(settings.PUBLIC_URL),
        "sms_leaves": deciding.leaves_by_itself(),
        "when": _when_they_go(site),
        "examples": [
            (code, name, wording.email(site, at, code, link=""), wording.text(site, at, code)) for code, name in wording.languages().items()
        ],
    }
    return render(request, "followup/reminder_settings.html", context, status=status)


def _when_they_go(site) -> list[tuple[str, str]]:
    """(clock of a visit, when its reminder goes) as the site has it saved; none where nobody is reminded."""
    row, zone = reminding.of_site(site), clinic_zone(site)
    if not row.is_on:
        return []
    day = local_day(timezone.now(), zone) + A_FORTNIGHT
    goes = [(f"{hour:02}:00", deciding.due_at(at_clock(day, dt.time(hour), zone), row).astimezone(zone)) for hour in EXAMPLES]
    return [(clock, _before((day - at.date()).days, f"{at:%H:%M}")) for clock, at in goes]


def _before(days: int, time: str) -> str:
    if days > 1:
        return _("%(days)s days before at %(time)s") % {"days": days, "time": time}
    return (_("the day before at %(time)s") if days else _("the same day at %(time)s")) % {"time": time}


# One patient


@require_http_methods(["GET", "HEAD", "POST"])
@requires("patients.edit")
def patient_contact(request, number: int):
    patient = patient_or_404(request, number)
    choice = contact.choice_of(patient)
    if request.method != "POST":
        start = {channel: choice.stopped_at(channel) is None for channel in Channel.values}
        start["was"] = contact.seen_of(choice)
        return _contact(request, patient, ContactForm(initial=start))
    form = ContactForm(request.POST)
    if not form.is_valid():
        return _contact(request, patient, form, status=422)
    try:
        contact.set_choice(patient, wanted=form.wanted(), was=form.cleaned_data["was"], by=request.user, request=request)
    except contact.ChangedMeanwhile:
        form.data = form.data.copy()
        form.data["was"] = contact.seen_of(contact.choice_of(patient))
        return _contact(request, patient, form, status=409)
    messages.success(request, _("Saved."))
    return redirect("followup:contact", number)


def _contact(request, patient, form, *, status: int = 200):
    rows = Reminder.objects.visible_to(request.user).filter(booking__patient=patient).select_related("booking__site", "text__done_by")
    now = timezone.now()
    sent = [(row, deciding.happened(row, now)) for row in rows.order_by("-pk")[:MOST_REMINDERS]]
    context = {
        "patient": patient,
        "tab": "contact",
        "form": form,
        "choice": contact.choice_of(patient),
        "sent": sent,
        "stale": status == 409,
        "errors_on_page": status != 200,
        "language": language_words(patient.language),
        "written_in": language_words(deciding.language_of(patient)),
    }
    response = render(request, "followup/contact.html", context, status=status)
    note_read("patient.viewed", request=request, patient=patient, obj=patient, detail={"part": "reminders"})
    return response


# Texts that no provider takes


@require_safe
@requires("bookings.edit")
def outbox(request):
    rows = OutboxText.objects.visible_to(request.user).to_send(timezone.now())
    rows = rows.select_related("reminder__booking__patient", "reminder__booking__site").order_by("reminder__starts_at", "pk")
    found = list(rows[: MOST_TEXTS + 1])
    note_read("texts.listed", request=request, detail={"found": min(len(found), MOST_TEXTS)})
    context = {"texts": found[:MOST_TEXTS], "more": len(found) > MOST_TEXTS, "leaves": deciding.leaves_by_itself(), "tab": "outbox"}
    return render(request, "followup/outbox.html", context)


@require_POST
@requires("bookings.edit")
def text_done(request, pk: int):
    text = get_object_or_404(OutboxText.objects.visible_to(request.user).select_related("reminder__booking"), pk=pk)
    about(text.reminder.booking.patient_id)
    contact.text_done(text, by=request.user, request=request)
    messages.success(request, _("Taken off the list."))
    return redirect("followup:outbox")


# The link in a reminder


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@while_locked
@public
def stop(request):
    """
    "No more reminders", from the link in one. Looking changes nothing, because mail programs look at every link; a press does, also
    the one a mail program offers by itself (RFC 8058), which is why no cookie of ours is asked for: the secret is the whole right.
    The page names nobody. A link that opens nothing is answered as any wrong address.
    """
    reminder = contact.reminder_of(request.GET.get("key", "")[:200])
    if reminder is None:
        if wait := throttle.wrong_link(request):
            return too_many(request, again_in=wait)
        raise Http404
    context = {"key": request.GET["key"], "words": wording.stop_page(reminder.language), "language": reminder.language or wording.OWN}
    if request.method == "POST":
        contact.stop_by_link(reminder, request=request)
        return render(request, "followup/stopped.html", context)
    return render(request, "followup/stop.html", context)
