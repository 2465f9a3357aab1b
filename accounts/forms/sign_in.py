"""Signing in, second steps and passwords. Messages say what to do."""

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.password_validation import validate_password
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ..signing_in.passwords import LEAST, MOST
from .competence import _Plain

WRONG_CODE = _("That code does not fit. Enter the newest code of your app, or one recovery code you have not used yet.")
NO_PASSKEY = _("The passkey was not accepted. Try it again, or sign in with your user name and password.")
WRONG_PASSKEY = _("The passkey was not accepted. Try it again, or use a code.")


class SignInForm(AuthenticationForm):
    """One sentence for an unknown name, a wrong password and a person who has left: it tells nobody which names exist."""

    error_messages = {
        "invalid_login": _("User name and password do not match. Check both and sign in again."),
        "inactive": _("User name and password do not match. Check both and sign in again."),
    }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["username"].error_messages["required"] = _("Enter your user name.")
        self.fields["password"].error_messages["required"] = _("Enter your password.")
        self.fields["password"].max_length = MOST


class CodeForm(_Plain):
    code = forms.CharField(
        label=_("Code"),
        max_length=40,
        error_messages={"required": _("Enter the code."), "max_length": WRONG_CODE},
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
    name = forms.CharField(label=_("Name of this passkey"), max_length=60, required=False)


def _password(label: str, autocomplete: str, missing: str, help_text: str = "") -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": autocomplete, "maxlength": str(MOST)})
    messages = {"required": missing, "max_length": format_lazy(_("{label} must be {most} characters or fewer."), label=label, most=MOST)}
    return forms.CharField(label=label, strip=False, max_length=MOST, widget=widget, error_messages=messages, help_text=help_text)


class PasswordForm(_Plain):
    """Who is at this session? Checked in the view: every try is throttled."""

    password = _password(_("Password"), "current-password", _("Enter your password."))


class NewPasswordForm(_Plain):
    new_password = _password(
        _("New password"),
        "new-password",
        _("Enter a new password."),
        format_lazy(_("{least} characters or more. A few words with spaces between them are fine."), least=LEAST),
    )
    again = _password(_("New password again"), "new-password", _("Enter the new password again."))

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_new_password(self):
        password = self.cleaned_data["new_password"]
        validate_password(password, self.user)
        if self.user.check_password(password):
            raise forms.ValidationError(gettext("Choose a password other than the one you have."))
        return password

    def clean(self):
        typed = super().clean()
        if "new_password" in typed and "again" in typed and typed["new_password"] != typed["again"]:
            self.add_error("again", gettext("Both passwords must be the same. Enter it again."))
        return typed


class ResetForm(_Plain):
    reason = forms.CharField(
        label=_("How you made sure who it is"),
        max_length=200,
        help_text=_("For example: in person at the desk"),
        error_messages={
            "required": _("Enter how you made sure who it is."),
            "max_length": _("How you made sure must be 200 letters or fewer."),
        },
        widget=forms.TextInput(attrs={"autocomplete": "off", "maxlength": "200"}),
    )
