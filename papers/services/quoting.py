"""Giving a quote for a plan, and writing down what the patient said to it."""

import datetime as dt
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop

from accounts.templatetags.clinic_format import in_words
from audit.services import record
from plans.catalogue import catalogue_of
from plans.models import TreatmentPlan

from ..content.plan import adjuvant_words
from ..models import PriceList, Quote
from ..money import Currency
from ..reckoning import ADJUVANT, SERVICE, SESSION, ZONE, Course, Line, NoPrice, Sums, lines_of, sums_of
from . import prices

_KINDS = {
    SERVICE: gettext_noop("the service %(what)s"),
    SESSION: gettext_noop("a session"),
    ZONE: gettext_noop("the zone %(what)s"),
    ADJUVANT: gettext_noop("the adjuvant %(what)s"),
}


def spaced(day: dt.date) -> str:
    """17 Nov 2026, in the language of the page, with spaces that may break."""
    return in_words(day).replace("\u00a0", " ")


class QuoteRefused(Exception):
    """Nothing was changed. The message says what to do."""


@dataclass(frozen=True)
class Preview:
    """What a quote would say now."""

    price_list: PriceList
    lines: tuple[Line, ...]
    sums: Sums
    valid_until: dt.date

    @property
    def money(self) -> Currency:
        return self.price_list.money


def course_of(plan: TreatmentPlan) -> Course:
    """What of *plan* is charged, in the words of its own protocol version."""
    catalogue = catalogue_of(plan.protocol_version)
    zones = list(plan.zones.all())
    indications = dict.fromkeys(zone.indication for zone in zones)
    return Course(
        indications=tuple((name, catalogue.concern_word(name)) for name in indications),
        sessions=plan.sessions_count,
        zones=tuple((zone.zone, zone.zone_label) for zone in zones),
        adjuvants=tuple((name, adjuvant_words(catalogue, name)) for name in dict.fromkeys(plan.adjuvants)),
    )


def preview(plan: TreatmentPlan) -> Preview:
    """
    What a quote for *plan* says by the prices that hold today at the patient's site.

    Raises:
        QuoteRefused: the plan is not in force, there are no prices, or one is missing.
    """
    site = plan.patient.person.site
    if plan.status != TreatmentPlan.Status.ACCEPTED:
        values = {"number": plan.number, "status": plan.get_status_display().lower()}
        raise QuoteRefused(gettext("Plan %(number)s is not in force (%(status)s). A quote is given for a plan in force.") % values)
    found = prices.in_force(site)
    if found is None:
        words = gettext("%(site)s has no prices yet. A manager or medical lead enters them under Settings, Prices.")
        raise QuoteRefused(words % {"site": site})
    try:
        lines = lines_of(course_of(plan), {(row.kind, row.code): row.amount for row in found.prices.all()})
    except NoPrice as error:
        named = ", ".join(gettext(_KINDS[kind]) % {"what": words} for kind, words in error.missing)
        told = gettext("The prices of %(site)s hold nothing for %(what)s. A manager or medical lead adds it under Settings, Prices.")
        raise QuoteRefused(told % {"site": site, "what": named}) from None
    sums = sums_of(lines, found.money, tax=found.tax, percent=found.tax_percent)
    return Preview(found, lines, sums, site.day_of(timezone.now()) + dt.timedelta(days=found.quote_days))


