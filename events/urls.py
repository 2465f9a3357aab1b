from django.urls import path

from .views import calls, files

app_name = "events"
urlpatterns = [
    path("calls/", calls.due, name="calls"),
    path("calls/<int:pk>/", calls.made, name="made"),
    path("calls/<int:pk>/acknowledge/", calls.acknowledge, name="acknowledge"),
    path("patients/<int:number>/call/", calls.call, name="call"),
    path("events/", files.listed, name="events"),
    path("patients/<int:number>/events/new/", files.new, name="new"),
    path("events/<int:pk>/", files.event, name="event"),
    path("events/<int:pk>/add/", files.add, name="add"),
    path("events/<int:pk>/report.pdf", files.pdf, name="pdf"),
    path("events/<int:pk>/report.json", files.as_json, name="json"),
]
