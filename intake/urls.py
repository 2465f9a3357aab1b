from django.urls import path

from .views import patient, reviewing, tablet

app_name = "intake"
urlpatterns = [
    path("patients/<int:number>/intake/", patient.overview, name="patient"),
    path("patients/<int:number>/intake/hand-over/", patient.hand_over, name="hand_over"),
    path("patients/<int:number>/intake/questions.pdf", patient.paper, name="paper"),
    path("intake/<int:pk>/", reviewing.review, name="review"),
    path("intake/<int:pk>/decide/", reviewing.decide, name="decide"),
    path("intake/<int:pk>/put-away/", patient.put_away, name="put_away"),
    path("tablet/", tablet.begin, name="tablet"),
    path("tablet/<int:step>/", tablet.question, name="question"),
    path("tablet/check/", tablet.check, name="check"),
    path("tablet/medicines/", tablet.medicine_names, name="medicine_names"),
    path("tablet/staff/", tablet.staff, name="staff"),
]
