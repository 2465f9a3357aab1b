from django.urls import path, re_path

from .devices import views as devices
from .lots import views as lots
from .tubes import views as tubes
from .views import booking, calendar, calendar_to_place, check_in, course, diary_settings, record, visit, visit_day, visit_move, walk_in

app_name = "sessions"
urlpatterns = [
    path("calendar/", calendar.day, name="day"),
    re_path(r"^calendar/(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})/$", calendar.day, name="day_on"),
    path("calendar/new/", booking.new, name="book"),
    path("calendar/walk-in/", walk_in.walk_in, name="walk_in"),
    path("calendar/to-place/", calendar_to_place.to_place_list, name="to_place"),
    path("calendar/free/", booking.free_times, name="free_times"),
    path("bookings/<int:pk>/", visit.detail, name="booking"),
    path("bookings/<int:pk>/move/", visit_move.move, name="move"),
    path("bookings/<int:pk>/cancel/", visit.cancel, name="cancel"),
    path("bookings/<int:pk>/ask/", check_in.ask, name="ask"),
    path("bookings/<int:pk>/arrive/", visit.arrive, name="arrive"),
    re_path(
        r"^bookings/(?P<pk>[0-9]+)/(?P<name>not-arrived|numbing-on|numbing-off|in-room|not-in-room|done|not-done|missed|bring-back)/$",
        visit.step,
        name="step",
    ),
    path("bookings/<int:pk>/late/", visit_day.late, name="late"),
    path("bookings/<int:pk>/begin-late/", visit_day.begin, name="begin_late"),
    path("bookings/<int:pk>/again/", visit_day.again, name="again"),
    path("patients/<int:number>/plans/<int:plan_number>/book/", course.book_plan, name="book_course"),
    path("bookings/<int:pk>/start/", record.start, name="record_start"),
    path("sessions/<int:pk>/", record.record, name="record"),
    path("sessions/<int:pk>/sign/", record.sign, name="sign"),
    path("sessions/<int:pk>/correct/", record.correct, name="correct"),
    path("sessions/<int:pk>/answers/", record.answers, name="record_answers"),
    path("sessions/<int:pk>/decide/", record.decide, name="record_decide"),
    path("sessions/<int:pk>/treats/", record.treats, name="record_treats"),
    path("sessions/<int:pk>/tube/", tubes.check, name="record_tube"),
    path("sessions/<int:pk>/close/", record.close, name="record_close"),
    path("settings/lots/", lots.lots, name="lots"),
    path("settings/lots/new-product/", lots.add_product, name="add_product"),
    path("settings/lots/receive/", lots.receive, name="receive"),
    path("settings/lots/products/<int:product>/", lots.product, name="product"),
    path("settings/lots/<int:lot>/", lots.lot, name="lot"),
    path("settings/devices/", devices.devices, name="devices"),
    path("settings/devices/<int:device>/", devices.device, name="device"),
    path("settings/devices/<int:device>/label/", devices.label, name="device_label"),
    path("settings/devices/<int:device>/log/", devices.log, name="device_log"),
    path("settings/diary/", diary_settings.overview, name="diary_settings"),
    path("settings/diary/add/", diary_settings.add, name="add_resource"),
    path("settings/diary/closed/", diary_settings.holidays, name="holidays"),
    path("settings/diary/lengths/", diary_settings.lengths, name="visit_lengths"),
    path("settings/diary/<int:pk>/", diary_settings.resource, name="resource"),
    path("settings/diary/<int:pk>/hours/", diary_settings.hours, name="resource_hours"),
    path("settings/diary/<int:pk>/away/", diary_settings.absences, name="resource_absences"),
]
