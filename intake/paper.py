"""The questions on paper, out of the same protocol version as on the tablet."""

from django.utils import timezone

from .asking import Asked, asked_in
from .services.handing import questions_of
from .wording import words_in

LINES = range(6)  # to write in, for each list


class Paper:
    def __init__(self, patient, version, language: str):
        self.patient, self.version, self.language = patient, version, language
        self.site, self.words = patient.site, words_in(language)
        self.today = patient.site.day_of(timezone.now())
        self.questions: list[Asked] = [asked_in(question, language) for question in questions_of(version, patient, self.today)]

    @property
    def lines(self) -> range:
        return LINES
