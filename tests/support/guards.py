"""Guards for tests: small detectors with obvious results, policies in one line, and a driver that streams a text in given pieces."""

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from detectors.contract import Disguise, Factory, TextDetector
from detectors.finding import Finding
from gateway.guard.holdback import TextChannel, Writing
from gateway.guard.jsonchannel import JsonChannel
from gateway.guard.kept import KeepText
from gateway.guard.plan import Check, Plan, compile_plan
from gateway.guard.tokens import Tokens
from gateway.guard.writing import replacement
from policies.load import LoadedPolicy
from policies.policy import Policy, Rule

KEY = b"k" * 32


class Pattern:
    """An inline detector for one regular expression of at most ``max_span`` characters that matches no white space."""

    lookbehind = 1
    disguises = frozenset[Disguise]()

    def __init__(self, entity: str, pattern: str, max_span: int) -> None:
        self.name = "pii"
        self.digest = f"{entity}:{pattern}"
        self._entity = entity
        self._pattern = re.compile(pattern)
        self._max_span = max_span

    def scan(self, text: str, start: int = 0) -> list[Finding]:
        return [Finding("pii", f"pii.{self._entity}", m.start(), m.end(), 0.9) for m in self._pattern.finditer(text, start)]

    def settled(self, text: str, start: int = 0) -> int:
        """Up to the last white space: no match holds any."""
        at = len(text)
        while at > start and not text[at - 1].isspace():
            at -= 1
        return at


class Names:
    """A pooled detector: every capitalised word is a person."""

    name = "pii"
    digest = "names"
    reads = "sentence"
    factory = Factory("tests.support.guards:names", {})

    def is_candidate(self, unit: str) -> bool:
        return unit != unit.lower()

    @staticmethod
    def scan(unit: str) -> tuple[Finding, ...]:
        return tuple(Finding("pii", "pii.PERSON", m.start(), m.end(), 0.8) for m in re.finditer(r"\b[A-Z][a-z]+\b", unit))


def names() -> object:
    return lambda units: [list(Names.scan(unit)) for unit in units]


DIGITS = Pattern("NUMBER", r"(?<!\S)\d{4,}(?!\S)", 64)
MAILS = Pattern("EMAIL_ADDRESS", r"\S+@\S+", 64)


def policy(*rules: Rule, mode: str = "enforce", **keys: object) -> Policy:
    return Policy.model_validate({"name": "test", "mode": mode, "rules": rules, **keys}, strict=False)


def rule(identity: str, action: str, **keys: object) -> Rule:
    return Rule.model_validate({"id": identity, "detect": "pii", "action": action, **keys}, strict=False)


def plan(policy_: Policy, detectors: Sequence[TextDetector], keep_text: KeepText = "none") -> Plan:
    """Every rule gets these detectors."""
    from pathlib import Path

    return compile_plan(LoadedPolicy(policy_, "0" * 64, Path("test.yaml")), lambda _: detectors, keep_text)


def channel(policy_: Policy, checks: Sequence[Check], tokens: Tokens | None = None, *, json: bool = False) -> TextChannel | JsonChannel:
    tokens = tokens or Tokens(KEY, "app")
    finder = tokens.finder()

    def restore(text: str) -> str:
        value = tokens.value_of(finder.keyed(text)) if finder else None
        return text if value is None else value

    writing = Writing(finder, restore, lambda edit, value: replacement(edit, value, tokens), tokens.fingerprint)

    def new() -> TextChannel:
        return TextChannel(policy_, checks, writing, lambda text: text.encode("utf-8", "surrogatepass"))

    return JsonChannel(new) if json else new()


def settle(subject: TextChannel | JsonChannel) -> None:
    while jobs := subject.needs():
        for job, _ in jobs:
            subject.settle(job, tuple(Names.scan(unit) for unit in job.units))


def stream(subject: TextChannel | JsonChannel, pieces: Iterable[str]) -> list[str]:
    """What comes out after each piece, and at last after the end."""
    out = []
    for piece in pieces:
        subject.feed(piece)
        settle(subject)
        out.append(subject.release())
    subject.close()
    settle(subject)
    out.append(subject.release())
    return out


def cut(text: str, places: Iterable[int]) -> list[str]:
    """The text in pieces, cut at those places."""
    marks = sorted({0, len(text), *(place % (len(text) + 1) for place in places)})
    return [text[a:b] for a, b in pairwise(marks)]
