"""
What a password may be, by NIST SP 800-63B-4, section 3.1.1: long, not a common one, not about the person or the clinic; no
rules of composition, no end date. Every sign counts, spaces too; the same text typed on two keyboards is one password.
"""

import re
import unicodedata

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

LEAST, MOST = 15, 256
LEAST_OF_ITS_OWN = 8  # letters that must be left when everything known about the person is taken out
LEAST_DIFFERENT = 5
# Rows of a keyboard and the plain orders; a password that is a piece of one of them, or of one read backwards, is no secret.
_ORDERS = (
    "abcdefghijklmnopqrstuvwxyz",
    "0123456789" * 3,
    "1234567890" * 3,
    "qwertyuiopasdfghjklzxcvbnm",
    "qazwsxedcrfvtgbyhnujmikolp",
    "zxcvbnmasdfghjklqwertyuiop",
)
# Long enough, and known to whoever guesses: examples from every advice on passwords.
_EXAMPLES = frozenset({"correcthorsebatterystaple", "thisismypassword", "thisisapassword", "tobeornottobe", "maytheforcebewithyou"})
# Signs that stand for letters; who guesses knows them too.
_STANDS_FOR = str.maketrans("@4831!05$7", "aabeiiosst")
# What everybody who guesses at a clinic like this one tries first.
_OF_THE_TRADE = (
    "microneedling",
    "microneedle",
    "dermaroller",
    "dermapen",
    "needling",
    "clinic",
    "password",
    "passwort",
    "welcome",
    "letmein",
)


def normalised(raw: str | None) -> str | None:
    """The text that is hashed: NFKC, so that composed and decomposed letters are the same password."""
    return raw if raw is None else unicodedata.normalize("NFKC", raw)


class LengthValidator:
    def __init__(self, least: int = LEAST, most: int = MOST):
        self.least, self.most = least, most

    def validate(self, password, user=None):
        if len(password) < self.least:
            raise ValidationError(
                _("Password must be %(n)s characters or more. A few words with spaces between them are fine.") % {"n": self.least}
            )
        if len(password) > self.most:
            raise ValidationError(_("Password must be %(n)s characters or fewer.") % {"n": self.most})

    def get_help_text(self):
        return _("{least} characters or more. A few words with spaces between them are fine.").format(least=self.least)


class CommonValidator(CommonPasswordValidator):
    """A password of the list, also written several times or with figures and marks around it, and plain orders of signs."""

    def validate(self, password, user=None):
        text = normalised(password).casefold()
        bare = "".join(sign for sign in text if sign.isalnum())
        letters = "".join(sign for sign in text if sign.isalpha())
        once = _written_once(bare)
        plain = _letters_meant(text)
        common = {text, text.strip(), bare, once, letters, _written_once(letters), plain, _written_once(plain)} & (
            self.passwords | _EXAMPLES
        )
        if common or _is_an_order(bare) or len(set(text)) < LEAST_DIFFERENT:
            raise ValidationError(_("Choose a password that is harder to guess: this one is among the first that are tried."))

    def get_help_text(self):
        return _("Not one that many people use.")


class PersonalValidator:
    """What is known about the person, the clinic and the trade is no secret, whatever stands around it."""

    def validate(self, password, user=None):
        text = normalised(password).casefold()
        for known in sorted(_known_of(user), key=len, reverse=True):
            text = text.replace(known, " ")
        left = "".join(sign for sign in text if sign.isalnum())
        if len(left) < LEAST_OF_ITS_OWN:
            raise ValidationError(_("Choose a password with less of your name, your user name or the clinic in it."))

    def get_help_text(self):
        return _("Not your name, your user name or the clinic's name.")


def _letters_meant(text: str) -> str:
    """ "P@ssw0rd-1234" is "password"."""
    core = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", text)
    return "".join(sign for sign in core.translate(_STANDS_FOR) if sign.isalpha())


def _written_once(text: str) -> str:
    """ "abcabcabc" is "abc"."""
    for length in range(1, len(text) // 2 + 1):
        if len(text) % length == 0 and text[:length] * (len(text) // length) == text:
            return text[:length]
    return text


def _is_an_order(bare: str) -> bool:
    return any(bare in order or bare in order[::-1] for order in _ORDERS)


def _known_of(user) -> set[str]:
    from ..models import ClinicSettings, Site

    said = [*_OF_THE_TRADE, ClinicSettings.current().name, *Site.objects.values_list("name", flat=True)]
    if user is not None:
        said += [user.username, user.first_name, user.last_name, user.email.partition("@")[0]]
    return {word for text in said for word in re.findall(r"\w{3,}", normalised(text).casefold())}
