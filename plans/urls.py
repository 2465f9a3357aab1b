from django.urls import path

from . import views

app_name = "plans"
urlpatterns = [
    path("patients/<int:number>/consultations/", views.start, name="consult_start"),
    path("patients/<int:number>/consultations/<int:pk>/", views.consultation, name="consultation"),
    path("patients/<int:number>/consultations/<int:pk>/accept/", views.accept_plan, name="accept"),
    path("patients/<int:number>/consultations/<int:pk>/close/", views.close_consultation, name="close"),
    path("patients/<int:number>/plans/<int:plan_number>/", views.plan, name="plan"),
]
