"""What a browser calls itself, in words somebody recognises: "Chrome on Windows"."""

from django.utils.translation import gettext as _

# Looked for in this order: most name several others beside themselves.
_BROWSERS = (
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_MACHINES = (
    ("iPad", "iPad"),
    ("iPhone", "iPhone"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
)


def _first(table, text: str) -> str:
    return next((words for mark, words in table if mark in text), "")


def browser_words(text: str) -> str:
    browser, machine = _first(_BROWSERS, text), _first(_MACHINES, text)
    if machine:
        return _("%(browser)s on %(machine)s") % {"browser": browser or _("A browser"), "machine": machine}
    return browser or _("A browser that gives no name")
