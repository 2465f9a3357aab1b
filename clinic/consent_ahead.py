"""
Whose consent is to be renewed before a visit to come: signed on a text that is retired since, or withdrawn. Who never signed is asked at
check-in and by the gate of the record; here stand those whom nobody would think of.
"""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef
from django.utils import timezone

from consent.models import ConsentItem
from consent.needs import needs_of
from consent.standing import OLDER, WITHDRAWN, Stands, judged, with_state
from patients.person import person_of
from sessions.models import Booking
from sessions.querysets import of

COMING = (Booking.Status.BOOKED, Booking.Status.ARRIVED, Booking.Status.IN_ROOM)


@dataclass(frozen=True)
class Ahead:
    """The next session of one person, and how consent to its plan stands."""

    visit: Booking
    stands: Stands

    @property
    def words(self) -> str:
        """What is to be renewed: "Acne scars signed on 12 Oct 2026 on an older text"."""
        return "; ".join(row.words for row in self.stands.rows if row.state in (OLDER, WITHDRAWN))

    @property
    def is_withdrawn(self) -> bool:
        return self.stands.state == WITHDRAWN


def _coming():
    """Sessions of a plan that are still to come, or running."""
    return Booking.objects.filter(kind=Booking.Kind.SESSION, plan__isnull=False, status__in=COMING, ends_at__gt=timezone.now())


def ahead_of(user) -> list[Ahead]:
    """
    The nearest visit first, one line a person. It begins with the few rows that are retired or withdrawn, not with the diary; the number of
    queries does not grow with either.
    """
    expected = Exists(_coming().filter(patient=OuterRef("consent__patient")))
    rows = ConsentItem.objects.visible_to(user).to_look_at().filter(expected).last_of_their_kind()
    people = set(rows.order_by().values_list(person_of("consent__patient"), flat=True))
    if not people:
        return []
    items: dict[int, dict] = {}
    for item in with_state(ConsentItem.objects.of_people(people)).order_by("signed_at", "pk"):
        items.setdefault(item.person, {})[(item.kind, item.code)] = item
    visits = _coming().visible_to(user).filter(pk__in=_coming().of_people(people).values("pk"))
    visits = visits.select_related("patient__site", "patient__merged_into", "plan__protocol_version", "site", "clinician")
    documents = ("case", "proposal", "decisions", "protocol_version__document")
    visits = visits.defer(*of("plan", documents)).prefetch_related("plan__zones")
    found: dict[int, Ahead] = {}
    for visit in visits.order_by("starts_at", "pk"):
        person = visit.patient.person_pk
        stands = judged(needs_of(visit.plan), items.get(person, {}))
        if person not in found and any(row.state in (OLDER, WITHDRAWN) for row in stands.rows):
            found[person] = Ahead(visit, stands)
    return list(found.values())
