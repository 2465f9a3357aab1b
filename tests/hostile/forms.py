"""The forms of a page as a person sees them, filled in where they are empty."""

from lxml import html

# What an empty field of a form is filled with, by a part of its name; the first that fits.
FILLED = {
    "birth_day": "3", "birth_month": "5", "birth_year": "1985", "years": "9", "year": "2019",
    "birth_date": "1 Feb 1980", "performed_on": "1 Feb 2020", "valid_from": "1 Feb 2020", "date": "1 Feb 2030", "day": "1 Feb 2030",
    "until": "1 Feb 2030", "phone": "020 7946 0300", "username": "newcomer", "email": "new@clinic.example", "slug": "new-place",
    "password": "correct horse battery", "number": "3", "surname": "Newcomer", "q": "Newcomer", "zone": "cheeks",
}  # fmt: skip


class Form:
    """A form as the page shows it to one person, filled in where it was empty."""

    def __init__(self, role, page: str, action: str, fields: list[tuple[str, str]]):
        self.role, self.page, self.action, self.fields = role, page, action, fields

    @property
    def names(self) -> frozenset[str]:
        return frozenset(name for name, _ in self.fields)

    def __str__(self) -> str:
        return f"{self.role} {self.action} {sorted(self.names)}"


def _fill(name: str, value: str | None) -> str:
    if value:
        return value
    last = name.rpartition("-")[2]
    return next((word for part, word in FILLED.items() if part in last), "Said in a test")


def forms_on(role, page: str, text: str) -> list[Form]:
    found: list[Form] = []
    if "<form" not in text:
        return found
    for form in html.fromstring(text).forms:
        if (form.get("method") or "").lower() != "post" and not form.get("hx-post"):
            continue
        fields = []
        for field in form.xpath(".//input[@name]|.//select[@name]|.//textarea[@name]|.//button[@name]"):
            kind, name = (field.get("type") or "").lower(), field.get("name")
            if field.tag == "select":
                values = [one for one in field.value_options if one]
                fields.append((name, field.value or (values[0] if values else "")))
            elif kind in ("checkbox", "radio"):
                if name not in dict(fields):
                    fields.append((name, field.get("value") or "on"))
            elif kind == "hidden" or field.tag == "button":
                if name not in dict(fields):
                    fields.append((name, field.get("value") or ""))
            elif kind != "file":
                fields.append((name, _fill(name, field.text if field.tag == "textarea" else field.get("value"))))
        action = form.get("action") or form.get("hx-post") or page
        found.append(Form(role, page, action.partition("?")[0], fields))
    return found
