"""Two people check patient against tube, each with the own password, on the screen of who treats."""

from django.contrib.auth import authenticate
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from accounts.models import User
from accounts.permissions import requires
from accounts.signing_in import throttle
from audit.models import Outcome
from audit.services import record as log

from ..lots.codes import LONGEST_LOT
from ..models import TreatmentSession
from ..services import gate
from ..services.drafts import Locked
from ..services.terms import terms_for
from ..views.record import session_or_404
from ..views.record_page import draft_page, whole
from . import services
from .page import people_for

WAIT = gettext_lazy("Too many passwords did not match. Wait a few minutes, or let somebody else check")


@sensitive_post_parameters("password")
@require_POST
@requires("records.edit")
def check(request, pk):
    session = session_or_404(request, pk)
    if session.is_locked:
        return redirect("sessions:record", session.pk)
    typed = {name: request.POST.get(name, "").strip()[:200] for name in ("adjuvant", "tube_label", "tube_who", "tube_seen")}
    person, faults = _read(session, typed, request.POST.get("password", ""))
    if not faults:
        faults = _prove(request, session, person, request.POST.get("password", ""))
    if not faults:
        try:
            services.check(session, adjuvant=typed["adjuvant"], label=typed["tube_label"], by=person, request=request)
        except services.Refused as refused:
            faults[refused.field] = refused.message
        except Locked:
            return redirect("sessions:record", session.pk)
    if faults:
        context = draft_page(session_or_404(request, pk), request.user, tube={"typed": typed, "faults": faults})
        return whole(request, context, status=422)
    return redirect(f"{reverse('sessions:record', args=[session.pk])}#tube")


def _read(session: TreatmentSession, typed: dict, password: str) -> tuple[User | None, dict[str, str]]:
    """Who is meant, and what is to be mended by field."""
    faults = {}
    blood = {one.id for one in terms_for(session).adjuvants} & gate.own_blood(session)
    if typed["adjuvant"] not in blood:
        faults["tube_label"] = gettext("This is not used in this session any more. Reload the page")
    elif not typed["tube_label"]:
        faults["tube_label"] = gettext("Type or scan the label of the tube")
    elif len(typed["tube_label"]) > LONGEST_LOT:
        faults["tube_label"] = gettext("The label must be %(longest_lot)s letters or fewer") % {"longest_lot": LONGEST_LOT}
    person = next((one for one in people_for(session) if str(one.pk) == typed["tube_who"]), None)
    if person is None:
        faults["tube_who"] = gettext("Choose who checks")
    if typed["tube_seen"] != "on":
        faults["tube_seen"] = gettext("Tick that the tube bears the name and birth date of this patient")
    if person is not None and not password:
        faults["tube_password"] = gettext("%(person)s types the own password here") % {"person": person}
    return person, faults


def _prove(request, session: TreatmentSession, person: User, password: str) -> dict[str, str]:
    """The tries count as those of signing in do: nobody guesses at a colleague's password here."""
    if authenticate(request, username=person.get_username(), password=password) == person:
        throttle.passed(request, person.get_username())
        return {}
    log("tube.checked", request=request, patient=session.patient_id, obj=session, outcome=Outcome.REFUSED, detail={"why": "password"})
    if getattr(request, "axes_locked_out", False):
        request.axes_locked_out = False  # said on the record's own page, with what was typed, and not on a page of its own
        return {"tube_password": WAIT}
    return {"tube_password": gettext("This is not the password of %(person)s. Type it again") % {"person": person}}
