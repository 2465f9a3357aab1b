from django.urls import path

from . import views

app_name = "clinic"
urlpatterns = [
    path("", views.home, name="home"),
    path("today/", views.today, name="today"),
    path("find/", views.find, name="find"),
    path("health/", views.health, name="health"),
]
