from django.urls import path

from .views import patient, photos, signing, texts

app_name = "consent"
urlpatterns = [
    path("settings/consent/", texts.overview, name="texts"),
    path("settings/consent/new/", texts.new, name="new_text"),
    path("settings/consent/<int:pk>/", texts.text, name="text"),
    path("settings/consent/<int:pk>/approve/", texts.approve, name="approve_text"),
    path("settings/consent/<int:pk>/retire/", texts.retire, name="retire_text"),
    path("settings/consent/<int:pk>/throw-away/", texts.throw_away, name="throw_away_text"),
    path("patients/<int:number>/consent/", patient.overview, name="patient"),
    path("patients/<int:number>/consent/sign/", signing.sign, name="sign"),
    path("patients/<int:number>/consent/withdraw/", patient.withdraw, name="withdraw"),
    path("patients/<int:number>/consent/photos/", photos.photos, name="photos"),
    path("consents/<int:pk>/", patient.document, name="document"),
    path("consents/<int:pk>/consent.pdf", patient.pdf, name="pdf"),
]
