"""
The languages a patient can be written and spoken to in: BCP 47 codes (FHIR: Patient.communication), and what the desk calls them.
One that is not here is added here; whether there are words in it is asked of what writes (`followup.wording`).
"""

from django.utils.translation import gettext, pgettext_lazy

LANGUAGES = {
    "en": pgettext_lazy("language", "English"),
    "sq": pgettext_lazy("language", "Albanian"),
    "am": pgettext_lazy("language", "Amharic"),
    "ar": pgettext_lazy("language", "Arabic"),
    "bn": pgettext_lazy("language", "Bengali"),
    "bg": pgettext_lazy("language", "Bulgarian"),
    "yue": pgettext_lazy("language", "Cantonese"),
    "hr": pgettext_lazy("language", "Croatian"),
    "cs": pgettext_lazy("language", "Czech"),
    "da": pgettext_lazy("language", "Danish"),
    "nl": pgettext_lazy("language", "Dutch"),
    "et": pgettext_lazy("language", "Estonian"),
    "fa": pgettext_lazy("language", "Farsi"),
    "fi": pgettext_lazy("language", "Finnish"),
    "fr": pgettext_lazy("language", "French"),
    "de": pgettext_lazy("language", "German"),
    "el": pgettext_lazy("language", "Greek"),
    "gu": pgettext_lazy("language", "Gujarati"),
    "he": pgettext_lazy("language", "Hebrew"),
    "hi": pgettext_lazy("language", "Hindi"),
    "hu": pgettext_lazy("language", "Hungarian"),
    "ga": pgettext_lazy("language", "Irish"),
    "it": pgettext_lazy("language", "Italian"),
    "ja": pgettext_lazy("language", "Japanese"),
    "ko": pgettext_lazy("language", "Korean"),
    "ku": pgettext_lazy("language", "Kurdish"),
    "lv": pgettext_lazy("language", "Latvian"),
    "lt": pgettext_lazy("language", "Lithuanian"),
    "ms": pgettext_lazy("language", "Malay"),
    "cmn": pgettext_lazy("language", "Mandarin"),
    "ne": pgettext_lazy("language", "Nepali"),
    "nb": pgettext_lazy("language", "Norwegian"),
    "ps": pgettext_lazy("language", "Pashto"),
    "pl": pgettext_lazy("language", "Polish"),
    "pt": pgettext_lazy("language", "Portuguese"),
    "pa": pgettext_lazy("language", "Punjabi"),
    "ro": pgettext_lazy("language", "Romanian"),
    "ru": pgettext_lazy("language", "Russian"),
    "sr": pgettext_lazy("language", "Serbian"),
    "sk": pgettext_lazy("language", "Slovak"),
    "sl": pgettext_lazy("language", "Slovenian"),
    "so": pgettext_lazy("language", "Somali"),
    "es": pgettext_lazy("language", "Spanish"),
    "sv": pgettext_lazy("language", "Swedish"),
    "ta": pgettext_lazy("language", "Tamil"),
    "th": pgettext_lazy("language", "Thai"),
    "ti": pgettext_lazy("language", "Tigrinya"),
    "tr": pgettext_lazy("language", "Turkish"),
    "uk": pgettext_lazy("language", "Ukrainian"),
    "ur": pgettext_lazy("language", "Urdu"),
    "vi": pgettext_lazy("language", "Vietnamese"),
    "cy": pgettext_lazy("language", "Welsh"),
}


def language_words(code: str) -> str:
    """`German`; `Not asked` where nobody has; the code itself where it came from another system and is not in the list."""
    return str(LANGUAGES.get(code, code)) if code else gettext("Not asked")
