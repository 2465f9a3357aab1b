"""The demo's products and lots: what is in the cupboard, and one lot that is recalled with people still to be reached."""

import datetime as dt

from clinic.recall import services as recalls
from clinic.recall.forms import LETTER
from sessions.lots import setup
from sessions.models import Lot, Product, TreatmentSession

from .world import World

PEN, ROLLER, CREAM, SERUM, TUBE = "09506000134352", "09506000134369", "09506000134376", "09506000134383", "09506000134390"
OWN_PLASMA, SERUM_NAME = "Own plasma, Example kit", "Example serum, sterile single use"
PRODUCTS = (
    (Product.Kind.NEEDLE, "Example cartridge, 12 needles", PEN),
    (Product.Kind.NEEDLE, "Example roller head", ROLLER),
    (Product.Kind.NUMBING, "Example numbing cream 30 g", CREAM),
    (Product.Kind.ADJUVANT, SERUM_NAME, SERUM),
    (Product.Kind.PRP, OWN_PLASMA, TUBE),
)
RECALLED, NEWER, ROLLERS = "EX26-04A", "EX26-07B", "RO26-02"
SWITCHED_DAYS = 45  # before the demo's day: from then on the newer lot was used
SHELF_DAYS = {RECALLED: 320, NEWER: 400, ROLLERS: 380}
STOCK = (
    (PEN, RECALLED, 320, 60),
    (PEN, NEWER, 400, 120),
    (ROLLER, ROLLERS, 380, 30),
    (CREAM, "NC-118", 210, 24),
    (SERUM, "SE-551", 40, 20),
    (TUBE, "PT-0902", 500, 40),
)


def fill_the_cupboard(site, *, by, today: dt.date) -> None:
    products = {gtin: setup.add_product(kind=kind, name=name, gtin=gtin, by=by) for kind, name, gtin in PRODUCTS}
    for gtin, number, days, pieces in STOCK:
        expires = today + dt.timedelta(days=days)
        setup.receive(
            site=site, product=products[gtin], number=number, expires_on=expires, pieces=pieces, by=by, request_key=f"demo-{number}"
        )


def needle_code(world: World, session: TreatmentSession) -> str:
    """What the scanner reads from the cartridge of *session*: each has its own serial number."""
    if session.plan.device_kind == "roller":
        gtin, number = ROLLER, ROLLERS
    else:
        gtin, number = PEN, RECALLED if session.day < world.day(-SWITCHED_DAYS) else NEWER
    use_by = world.day(SHELF_DAYS[number])
    return f"01{gtin}17{use_by:%y%m%d}10{number}\x1d21{session.pk:06d}"


def recall_one(world: World) -> None:
    """The older lot of cartridges is recalled; the first people have been reached."""
    lead = world.staff["iris"]
    lot = Lot.objects.get(number=RECALLED)
    asked = {"number": lot.number, "product": lot.product, "reason": "The maker found packs that were not tight", "letter": LETTER}
    recall = recalls.order(**asked, by=lead, request_key="demo-recall")
    steps = (("reached", "Is well, comes to the review"), ("not_reached", "Rang twice, no answer"), ("letter", ""))
    for person, (status, note) in zip(recalls.people_of(lead, lot, recall), steps, strict=False):
        recalls.say(recall, person.patient, status=status, note=note, by=lead, request_key=f"demo-recall-{person.patient.pk}")
