"""A name for a person that says nothing: pages compare it to notice that somebody else is signed in now."""

from django.utils.crypto import salted_hmac


def who_is(user) -> str:
    return salted_hmac("accounts.desk.who", str(user.pk), algorithm="sha256").hexdigest()[:24]
