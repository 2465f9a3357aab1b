"""What every paper shares: whose it is, who gives it, and how dates are written."""

from dataclasses import dataclass

from accounts.models import ClinicSettings, Site
from aftercare.dates import Calendar, calendar_of
from patients.models import Patient


class CannotBeMade(Exception):
    """No paper is made. The message is for the staff, in plain words, with what to do."""


@dataclass(frozen=True)
class Subject:
    """
    What a paper is about. kind: of `Paper.Kind`; pk: of the row it is about; rows: the columns of the paper that lead there. who: the
    patient whose record it goes to. site: who gives it, on whose paper.
    """

    kind: str
    pk: int
    who: Patient
    site: Site
    rows: dict
    title: str
    template: str
    facts: dict


def calendar_at(site: Site) -> Calendar:
    return calendar_of(site.country, "noon" if site.country == "US" else "midday")


def head(patient: Patient, site: Site, *, title: str) -> dict:
    """Names and places, for the top and the foot of a paper."""
    clinic, person = ClinicSettings.objects.first(), patient.person
    return {
        "title": title,
        "language": "en-US" if site.country == "US" else "en-GB",
        "name": f"{person.given} {person.surname}".strip(),
        "born": calendar_at(site).long(person.birth_date),
        "number": str(person.number),
        "clinic": clinic.name if clinic else site.name,
        "site": site.name,
        "address": site.address,
        "phone": site.phone,
        "phone_hours": site.phone_hours,
        "emergency_number": site.emergency_number,
    }
