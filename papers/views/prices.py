"""What a site charges: the list that holds, those to come and before, and a new one."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy, gettext_noop
from django.views.decorators.http import require_http_methods, require_safe

from accounts.permissions import requires
from planner.wording import number
from plans.said import said
from protocols.knowledge import knowledge_of
from protocols.services import current_version
from sessions.services.hours import chosen, sites_of

from ..content.quote import rounding_said
from ..forms import PriceListForm
from ..models import Price, PriceList, Tax
from ..money import Currency
from ..services import prices
from ..services.quoting import spaced

QUOTE_DAYS = 30
# Stored with the prices, in English.
ANY = {
    Price.Kind.SERVICE: gettext_noop("Any other indication"),
    Price.Kind.SESSION: gettext_noop("One session"),
    Price.Kind.ZONE: gettext_noop("Any other zone"),
    Price.Kind.ADJUVANT: gettext_noop("Any other adjuvant"),
}


def _site(request):
    sites = sites_of(request.user)
    site = chosen(sites, request.POST.get("site") or request.GET.get("site", ""))
    if site is None:
        raise Http404
    site.set_clock()
    return sites, site


@require_safe
@requires("prices.view")
def overview(request):
    sites, site = _site(request)
    now = prices.in_force(site)
    rows = list(PriceList.objects.of_sites(request.user).filter(site=site).select_related("entered_by"))
    today = site.day_of(timezone.now())
    context = {
        "sites": sites,
        "site": site,
        "now": now,
        "groups": shown(now) if now else [],
        "tax": tax_words(now) if now else "",
        "others": [
            (row, gettext("Holds later") if row.valid_from > today else gettext("Replaced"))
            for row in rows
            if now is None or row.pk != now.pk
        ],
    }
    return render(request, "papers/prices.html", context)


@require_safe
@requires("prices.view")
def price_list(request, pk: int):
    if pk > 2**63 - 1:
        raise Http404
    found = get_object_or_404(PriceList.objects.of_sites(request.user).select_related("site", "entered_by"), pk=pk)
    found.site.set_clock()
    context = {
        "list": found,
        "site": found.site,
        "groups": shown(found),
        "tax": tax_words(found),
        "is_now": prices.in_force(found.site) == found,
    }
    return render(request, "papers/price_list.html", context)


def shown(found: PriceList) -> list[tuple[str, list[tuple[str, str]]]]:
    """(kind, [(words, sum)]) of a list; a price of nothing is "included"."""
    rows = list(found.prices.all())
    groups = []
    for kind in Price.Kind:
        mine = [(said(row.words), found.money.said(row.amount) if row.amount else gettext("included")) for row in rows if row.kind == kind]
        if mine:
            groups.append((_HEADS[kind], mine))
    return groups


_HEADS = {
    Price.Kind.SERVICE: gettext_lazy("Service, once for each indication"),
    Price.Kind.SESSION: gettext_lazy("Session"),
    Price.Kind.ZONE: gettext_lazy("Zone, for each session"),
    Price.Kind.ADJUVANT: gettext_lazy("Adjuvant, for each session"),
}


def tax_words(found: PriceList) -> str:
    if found.tax == Tax.NONE:
        return gettext("No tax is charged.")
    words = f"{found.tax_name} {number(found.tax_percent)}\u00a0%"
    told = gettext("The prices include %(tax)s.") if found.tax == Tax.INCLUDED else gettext("%(tax)s is added.")
    return f"{told % {'tax': words}} {rounding_said(found)}"


@require_http_methods(["GET", "HEAD", "POST"])
@requires("prices.edit")
def new(request):
    _, site = _site(request)
    now, today = prices.in_force(site), site.day_of(timezone.now())
    try:
        currency = Currency(prices.currency_at(site))
    except prices.NoCurrency as error:
        return render(request, "papers/new_prices.html", {"site": site, "problem": str(error), "errors_on_page": True}, status=409)
    common = {"currency": currency, "groups": _groups(), "today": today}
    if request.method == "POST":
        form = PriceListForm(request.POST, **common)
        if form.is_valid():
            made = prices.publish(
                site, form.terms(), form.prices(), by=request.user, request_key=form.cleaned_data["request_key"], request=request
            )
            if made.valid_from <= today:
                words = gettext("These prices hold from now on. Quotes that were given stay as they are.")
            else:
                words = gettext("These prices hold from %(day)s. Quotes that were given stay as they are.")
            messages.success(request, words % {"day": spaced(made.valid_from)})
            return redirect(f"{reverse('papers:prices')}?site={site.slug}")
        return _form(request, site, form, currency, status=422)
    return _form(request, site, PriceListForm(initial=_start(now, today), **common), currency)


def _form(request, site, form, currency, *, status: int = 200):
    context = {
        "site": site,
        "form": form,
        "currency": currency.code,
        "heads": [(_HEADS[kind], kind, fields) for kind, fields in form.price_groups],
        "errors_on_page": status != 200,
    }
    return render(request, "papers/new_prices.html", context, status=status)


def _groups() -> list[tuple[str, list[tuple[str, str]]]]:
    """What can have a price: what the protocol in force knows."""
    version = current_version()
    knowledge = knowledge_of(version) if version is not None else None
    known = {
        Price.Kind.SERVICE: [(one.id, one.short_label) for one in knowledge.indications.values()] if knowledge else [],
        Price.Kind.SESSION: [],
        Price.Kind.ZONE: [(one.id, one.short_label) for one in knowledge.zones.values()] if knowledge else [],
        Price.Kind.ADJUVANT: [(one.id, one.label) for one in knowledge.adjuvants.values()] if knowledge else [],
    }
    return [(kind.value, [("", ANY[kind]), *things]) for kind, things in known.items()]


def _start(now: PriceList | None, today) -> dict:
    """A new list begins as the one that holds."""
    if now is None:
        return {"valid_from": today, "quote_days": QUOTE_DAYS}
    start = {name: getattr(now, name) for name in ("quote_days", "tax", "tax_name", "tax_words")}
    start["tax_percent"] = number(now.tax_percent) if now.tax_percent else ""
    start["valid_from"] = today
    digits = "0" if now.money.coin == 1 else "0.01"
    for row in now.prices.all():
        start[f"{row.kind}-{row.code or 'any'}"] = str(row.amount.quantize(type(row.amount)(digits)))
    return start
