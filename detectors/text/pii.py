"""Personal data of a fixed form: Presidio's English recognisers, mended, behind one prefilter, and exact for every cut of a stream."""

import hashlib
from collections.abc import Collection, Iterator
from importlib.metadata import version
from pathlib import Path

from detectors.contract import Disguise
from detectors.finding import Finding
from detectors.text import context, stretches
from detectors.text.finders import finders
from detectors.text.prefilter import Gate, Hit, best_gate
from detectors.text.presidio import stock

NAME = "pii"
FLOOR = 0.35
"""Findings below this are not reported: Presidio's weak patterns (any nine digits) say nothing without a context word."""

_REVISION = "3"


class PiiPatterns:
    """Inline: patterns, check digits and context words. ``scan`` is the same however a stream is cut (see ``stretches``)."""

    name = NAME
    disguises: frozenset[Disguise] = frozenset()
    lookbehind = context.WINDOW + stretches.WINDOW

    def __init__(self, entities: Collection[str], allow_list: Collection[str] = (), cache_dir: str | None = None) -> None:
        self._finders = finders(entities)
        self._gate: Gate = best_gate(self._finders, Path(cache_dir) if cache_dir else None)
        self._words = [context.Words(finder.context) for finder in self._finders]
        self._all = (1 << len(self._finders)) - 1
        self._allowed = frozenset(value.casefold() for value in allow_list)
        self.digest = _digest(entities, self._allowed)

    def scan(self, text: str, start: int = 0) -> list[Finding]:
        """All findings that begin at or after ``start``."""
        origin = max(0, start - self.lookbehind)
        hits = self._gate.hits(text[origin:] if origin else text)
        if not hits and len(text) - start <= stretches.CEILING:
            return []
        anchor = stretches.anchor(text, start)
        findings: set[Finding] = set()
        for begin, end, mask in self._candidates(text, anchor, [(at + origin, mask) for at, mask in hits]):
            findings.update(self._judge(text, begin, end, mask))
        return sorted((finding for finding in findings if finding.start >= start), key=_order)

    def settled(self, text: str, start: int = 0) -> int:
        """See ``InlineDetector``: the last cut that no text to come can move."""
        return stretches.last_cut(text, start)

    def _candidates(self, text: str, anchor: int, hits: list[Hit]) -> Iterator[tuple[int, int, int]]:
        """The stretches that a finder might find something in, each with those finders as a bit mask."""
        masks: dict[tuple[int, int], int] = {}
        # A ceiling may cut a value so that its part looks like another value, which no trigger has seen.
        for span in stretches.overlong(text, anchor):
            masks[span] = self._all
        begin = end = anchor
        for at, mask in hits:
            for last in (at - 2, at - 1):
                if last >= end:
                    begin, end = stretches.stretch_at(text, last, end)
                if last >= begin:
                    masks[begin, end] = masks.get((begin, end), 0) | mask
        return ((begin, end, mask) for (begin, end), mask in masks.items())

    def _judge(self, text: str, begin: int, end: int, mask: int) -> Iterator[Finding]:
        stretch, before = text[begin:end], text[max(0, begin - context.WINDOW) : begin]
        for index, finder in enumerate(self._finders):
            if mask >> index & 1:
                for raw in finder.find(stretch, before):
                    score = context.boosted(raw.score, text, raw.start + begin, self._words[index])
                    if score >= FLOOR and not self._is_allowed(stretch[raw.start : raw.end]):
                        yield Finding(NAME, f"{NAME}.{raw.entity}", raw.start + begin, raw.end + begin, score, raw.evidence)

    def _is_allowed(self, value: str) -> bool:
        return bool(self._allowed) and value.casefold() in self._allowed


def _order(finding: Finding) -> tuple[int, int, str, float]:
    return finding.start, finding.end, finding.kind, finding.score


def _digest(entities: Collection[str], allowed: frozenset[str]) -> str:
    parts = [
        _REVISION,
        stock()["source"],
        version("phonenumbers"),
        version("tldextract"),
        version("regex"),
        *sorted(entities),
        "|",
        *sorted(allowed),
    ]
    return f"pii-patterns:{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:16]}"
