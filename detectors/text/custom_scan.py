"""Finds the patterns that a security team added. Each is bounded in width, so a stream holds back no more than the widest."""

import hashlib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from detectors.contract import Disguise
from detectors.finding import Evidence, Finding
from detectors.text import context
from detectors.text.ambiguity import ways_to_match
from detectors.text.checks import VALIDATORS
from detectors.text.custom import CustomPattern
from detectors.text.prefilter import Hyperscan

NAME = "pii"
_REVISION = "1"


@dataclass(frozen=True, slots=True)
class _Compiled:
    pattern: CustomPattern
    expression: re.Pattern[str]
    words: context.Words


class PiiCustom:
    """Inline: the user's own patterns, all of which ask for the same disguises, behind a prefilter of their own."""

    name = NAME

    def __init__(self, patterns: Sequence[CustomPattern], allow_list: Collection[str] = (), cache_dir: str | None = None) -> None:
        self.disguises = frozenset[Disguise]().union(*(pattern.disguises for pattern in patterns))
        self._patterns = tuple(_Compiled(p, p.compiled(), context.Words(word.lower() for word in p.context)) for p in patterns)
        shapes = [ways_to_match(each.pattern.regex, each.expression.flags) for each in self._patterns]
        self._width = max((shape.max_width for shape in shapes), default=0) + 1  # one more: \b looks at what follows
        self.lookbehind = max([context.WINDOW, *(shape.behind + 1 for shape in shapes)])
        self._gate = _gate(patterns, cache_dir)
        self._allowed = frozenset(value.casefold() for value in allow_list)
        self.digest = _digest(patterns, self._allowed)

    def scan(self, text: str, start: int = 0) -> list[Finding]:
        """All findings that begin at or after ``start``."""
        found = [self._finding(each, match, text) for each, match in self._matches(text, start) if self._holds(each.pattern, match[0])]
        return sorted(found, key=lambda f: (f.start, f.end, f.kind))

    def settled(self, text: str, start: int = 0) -> int:
        """A match that begins more than the widest pattern before the end is what it is; one that reaches over that point is kept whole."""
        upto = max(start, len(text) - self._width)
        spans = sorted((match.span() for _, match in self._matches(text, start)), reverse=True)
        for begin, end in spans:  # from the last: a cut moved back may cross an earlier one
            if begin < upto < end:
                upto = begin
        return upto

    def _matches(self, text: str, start: int) -> list[tuple[_Compiled, re.Match[str]]]:
        fired = self._fired(text)
        return [
            (each, match)
            for index, each in enumerate(self._patterns)
            if fired >> index & 1
            for match in each.expression.finditer(text, start)
        ]

    def _fired(self, text: str) -> int:
        if self._gate is None:
            return -1
        mask = 0
        for _, pattern in self._gate.hits(text):
            mask |= pattern
        return mask

    def _holds(self, pattern: CustomPattern, value: str) -> bool:
        if value.casefold() in self._allowed:
            return False
        return pattern.validator is None or VALIDATORS[pattern.validator](value)

    def _finding(self, each: _Compiled, match: re.Match[str], text: str) -> Finding:
        score = context.boosted(each.pattern.score, text, match.start(), each.words)
        evidence = Evidence.CHECKSUM if each.pattern.validator else Evidence.PATTERN
        return Finding(NAME, f"{NAME}.{each.pattern.name}", match.start(), match.end(), score, evidence)


def _gate(patterns: Sequence[CustomPattern], cache_dir: str | None) -> Hyperscan | None:
    """None where every pattern just runs: no place for a database, or an expression that Hyperscan does not take."""
    if cache_dir is None or find_spec("hyperscan") is None:
        return None
    import hyperscan

    try:
        return Hyperscan([(f"(?ims){pattern.regex}",) for pattern in patterns], Path(cache_dir))
    except hyperscan.HyperscanError:
        return None


def _written(pattern: CustomPattern) -> str:
    return repr((pattern.name, pattern.regex, pattern.score, pattern.validator, pattern.context, sorted(pattern.disguises)))


def _digest(patterns: Sequence[CustomPattern], allowed: frozenset[str]) -> str:
    parts = [_REVISION, *(_written(pattern) for pattern in patterns), "|", *sorted(allowed)]
    return f"pii-custom:{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:16]}"
