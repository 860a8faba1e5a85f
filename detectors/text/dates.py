"""Dates and times in words and figures, beside Presidio's all-figure forms: month names, time of day, years and days of the week.

A model's dates are not used: they outrank phone numbers and are wrong four times of five ("the first three months", "60 years").
"""

from collections.abc import Iterator

import regex

from detectors.text.raw import DIGITS, Raw

_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?"
    r"|Dec(?:ember)?|enero|febrero|marzo|abril|mayo|junio|julio|agosto|sep?tiembre|octubre|noviembre|diciembre)"
)
_DAY = r"(?:[12]\d|3[01]|0?[1-9])(?:st|nd|rd|th)?"
_YEAR = r"(?:1[89]|20)\d\d"
_CLOCK = r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:[.,]\d{1,6})?)?(?:\s?[ap]\.?m\b\.?)?"
_FIGURES = r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])|(?:0?[1-9]|[12]\d|3[01])[/.](?:0?[1-9]|[12]\d|3[01])[/.](?:\d{4}|\d{2})"

_WORDS_BEFORE_YEAR = r"\b(?:in|since|during|until|till|from|by|before|after|around|circa|year|act of|early|late|mid)\s"

_FORMS = (
    (regex.compile(rf"\b{_DAY}\s(?:de\s)?{_MONTH}\.?(?:,?\s(?:de\s)?{_YEAR})?\b", regex.IGNORECASE), 0.6),
    (regex.compile(rf"\b{_MONTH}\.?\s{_DAY}(?:,?\s{_YEAR})?\b(?![:.,]?\d)", regex.IGNORECASE), 0.6),
    (regex.compile(rf"\b{_MONTH}\.?,?\s(?:de\s)?{_YEAR}\b", regex.IGNORECASE), 0.6),
    (regex.compile(rf"\b(?:{_FIGURES})[ T]{_CLOCK}(?![\w:])", regex.IGNORECASE), 0.8),
    (regex.compile(r"\b(?:1[0-2]|0?[1-9])(?::[0-5]\d)?\s?[ap]\.?m\b\.?", regex.IGNORECASE), 0.4),
    (regex.compile(r"\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?\b"), 0.4),
)
_BARE_YEAR = regex.compile(rf"(?<![\w.,:/#$€£+-]){_YEAR}(?=[\s.,;:!?)\]\"'’]|$)(?![.,:]\d)")
_BEFORE_YEAR = regex.compile(rf"{_WORDS_BEFORE_YEAR}$", regex.IGNORECASE)


class Dates:
    """Weekdays and years score 0.4: a policy that means birthdays asks for more."""

    entity = "DATE_TIME"
    triggers = (
        rf"(?i){_MONTH}\.?,?\s(?:de\s)?\d",
        rf"(?i)\d(?:st|nd|rd|th)?\s(?:de\s)?{_MONTH}",
        r"(?i)\d[ T]\d{1,2}:\d\d",
        r"(?i)\d\s?[ap]\.?m\b",
        r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day",
        rf"(?i){_WORDS_BEFORE_YEAR}{_YEAR}",
    )
    coarse = (*DIGITS, "day")

    def __init__(self, context: tuple[str, ...]) -> None:
        self.context = context

    def find(self, stretch: str, before: str) -> Iterator[Raw]:
        for form, score in _FORMS:
            for match in form.finditer(stretch):
                yield Raw(self.entity, match.start(), match.end(), score)
        for match in _BARE_YEAR.finditer(stretch):
            if _BEFORE_YEAR.search((before + stretch[: match.start()])[-12:]):
                yield Raw(self.entity, match.start(), match.end(), 0.4)
