"""What a manager types about who works here. Messages say what to do."""

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.validators import ASCIIUsernameValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from ..handover import Handover
from ..models import User
from ..permissions import Role
from .competence import _Plain, _text

NOBODY, ANYBODY = "nobody", "anybody"


class _AccessFields(_Plain):
    title = _text(pgettext_lazy("person", "Title"), most=20, help_text=_("Dr, Nurse ... or empty"))
    first_name = _text(_("Given name"), most=150, missing=_("Enter the given name"))
    last_name = _text(_("Surname"), most=150, missing=_("Enter the surname"))
    role = forms.ChoiceField(
        label=pgettext_lazy("staff", "Role"),
        choices=[("", _("Choose a role")), *Role.choices],
        error_messages={"required": _("Choose the role"), "invalid_choice": _("Choose the role from the list")},
    )
    sites = forms.ModelMultipleChoiceField(
        queryset=None,
        label=_("Sites"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": _("Choose one or more of your own sites"),
            "invalid_choice": _("Choose one or more of your own sites"),
            "invalid_pk_value": _("Choose one or more of your own sites"),
        },
    )

    def __init__(self, *args, sites, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["sites"].queryset = sites

    @property
    def site_ticks(self) -> list[tuple[str, str, bool]]:
        ticked = {str(value) for value in self["sites"].value() or []}
        return [(str(site.pk), site.name, str(site.pk) in ticked) for site in self.fields["sites"].queryset]


class InviteForm(_AccessFields):
    username = forms.CharField(
        label=_("User name"),
        max_length=60,
        help_text=_("Small letters and digits, for example ada.marsh. It cannot be changed later"),
        error_messages={"required": _("Enter a user name"), "max_length": _("User name must be 60 letters or fewer")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none", "maxlength": "60"}),
    )
    field_order = ("title", "first_name", "last_name", "username", "role", "sites")

    def clean_username(self) -> str:
        name = self.cleaned_data["username"].strip().lower()
        try:
            ASCIIUsernameValidator()(name)
        except ValidationError as error:
            raise ValidationError(gettext("User name must be letters, digits and the signs . - _ only")) from error
        return name


class AccessForm(_AccessFields):
    was = forms.CharField(max_length=40, widget=forms.HiddenInput, error_messages={"required": _("Reload the page, then send it again")})


class WelcomeForm(_Plain):
    """One's own password, typed twice, judged by the rules for passwords."""

    password = forms.CharField(
        label=_("New password"),
        strip=False,
        error_messages={"required": _("Enter a password")},
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label=_("The same password again"),
        strip=False,
        error_messages={"required": _("Enter the password again")},
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args, person: User, **kwargs):
        super().__init__(*args, **kwargs)
        self.person = person

    def clean(self):
        values = super().clean()
        password, again = values.get("password"), values.get("again")
        if password and again and password != again:
            self.add_error("again", gettext("The two passwords differ. Enter the same one twice"))
        elif password:
            try:
                validate_password(password, self.person)
            except ValidationError as error:
                self.add_error("password", error)
        return values


class LeavingForm(_Plain):
    """Who takes over what: one choice for each kind of which something is under way."""

    def __init__(self, *args, kinds: list[tuple[Handover, list[User]]], **kwargs):
        super().__init__(*args, **kwargs)
        self.kinds = kinds
        for kind, takers in kinds:
            people = [(str(taker.pk), taker.display_name) for taker in takers]
            # Nobody is chosen beforehand: a press too early would scatter a diary.
            choices = [("", _("Choose who")), *people] if people else []
            if kind.any_takes and len(people) > 1:
                choices.append((ANYBODY, kind.any_takes))
            if kind.none_takes or not people:
                choices.append((NOBODY, kind.none_takes or _("Nobody here can take them: they stay, and are shown on Today")))
            self.fields[kind.id] = forms.ChoiceField(
                label=_("Goes to"),
                choices=choices,
                error_messages={
                    "required": gettext("Choose who takes over: %(what)s") % {"what": kind.title.lower()},
                    "invalid_choice": _("Choose one from the list"),
                },
            )

    def takers(self) -> dict[str, list[User]]:
        """By the id of the kind: who takes it; none where nobody does, several where they are tried in turn."""
        chosen = {kind.id: self.cleaned_data[kind.id] for kind, _ in self.kinds}
        return {
            kind.id: takers if chosen[kind.id] == ANYBODY else [taker for taker in takers if str(taker.pk) == chosen[kind.id]]
            for kind, takers in self.kinds
        }
