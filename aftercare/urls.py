from django.urls import path

from . import views

app_name = "aftercare"
urlpatterns = [
    path("print/", views.queue, name="queue"),
    path("sessions/<int:pk>/sheet/", views.ask, name="request"),
    path("sheets/<int:pk>/", views.sheet, name="sheet"),
    path("sheets/<int:pk>/sheet.pdf", views.pdf, name="pdf"),
]
