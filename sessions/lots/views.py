"""Products and lots of a site: the list, a new product, what came in, what was taken out."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts.permissions import requires
from audit.services import note_read

from ..services.hours import chosen, sites_of
from . import setup
from .forms import ProductForm, ReceiveForm, TakeOutForm
from .models import Lot, Product

MOST_MOVES = 50
LARGEST = 2**63 - 1


class _Place:
    """The site whose stock is looked at, one of the reader's own."""

    def __init__(self, request):
        self.sites = sites_of(request.user)
        self.site = chosen(self.sites, request.POST.get("site") or request.GET.get("site", ""))
        if self.site is None:
            raise Http404
        self.site.set_clock()
        self.today = self.site.day_of(timezone.now())

    @property
    def url(self) -> str:
        return f"{reverse('sessions:lots')}?site={self.site.slug}"


def _one(model, pk: int):
    if pk > LARGEST:
        raise Http404
    return get_object_or_404(model, pk=pk)


@require_safe
@requires("lots.view")
def lots(request):
    place, text = _Place(request), request.GET.get("q", "").strip()[:60]
    lines = setup.lines_of(place.site, place.today, text=text)
    note_read("lots.viewed", request=request, obj=place.site)
    context = {"place": place, "lines": lines, "text": text, "products": Product.objects.all()}
    return render(request, "sessions/lots/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires("lots.edit")
def add_product(request):
    place = _Place(request)
    form = ProductForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            made = setup.add_product(kind=data["kind"], name=data["name"], gtin=data["gtin"], by=request.user, request=request)
        except setup.Refused as refused:
            form.add_error(refused.field, refused.message)
        else:
            messages.success(request, gettext("%(made)s is added. Receive its first lot.") % {"made": made.name})
            return redirect(f"{reverse('sessions:receive')}?site={place.site.slug}&product={made.pk}")
    if request.method != "POST":
        note_read("lots.viewed", request=request, obj=place.site)
    context = {"place": place, "form": form, "errors_on_page": bool(form.errors)}
    return render(request, "sessions/lots/product.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@requires("lots.edit")
def product(request, product: int):
    place, one = _Place(request), _one(Product, product)
    start = {"kind": one.kind, "name": one.name, "gtin": one.gtin, "is_active": one.is_active, "was": setup.seen_of(one)}
    form, status, stale = ProductForm(request.POST if request.method == "POST" else None, initial=start), 200, False
    if request.method == "POST":
        status = 422
        if form.is_valid():
            data = form.cleaned_data
            try:
                setup.change_product(one, was=data.pop("was"), by=request.user, request=request, **data)
            except setup.Refused as refused:
                form.add_error(refused.field, refused.message)
            except setup.Changed:
                form.data = form.data.copy()
                form.data["was"] = setup.seen_of(_one(Product, product))
                status, stale = 409, True
            else:
                messages.success(request, gettext("Saved."))
                return redirect("sessions:product", one.pk)
    else:
        note_read("lots.viewed", request=request, obj=one)
    lines = setup.lines_of(place.site, place.today, product=one)
    context = {"place": place, "form": form, "product": one, "lines": lines, "stale": stale, "errors_on_page": status != 200}
    return render(request, "sessions/lots/product.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@requires("lots.edit")
def receive(request):
    place = _Place(request)
    form = ReceiveForm(request.POST or None, initial={"product": request.GET.get("product", "")})
    if request.method == "POST" and form.is_valid():
        try:
            lot = setup.receive(site=place.site, by=request.user, request=request, **form.cleaned_data)
        except setup.Refused as refused:
            form.add_error(refused.field, refused.message)
        else:
            messages.success(
                request,
                gettext("%(cleaned_data)s of lot %(lot)s received at %(site)s.")
                % {"cleaned_data": form.cleaned_data["pieces"], "lot": lot.number, "site": place.site.name},
            )
            return redirect(place.url)
    if request.method != "POST":
        note_read("lots.viewed", request=request, obj=place.site)
    context = {"place": place, "form": form, "errors_on_page": bool(form.errors)}
    return render(request, "sessions/lots/receive.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@requires("lots.view")
def lot(request, lot: int):
    place, one = _Place(request), _one(Lot.objects.select_related("product", "blocked_by", "added_by"), lot)
    may_edit = request.user.may("lots.edit")
    form = TakeOutForm(request.POST if request.method == "POST" and may_edit else None)
    if request.method == "POST" and may_edit and form.is_valid():
        try:
            setup.take_out(one, site=place.site, by=request.user, request=request, **form.cleaned_data)
        except setup.Refused as refused:
            form.add_error(refused.field, refused.message)
        else:
            messages.success(request, gettext("%(cleaned_data)s taken out.") % {"cleaned_data": form.cleaned_data["pieces"]})
            return redirect(f"{reverse('sessions:lot', args=[one.pk])}?site={place.site.slug}")
    if request.method != "POST":
        note_read("lots.viewed", request=request, obj=one)
    line = next(row for row in setup.lines_of(place.site, place.today, product=one.product) if row.lot.pk == one.pk)
    moves = one.moves.filter(site=place.site).select_related("by")[:MOST_MOVES]
    context = {"place": place, "lot": one, "line": line, "moves": moves, "form": form, "errors_on_page": bool(form.errors)}
    return render(request, "sessions/lots/lot.html", context, status=422 if form.errors else 200)
