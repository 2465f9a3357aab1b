from django.urls import path

from . import views

app_name = "protocols"
urlpatterns = [
    path("", views.version_list, name="list"),
    path("<str:version>/", views.version_page, name="version"),
    path("<str:version>/<slug:indication>/", views.indication_page, name="indication"),
]
