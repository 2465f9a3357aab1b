"""Signing in, second steps and passwords. Messages say what to do."""

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.password_validation import validate_password

from ..signing_in.passwords import LEAST, MOST
from .competence import _Plain

WRONG_CODE = "That code does not fit. Enter the newest code of your app, or one recovery code you have not used yet."
NO_PASSKEY = "The passkey was not accepted. Try it again, or sign in with your user name and password."
WRONG_PASSKEY = "The passkey was not accepted. Try it again, or use a code."


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
        self.fields["password"].max_length = MOST


class CodeForm(_Plain):
    code = forms.CharField(
        label="Code",
        max_length=40,
        error_messages={"required": "Enter the code.", "max_length": WRONG_CODE},
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autocapitalize": "none", "spellcheck": "false", "maxlength": "40"}),
    )


class _PasskeyAnswer(forms.JSONField):
    """JSON of a size and depth that a browser's answer can have; deeper than the reader goes is as wrong as no JSON."""

    MOST = 20_000

    def to_python(self, value):
        if isinstance(value, str) and len(value) > self.MOST:
            raise forms.ValidationError(WRONG_PASSKEY)
        try:
            return super().to_python(value)
        except RecursionError:
            raise forms.ValidationError(WRONG_PASSKEY) from None

    def bound_data(self, data, initial):
        return data


class PasskeyForm(_Plain):
    """What the browser's own passkey window answered, as JSON; `name` only where one is added."""

    credential = _PasskeyAnswer(widget=forms.HiddenInput, error_messages={"required": WRONG_PASSKEY, "invalid": WRONG_PASSKEY})
    name = forms.CharField(label="Name of this passkey", max_length=60, required=False)


def _password(label: str, autocomplete: str, missing: str, help_text: str = "") -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": autocomplete, "maxlength": str(MOST)})
    messages = {"required": missing, "max_length": f"{label} must be {MOST} characters or fewer."}
    return forms.CharField(label=label, strip=False, max_length=MOST, widget=widget, error_messages=messages, help_text=help_text)


class PasswordForm(_Plain):
    """Who is at this session? Checked in the view: every try is throttled."""

    password = _password("Password", "current-password", "Enter your password.")


class NewPasswordForm(_Plain):
    new_password = _password(
        "New password",
        "new-password",
        "Enter a new password.",
        f"{LEAST} characters or more. A few words with spaces between them are fine.",
    )
    again = _password("New password again", "new-password", "Enter the new password again.")

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_new_password(self):
        password = self.cleaned_data["new_password"]
        validate_password(password, self.user)
        if self.user.check_password(password):
            raise forms.ValidationError("Choose a password other than the one you have.")
        return password

    def clean(self):
        typed = super().clean()
        if "new_password" in typed and "again" in typed and typed["new_password"] != typed["again"]:
            self.add_error("again", "Both passwords must be the same. Enter it again.")
        return typed


class ResetForm(_Plain):
    reason = forms.CharField(
        label="How you made sure who it is",
        max_length=200,
        help_text="For example: in person at the desk",
        error_messages={
            "required": "Enter how you made sure who it is.",
            "max_length": "How you made sure must be 200 letters or fewer.",
        },
        widget=forms.TextInput(attrs={"autocomplete": "off", "maxlength": "200"}),
    )
