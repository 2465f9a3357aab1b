"""
Which two photos can be compared. What differs for another reason than the skin is said under the pair; where it would deceive, the two
are not put beside each other.
"""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from .models import Photo

# Of the larger: a lens or a distance that differs more changes the shape of a face.
MOST_LENS, MOST_DISTANCE = 0.2, 0.2
DISTANCE = (
    gettext_noop("The distance differs too much: %(first)s, then %(then)s."),
    gettext_noop("The distance differs a little: %(first)s, then %(then)s."),
)
LENS = (
    gettext_noop("The lens differs too much: %(first)s, then %(then)s."),
    gettext_noop("The lens differs a little: %(first)s, then %(then)s."),
)


@dataclass(frozen=True)
class Comparison:
    """why_not: sentences; empty = the two can be compared. differences: what differs all the same."""

    why_not: tuple[str, ...]
    differences: tuple[str, ...]

    @property
    def comparable(self) -> bool:
        return not self.why_not


def judge(first: Photo, then: Photo) -> Comparison:
    why_not, differences = [], []
    if first.pk == then.pk:
        why_not.append(_("It is the same picture twice: choose two dates."))
    if first.place != then.place:
        why_not.append(_("One shows %(first)s, the other %(then)s.") % {"first": _shown(first), "then": _shown(then)})
    if first.light != then.light:
        why_not.append(
            _("The light differs: %(light)s, then %(light2)s.")
            % {"light": first.get_light_display().lower(), "light2": then.get_light_display().lower()}
        )
    if first.make_up != then.make_up:
        in_first, in_second = (
            _("Make-up was worn in the first and not in the other."),
            _("Make-up was worn in the second and not in the other."),
        )
        why_not.append(in_first if first.make_up else in_second)
    elif first.make_up:
        differences.append(_("Make-up was worn in both."))
    _measure(DISTANCE, first.distance_cm, then.distance_cm, "cm", MOST_DISTANCE, why_not, differences)
    if first.lens_mm and then.lens_mm:
        _measure(LENS, first.lens_mm, then.lens_mm, "mm", MOST_LENS, why_not, differences)
    elif first.lens_mm or then.lens_mm:
        known = first.lens_mm or then.lens_mm
        differences.append(_("The lens is known of one only (%(lens)s).") % {"lens": f"{known}\N{NO-BREAK SPACE}mm"})
    elif first.pk != then.pk:
        differences.append(_("The lens is known of neither."))
    if first.camera != then.camera:
        differences.append(
            _("Another camera: %(first)s, then %(then)s.")
            % {"first": first.camera or _("not named"), "then": then.camera or _("not named")}
        )
    if (first.width > first.height) != (then.width > then.height):
        differences.append(_("One is upright, the other lies across."))
    return Comparison(tuple(why_not), tuple(differences))


def _measure(said: tuple[str, str], first: int, then: int, unit: str, most: float, why_not: list, differences: list) -> None:
    if first == then:
        return
    too_much, a_little = said
    values = {"first": f"{first}\N{NO-BREAK SPACE}{unit}", "then": f"{then}\N{NO-BREAK SPACE}{unit}"}
    if abs(first - then) > most * max(first, then):
        why_not.append(_(too_much) % values)
    else:
        differences.append(_(a_little) % values)


def _shown(photo: Photo) -> str:
    return f"{photo.area_words.lower()}, {photo.view_label.lower()}"


def pair_of(photos: list[Photo]) -> tuple[Photo, Photo] | None:
    """
    Of the photos of one place, oldest first: the newest, and the oldest that can be compared with it. Where none can, the oldest and
    the newest, so that the page can say why.
    """
    if len(photos) < 2:
        return None
    newest = photos[-1]
    return next(((one, newest) for one in photos[:-1] if judge(one, newest).comparable), (photos[0], newest))
