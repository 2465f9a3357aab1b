"""The addresses of a list's rows are those the routes give."""

import pytest
from django.urls import reverse

from accounts.addresses import inside, numbered


@pytest.mark.parametrize("name", ["sessions:booking", "sessions:record", "sessions:arrive", "patients:detail", "plans:consult_start"])
def test_the_same_address_as_the_route_gives(name):
    assert [numbered(name)(number) for number in (1, 10482)] == [reverse(name, args=[number]) for number in (1, 10482)]


@pytest.mark.parametrize(
    ("brought", "gone_to"),
    [
        ("/today/?who=everyone", "/today/?who=everyone"),
        ("0001-01-01", "otherwise"),
        ("24:00", "otherwise"),
        ("%", "otherwise"),
        ("//evil.example/", "otherwise"),
        ("/\\evil.example/", "otherwise"),
        ("http://evil.example/", "otherwise"),
        ("http://[", "otherwise"),
        ("javascript:alert(1)", "otherwise"),
        ("", "otherwise"),
    ],
)
def test_a_form_leads_on_to_a_page_of_ours_alone(rf, brought, gone_to):
    assert inside(rf.get("/"), brought, "otherwise") == gone_to
