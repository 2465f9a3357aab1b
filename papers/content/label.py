"""A page of labels for the chart: name, date of birth, number, and a code that holds the number and nothing else."""

import segno

from patients.models import Patient

from ..models import Paper
from .common import Subject, head

# Labels on a page, as they are sold: 63.5 x 38.1 mm on A4, 1 x 2 5/8 inches on US Letter.
ON_A_PAGE = {"A4": 21, "Letter": 30}


def label_of(patient: Patient) -> Subject:
    person = patient.person
    code = segno.make_qr(str(person.number), error="m").svg_data_uri(border=2, xmldecl=False, svgns=True)
    facts = head(person, person.site, title="Chart labels") | {"code": code, "count": ON_A_PAGE[person.site.paper]}
    return Subject(Paper.Kind.LABEL, person.pk, person, person.site, {}, "Chart labels", "label", facts)
