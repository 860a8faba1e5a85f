"""Data flows: what came from one place must not go to another (see ``policy.Flow``). Not wording but values are compared.

Three kinds of value are followed from a source, all without regard to case, width and invisible characters:

* the whole of a destination's text of up to ``PASSAGE`` words, where these follow each other in the source;
* what looks like an identifier: a word with a digit or one of ``@ . / _ : + -`` inside, such as an address, a link or an account number;
* a passage of ``PASSAGE`` words.

A value that also stands in one of the flow's ``unless`` places is not followed. Pure; what it keeps is bounded by the exchange's texts.
"""

import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from policies.policy import Flow, Policy
from policies.verdict import Action, Fired
from policies.vocabulary import Mode, Scope

PASSAGE = 8
MAX_CHARS = 1_000_000
"""Of the texts of one exchange that are followed from their places, and of a text that is compared with them."""
_WORD = re.compile(r"[^\s\"'`<>()\[\]{},;|]+")
_EDGES = ".:!?*_-/"
_NAME = re.compile(r"[A-Za-z0-9_$-]{0,64}")
_IDENTIFYING = re.compile(r"[0-9]|\w[@./_:+-]\w")


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a text stands: its scope, and for arguments and results the tool's name and the path within them (``to``, ``items.0.id``).

    What is not known may be any: a tool that is "", and a path that is None.
    """

    scope: Scope
    tool: str = ""
    path: str | None = ""


@dataclass(frozen=True, slots=True)
class _Place:
    scope: str
    tool: str
    path: str

    def holds(self, spot: Spot) -> bool:
        if spot.scope.value != self.scope:
            return False
        if spot.tool and not fnmatchcase(spot.tool, self.tool):
            return False
        return spot.path is None or fnmatchcase(spot.path, self.path) or fnmatchcase(spot.path, f"{self.path}.*")


def _place(text: str) -> _Place:
    scope, _, rest = text.partition(".")
    tool, _, path = rest.partition(".")
    return _Place(scope, tool or "*", path or "*")


@dataclass(frozen=True, slots=True)
class _Rule:
    flow: Flow
    name: str
    source: _Place
    to: _Place
    unless: tuple[_Place, ...]


class Flows:
    """The flows of a policy, made ready; for any number of exchanges."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self.rules = [
            _Rule(flow, flow.id or f"flows.{index}", _place(flow.source), _place(flow.to), tuple(map(_place, flow.unless)))
            for index, flow in enumerate(policy.flows)
        ]

    def watch(self) -> "FlowWatch":
        """For one exchange."""
        return FlowWatch(self._policy, self.rules)


class _Values:
    """What is followed from the texts of one place: the words that follow each other there, by how many they are."""

    def __init__(self) -> None:
        self.identifiers: set[str] = set()
        self._texts: list[Sequence[str]] = []
        self._runs: dict[int, set[int]] = {}

    def add(self, words: Sequence[str]) -> None:
        self.identifiers.update(_identifiers(words))
        self._texts.append(words)
        for length, known in self._runs.items():
            known.update(_runs(words, length))

    def holds(self, run: int, length: int) -> bool:
        """Whether a run of so many words stands in any of the texts; counted when a length is first asked for."""
        known = self._runs.get(length)
        if known is None:
            known = self._runs[length] = {each for words in self._texts for each in _runs(words, length)}
        return run in known

    def __len__(self) -> int:
        return len(self._texts)


