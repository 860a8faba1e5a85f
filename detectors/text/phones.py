"""Phone numbers: what libphonenumber holds valid in Presidio's regions, shapes that only phone numbers have, and, behind a word such as
"call" or "fax", any grouped or plain number of the right length.

Presidio runs a matcher over the text once for each region; here the runs of digits are found once, and only numbers that a region's
plan could take are given to its matcher.
"""

import re
from collections.abc import Iterator
from typing import Protocol, cast

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumberMatcher

from detectors.text.raw import DIGITS, Raw

REGIONS = ("US", "GB", "DE", "FR", "IL", "IN", "BR")
"""Presidio's default, but Canada, whose numbering plan is the United States'."""

_SEPARATOR = r"[  .\-‐-―−－/()（）\[\]~⁓∼～]"
_RUN = re.compile(rf"[+＋(（\[]{{0,2}}[ ]?\d(?:{_SEPARATOR}{{0,4}}\d)*")
_EXTENSION = re.compile(r"\s?(?:x|ext\.?|extn\.?|extension)\s?:?\s?\d{1,6}(?!\w)", re.IGNORECASE)
_GROUP = re.compile(r"\d+")
_NOT_DIGITS = re.compile(r"\D")
_LEAST, _MOST = 7, 15
_MAX_TRIES = 40  # of one run: a table of figures is not searched for every pair of columns

_NANP = re.compile(r"(?:(?:\+|00)?1[ .-]?)?(?:\(\d{3}\)[ ]?|\d{3}([ .-]))\d{3}(?(1)\1|[ .-])\d{4}\Z")
_AREA_CODE = re.compile(r"\(0?\d{1,4}\) ?\d{2,4}(?:[ -]?\d{2,4}){1,3}\Z")
_TRUNK_ZERO = re.compile(r"0[1-9]\d{1,3}(?:[ /-]\d{2,8}){1,4}\Z")
_THOUSANDS_BEFORE = re.compile(r"(?<![\d,])(?<!\d[ ./()-])\d{1,3}(?:,\d{3})*,\Z")
_AMOUNT_AFTER = re.compile(r"(?<=[ ])[1-9]\d{0,2}(?:,\d{3})+(?![\d-]|[ .]\d)|\d+,\d\d?[ ]?(?:[€$£%]|EUR\b|USD\b|GBP\b|CHF\b)")
_DECIMAL = re.compile(r"(?:0|[1-9]\d{0,2})\.\d{5,}\Z")  # coordinates and embeddings come in long rows
_THREE_DIGITS = re.compile(r"\d{3}(?!\d)")
_NO_PHONE = re.compile(
    r"""(?:
      \d{4}[-/.][01]?\d[-/.][0-3]?\d                             # a date, year first
    | [0-3]?\d[-/.][01]?\d[-/.](?:(?:1[89]|20)\d\d|\d\d) | [01]?\d[-/.][0-3]?\d[-/.](?:1[89]|20)\d\d
    | (?:1[89]|20)\d\d[ ]?[-–/][ ]?(?:1[89]|20)\d\d             # from year to year
    | \d{3}-\d{2}-\d{4}                                         # a social security number
    | \d{1,3}(?:\.\d{1,3}){3}                                   # an IP address
    | \d{1,5}-\d{1,5}[ ]?\(\d{1,4}                              # pages and year of a publication
    | 1[5-9]\d{8}(?:\d{3})?                                     # seconds or milliseconds since 1970
    )(?![-/.]?\d)""",
    re.VERBOSE,
)
_CUE = re.compile(
    r"""\b(?:(?:tele|cell|smart|home|work|mobile)?phones?|ph|tel|tel[eé]f\w*|t[eé]l[eé]phone|tfn?o|tlf|tlfno|fax|mobile|m[oó]vil|cell?|celular
    |call(?:ing|ed|s)?|dial|ring|hotline|landline|whatsapp|sms|texted|contact|callback|voicemail|answering|reach(?:able|ed)?|pager|desk|handy
    |switchboard|direct\sline)\b\W*(?:[^\W\d_]+\W+){0,3}\Z""",
    re.IGNORECASE | re.VERBOSE,
)
_LABEL_AFTER = re.compile(r"[ -]{0,2}\(?(?:office|fax|mobile|cell|home|work|desk|phone|tel)\b(?!\s?:)", re.IGNORECASE)
_ID_BEFORE = re.compile(
    r"(?:\b(?:id|ids|order|ticket|invoice|account|acct|ref|reference|case|tracking|serial|part|item|sku|isbn|version|build|timestamp|ts|epoch"
    r"|customer|user|member|transaction|session|request|code|key|hash|pid|port|bytes|size|offset|seed|policy|claim|model|ean|upc|issue|pr)"
    r"\b[^\w.]*(?:is|number|no|num|nr|was|of)?[^\w]*|[#=_@$€£/\\])\Z",
    re.IGNORECASE,
)
_ACRONYM_BEFORE = re.compile(r"\b(?:[A-Z]{2,8}|[Nn][ºo°]\s?\w{0,12})\s?[:.]\s{0,4}[\d -]{0,6}\Z")  # "NASS: 28 "; a phone's own are cues
_SCORE = 0.4
_MORE_CONTEXT = ("tel", "mobile", "fax", "dial", "contact", "reach", "whatsapp", "desk", "office")


