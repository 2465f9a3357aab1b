from django.urls import path, register_converter

from .links import SIZES
from .views import comparing, files, page, photo, skipping, taking


class Size:
    regex = "|".join(SIZES)

    def to_python(self, value: str) -> str:
        return value

    to_url = to_python


register_converter(Size, "photo_size")

app_name = "photos"
urlpatterns = [
    path("patients/<int:number>/photos/", page.overview, name="patient"),
    path("patients/<int:number>/photos/take/", taking.take, name="take"),
    path("patients/<int:number>/photos/compare/", comparing.compare, name="compare"),
    path("photos/<int:pk>/", photo.photo, name="photo"),
    path("photos/<int:pk>/take-out/", photo.remove, name="remove"),
    path("photos/<int:pk>/<photo_size:size>.jpg", files.file, name="file"),
    path("sessions/<int:pk>/no-photos/", skipping.skip, name="skip"),
]
