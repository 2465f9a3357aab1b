from django.urls import path

from .views import drift, feed, reminders, waiting

app_name = "followup"
urlpatterns = [
    path("settings/my-calendar/", feed.my_feed, name="my_feed"),
    path("settings/my-calendar/make/", feed.make_feed, name="make_feed"),
    path("settings/my-calendar/take-back/", feed.end_feed, name="end_feed"),
    path("settings/reminders/", reminders.reminder_settings, name="reminder_settings"),
    path("patients/<int:number>/reminders/", reminders.patient_contact, name="contact"),
    path("reminders/texts/", reminders.outbox, name="outbox"),
    path("reminders/texts/<int:pk>/done/", reminders.text_done, name="text_done"),
    path("reminders/stop/", reminders.stop, name="stop"),
    path("waiting/", waiting.waiting_list, name="waiting"),
    path("patients/<int:number>/waiting/", waiting.wait, name="wait"),
    path("waiting/<int:pk>/take-off/", waiting.end_waiting, name="end_waiting"),
    path("waiting/<int:pk>/book/", waiting.book_waiting, name="book_waiting"),
    path("drift/", drift.board, name="drift"),
    path("calendar-feed/visits.ics", feed.feed, name="feed"),
]
