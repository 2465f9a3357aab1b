"""Signing in."""

from django.contrib.auth.forms import AuthenticationForm


class SignInForm(AuthenticationForm):
    """One sentence for an unknown name, a wrong password and a person who has left: it tells nobody which names exist."""

    error_messages = {
        "invalid_login": "User name and password do not match. Check both and sign in again.",
        "inactive": "User name and password do not match. Check both and sign in again.",
    }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["username"].error_messages["required"] = "Enter your user name."
        self.fields["password"].error_messages["required"] = "Enter your password."
