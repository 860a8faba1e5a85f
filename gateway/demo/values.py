"""What the demo recognises in a text as worth repeating: placeholders first of all, and the values they stand for."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Value:
    kind: str
    text: str


_FORMS = (
    r"<(?P<PLACEHOLDER>[A-Z][A-Z_]*)_[0-9a-z]{4,}>",
    r"(?P<EMAIL_ADDRESS>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)",
    r"(?P<URL>https?://[^\s<>\"']*[\w/])",
    r"(?P<IBAN_CODE>\b[A-Z]{2}\d{2}(?: ?[0-9A-Z]{4}){3,7}(?: ?[0-9A-Z]{1,3})?\b)",
    r"(?P<IP_ADDRESS>\b\d{1,3}(?:\.\d{1,3}){3}\b)",
    r"(?P<US_SSN>\b\d{3}-\d{2}-\d{4}\b)",
    r"(?P<CREDIT_CARD>\b\d{4}(?:[ -]?\d{3,6}){2,4}\b)",
    r"(?P<PHONE_NUMBER>(?<!\w)[+(]?\d[\d ().-]{5,}\d\b)",
    r"\b(?i:my name is|my name's|I am|I'm|for|to|tell|Mr\.?|Mrs\.?|Ms\.?|Dr\.?) (?P<PERSON>[A-Z][a-z'-]+(?: [A-Z][a-z'-]+){0,2})",
    r"\b(?i:in|at|near) (?P<LOCATION>[A-Z][a-z'-]+(?: [A-Z][a-z'-]+){0,2})",
)
_ANY = re.compile("|".join(_FORMS))


def find_values(text: str) -> list[Value]:
    """The values in the order of the text, each once."""
    return list(dict.fromkeys(_value(match) for match in _ANY.finditer(text)))


def without_values(text: str) -> str:
    return _ANY.sub(" ", text)


def _value(match: re.Match[str]) -> Value:
    kind = match.lastgroup or ""
    if kind == "PLACEHOLDER":
        return Value(match["PLACEHOLDER"], match[0])
    return Value(kind, match[kind])
