from django.urls import path

from . import views
from .day import views as day
from .log import views as log
from .recall import views as recall
from .rights import photo_views
from .rights import views as rights

app_name = "clinic"
urlpatterns = [
    path("", views.home, name="home"),
    path("today/", views.today, name="today"),
    path("today/end/", day.end_of_day, name="end_of_day"),
    path("today/paper/", day.pack, name="pack"),
    path("today/paper/print/", day.print_pack, name="print_pack"),
    path("today/consent/", views.consent_ahead, name="consent_ahead"),
    path("find/", views.find, name="find"),
    path("about/intended-purpose/", views.intended_purpose, name="intended_purpose"),
    path("settings/", views.settings, name="settings"),
    path("settings/log/", log.log, name="log"),
    path("settings/log/rows.csv", log.log_file, name="log_file"),
    path("patients/<int:number>/log/", log.patient_log, name="patient_log"),
    path("patients/<int:number>/export/", rights.export, name="export"),
    path("patients/<int:number>/photos/as-a-file/", photo_views.photos_out_page, name="photos_out"),
    path("settings/retention/", rights.due, name="retention"),
    path("settings/retention/rules/<slug:country>/", rights.set_rule, name="retention_rule"),
    path("settings/retention/patients/<int:number>/", rights.erasure, name="erasure"),
    path("settings/recalls/", recall.recalls, name="recalls"),
    path("settings/recalls/new/", recall.new, name="recall_new"),
    path("settings/recalls/<int:recall>/", recall.recall_page, name="recall"),
    path("settings/recalls/<int:recall>/people.csv", recall.people_file, name="recall_file"),
    path("settings/recalls/<int:recall>/letters/", recall.letters, name="recall_letters"),
    path("settings/recalls/<int:recall>/lift/", recall.lift, name="recall_lift"),
    path("settings/recalls/<int:recall>/people/<int:number>/", recall.person, name="recall_person"),
    path("settings/health/", views.standing, name="standing"),
    path("health/", views.health, name="health"),
]
