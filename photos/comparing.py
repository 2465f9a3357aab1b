"""
Which two photos can be compared. What differs for another reason than the skin is said under the pair; where it would deceive, the two
are not put beside each other.
"""

from dataclasses import dataclass

from .models import Photo

# Of the larger: a lens or a distance that differs more changes the shape of a face.
MOST_LENS, MOST_DISTANCE = 0.2, 0.2


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
        why_not.append("It is the same picture twice: choose two dates.")
    if first.place != then.place:
        why_not.append(f"One shows {_shown(first)}, the other {_shown(then)}.")
    if first.light != then.light:
        why_not.append(f"The light differs: {first.get_light_display().lower()}, then {then.get_light_display().lower()}.")
    if first.make_up != then.make_up:
        why_not.append(f"Make-up was worn {'in the first' if first.make_up else 'in the second'} and not in the other.")
    elif first.make_up:
        differences.append("Make-up was worn in both.")
    _measure("distance", first.distance_cm, then.distance_cm, "cm", MOST_DISTANCE, why_not, differences)
    if first.lens_mm and then.lens_mm:
        _measure("lens", first.lens_mm, then.lens_mm, "mm", MOST_LENS, why_not, differences)
    elif first.lens_mm or then.lens_mm:
        known = first.lens_mm or then.lens_mm
        differences.append(f"The lens is known of one only ({known}\N{NO-BREAK SPACE}mm).")
    elif first.pk != then.pk:
        differences.append("The lens is known of neither.")
    if first.camera != then.camera:
        differences.append(f"Another camera: {first.camera or 'not named'}, then {then.camera or 'not named'}.")
    if (first.width > first.height) != (then.width > then.height):
        differences.append("One is upright, the other lies across.")
    return Comparison(tuple(why_not), tuple(differences))


def _measure(name: str, first: int, then: int, unit: str, most: float, why_not: list, differences: list) -> None:
    if first == then:
        return
    words = f"{first}\N{NO-BREAK SPACE}{unit}, then {then}\N{NO-BREAK SPACE}{unit}"
    if abs(first - then) > most * max(first, then):
        why_not.append(f"The {name} differs too much: {words}.")
    else:
        differences.append(f"The {name} differs a little: {words}.")


def _shown(photo: Photo) -> str:
    return f"{photo.area_label.lower()}, {photo.view_label.lower()}"


def pair_of(photos: list[Photo]) -> tuple[Photo, Photo] | None:
    """
    Of the photos of one place, oldest first: the newest, and the oldest that can be compared with it. Where none can, the oldest and
    the newest, so that the page can say why.
    """
    if len(photos) < 2:
        return None
    newest = photos[-1]
    return next(((one, newest) for one in photos[:-1] if judge(one, newest).comparable), (photos[0], newest))
