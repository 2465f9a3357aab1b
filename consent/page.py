"""A signed consent for the screen and for paper: read from what was signed, not from what stands elsewhere today."""

import base64
import datetime as dt
import json
from dataclasses import dataclass

from django.utils.safestring import SafeString, mark_safe

from . import ink
from .models import Consent, ConsentWithdrawal
from .wording import typed_meaning


@dataclass(frozen=True)
class SignedText:
    title: str
    number: int
    paragraphs: list[str]
    withdrawal: ConsentWithdrawal | None


@dataclass(frozen=True)
class Page:
    consent: Consent
    texts: list[SignedText]
    name: str
    number: int
    born: dt.date
    site: str
    meaning: str
    typed_meaning: str
    taken_by: str

    @property
    def picture(self) -> SafeString:
        """The strokes drawn anew: whole numbers only, so nothing anybody typed is in it."""
        return mark_safe(ink.svg(self.consent.strokes)) if self.consent.strokes else SafeString("")  # noqa: S308

    @property
    def picture_data(self) -> str:
        return f"data:image/svg+xml;base64,{base64.b64encode(ink.svg(self.consent.strokes).encode()).decode()}"


def page_of(consent: Consent) -> Page:
    signed = json.loads(consent.content)
    items = {(item.kind, item.code): item for item in consent.items.select_related("withdrawal__recorded_by")}
    texts = [
        SignedText(
            one["title"],
            one["number"],
            [part for part in one["body"].split("\n\n") if part],
            getattr(items.get((one["kind"], one["code"])), "withdrawal", None),
        )
        for one in signed["texts"]
    ]
    return Page(
        consent=consent,
        texts=texts,
        name=signed["patient"]["name"],
        number=signed["patient"]["number"],
        born=dt.date.fromisoformat(signed["patient"]["born"]),
        site=signed["site"]["name"],
        meaning=signed["meaning"],
        typed_meaning=typed_meaning(consent.language),
        taken_by=signed["taken_by"]["name"],
    )
