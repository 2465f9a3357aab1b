"""
The languages a patient can be written and spoken to in: BCP 47 codes (FHIR: Patient.communication), and what the desk calls them.
One that is not here is added here; whether there are words in it is asked of what writes (`followup.wording`).
"""

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

LANGUAGES = {
    "en": _("English"),
    "sq": _("Albanian"),
    "am": _("Amharic"),
    "ar": _("Arabic"),
    "bn": _("Bengali"),
    "bg": _("Bulgarian"),
    "yue": _("Cantonese"),
    "hr": _("Croatian"),
    "cs": _("Czech"),
    "da": _("Danish"),
    "nl": _("Dutch"),
    "et": _("Estonian"),
    "fa": _("Farsi"),
    "fi": _("Finnish"),
    "fr": _("French"),
    "de": _("German"),
    "el": _("Greek"),
    "gu": _("Gujarati"),
    "he": _("Hebrew"),
    "hi": _("Hindi"),
    "hu": _("Hungarian"),
    "ga": _("Irish"),
    "it": _("Italian"),
    "ja": _("Japanese"),
    "ko": _("Korean"),
    "ku": _("Kurdish"),
    "lv": _("Latvian"),
    "lt": _("Lithuanian"),
    "ms": _("Malay"),
    "cmn": _("Mandarin"),
    "ne": _("Nepali"),
    "nb": _("Norwegian"),
    "ps": _("Pashto"),
    "pl": _("Polish"),
    "pt": _("Portuguese"),
    "pa": _("Punjabi"),
    "ro": _("Romanian"),
    "ru": _("Russian"),
    "sr": _("Serbian"),
    "sk": _("Slovak"),
    "sl": _("Slovenian"),
    "so": _("Somali"),
    "es": _("Spanish"),
    "sv": _("Swedish"),
    "ta": _("Tamil"),
    "th": _("Thai"),
    "ti": _("Tigrinya"),
    "tr": _("Turkish"),
    "uk": _("Ukrainian"),
    "ur": _("Urdu"),
    "vi": _("Vietnamese"),
    "cy": _("Welsh"),
}


def language_words(code: str) -> str:
    """`German`; `Not asked` where nobody has; the code itself where it came from another system and is not in the list."""
    return str(LANGUAGES.get(code, code)) if code else gettext("Not asked")