def give(plan: TreatmentPlan, *, seen_list: int, valid_until: dt.date, by, request_key: str, request=None) -> Quote:
    """
    Give a quote. One that was given for this plan and not answered is replaced by it. Sent twice with one key it is given once.

    seen_list: the price list on the screen that was confirmed.

    Raises:
        QuoteRefused: as `preview`; the prices changed meanwhile, or a quote for this plan was accepted.
    """
    with transaction.atomic():
        known = Quote.objects.filter(request_key=request_key).first()
        if known is not None:
            return known
        plan = _locked(plan)
        shown = preview(plan)
        found, site = shown.price_list, plan.patient.person.site
        if found.pk != seen_list:
            raise QuoteRefused(gettext("The prices changed while this page was open. Look at the new sums, then press again."))
        today = site.day_of(timezone.now())
        if valid_until < today:
            raise QuoteRefused(gettext("The last day of a quote must not lie in the past."))
        for other in Quote.objects.filter(plan=plan, status__in=(Quote.Status.GIVEN, Quote.Status.ACCEPTED)):
            if other.status == Quote.Status.ACCEPTED:
                words = gettext("Quote %(number)s for this plan was accepted: what was agreed stays. A new plan is given a new quote.")
                raise QuoteRefused(words % {"number": other.number})
            _answer(other, Quote.Status.REPLACED, by=by, request=request)
        made = Quote.objects.create(
            patient_id=plan.patient_id,
            plan=plan,
            site=site,
            price_list=found,
            currency=found.currency,
            lines=[line.as_json() for line in shown.lines],
            subtotal=shown.sums.subtotal,
            tax=found.tax,
            tax_name=found.tax_name,
            tax_percent=found.tax_percent,
            tax_words=found.tax_words,
            tax_amount=shown.sums.tax,
            total=shown.sums.total,
            given_on=today,
            valid_until=valid_until,
            given_at=timezone.now(),
            given_by=by,
            request_key=request_key,
        )
        detail = {"plan": plan.pk, "prices": found.pk, "until": valid_until.isoformat()}
        record("quote.given", actor=by, request=request, patient=plan.patient_id, obj=made, detail=detail)
    return made


def accept(quote: Quote, *, said_by: str, note: str, by, request=None) -> Quote:
    """
    The patient said yes: the plan's sessions are booked at these prices.

    Raises:
        QuoteRefused: it was answered before, is over, or its plan is not in force any more.
    """
    with transaction.atomic():
        found = _open(quote)
        if found.is_over(found.site.day_of(timezone.now())):
            words = gettext("Quote %(number)s held until %(day)s. Give a new one by today's prices.")
            raise QuoteRefused(words % {"number": found.number, "day": spaced(found.valid_until)})
        if found.plan.status != TreatmentPlan.Status.ACCEPTED:
            status = found.plan.get_status_display().lower()
            words = gettext("Plan %(number)s is not in force any more (%(status)s). Give a quote for the plan that is.")
            raise QuoteRefused(words % {"number": found.plan.number, "status": status})
        return _answer(found, Quote.Status.ACCEPTED, said_by=said_by, note=note, by=by, request=request)


def decline(quote: Quote, *, said_by: str, note: str, by, request=None) -> Quote:
    """
    The patient said no, or the clinic takes it back.

    Raises:
        QuoteRefused: it was answered before.
    """
    with transaction.atomic():
        return _answer(_open(quote), Quote.Status.DECLINED, said_by=said_by, note=note, by=by, request=request)


def _locked(plan: TreatmentPlan) -> TreatmentPlan:
    """The plan as it stands, kept as it is until this transaction ends: two quotes for it wait for each other."""
    rows = TreatmentPlan.objects.select_related("protocol_version", "patient__site", "patient__merged_into__site")
    return rows.select_for_update(of=("self",)).get(pk=plan.pk)


def _open(quote: Quote) -> Quote:
    _locked(quote.plan)
    found = Quote.objects.select_for_update(of=("self",)).select_related("plan", "site").get(pk=quote.pk)
    if found.status != Quote.Status.GIVEN:
        words = gettext("Quote %(number)s is %(status)s already. Look at it as it stands now.")
        raise QuoteRefused(words % {"number": found.number, "status": found.get_status_display().lower()})
    return found


def _answer(quote: Quote, status: str, *, by, request, said_by: str = "", note: str = "") -> Quote:
    quote.status, quote.answered_at, quote.answered_by = status, timezone.now(), by
    quote.said_by, quote.note = said_by, note
    quote.save(update_fields=["status", "answered_at", "answered_by", "said_by", "note"])
    record(f"quote.{status}", actor=by, request=request, patient=quote.patient_id, obj=quote, detail={"plan": quote.plan_id})
    return quote
