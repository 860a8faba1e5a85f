"""Every finder of a fixed form, by its entity: Presidio's forms as they are, or mended (see ``presidio.MENDS``)."""

from collections.abc import Collection
from dataclasses import replace

import regex

from detectors.text.addresses import Addresses
from detectors.text.cards import Cards
from detectors.text.dates import Dates
from detectors.text.emails import Emails
from detectors.text.phones import Phones
from detectors.text.presidio import FixedForm, fixed_forms
from detectors.text.raw import Finder
from detectors.text.urls import Urls

_LICENSE = regex.compile(
    r"\b(?:[A-Z]\d{3,14}|[A-Z]\d{18}|[A-Z]{2}\d{2,7}|\d{2}[A-Z]{3}\d{5,6}|[A-Z]\d{6}R|\d{9}[A-Z]|[A-Z]{2}\d{6}[A-Z]|\d{8}[A-Z]{2}"
    r"|\d{3}[A-Z]{2}\d{4}|[A-Z]\d[A-Z]\d[A-Z]|\d{7,8}[A-Z])\b",
    regex.IGNORECASE,
)
_LICENSE_TRIGGERS = (r"(?i)\b[A-Z]{1,2}\d{2}", r"(?i)\b\d{2,3}[A-Z]{2,3}\d", r"\b\d{6}", r"(?i)\b[A-Z]\d[A-Z]\d[A-Z]\b")


def finders(entities: Collection[str]) -> tuple[Finder, ...]:
    """The finders of these entities, in a fixed order."""
    forms = fixed_forms()
    made: list[Finder] = []
    for entity, form in sorted(forms.items()):
        if entity in entities:
            made.extend(_mended(entity, form))
    if "LOCATION" in entities:
        made.append(Addresses())
    return tuple(made)


def _mended(entity: str, form: Finder) -> list[Finder]:
    match entity, form:
        case "CREDIT_CARD", _:
            return [Cards(form.context)]
        case "EMAIL_ADDRESS", FixedForm(check=is_registered) if is_registered:
            return [Emails(form.context, is_registered)]
        case "PHONE_NUMBER", _:
            return [Phones(form.context)]
        case "DATE_TIME", _:
            return [form, Dates(form.context)]
        case "US_DRIVER_LICENSE", FixedForm(patterns=(_, digits)):
            return [replace(form, patterns=((_LICENSE, 0.3), digits), triggers=_LICENSE_TRIGGERS)]
        case "URL", FixedForm(patterns=(with_scheme, plain, *_)):
            return [Urls(form.context, _endings(plain[0].pattern), with_scheme[1], plain[1])]
    return [form]


def _endings(pattern: str) -> list[str]:
    """The top-level domains that Presidio's domain pattern lists."""
    listed = pattern.rpartition("[.](?:")[2].partition("(?:/")[0]
    return regex.findall(r"\(\?:([^()]+)\)", listed)
