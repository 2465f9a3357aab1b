"""What is wrong with a translated block (`aftercare.translation`, which knows no Django), in the language of the page."""

from django.utils.translation import gettext_noop

from plans.said import said

_FAULTS = (
    gettext_noop("It has %(here)s texts where the English has %(there)s."),
    gettext_noop("Write the text."),
    gettext_noop("A brace stands without its partner."),
    gettext_noop("It must hold exactly no name in braces, as the English does."),
    gettext_noop("It must hold exactly %(names)s, as the English does."),
    gettext_noop("A name in braces stands alone, without a sign in it."),
    gettext_noop("It holds a figure. Figures come from the protocol, by their names in braces."),
    gettext_noop("Strong words stand between two pairs of stars, as often as in the English."),
    gettext_noop("It holds a sign that is not seen. Type the text again."),
    gettext_noop("It must be %(most)s letters or fewer."),
)


def fault_said(fault: str) -> str:
    return said(fault, *_FAULTS)
