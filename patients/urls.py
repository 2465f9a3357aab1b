from django.urls import path, re_path

from . import views

app_name = "patients"
urlpatterns = [
    path("", views.people, name="list"),
    path("new/", views.register, name="register"),
    path("emergency/", views.emergency, name="emergency"),
    path("emergency/opened/", views.openings, name="openings"),
    path("emergency/opened/<int:pk>/", views.review_opening, name="review_opening"),
    path("emergency/erased/<uuid:key>/", views.review_erased_opening, name="review_erased_opening"),
    path("<int:number>/emergency/close/", views.close_emergency, name="close_emergency"),
    path("<int:number>/", views.detail, name="detail"),
    path("<int:number>/edit/", views.edit, name="edit"),
    path("<int:number>/merge/", views.merge, name="merge"),
    path("<int:number>/merge/<int:other>/", views.merge_with, name="merge_with"),
    path("merges/<int:pk>/undo/", views.unmerge, name="unmerge"),
    path("<int:number>/details/", views.details, name="details"),
    path("<int:number>/allergies/", views.add_allergy, name="add_allergy"),
    path("<int:number>/medicines/", views.add_medicine, name="add_medicine"),
    path("medicine-names/", views.medicine_names, name="medicine_names"),
    path("<int:number>/medicines/<int:pk>/what/", views.say_what_it_is, name="say_what_it_is"),
    re_path(r"^(?P<number>[0-9]+)/(?P<what>allergies|medicines)/gone-through/$", views.confirm_list, name="confirm_list"),
    path("<int:number>/medicines/<int:pk>/stop/", views.stop_medicine, name="stop_medicine"),
    path("<int:number>/procedures/", views.add_procedure, name="add_procedure"),
    re_path(r"^(?P<number>[0-9]+)/(?P<what>allergies|medicines)/none/$", views.none_known, name="none_known"),
    re_path(r"^(?P<number>[0-9]+)/(?P<what>allergy|medicine|procedure)/(?P<pk>[0-9]+)/take-back/$", views.take_back, name="take_back"),
]
