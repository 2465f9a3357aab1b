"""Every address of the clinic. Each app owns the part below its name."""

from django.conf import settings
from django.urls import include, path

urlpatterns = [
    path("", include("clinic.urls")),
    path("accounts/", include("accounts.urls")),
    path("patients/", include("patients.urls")),
    path("protocols/", include("protocols.urls")),
    path("", include("plans.urls")),
    path("", include("consent.urls")),
    path("", include("intake.urls")),
    path("", include("sessions.urls")),
    path("", include("photos.urls")),
    path("", include("outcomes.urls")),
    path("", include("aftercare.urls")),
    path("", include("followup.urls")),
    path("", include("papers.urls")),
    path("", include("events.urls")),
]

if settings.DEBUG:
    from accounts.styleguide import styleguide

    urlpatterns.append(path("styleguide/", styleguide, name="styleguide"))

handler400 = "accounts.views.bad_request"
handler403 = "accounts.views.denied"
handler404 = "accounts.views.not_found"
handler500 = "accounts.views.server_error"
