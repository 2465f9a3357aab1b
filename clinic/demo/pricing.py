"""What the demo clinic charges, and some quotes: given, accepted, and declined. All sums are invented."""

from decimal import Decimal

from django.utils import timezone

from accounts.models import Site, User
from papers.services import prices, quoting
from plans.models import TreatmentPlan

from .world import World

QUOTE_DAYS = 30
PRICES = (
    ("service", "", "Any other indication", "60"),
    ("session", "", "One session", "180"),
    ("zone", "", "Any other zone", "35"),
    ("zone", "nose", "Nose", "20"),
    ("zone", "chin", "Chin", "20"),
    ("adjuvant", "", "Any other adjuvant", "45"),
    ("adjuvant", "hyaluronic_acid", "Hyaluronic acid", "0"),
)
MOST_QUOTES = 6


def enter_prices(site: Site, *, by: User) -> None:
    terms = prices.Terms(
        valid_from=site.day_of(timezone.now()),
        tax="included",
        tax_name="VAT",
        tax_percent=Decimal(20),
        tax_words="Invented prices of the demo clinic. VAT number EX 000 0000 00.",
        quote_days=QUOTE_DAYS,
    )
    rows = [(kind, code, words, Decimal(amount)) for kind, code, words, amount in PRICES]
    prices.publish(site, terms, rows, by=by, request_key=f"demo-prices-{site.slug}")


def give_quotes(world: World) -> None:
    """For the newest plans: the first is accepted, the second declined, the others wait for an answer."""
    plans = TreatmentPlan.objects.filter(patient__site=world.site, status=TreatmentPlan.Status.ACCEPTED)
    plans = plans.select_related("protocol_version", "patient__site", "patient__merged_into").order_by("-accepted_at", "-pk")
    for position, plan in enumerate(plans[:MOST_QUOTES]):
        shown, by = quoting.preview(plan), world.staff["june"]
        found = quoting.give(plan, seen_list=shown.price_list.pk, valid_until=shown.valid_until, by=by, request_key=f"demo-quote-{plan.pk}")
        if position == 0:
            quoting.accept(found, said_by=str(plan.patient), note="", by=by)
        elif position == 1:
            quoting.decline(found, said_by=str(plan.patient), note="Wants to think until spring", by=by)
