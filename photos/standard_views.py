"""
The fixed views of each area of the body: what is photographed each time, so that two pictures can be compared.

An area is the face, the neck, the chest, or one zone of the body by its id in the protocol.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext, gettext_noop, pgettext_lazy


class View(models.TextChoices):
    FRONT = "front", pgettext_lazy("view", "Front")
    OBLIQUE_RIGHT = "oblique_right", pgettext_lazy("view", "45° right")
    OBLIQUE_LEFT = "oblique_left", pgettext_lazy("view", "45° left")
    SIDE_RIGHT = "side_right", pgettext_lazy("view", "Side right")
    SIDE_LEFT = "side_left", pgettext_lazy("view", "Side left")
    BACK = "back", pgettext_lazy("view", "Back")
    CLOSE_UP = "close_up", pgettext_lazy("view", "Close-up")


WHOLE = {
    "face": gettext_noop("Face"),
    "neck": gettext_noop("Neck"),
    "chest": gettext_noop("Chest"),
}  # regions photographed as one; of the rest each zone by itself
_BY_AREA = {
    "face": (View.FRONT, View.OBLIQUE_RIGHT, View.OBLIQUE_LEFT, View.SIDE_RIGHT, View.SIDE_LEFT),
    "neck": (View.FRONT, View.SIDE_RIGHT, View.SIDE_LEFT),
    "chest": (View.FRONT, View.OBLIQUE_RIGHT, View.OBLIQUE_LEFT),
    "abdomen": (View.FRONT, View.SIDE_RIGHT, View.SIDE_LEFT),
    "breasts": (View.FRONT, View.OBLIQUE_RIGHT, View.OBLIQUE_LEFT),
    "buttocks": (View.BACK, View.SIDE_RIGHT, View.SIDE_LEFT),
    "back": (View.BACK,),
    "hands": (View.BACK,),
}
_OTHERS = (View.FRONT, View.SIDE_RIGHT, View.SIDE_LEFT, View.BACK)


def area_words(label: str) -> str:
    """*label*, as it is stored, in the language of the page: our own words for the regions; a zone's are the protocol's."""
    return gettext(label) if label in WHOLE.values() else label


@dataclass(frozen=True)
class Area:
    """zones: (id, label) of the zones in it that the protocol knows; a close-up is of one of them."""

    code: str
    label: str
    zones: tuple[tuple[str, str], ...] = ()

    @property
    def words(self) -> str:
        """The label in the language of the page."""
        return area_words(self.label)

    @property
    def views(self) -> tuple[View, ...]:
        """Those that make a set whole, in the order they are taken."""
        return _BY_AREA.get(self.code, _OTHERS)

    @property
    def all_views(self) -> tuple[View, ...]:
        return (*self.views, View.CLOSE_UP)

    @property
    def closes_up_on_a_zone(self) -> bool:
        return len(self.zones) > 1


def areas_of(knowledge, zone_ids: Iterable[str] | None = None) -> list[Area]:
    """The areas of *zone_ids*, or of every zone that *knowledge* has, the face first. A zone it does not know is an area of its own."""
    found: dict[str, tuple[str, list]] = {}
    for zone_id in knowledge.zones if zone_ids is None else zone_ids:
        zone = knowledge.zones.get(zone_id)
        region = zone.region if zone else ""
        code = region if region in WHOLE else zone_id
        label = WHOLE.get(region) or (zone.short_label if zone else zone_id.replace("_", " ").capitalize())
        found.setdefault(code, (label, []))
    for zone in knowledge.zones.values():  # a close-up may be of any zone of the area
        code = zone.region if zone.region in WHOLE else zone.id
        if code in found:
            found[code][1].append((zone.id, zone.short_label))
    order = [*WHOLE, *found]
    return [Area(code, label, tuple(zones)) for code, (label, zones) in sorted(found.items(), key=lambda row: order.index(row[0]))]
