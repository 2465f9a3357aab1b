"""
The links of the settings page. Each app registers its own in AppConfig.ready; a person sees those whose page they may open.
"""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from .permissions import PERMISSIONS, may

# The groups of the page, in its order.
ME, PEOPLE, CLINIC, SAFETY = _("You"), _("People"), _("The clinic"), _("Safety and records")
GROUPS = (ME, PEOPLE, CLINIC, SAFETY)


@dataclass(frozen=True, slots=True)
class SettingsLink:
    """One line of the settings page. view: the name of a view without arguments. about: one sentence on what is there."""

    group: str
    title: str
    about: str
    view: str
    permission: str

    @property
    def url(self) -> str:
        return reverse(self.view)


_links: list[SettingsLink] = []


def register_link(link: SettingsLink) -> None:
    if link.group not in GROUPS:
        raise KeyError(f"{link.group} is not a group of the settings page")
    if link.permission not in PERMISSIONS:
        raise KeyError(f"{link.permission} is not in accounts.permissions.PERMISSIONS")
    if link not in _links:
        _links.append(link)


def groups_for(user) -> list[tuple[str, list[SettingsLink]]]:
    """(group, its links) of what *user* may open; no empty group."""
    found = [(group, [link for link in _links if link.group == group and may(user, link.permission)]) for group in GROUPS]
    return [(group, links) for group, links in found if links]
