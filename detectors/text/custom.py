"""Patterns that a security team adds: a name, a regular expression, a score; and the lint that keeps them fast and bounded."""

import re
from dataclasses import dataclass

from detectors.contract import Disguise
from detectors.text.ambiguity import ways_to_match
from detectors.text.checks import VALIDATORS

MAX_WIDTH = 512
"""The longest value a pattern may describe: a stream has to hold back as much."""

_MAX_WAYS = 5000
_NAME = re.compile(r"[A-Z][A-Z0-9_]{1,63}\Z")
_FLAGS = re.IGNORECASE | re.MULTILINE | re.DOTALL


@dataclass(frozen=True, slots=True)
class CustomPattern:
    """A fixed form of the user's own. It ignores case, as Presidio's patterns do (``(?-i:…)`` makes a part exact).

    ``validator`` names a check of the value's digits (``luhn``, ``iban``, …); ``context`` are words that make the match surer
    (+0.35) when one of them stands shortly before it. ``disguises`` are ways to write it that are seen through besides (see ``disguises``).
    """

    name: str
    regex: str
    score: float = 0.6
    validator: str | None = None
    context: tuple[str, ...] = ()
    disguises: frozenset[Disguise] = frozenset()

    def compiled(self) -> re.Pattern[str]:
        return re.compile(self.regex, _FLAGS)


def pattern_problem(name: str, regex: str, validator: str | None = None) -> str | None:
    """What is wrong with a pattern, in one sentence, or None."""
    if not _NAME.match(name):
        return "its name must be 2 to 64 characters of A-Z, 0-9 and _, and begin with a letter"
    if validator is not None and validator not in VALIDATORS:
        return f"its validator is not one of {', '.join(sorted(VALIDATORS))}"
    try:
        re.compile(regex, _FLAGS)
    except (re.error, OverflowError, RecursionError) as error:
        return f"it is not a regular expression: {getattr(error, 'msg', 'too large')}"
    return _shape_problem(regex)


def _shape_problem(regex: str) -> str | None:
    shape = ways_to_match(regex, _FLAGS)
    if shape.unsupported:
        return f"it uses {shape.unsupported}, which a stream cannot decide; leave it out"
    if shape.anchored:
        return r"it is anchored to the ends of a text or line (^, $, \A, \Z), where values in prose rarely stand; use \b"
    if shape.min_width == 0:
        return "it matches an empty string"
    if shape.max_width > MAX_WIDTH:
        return f"it has no upper bound of {MAX_WIDTH} characters; write {{1,40}} instead of + and {{0,40}} instead of *"
    if shape.ways > _MAX_WAYS:
        return "it can match the same text in too many ways (nested or adjacent repeats that overlap), which is slow on hostile input"
    return None
