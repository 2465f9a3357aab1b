from django.urls import path, re_path

from . import views

app_name = "patients"
urlpatterns = [
    path("", views.people, name="list"),
    path("new/", views.register, name="register"),
    path("<int:number>/", views.detail, name="detail"),
    path("<int:number>/edit/", views.edit, name="edit"),
    path("<int:number>/details/", views.details, name="details"),
    path("<int:number>/allergies/", views.add_allergy, name="add_allergy"),
    path("<int:number>/medicines/", views.add_medicine, name="add_medicine"),
    path("<int:number>/medicines/<int:pk>/stop/", views.stop_medicine, name="stop_medicine"),
    path("<int:number>/procedures/", views.add_procedure, name="add_procedure"),
    re_path(r"^(?P<number>[0-9]+)/(?P<what>allergies|medicines)/none/$", views.none_known, name="none_known"),
    re_path(r"^(?P<number>[0-9]+)/(?P<what>allergy|medicine|procedure)/(?P<pk>[0-9]+)/take-back/$", views.take_back, name="take_back"),
]
