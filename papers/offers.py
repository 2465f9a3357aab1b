"""What can be printed for a patient now: of the papers made here, and links to those of other apps."""

import datetime as dt
from dataclasses import dataclass

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.templatetags.clinic_format import in_words
from aftercare.models import Sheet
from consent.models import Consent
from patients.models import Patient
from plans.models import TreatmentPlan
from sessions.models import Booking

from .content.before_visit import COMING, before_visit
from .content.common import CannotBeMade, Subject
from .content.label import label_of
from .content.plan import plan_of
from .content.quote import quote_of
from .models import Paper, Quote
from .services.making import digest_of, newest

MOST = 8  # of each kind


@dataclass(frozen=True)
class Offer:
    """
    One line of the list. kind, pk: what a press sends; url: where a paper of another app is. problem: why it cannot be made now.
    last: the newest version of it; changed: it does not say any more what would be said now.
    """

    title: str
    about: str = ""
    kind: str = ""
    pk: int = 0
    url: str = ""
    link: str = ""
    problem: str = ""
    last: Paper | None = None
    changed: bool = False


@dataclass(frozen=True)
class Group:
    title: str
    offers: list[Offer]


def _coming(patient: Patient, user):
    rows = Booking.objects.visible_to(user).filter(patient=patient, kind=Booking.Kind.SESSION, status__in=COMING, plan__isnull=False)
    rows = rows.filter(ends_at__gte=timezone.now() - dt.timedelta(days=1))
    return rows.select_related("site", "clinician", "plan__protocol_version", "patient__site", "patient__merged_into__site").order_by(
        "starts_at"
    )


def _plans(patient: Patient, user):
    rows = TreatmentPlan.objects.visible_to(user).filter(patient=patient, status=TreatmentPlan.Status.ACCEPTED)
    rows = rows.select_related("protocol_version", "accepted_by", "patient__site", "patient__merged_into__site")
    return rows.defer("case", "proposal", "decisions").prefetch_related("zones").order_by("-accepted_at")


def _quotes(patient: Patient, user):
    rows = Quote.objects.visible_to(user).filter(patient=patient)
    return rows.select_related(
        "site", "plan__protocol_version", "plan__accepted_by", "plan__patient__site", "patient__site", "patient__merged_into__site"
    ).defer("plan__case", "plan__proposal", "plan__decisions")


def subject_of(patient: Patient, kind: str, about: str, user) -> Subject | None:
    """
    What a press on the list asks for; None where there is no such paper of this person that *user* may see.

    Raises:
        CannotBeMade: it cannot be made now, in words for the screen.
    """
    if kind == Paper.Kind.LABEL:
        return label_of(patient)
    if not (about.isascii() and about.isdecimal() and len(about) < 19):
        return None
    rows, build = {
        Paper.Kind.BEFORE_VISIT: (_coming, before_visit),
        Paper.Kind.PLAN: (_plans, plan_of),
        Paper.Kind.QUOTE: (_quotes, quote_of),
    }.get(kind, (None, None))
    if rows is None:
        return None
    found = rows(patient, user).filter(pk=int(about)).first()
    return None if found is None else build(found)


def _offer(build, row, *, title: str, about: str, kind: str, link: str = "") -> Offer:
    try:
        subject = build(row)
    except CannotBeMade as error:
        return Offer(title, about, kind, row.pk, problem=str(error), link=link)
    last = newest(subject)
    changed = last is not None and last.facts_sha256 != digest_of(subject.facts)
    return Offer(title, about, kind, row.pk, last=last, changed=changed, link=link)


def before_visit_offer(booking: Booking) -> Offer:
    starts = booking.site.local(booking.starts_at)
    when = f"{in_words(starts.date(), weekday=True)}, {starts:%H:%M}"
    about = _("Session %(number)s, %(when)s") % {"number": booking.session_number, "when": when}
    return _offer(before_visit, booking, title=_("Before your visit"), about=about, kind=Paper.Kind.BEFORE_VISIT)


def offers_of(patient: Patient, user) -> list[Group]:
    """What *user* may print for this person, by what it is about; a group with nothing in it is left out."""
    visits = _said_once([before_visit_offer(booking) for booking in _coming(patient, user)[:MOST]])
    groups = [
        Group(_("Before a visit"), visits),
        Group(_("Plan and quote"), _plan_offers(patient, user)),
        Group(_("Aftercare"), _sheets(patient, user)),
        Group(_("Consent"), _consents(patient, user)),
        Group(
            _("For the chart"),
            [_offer(label_of, patient, title=_("Chart labels"), about=_("Name, date of birth, number"), kind=Paper.Kind.LABEL)],
        ),
    ]
    if user.may("intake.hand_over"):
        about = _("To be filled in by hand")
        groups.append(
            Group(_("Questions"), [Offer(_("Questions before treatment"), about, url=reverse("intake:paper", args=[patient.number]))])
        )
    return [group for group in groups if group.offers]


def _said_once(offers: list[Offer]) -> list[Offer]:
    """Why a paper cannot be made is the same for every session of a plan: it stands at the first."""
    found: list[Offer] = []
    for offer in offers:
        if offer.problem and any(offer.problem == before.problem for before in found):
            continue
        found.append(offer)
    return found


def _plan_offers(patient: Patient, user) -> list[Offer]:
    found = []
    quotes = {row.plan_id: row for row in _quotes(patient, user).filter(status__in=(Quote.Status.GIVEN, Quote.Status.ACCEPTED))}
    for plan in _plans(patient, user)[:MOST]:
        link = reverse("papers:give", args=[plan.patient.number, plan.number]) if user.may("quotes.give") and plan.pk not in quotes else ""
        found.append(
            _offer(
                plan_of,
                plan,
                title=_("Plan summary"),
                about=_("Plan %(number)s") % {"number": plan.number},
                kind=Paper.Kind.PLAN,
                link=link,
            )
        )
        if (quote := quotes.get(plan.pk)) is not None:
            about = f"{quote.number}, {quote.money.said(quote.total)}, {quote.get_status_display().lower()}"
            link = reverse("papers:quote", args=[quote.pk])
            found.append(_offer(quote_of, quote, title=_("Plan and quote"), about=about, kind=Paper.Kind.QUOTE, link=link))
    return found


def _version(number: str, version: int) -> str:
    return _("%(number)s, version %(version)s") % {"number": number, "version": version}


def _sheets(patient: Patient, user) -> list[Offer]:
    if not user.may("sheets.view"):
        return []
    rows = Sheet.objects.visible_to(user).filter(session__patient=patient, state=Sheet.State.READY)
    rows = (
        rows.select_related("session").only("pk", "record_version", "variant", "finished_at", "session__booking_id").order_by("-pk")[:MOST]
    )
    return [
        Offer(_("Aftercare sheet"), _version(row.number, row.record_version), url=reverse("aftercare:pdf", args=[row.pk])) for row in rows
    ]


def _consents(patient: Patient, user) -> list[Offer]:
    if not user.may("consent.view"):
        return []
    rows = Consent.objects.visible_to(user).filter(patient=patient).without_documents().select_related("site").order_by("-signed_at")[:MOST]
    return [
        Offer(
            _("Signed consent"),
            _("Signed %(day)s") % {"day": in_words(row.site.day_of(row.signed_at))},
            url=reverse("consent:pdf", args=[row.pk]),
        )
        for row in rows
    ]
