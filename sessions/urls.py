from django.urls import path, re_path

from .views import booking, calendar, course, record

app_name = "sessions"
urlpatterns = [
    path("calendar/", calendar.day, name="day"),
    re_path(r"^calendar/(?P<date>\d{4}-\d{2}-\d{2})/$", calendar.day, name="day_on"),
    path("calendar/new/", booking.new, name="book"),
    path("calendar/free/", booking.free_times, name="free_times"),
    path("bookings/<int:pk>/", booking.detail, name="booking"),
    path("bookings/<int:pk>/move/", booking.move, name="move"),
    path("bookings/<int:pk>/cancel/", booking.cancel, name="cancel"),
    path("bookings/<int:pk>/arrive/", booking.arrive, name="arrive"),
    re_path(r"^bookings/(?P<pk>\d+)/(?P<name>not-arrived|in-room|done|missed|bring-back)/$", booking.step, name="step"),
    path("patients/<int:number>/plans/<int:plan_number>/book/", course.book_plan, name="book_course"),
    path("bookings/<int:pk>/start/", record.start, name="record_start"),
    path("sessions/<int:pk>/", record.record, name="record"),
    path("sessions/<int:pk>/sign/", record.sign, name="sign"),
    path("sessions/<int:pk>/correct/", record.correct, name="correct"),
    path("sessions/<int:pk>/answers/", record.answers, name="record_answers"),
    path("sessions/<int:pk>/treats/", record.treats, name="record_treats"),
    path("sessions/<int:pk>/close/", record.close, name="record_close"),
]
