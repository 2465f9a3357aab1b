from django.urls import path, re_path

from .views import booking, calendar, course

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
]
