"""Presidio's fixed forms: its patterns, scores and context words (``models/presidio.json``) with their check digits.

What is mended, and why, stands in ``MENDS``; everything else gives Presidio's own result, which a property test holds.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import regex

from detectors.finding import Evidence
from detectors.text import checks
from detectors.text.domains import Domains
from detectors.text.raw import DIGITS, Raw

MENDS = {
    "CREDIT_CARD": "12 to 19 digits of every issuer, grouped by spaces or dashes: see cards.py",
    "EMAIL_ADDRESS": "a local part ends at a delimiter of queries, paths and rows: see emails.py",
    "PHONE_NUMBER": "national formats and context beside the eight default regions: see phones.py",
    "DATE_TIME": "month names, times of day, years and weekdays in words: see dates.py",
    "US_DRIVER_LICENSE": "one letter with one or two digits is no licence, and the malformed alternative is left out",
    "URL": "no quotation marks, no words that only begin with a domain's ending, no file names or attributes in code: see urls.py",
}


@dataclass(frozen=True, slots=True)
class FixedForm:
    """One entity's patterns, highest score first, and the check of its matches: True sure, None as the pattern says, False not one."""

    entity: str
    patterns: tuple[tuple[regex.Pattern[str], float], ...]
    context: tuple[str, ...]
    check: Callable[[str], bool | None] | None = None
    triggers: tuple[str, ...] = ()
    coarse: tuple[str, ...] = DIGITS

    def find(self, stretch: str, before: str = "") -> Iterator[Raw]:
        for pattern, score in self.patterns:
            for match in pattern.finditer(stretch):
                found = self._judge(match, score)
                if found:
                    yield found

    def _judge(self, match: regex.Match[str], score: float) -> Raw | None:
        start, end = match.span()
        if start == end:
            return None
        verdict = self.check(match[0]) if self.check else None
        if verdict is False:
            return None
        sure = verdict is True
        return Raw(self.entity, start, end, 1.0 if sure else score, Evidence.CHECKSUM if sure else Evidence.PATTERN)


@dataclass(frozen=True, slots=True)
class Iban:
    """IBANs end where their check digits agree: the longest of the pattern's three ends that is valid."""

    entity: str
    pattern: regex.Pattern[str]
    score: float
    context: tuple[str, ...]
    formats: dict[str, regex.Pattern[str]]
    triggers: tuple[str, ...]
    coarse: tuple[str, ...] = DIGITS

    def find(self, stretch: str, before: str = "") -> Iterator[Raw]:
        for match in self.pattern.finditer(stretch):
            for group in (3, 2, 1):
                end = match.end(group)
                verdict = self._check(stretch[match.start() : end])
                if verdict is not False:
                    sure = verdict is True
                    yield Raw(self.entity, match.start(), end, 1.0 if sure else self.score, Evidence.CHECKSUM if sure else Evidence.PATTERN)
                    break

    def _check(self, value: str) -> bool | None:
        plain = value.replace("-", "").replace(" ", "")
        if not checks.iban(plain):
            return False
        if self._has_format(plain):
            return True
        return None if self._has_format(plain.upper()) else False

    def _has_format(self, plain: str) -> bool:
        form = self.formats.get(plain[:2])
        return form is not None and form.match(plain) is not None


def _unless(check: Callable[[str], bool], value: str) -> bool | None:
    """A check that can only rule out: passing it proves nothing."""
    return None if check(value) else False


def _checks(domains: Domains) -> dict[str, Callable[[str], bool | None]]:
    return {
        "CREDIT_CARD": checks.luhn,
        "CRYPTO": checks.crypto,
        "EMAIL_ADDRESS": domains.has_registered_domain,
        "IP_ADDRESS": partial(_unless, checks.ip),
        "MAC_ADDRESS": partial(_unless, checks.mac),
        "MEDICAL_LICENSE": checks.dea,
        "UK_NHS": checks.mod11,
        "US_SSN": partial(_unless, checks.ssn),
        "UUID": partial(_unless, checks.uuid),
    }


_HEX = r"[0-9a-f]"
_MONTHS = "(?:JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)"
_TRIGGERS = {
    "CRYPTO": (r"(?:bc1|[13])[a-zA-HJ-NP-Z0-9]{25}",),
    "DATE_TIME": (r"\d[-/.]\d{1,2}[-/.]\d", r"\d/\d{2}", rf"(?i)\d-{_MONTHS}", rf"(?i){_MONTHS}-\d{{2}}"),
    "EMAIL_ADDRESS": ("@",),
    "IBAN_CODE": (r"(?i)[A-Z]{2}[0-9]{2}(?:[ -]?[A-Z0-9]{4}){2}",),
    "IP_ADDRESS": (r"\d\.\d{1,3}\.\d", "::", rf"(?i){_HEX}:(?:{_HEX}{{1,4}}:){{2}}"),
    "MAC_ADDRESS": (rf"(?i){_HEX}{{2}}[:-]{_HEX}{{2}}[:-]{_HEX}{{2}}[:-]", rf"(?i){_HEX}{{4}}\.{_HEX}{{4}}\.{_HEX}"),
    "MEDICAL_LICENSE": (r"(?i)[a-z9]\d{7}",),
    "UUID": (rf"(?i){_HEX}{{8}}-{_HEX}{{4}}-",),
    "US_ITIN": (r"9\d{2}[- ]?\d{2}",),
}
"""Instead of the patterns themselves, where those are costly to compile."""

_COARSE = {
    "EMAIL_ADDRESS": ("@",),
    "IP_ADDRESS": (*DIGITS, r":[0-9a-fA-F]{0,4}:"),
    "MAC_ADDRESS": (r"[:-][0-9a-fA-F]{2}[:-]", r"\.[0-9a-fA-F]{4}\."),
    "UUID": (r"-[0-9a-fA-F]{4}-",),
}


def stock() -> dict[str, Any]:
    """The snapshot as it was taken."""
    data: dict[str, Any] = json.loads(files("detectors.models").joinpath("presidio.json").read_text(encoding="utf-8"))
    return data


@cache
def fixed_forms() -> Mapping[str, FixedForm | Iban]:
    """Every pattern recogniser of the snapshot by its entity, unmended. They are made once: it takes a fifth of a second."""
    data = stock()
    by_entity = _checks(Domains())
    forms: dict[str, FixedForm | Iban] = {}
    for row in data["recognizers"]:
        patterns = tuple((regex.compile(p["regex"], row["flags"]), p["score"]) for p in row["patterns"])
        entity, context = row["entity"], tuple(row["context"])
        if entity == "IBAN_CODE":
            formats = {country: regex.compile(form, row["flags"]) for country, form in data["iban_formats"].items()}
            forms[entity] = Iban(entity, *patterns[0], context, formats, _TRIGGERS[entity])
        else:
            triggers = _TRIGGERS.get(entity) or tuple(f"(?i){p['regex']}" for p in row["patterns"])
            forms[entity] = FixedForm(entity, patterns, context, by_entity.get(entity), triggers, _COARSE.get(entity, DIGITS))
    return MappingProxyType(forms)
