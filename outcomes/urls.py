from django.urls import path

from .views import correcting, patient, recording

app_name = "outcomes"
urlpatterns = [
    path("patients/<int:number>/outcomes/", patient.overview, name="patient"),
    path("patients/<int:number>/outcomes/record/", recording.record, name="record"),
    path("outcomes/<int:pk>/correct/", correcting.correct, name="correct"),
]