class Phones:
    """``context`` is Presidio's and some more; the cues here are those that a number of no known plan needs."""

    entity = "PHONE_NUMBER"
    triggers = (rf"\d(?:{_SEPARATOR}{{0,4}}\d){{6}}",)
    coarse = DIGITS

    def __init__(self, context: tuple[str, ...]) -> None:
        self.context = (*context, *_MORE_CONTEXT)
        self._plans = tuple(_Plan(region) for region in REGIONS)

    def find(self, stretch: str, before: str) -> Iterator[Raw]:
        for run in _RUN.finditer(stretch):
            if sum(map(str.isdigit, run[0])) >= _LEAST:
                yield from self._numbers(_Run(stretch, before, run.start(), run.end()))

    def _numbers(self, run: "_Run") -> Iterator[Raw]:
        first = 0
        tries = 0
        while first < len(run.groups):
            found = None
            other = _NO_PHONE.match(run.stretch, run.groups[first][0])
            if other:
                first = run.groups_before(other.end())
                continue
            for last in run.ends(first):
                tries += 1
                found = self._judge(run, first, last)
                if found or tries > _MAX_TRIES:
                    break
            if found:
                yield found
                first = last
            first += 1
            if tries > _MAX_TRIES:
                return

    def _judge(self, run: "_Run", first: int, last: int) -> Raw | None:
        start, end = run.span(first, last)
        value = run.stretch[start:end]
        if not run.stands_alone(start, end) or _is_amount(run, value, start, last):
            return None
        score = self._score(run, value, start, end)
        if score == 0.0:
            return None
        extension = _EXTENSION.match(run.stretch, end)
        return Raw(self.entity, start, extension.end() if extension else end, score)

    def _score(self, run: "_Run", value: str, start: int, end: int) -> float:
        digits = _NOT_DIGITS.sub("", value)
        if _LABEL_AFTER.match(run.stretch, end) or _CUE.search(run.text_before(start)):
            return _SCORE if len(digits) <= _MOST else 0.0
        if value[0] in "+＋":
            return _SCORE if 8 <= len(digits) <= _MOST else 0.0
        if value == digits and _ID_BEFORE.search(run.text_before(start)):
            return 0.0
        if _has_phone_shape(value, digits):
            return _SCORE
        if _DECIMAL.match(value) or _ACRONYM_BEFORE.search(run.text_before(start)):
            return 0.0
        return _SCORE if any(plan.holds(value, digits) for plan in self._plans) else 0.0


