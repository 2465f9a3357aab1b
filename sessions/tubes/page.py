"""What the record shows of the checks of the patient's own blood."""

from dataclasses import dataclass

from accounts.models import User
from accounts.permissions import PERMISSIONS

from ..models import TreatmentSession
from ..services import gate
from ..services.terms import terms_for
from . import rule
from .models import TubeCheck


@dataclass(frozen=True)
class Panel:
    """One adjuvant that is the patient's own blood. first: who waits for a second; pair: two people have checked."""

    id: str
    label: str
    first: TubeCheck | None
    pair: tuple[TubeCheck, TubeCheck] | None
    typed: dict
    faults: dict


def people_for(session: TreatmentSession) -> list[User]:
    """Who may check a tube at the site of *session*."""
    people = User.objects.filter(is_active=True, role__in=PERMISSIONS["tubes.check"], sites=session.booking.site_id)
    return list(people.order_by("last_name", "first_name", "pk"))


def panels(session: TreatmentSession, sent: dict | None = None) -> list[Panel]:
    """*sent*: what was just sent and cannot be kept, with its faults."""
    blood, checks = gate.own_blood(session), list(session.tube_checks.all())
    rows = []
    for one in terms_for(session).adjuvants:
        if one.id not in blood:
            continue
        here = sent if sent and sent["typed"]["adjuvant"] == one.id else {"typed": {}, "faults": {}}
        rows.append(Panel(one.id, one.label, rule.waiting(checks, one.id), rule.pair_of(checks, one.id), here["typed"], here["faults"]))
    return rows
