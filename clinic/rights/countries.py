"""What countries are called in a sentence; one that is not here goes by its two letters."""

from django.utils.translation import gettext, gettext_noop

COUNTRIES = {
    "AT": gettext_noop("Austria"),
    "AU": gettext_noop("Australia"),
    "BE": gettext_noop("Belgium"),
    "CA": gettext_noop("Canada"),
    "CH": gettext_noop("Switzerland"),
    "DE": gettext_noop("Germany"),
    "DK": gettext_noop("Denmark"),
    "ES": gettext_noop("Spain"),
    "FR": gettext_noop("France"),
    "GB": gettext_noop("the United Kingdom"),
    "IE": gettext_noop("Ireland"),
    "IT": gettext_noop("Italy"),
    "NL": gettext_noop("the Netherlands"),
    "NO": gettext_noop("Norway"),
    "NZ": gettext_noop("New Zealand"),
    "PL": gettext_noop("Poland"),
    "PT": gettext_noop("Portugal"),
    "SE": gettext_noop("Sweden"),
    "US": gettext_noop("the United States"),
}


def called(code: str) -> str:
    """What the country is called in the language of the page."""
    return gettext(COUNTRIES[code]) if code in COUNTRIES else code