def _has_phone_shape(value: str, digits: str) -> bool:
    """Nothing but a phone number is written so."""
    return bool(_NANP.match(value) or _AREA_CODE.match(value) or (_TRUNK_ZERO.match(value) and 9 <= len(digits) <= 11))


def _is_amount(run: "_Run", value: str, start: int, last: int) -> bool:
    """A comma parts two values, unless it parts thousands ("1,234,567 2020"), or decimals before a currency."""
    if _AMOUNT_AFTER.match(run.stretch, run.groups[last][0]):
        return True
    if not _THREE_DIGITS.match(value) or not _THOUSANDS_BEFORE.search(run.stretch, max(0, start - 40), start):
        return False
    return not _has_phone_shape(value, _NOT_DIGITS.sub("", value))


class _Run:
    """Groups of digits with nothing but a number's punctuation between them."""

    def __init__(self, stretch: str, before: str, start: int, end: int) -> None:
        self.stretch = stretch
        self._before = before
        self._start = start
        self.groups = [(match.start(), match.end()) for match in _GROUP.finditer(stretch, start, end)]

    def ends(self, first: int) -> Iterator[int]:
        """The last groups of numbers that begin with the group ``first``, longest first."""
        count, lasts = 0, []
        for last in range(first, len(self.groups)):
            start, end = self.groups[last]
            count += end - start
            if count > _MOST + 2:
                break
            if count >= _LEAST:
                lasts.append(last)
        return reversed(lasts)

    def groups_before(self, end: int) -> int:
        return sum(start < end for start, _ in self.groups)

    def span(self, first: int, last: int) -> tuple[int, int]:
        """With the plus sign or the bracket that opens it."""
        start, end = self.groups[first][0], self.groups[last][1]
        while start > self._start and self.stretch[start - 1] in "(（[+＋":
            start -= 1
        if first == 0 and self.stretch[self._start] in "+＋":
            start = self._start
        if self.stretch[start] in "(（[" and not any(closing in self.stretch[start:end] for closing in ")）]"):
            start += 1
        return start, end

    def stands_alone(self, start: int, end: int) -> bool:
        """Not the inside of a word, a decimal, a time or a price."""
        previous = self.stretch[start - 1] if start else " "
        if previous.isalnum() or (previous in ".:" and start > 1 and self.stretch[start - 2].isdigit()):
            return False
        following = self.stretch[end : end + 3]
        if following[:1].isalpha():
            return _EXTENSION.match(self.stretch, end) is not None
        return following[:1] not in ("%", "°") and not (following[:1] == ":" and following[1:2].isdigit())

    def text_before(self, start: int) -> str:
        return (self._before + self.stretch[:start])[-60:]


class _Description(Protocol):
    national_number_pattern: str


class _Metadata(Protocol):
    country_code: int
    national_prefix: str | None
    general_desc: _Description


class _Plan:
    """A region's numbering plan: a cheap question first, libphonenumber's matcher (with all its rules) only where it could agree."""

    def __init__(self, region: str) -> None:
        self._region = region
        metadata = cast("_Metadata", PhoneMetadata.metadata_for_region(region))
        code = str(metadata.country_code)
        self._national = re.compile(metadata.general_desc.national_number_pattern)
        self._prefixes = ("", metadata.national_prefix or "", code, f"00{code}", f"011{code}")
        self.holds("0", "0")  # the metadata is loaded at first use: not while somebody waits

    def holds(self, value: str, digits: str) -> bool:
        if not any(digits.startswith(prefix) and self._is_national(digits[len(prefix) :]) for prefix in self._prefixes):
            return False
        matcher = PhoneNumberMatcher(value, self._region, leniency=phonenumbers.Leniency.VALID)
        return any(match.end - match.start >= len(value) - 1 for match in matcher)

    def _is_national(self, digits: str) -> bool:
        return self._national.fullmatch(digits) is not None or (digits[:1] == "0" and self._national.fullmatch(digits[1:]) is not None)
