"""Payment cards: 12 to 19 digits of a known issuer whose Luhn digit agrees, in one group or in several parted by a space or a dash.

Presidio's own pattern misses 12, 18 and 19 digits and Mastercard's 2-series, and tries one grouping only; here every run of digit
groups is searched for a card, so that a number before or after one does not hide it.
"""

import re
from collections.abc import Iterator

from detectors.finding import Evidence
from detectors.text.checks import luhn
from detectors.text.raw import DIGITS, Raw

_RUN = re.compile(r"(?<![^\W_])(?<!\d\.)\d{1,19}(?:[ -]\d{1,19})*(?![^\W_]|\.\d)")  # a comma parts two numbers
_GROUP = re.compile(r"\d+")
_LEAST, _MOST = 12, 19
_FIRST_GROUP = 4

_ISSUERS = re.compile(
    r"""
      4(?:\d{12}|\d{15}|\d{17,18})                           # Visa
    | 5[1-5]\d{14} | 2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}   # Mastercard
    | 3[47]\d{13}                                            # American Express
    | 3(?:0[0-5]|[689]\d)\d{11,16}                           # Diners
    | 35\d{14,17} | (?:1800|2131)\d{11}                      # JCB
    | 6(?:011|4[4-9]\d|5\d\d|2\d\d)\d{12,15}                 # Discover, UnionPay, RuPay
    | (?:5[06-9]|6\d)\d{10,17}                               # Maestro
    | 220[0-4]\d{12,15} | 9792\d{12} | 81\d{14,17}           # Mir, Troy, UnionPay
    """,
    re.VERBOSE,
)


class Cards:
    """Every match is proved by its check digit."""

    entity = "CREDIT_CARD"
    triggers = (r"\d(?:[ -]?\d){11}",)
    coarse = DIGITS

    def __init__(self, context: tuple[str, ...]) -> None:
        self.context = context

    def find(self, stretch: str, before: str) -> Iterator[Raw]:
        for run in _RUN.finditer(stretch):
            groups = [(match.start(), match.end()) for match in _GROUP.finditer(stretch, run.start(), run.end())]
            yield from self._cards(stretch, groups)

    def _cards(self, stretch: str, groups: list[tuple[int, int]]) -> Iterator[Raw]:
        first = 0
        while first < len(groups):
            last = _last_group(stretch, groups, first)
            if last is None:
                first += 1
            else:
                yield Raw(self.entity, groups[first][0], groups[last][1], 1.0, Evidence.CHECKSUM)
                first = last + 1


def _last_group(stretch: str, groups: list[tuple[int, int]], first: int) -> int | None:
    """Where the longest card that begins with the group ``first`` ends.

    A card is one group, or four digits and then groups of at least two: how cards are written.
    """
    start, end = groups[first]
    digits, found = stretch[start:end], None
    if _is_card(digits):
        found = first
    if len(digits) != _FIRST_GROUP:
        return found
    for last in range(first + 1, len(groups)):
        start, end = groups[last]
        digits += stretch[start:end]
        if end - start < 2 or len(digits) > _MOST:
            break
        if _is_card(digits):
            found = last
    return found


def _is_card(digits: str) -> bool:
    return len(digits) >= _LEAST and _ISSUERS.fullmatch(digits) is not None and luhn(digits)