class FlowWatch:
    """Texts come in the order of the exchange; ``crossing`` says which flows a text completes, ``learn`` makes it a source of others.

    What is too long to be followed (see ``MAX_CHARS``) completes every flow that it may take part in: nothing passes for being long.
    """

    def __init__(self, policy: Policy, rules: Sequence[_Rule]) -> None:
        self._policy = policy
        self._rules = rules
        self._sources = [_Values() for _ in rules]
        self._cleared = [_Values() for _ in rules]
        self._left = MAX_CHARS

    @property
    def blocks(self) -> bool:
        """Whether any of them stops what completes it."""
        return any(is_enforced(rule.flow, self._policy) and rule.flow.action is Action.BLOCK for rule in self._rules)

    def end_in(self, scope: Scope) -> bool:
        """Whether any of them ends in texts of this scope."""
        return any(rule.to.scope == scope.value for rule in self._rules)

    def learn(self, spot: Spot, text: str) -> None:
        here = [
            values
            for rule, source, cleared in zip(self._rules, self._sources, self._cleared, strict=True)
            for values, is_here in ((source, rule.source.holds(spot)), (cleared, any(place.holds(spot) for place in rule.unless)))
            if is_here
        ]
        if not here or self._left < 0:
            return
        self._left -= len(text)
        words = _words(text) if self._left >= 0 else ()
        for values in here:
            values.add(words)

    def crossing(self, spot: Spot, text: str) -> list[Fired]:
        """The flows that this text completes."""
        fired: list[Fired] = []
        words: Sequence[str] | None = None
        too_long = self._left < 0 or len(text) > MAX_CHARS
        for rule, source, cleared in zip(self._rules, self._sources, self._cleared, strict=True):
            if not source or not rule.to.holds(spot):
                continue
            if words is None:
                words = () if too_long else _words(text)
            if too_long or any(_follows(words, source, cleared, rule.flow.min_chars)):
                shadow, why = not is_enforced(rule.flow, self._policy), "too_long" if too_long else "match"
                fired.append(Fired(rule.name, "flow.value", 0, len(text), 1.0, rule.flow.action, shadow, why))
        return fired


class _Pairs(tuple[tuple[str, Any], ...]):
    """An object with all its keys, also those that it has twice."""

    __slots__ = ()


def arguments(text: str) -> Iterator[tuple[str | None, str]]:
    """The texts of a call's arguments, each with its path: ``("to", "bob@example.com")``. A number as it is written; a key that is no name.

    What one reader of JSON takes and another does not (a key twice, NaN) is read in every way; what is no JSON is one text, anywhere.
    """
    try:
        value = json.loads(text, object_pairs_hook=_Pairs, parse_int=str, parse_float=str, parse_constant=str)
        found = list(_leaves(value, ()))
    except (ValueError, RecursionError):
        found = [(None, text)]
    yield from found


def _leaves(value: object, path: tuple[str, ...]) -> Iterator[tuple[str | None, str]]:
    if isinstance(value, _Pairs):
        for key, inner in value:
            if not _NAME.fullmatch(key):
                yield ".".join(path), key
            yield from _leaves(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, (*path, str(index)))
    elif isinstance(value, str):
        yield ".".join(path), value


def is_enforced(flow: Flow, policy: Policy) -> bool:
    """Whether the flow does more than say what it would do: its own mode, else the policy's."""
    return (flow.mode or policy.mode) is Mode.ENFORCE


def _follows(words: Sequence[str], source: _Values, cleared: _Values, min_chars: int) -> Iterator[bool]:
    for identifier in _identifiers(words):
        yield len(identifier) >= min_chars and identifier in source.identifiers and identifier not in cleared.identifiers
    length = min(len(words), PASSAGE)
    if length and (length == PASSAGE or len(" ".join(words)) >= min_chars):
        for run in _runs(words, length):
            yield source.holds(run, length) and not cleared.holds(run, length)


def _words(text: str) -> Sequence[str]:
    if not text.isascii():
        text = "".join(char for char in unicodedata.normalize("NFKC", text) if unicodedata.category(char) != "Cf")
    return [word for found in _WORD.findall(text.casefold()) if (word := found.strip(_EDGES))]


def _identifiers(words: Sequence[str]) -> Iterator[str]:
    return (word for word in words if _IDENTIFYING.search(word))


def _runs(words: Sequence[str], length: int) -> Iterator[int]:
    return (hash(tuple(words[at : at + length])) for at in range(len(words) - length + 1))
