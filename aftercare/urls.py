from django.urls import path

from . import giving, views, words_views

app_name = "aftercare"
urlpatterns = [
    path("print/", views.queue, name="queue"),
    path("print/today/", views.make_today, name="make_today"),
    path("sessions/<int:pk>/sheet/", views.ask, name="request"),
    path("sheets/<int:pk>/", views.sheet, name="sheet"),
    path("sheets/<int:pk>/sheet.pdf", views.pdf, name="pdf"),
    path("settings/sheet-words/", words_views.overview, name="words"),
    path("settings/sheet-words/<str:language>/", words_views.words_in, name="words_in"),
    path("settings/sheet-words/<str:language>/change/", words_views.change, name="change_words"),
    path("settings/sheet-words/<str:language>/hours/", words_views.change_hours, name="change_hours"),
    path("settings/sheet-words/<str:language>/approve/", words_views.approve, name="approve_words"),
    path("settings/sheet-words/<str:language>/<int:version>/retire/", words_views.retire, name="retire_words"),
    path("settings/sheet-words/<str:language>/<int:version>/throw-away/", words_views.throw_away, name="throw_away_words"),
    path("sheets/<int:pk>/hand-over/", giving.hand_over, name="hand_over"),
    path("sheets/<int:pk>/end-link/", giving.end_link, name="end_link"),
    path("sheet/", giving.read, name="read"),
]
