"""Taking photos, one view after the other, with the last picture of that view laid over what the camera sees; or from a file."""

import secrets

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from accounts.permissions import requires
from audit.models import Outcome
from audit.services import note_read, record
from patients.access import patient_or_404
from plans.models import TreatmentPlan
from protocols.services import current_version
from sessions.models import TreatmentSession

from .. import decoding, links, permission, services
from ..forms import PhotoForm
from ..models import Photo
from ..standard_views import Area, View
from .shown import rows_of

MOST_SESSIONS = 12
CARRIED_ON = ("light", "distance_cm", "make_up")


class _Page:
    """What the page is about, as its address says: the session, the area, the view."""

    def __init__(self, request, patient):
        self.request, self.patient = request, patient
        self.sessions = _sessions(request.user, patient)
        asked = request.GET.get("session", "")
        self.session = self.sessions.get(asked) if asked else self._of_today()
        self.areas = self._areas()
        codes = {area.code: area for area in self.areas}
        self.area: Area = codes.get(request.GET.get("area", "")) or self.areas[0]
        self.taken = list(self._sitting())
        views = {view.value: view for view in self.area.all_views}
        missing = services.missing_views(self.area, self.taken)
        self.view = views.get(request.GET.get("view", "")) or (missing[0] if missing else self.area.views[0])

    def _of_today(self) -> TreatmentSession | None:
        """Whoever comes by the tab on the day of a session means that session."""
        today = timezone.localdate()
        return next((session for session in self.sessions.values() if session.day == today), None)

    def _areas(self) -> list[Area]:
        if self.session and (found := services.areas_of_session(self.session)):
            return found
        version = current_version()
        found = services.areas_in(version) if version else []
        planned = TreatmentPlan.objects.filter(patient=self.patient, status=TreatmentPlan.Status.ACCEPTED).values_list(
            "zones__zone", flat=True
        )
        first = set(planned)
        return sorted(found, key=lambda area: not (area.code in first or first & {zone for zone, _ in area.zones})) or [
            Area("face", "Face")
        ]

    def _sitting(self):
        """What was taken of this patient for this occasion: of the session, or here today."""
        rows = Photo.objects.standing().filter(patient=self.patient).order_by("added_at", "pk")
        if self.session:
            return rows.filter(session=self.session)
        return rows.filter(session=None, added_at__gte=timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0))

    def initial(self) -> dict:
        """Light, distance and make-up go on within one sitting; the first picture of it has nothing preset."""
        said = {"request_key": secrets.token_urlsafe(16), "area": self.area.code, "view": self.view.value}
        near = self.view == View.CLOSE_UP
        mine = [photo for photo in self.taken if photo.added_by_id == self.request.user.pk and photo.area == self.area.code]
        mine = [photo for photo in mine if (photo.view == View.CLOSE_UP) == near]
        if mine:
            said |= {name: getattr(mine[-1], name) for name in CARRIED_ON} | {"make_up": "yes" if mine[-1].make_up else "no"}
        if self.session:
            said["occasion"] = str(self.session.pk)
        elif self.taken:
            said["occasion"] = self.taken[-1].occasion
        return said

    def last(self) -> Photo | None:
        """The newest picture of this view, to take the next one alike; of a close-up of another zone none."""
        rows = rows_of(self.request.user, self.patient).filter(area=self.area.code, view=self.view.value)
        return rows.first()

    @property
    def done(self) -> str:
        """Where the set is whole: back to the record, or to the photos."""
        return reverse("sessions:record", args=[self.session.pk]) if self.session else reverse("photos:patient", args=[self.patient.number])

    def address(self, area: Area, view: View | None = None) -> str:
        query = {"area": area.code} | ({"view": view.value} if view else {}) | ({"session": self.session.pk} if self.session else {})
        return f"{reverse('photos:take', args=[self.patient.number])}?{urlencode(query)}"


def _sessions(user, patient) -> dict[str, TreatmentSession]:
    """{number as text: session} that a photo may belong to, newest first."""
    rows = TreatmentSession.objects.visible_to(user).filter(patient=patient).exclude(status=TreatmentSession.Status.CLOSED)
    rows = rows.select_related("booking__site", "patient", "plan__protocol_version").prefetch_related("zones").order_by("-started_at")
    return {str(row.pk): row for row in rows[:MOST_SESSIONS]}


