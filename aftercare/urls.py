from django.urls import path

from . import giving, views

app_name = "aftercare"
urlpatterns = [
    path("print/", views.queue, name="queue"),
    path("print/today/", views.make_today, name="make_today"),
    path("sessions/<int:pk>/sheet/", views.ask, name="request"),
    path("sheets/<int:pk>/", views.sheet, name="sheet"),
    path("sheets/<int:pk>/sheet.pdf", views.pdf, name="pdf"),
    path("sheets/<int:pk>/hand-over/", giving.hand_over, name="hand_over"),
    path("sheets/<int:pk>/end-link/", giving.end_link, name="end_link"),
    path("sheet/", giving.read, name="read"),
]
