"""
What is true of a person and not of one record: held alike by all records of the person, so that it does not matter through which
one it is read. A visit booked under the other record is reminded at the address that holds, and asked by the phototype that holds.
"""

from collections.abc import Collection

from . import names
from .models import Asked, Patient

# Names stay as they were: the record is still found by them.
LISTS = ("allergies_asked", "medicines_asked")
OF_THE_PERSON = (
    "site", "birth_date", "sex", "language", "phone", "email", "address", "phototype",
    *(column for name in LISTS for column in (name, f"{name}_at")),
)  # fmt: skip


def share(kept: Patient, fields: Collection[str] = OF_THE_PERSON) -> None:
    """Write what *kept* says of *fields* to the records that were merged into it."""
    values = {name: getattr(kept, name) for name in fields if name in OF_THE_PERSON}
    if "phone" in values:
        digits = names.digits(kept.phone)
        values |= {"phone_digits": digits, "phone_reversed": digits[::-1]}
    if values:
        Patient.objects.filter(merged_into=kept.pk).update(**values)


def joined_lists(kept: Patient, other: Patient) -> dict:
    """
    How the lists of two records stand as one: what either lists counts. Where both say the same thing, it was gone through when the
    older of the two was; where they do not, the list is gone through again before anybody is treated.
    """
    joined: dict = {}
    for column in LISTS:
        states = {getattr(kept, column), getattr(other, column)}
        times = [getattr(kept, f"{column}_at"), getattr(other, f"{column}_at")]
        state = next((one for one in (Asked.LISTED, Asked.NOT_ASKED) if one in states), Asked.NONE)
        same = state == Asked.NONE and None not in times
        joined |= {column: state, f"{column}_at": min(times) if same else None}
    return joined


def joined_phototype(kept: Patient, other: Patient) -> int | None:
    """The one that is known; where the two differ nobody knows, and it is asked."""
    known = {kept.phototype, other.phototype} - {None}
    return known.pop() if len(known) == 1 else None


def settled_lists(patient: Patient) -> dict:
    """How the lists of *patient* stand where the lines and what was said of them may have parted: as the lines say, to be asked again."""
    settled: dict = {}
    for column, rows in (("allergies_asked", patient.allergies), ("medicines_asked", patient.medications)):
        listed = rows.exists()
        if listed != (getattr(patient, column) == Asked.LISTED):
            settled |= {column: Asked.LISTED if listed else Asked.NOT_ASKED, f"{column}_at": None}
    return settled