@require_http_methods(["GET", "HEAD", "POST"])
@requires("photos.take")
def take(request, number: int):
    patient = patient_or_404(request, number)
    page = _Page(request, patient)
    if not permission.in_record(patient):
        return _not_allowed(request, page)
    if request.method == "POST":
        return _keep(request, page)
    note_read("photos.prepared", request=request, patient=patient)
    return _shown(request, page, _form(page))


def _not_allowed(request, page: _Page):
    if request.method == "POST":
        record("photo.added", request=request, patient=page.patient, outcome=Outcome.REFUSED, detail={"why": "permission"})
        if request.htmx:
            return HttpResponseClientRedirect(request.get_full_path())  # which says why
    else:
        note_read("photos.prepared", request=request, patient=page.patient)
    context = {"patient": page.patient, "session": page.session}
    return render(request, "photos/not_allowed.html", context, status=409 if request.method == "POST" else 200)


def _form(page: _Page, *data) -> PhotoForm:
    return PhotoForm(*data, areas=page.areas, sessions=page.sessions, patient=page.patient, initial=page.initial())


def _keep(request, page: _Page):
    form = _form(page, request.POST, request.FILES)
    if not form.is_valid():
        return _refused(request, page, form, {"fields": sorted(form.errors)})
    said = form.cleaned_data
    session = page.sessions.get(said["occasion"])
    taken = services.Taken(
        occasion=Photo.Occasion.SESSION if session else said["occasion"],
        session=session,
        area=form.areas[said["area"]],
        view=said["view"],
        zone=form.chosen_zone(),
        taken_at=form.taken_at(timezone.now()),
        way=Photo.Way.CAMERA if form.is_taken_here else Photo.Way.FILE,
        light=said["light"],
        distance_cm=said["distance_cm"],
        make_up=said["make_up"] == "yes",
    )
    try:
        photo = services.keep(page.patient, said["picture"], taken, by=request.user, request_key=said["request_key"])
    except decoding.NotAPhoto as refusal:
        form.add_error("picture", str(refusal))
        return _refused(request, page, form, {"why": refusal.code})
    except services.NoDay:
        form.add_error("taken_on", gettext("The file does not say when it was taken. Enter the day."))
        return _refused(request, page, form, {"fields": ["taken_on"]})
    except services.WrongDay as refusal:
        form.add_error("taken_on", str(refusal))
        return _refused(request, page, form, {"fields": ["taken_on"]})
    except services.KeptAlready as refusal:
        form.add_error("picture", str(refusal))
        return _refused(request, page, form, {"why": "same"})
    except permission.NotAllowed:
        return _not_allowed(request, page)
    except OSError:
        form.add_error("picture", gettext("The photo could not be stored. Check that the disk has room, and send it again."))
        return _refused(request, page, form, {"why": "storage"}, status=422 if request.htmx else 503)
    messages.success(request, gettext("Kept: %(photo)s.") % {"photo": photo})
    left = services.missing_views(form.areas[photo.area], [*page.taken, photo])
    return _go(request, page.address(form.areas[photo.area]) if left else page.done)


def _go(request, address: str):
    """On to *address*; where htmx sent the form, so that the picture stays on the screen after a refusal, it goes there itself."""
    return HttpResponseClientRedirect(address) if request.htmx else redirect(address)


def _refused(request, page: _Page, form: PhotoForm, detail: dict, *, status: int = 422):
    record("photo.added", request=request, patient=page.patient, outcome=Outcome.REFUSED, detail=detail)
    return _shown(request, page, form, status=status)


def _shown(request, page: _Page, form: PhotoForm, *, status: int = 200):
    last = page.last()
    have = {(photo.area, photo.view) for photo in page.taken}
    context = {
        "patient": page.patient,
        "session": page.session,
        "form": form,
        "area": page.area,
        "view": page.view,
        "areas": [(area, page.address(area), area.code == page.area.code) for area in page.areas],
        "views": [
            (view, page.address(page.area, view), (page.area.code, view.value) in have, view == page.view) for view in page.area.all_views
        ],
        "count": len({view for area, view in have if area == page.area.code and view in page.area.views}),
        "done": page.done,
        "last": last,
        "ghost": links.address(last, "screen", request.user) if last else "",
        "is_close_up": page.view == View.CLOSE_UP and page.area.closes_up_on_a_zone,
        "zones": page.area.zones,
        "reads_heic": decoding.reads_heic(),
        "most_megabytes": decoding.MOST_BYTES // 1_000_000,
        "errors_on_page": status != 200,
    }
    response = render(request, "photos/take.html", context, status=status)
    response.uses_camera = True
    return response
