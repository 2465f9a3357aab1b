"""The protocol's names of devices and zones, for what staff are signed off for."""

from django.utils.translation import gettext as _

from accounts.vocabulary import Vocabulary

from .knowledge import knowledge_of
from .services import current_version


def names() -> Vocabulary:
    version = current_version()
    if version is None:
        return Vocabulary()
    knowledge = knowledge_of(version)
    devices = [
        (device.id, _("%(device)s, any brand") % {"device": device.short_label}) for device in knowledge.devices.values() if device.allowed
    ]
    devices += [(model.brand, model.brand) for model in sorted(knowledge.device_models.values(), key=lambda model: model.brand)]
    regions: dict[str, list[tuple[str, str]]] = {}
    for zone in knowledge.zones.values():
        regions.setdefault(zone.region.replace("_", " ").capitalize(), []).append((zone.id, zone.short_label))
    return Vocabulary(devices, list(regions.items()))
