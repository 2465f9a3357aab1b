"""The page of what a second person agrees to or is told of."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from audit.services import note_read

from ..permissions import requires
from ..signing_in.fresh import asks_who_it_is
from . import kinds, services
from .models import WatchedAct

MOST = 100


@require_safe
@requires("watched.view")
def watched(request):
    rows = WatchedAct.objects.visible_to(request.user)
    rows = list(rows.select_related("person", "by", "agreed_by", "refused_by").prefetch_related("reads__user")[:MOST])
    for act in rows:
        act.may_agree = kinds.may_agree(request.user, act)
        act.may_refuse = kinds.may_refuse(request.user, act) and not act.has_run_out
        is_read = any(one.user_id == request.user.pk and one.of_the_end != act.is_open for one in act.reads.all())
        act.to_read = services.owes_reading(request.user, act, is_read=is_read) and not act.may_agree
    note_read("watched.listed", request=request, detail={"found": len(rows)})
    return render(request, "accounts/watched.html", {"acts": rows, "most": MOST if len(rows) == MOST else None})


def _act(request, pk: int) -> WatchedAct:
    act = WatchedAct.objects.visible_to(request.user).filter(pk=pk).first()
    if act is None:
        raise Http404
    return act


def _decide(request, pk: int, how, said: str):
    act = _act(request, pk)
    try:
        act = how(act, by=request.user, request=request)
    except services.NotTheirs as nothing:
        raise Http404 from nothing
    except services.Decided as decided:
        nothing = _("Nothing was changed.")
        messages.info(request, f"{nothing} {decided.act.words} {decided.act.stands}".strip())
    else:
        messages.success(request, f"{said} {act.stands}")
    return redirect("accounts:watched")


@require_POST
@requires("watched.decide")
@asks_who_it_is
def watched_agree(request, pk: int):
    return _decide(request, pk, services.agree, _("Kept."))


@require_POST
@requires("watched.view")
def watched_refuse(request, pk: int):
    return _decide(request, pk, services.refuse, _("It will not be done."))


@require_POST
@requires("watched.view")
def watched_read(request, pk: int):
    act = _act(request, pk)
    if services.read(act, by=request.user, request=request):
        messages.success(request, _("Kept: you have read it."))
    return redirect("accounts:watched")
