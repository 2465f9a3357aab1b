from django.urls import path

from . import views

app_name = "plans"
urlpatterns = [
    path("plans/on-retired-protocols/", views.on_retired_protocols, name="on_retired"),
    path("patients/<int:number>/consultations/", views.start, name="consult_start"),
    path("patients/<int:number>/consultations/<int:pk>/", views.consultation, name="consultation"),
    path("patients/<int:number>/consultations/<int:pk>/accept/", views.accept_plan, name="accept"),
    path("patients/<int:number>/consultations/<int:pk>/close/", views.close_consultation, name="close"),
    path("patients/<int:number>/consultations/<int:pk>/bench-case/", views.keep_case, name="keep_case"),
    path("patients/<int:number>/plans/<int:plan_number>/", views.plan, name="plan"),
    path("patients/<int:number>/plans/<int:plan_number>/countersign/", views.countersign, name="countersign"),
    path("patients/<int:number>/plans/<int:plan_number>/take-back/", views.take_back, name="take_back"),
    path("plans/countersign/", views.waiting, name="waiting"),
]
