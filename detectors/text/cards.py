"""Payment cards: 12 to 19 digits of a known issuer whose Luhn digit agrees, in one group or in several parted by a space or a dash.

In the groups that are printed on a card they may be parted by more than that, and letters may stand on one side of them
(``card4111…``): by chance no identifier has 15 or 16 digits and only letters before or behind them.

Presidio's own pattern misses 12, 18 and 19 digits and Mastercard's 2-series, and tries one grouping only; here every run of digit
groups is searched for a card, so that a number before or after one does not hide it.
"""

import re
from collections.abc import Iterator
from itertools import chain

from detectors.finding import Evidence
from detectors.text.checks import luhn
from detectors.text.raw import DIGITS, Raw

_RUN = re.compile(r"(?<![^\W_])(?<!\d\.)\d{1,19}(?:[ -]\d{1,19})*(?![^\W_]|\.\d)")  # a comma parts two numbers
_PARTED = r"(?:\s{1,3}|\s?[./_·-]{1,2}\s?)"
_PRINTED = re.compile(
    rf"(?<![^\W_])(?<!\d\.)[^\W\d_]*+((?:[2-6]\d{{15}}|3[47]\d{{13}}"
    rf"|[2-6]\d{{3}}(?:{_PARTED}\d{{4}}){{3}}|3[47]\d\d{_PARTED}\d{{6}}{_PARTED}\d{{5}}))[^\W\d_]*+(?![^\W_]|\.\d)"
)
_GROUP = re.compile(r"\d+")
_SIGNS = re.compile(r"\D+")
_CELL_BEFORE = re.compile(rf"(?<!\d)\d{{4}}({_PARTED})\Z")
_CELL_AFTER = re.compile(rf"({_PARTED})\d{{4}}(?!\d)")
_SIGHT = 9  # a cell, what parts it, and one character before it
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
    triggers = (r"\d(?:[ -]?\d){11}", rf"\d(?:{_PARTED}?\d){{14}}")
    coarse = DIGITS

    def __init__(self, context: tuple[str, ...]) -> None:
        self.context = context

    def find(self, stretch: str, before: str) -> Iterator[Raw]:
        spans = dict.fromkeys(chain(_in_runs(stretch), _as_printed(stretch)))
        for start, end in spans:
            yield Raw(self.entity, start, end, 1.0, Evidence.CHECKSUM)


def _in_runs(stretch: str) -> Iterator[tuple[int, int]]:
    for run in _RUN.finditer(stretch):
        groups = [(match.start(), match.end()) for match in _GROUP.finditer(stretch, run.start(), run.end())]
        yield from _in_groups(stretch, groups)


def _as_printed(stretch: str) -> Iterator[tuple[int, int]]:
    for printed in _PRINTED.finditer(stretch):
        start, end = printed.span(1)
        if printed.start() < start and end < printed.end():
            continue
        if _is_card("".join(_GROUP.findall(printed[1]))) and not _is_of_row(stretch, start, end):
            yield start, end


def _in_groups(stretch: str, groups: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    first = 0
    while first < len(groups):
        last = _last_group(stretch, groups, first)
        if last is None:
            first += 1
        else:
            yield groups[first][0], groups[last][1]
            first = last + 1


def _is_of_row(stretch: str, start: int, end: int) -> bool:
    """Whether what parts the groups parts them from another four digits too: then they are cells of a table."""
    signs = {_sign(parting) for parting in _SIGNS.findall(stretch, start, end)}
    besides = (_CELL_BEFORE.search(stretch, max(0, start - _SIGHT), start), _CELL_AFTER.match(stretch, end))
    return any(beside is not None and _sign(beside[1]) in signs for beside in besides)


def _sign(parting: str) -> str:
    """White space of a table is as good as other white space of it."""
    return parting if parting == " " else parting.strip() or "\t"


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
