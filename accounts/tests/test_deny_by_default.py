"""A page that names no permission is nobody's; one that does is its roles' alone."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.test import Client
from django.urls import path, reverse

from accounts.middleware import DenyByDefaultMiddleware
from accounts.models import User
from accounts.permissions import PERMISSIONS, Role, may, public, requires, who
from audit.models import AuditEvent
from microneedle_clinic.urls import urlpatterns as real

pytestmark = pytest.mark.django_db


def _page(request):
    return HttpResponse("inside")


def _copy():
    return lambda request: HttpResponse("inside")


urlpatterns = [
    *real,
    path("unmarked/", _page),
    path("open/", public(_copy())),
    path("signing/", requires("records.sign")(_copy())),
]
handler403 = "accounts.views.denied"
elsewhere = pytest.mark.urls(__name__)


@elsewhere
@pytest.mark.parametrize("is_superuser", [False, True])
def test_a_view_without_a_mark_is_refused_to_everybody(client, make_user, is_superuser):
    client.force_login(make_user("root", Role.MEDICAL_LEAD, is_superuser=is_superuser, is_staff=is_superuser))
    response = client.get("/unmarked/")
    assert response.status_code == 403
    assert "names no permission" in response.content.decode()


@elsewhere
def test_a_view_without_a_mark_is_refused_without_signing_in_too(client, db):
    assert client.get("/unmarked/").status_code == 403


@elsewhere
def test_without_the_middleware_the_unmarked_view_answers(client, db, settings):
    """The control: it is the middleware that refuses."""
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "DenyByDefault" not in name]
    assert client.get("/unmarked/").content == b"inside"


@elsewhere
def test_a_public_page_is_open(client, db):
    assert client.get("/open/").content == b"inside"


@elsewhere
@pytest.mark.parametrize("role", list(Role))
def test_a_marked_page_is_its_roles_alone(client, make_user, role):
    client.force_login(make_user("one", role))
    assert client.get("/signing/").status_code == (200 if role in PERMISSIONS["records.sign"] else 403)


@elsewhere
def test_the_denied_page_says_who_can_and_whom_to_ask_and_the_log_keeps_it(client, desk, clinician, medical_lead):
    client.force_login(desk)
    page = client.get("/signing/").content.decode()
    assert "Only clinicians and medical leads can do this." in page
    assert "Ask Dr Amara Osei or Dr Iris Vance." in page
    row = AuditEvent.objects.get(action="access.refused")
    assert (row.actor, row.outcome, row.detail, row.path) == (desk, "refused", {"permission": "records.sign"}, "/signing/")


@elsewhere
def test_nobody_at_another_site_is_named(client, desk, clinician):
    clinician.sites.clear()
    client.force_login(desk)
    assert "Osei" not in client.get("/signing/").content.decode()


@elsewhere
def test_without_signing_in_a_page_leads_to_sign_in_and_back(client, db):
    response = client.get("/signing/?a=1&b=2")
    assert response["Location"] == f"{reverse('accounts:sign_in')}?next=/signing/%3Fa%3D1%26b%3D2"


@elsewhere
def test_a_live_part_gets_401_and_leads_back_to_the_page_it_is_on(client, db):
    response = client.get("/signing/", headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/patients/?page=2&a=b"})
    assert response.status_code == 401
    assert response["HX-Redirect"] == f"{reverse('accounts:sign_in')}?next=%2Fpatients%2F%3Fpage%3D2%26a%3Db"


@elsewhere
def test_a_live_save_gets_401_and_no_redirect_that_would_drop_what_is_typed(client, db):
    response = client.post("/signing/", headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/patients/"})
    assert response.status_code == 401
    assert response["X-Sign-In"] == reverse("accounts:sign_in")
    assert "HX-Redirect" not in response


def test_a_live_save_of_a_page_older_than_the_sign_in_gets_the_secret_that_fits(clinician):
    client = Client(enforce_csrf_checks=True)
    client.get(reverse("accounts:sign_in"))
    outdated = client.cookies["csrftoken"].value
    client.force_login(clinician)
    client.cookies["csrftoken"] = "b" * 32  # signing in renews the secret
    address = reverse("plans:consult_start", args=[4711])
    live = {"HX-Request": "true"}
    refused = client.post(address, headers={**live, "X-CSRFToken": outdated})
    assert refused.status_code == 403
    assert (
        client.post(address, headers={**live, "X-CSRFToken": refused["X-Fresh-Token"]}).status_code == 404
    )  # past the check: nobody has 4711
    assert "X-Fresh-Token" not in client.post(address, headers={"X-CSRFToken": outdated})
    client.logout()
    client.cookies["csrftoken"] = "c" * 32
    assert "X-Fresh-Token" not in client.post(address, headers={**live, "X-CSRFToken": outdated})


@elsewhere
def test_a_live_part_on_a_strange_page_leads_home(client, db):
    response = client.get("/signing/", headers={"HX-Request": "true", "HX-Current-URL": "https://evil.example/x"})
    assert response["HX-Redirect"] == f"{reverse('accounts:sign_in')}?next=%2F"


def test_a_class_based_view_is_judged_by_its_class(rf):
    class Page:
        required_permission = "records.sign"

    def view(request): ...

    view.view_class = Page
    request = rf.get("/")
    request.user, request.htmx = AnonymousUser(), False
    assert DenyByDefaultMiddleware(None).process_view(request, view, (), {}).status_code == 302


def test_a_permission_that_is_not_in_the_table_cannot_be_named():
    with pytest.raises(KeyError):
        requires("plans.dream")
    with pytest.raises(KeyError):
        may(User(role=Role.MANAGER), "plans.dream")


def test_nobody_without_a_role_may_anything():
    assert not any(may(User(username="x", role="", is_superuser=True), permission) for permission in PERMISSIONS)
    assert not any(may(User(username="x", role=Role.MEDICAL_LEAD, is_active=False), permission) for permission in PERMISSIONS)


def test_every_permission_has_somebody_and_words():
    for permission, roles in PERMISSIONS.items():
        assert roles
        assert who(permission)


def test_the_desk_never_reads_clinical_notes():
    for permission in ("patients.clinical", "plans.view", "records.view", "records.sign"):
        assert Role.FRONT_DESK not in PERMISSIONS[permission]
        assert Role.MANAGER not in PERMISSIONS[permission]


@elsewhere
def test_an_exception_inside_a_view_keeps_its_sentence(client, clinician):
    def view(request):
        raise PermissionDenied("Only prescribers can sign this.")

    urlpatterns.append(path("sentence/", requires("plans.view")(view)))
    try:
        from django.urls import clear_url_caches

        clear_url_caches()
        client.force_login(clinician)
        assert "Only prescribers can sign this." in client.get("/sentence/").content.decode()
    finally:
        urlpatterns.pop()
