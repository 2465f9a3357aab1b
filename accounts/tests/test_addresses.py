"""The addresses of a list's rows are those the routes give."""

import pytest
from django.urls import reverse

from accounts.addresses import numbered


@pytest.mark.parametrize("name", ["sessions:booking", "sessions:record", "sessions:arrive", "patients:detail", "plans:consult_start"])
def test_the_same_address_as_the_route_gives(name):
    assert [numbered(name)(number) for number in (1, 10482)] == [reverse(name, args=[number]) for number in (1, 10482)]
