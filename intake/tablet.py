"""The form on the tablet: what this browser was handed over for."""

from accounts.desk import confined

from .models import QuestionnaireResponse

PLACE = "intake"


def place(response: QuestionnaireResponse) -> str:
    return f"{PLACE}:{response.pk}"


def is_handed(request) -> bool:
    """Whether this browser is with a patient at all."""
    return confined.place_of(request).startswith(f"{PLACE}:")


def held(request) -> QuestionnaireResponse | None:
    """
    The form this browser was handed over for; None where it holds none any more: it goes on at another tablet, was put away, or the
    patient was erased.
    """
    if not is_handed(request):
        return None
    pk = int(confined.place_of(request).partition(":")[2])
    rows = QuestionnaireResponse.objects.visible_to(request.user).select_related("patient", "site", "protocol_version")
    found = rows.defer("protocol_version__document").filter(pk=pk, browser=request.session.row.pk).first()
    return found if found is not None and found.status in (found.Status.OPEN, found.Status.SENT, found.Status.REVIEWED) else None
