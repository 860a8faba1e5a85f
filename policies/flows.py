"""Data flows: what came from one place must not go to another (see ``policy.Flow``). Not wording but values are compared.

Three kinds of value are followed from a source, all without regard to case, width, accents and invisible characters:

* the whole of a destination's text of up to ``PASSAGE`` words, where these follow each other in the source;
* what looks like an identifier: a word with a digit or one of ``@ . / _ : + -`` inside, such as an address, a link or an account number,
  and each such part of a link or a form (``?q=acct-123``), also where it is escaped (``%40``); what is written in groups
  (``DE89 3704 0044``) is the same without what is between them, and a number the same with a point or an exponent;
* a passage of ``PASSAGE`` words.

A value that also stands in one of the flow's ``unless`` places is not followed. Pure; what is long is followed in steps, between which
others may have their turn, and all of an exchange's texts together as far as ``MAX_CHARS``.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from policies.policy import Flow, Policy
from policies.verdict import Action, Fired
from policies.vocabulary import Mode, Scope
from policies.words import PIECE, Steps, Text, fold, read, runs

PASSAGE = 8
MAX_CHARS = 1_000_000
"""Of the texts of one exchange that are followed, from their places or to them: as they come or as they are compared, whichever is more,
``EACH`` more for each text, and ``JOINED`` for each way to join groups that stand in it.
"""
EACH = 32
JOINED = 2
MAX_PATH = 256
"""Of a path that is compared, and of a tool's name. What is longer may be any."""
_NAME = re.compile(r"[A-Za-z0-9_$-]{0,64}")


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a text stands: its scope, and for arguments and results the tool's name and the path within them (``to``, ``items.0.id``).

    What is not known may be any: a tool that is "", and a path that is None. Arguments at "" are all of a call's, as it writes them.
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
        if spot.scope.value != self.scope or (spot.tool and not fnmatchcase(spot.tool, self.tool)):
            return False
        return spot.path is None or self.path == "*" or any(fnmatchcase(spot.path, path) for path in (self.path, f"{self.path}.*"))


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

    def watch(self, *, has_unseen: bool = False) -> "FlowWatch":
        """For one exchange. ``has_unseen``: it goes on from texts that are not in it."""
        return FlowWatch(self._policy, self.rules, has_unseen=has_unseen)


class _Values:
    """What is followed from the texts of one place: the words that follow each other there, by how many they are."""

    def __init__(self) -> None:
        self.identifiers: set[str] = set()
        self.joined: set[str] = set()
        self._texts: list[Sequence[str]] = []
        self._runs: dict[int, set[int]] = {}

    def add(self, text: Text) -> Steps[None]:
        self.identifiers |= text.identifiers
        self.joined |= text.joined
        self._texts.append(text.words)
        for length, known in self._runs.items():
            known |= yield from text.runs(length)

    def runs(self, length: int) -> Steps[set[int]]:
        """Counted when a length is first asked for."""
        if length not in self._runs:
            known: set[int] = set()
            for words in self._texts:
                known |= yield from runs(words, length)
            self._runs[length] = known
        return self._runs[length]

    def __len__(self) -> int:
        return len(self._texts)


class FlowWatch:
    """Takes the texts of an exchange in their order, and says of each which flows it completes.

    What is too long to be followed (see ``MAX_CHARS``) completes every flow that it may take part in, which each of them says once. Where
    an exchange goes on from what was said elsewhere (``has_unseen``), any value may have come from there: each that may be followed
    completes the flows that end where it stands, unless it is cleared.
    """

    def __init__(self, policy: Policy, rules: Sequence[_Rule], *, has_unseen: bool) -> None:
        self.has_unseen = has_unseen
        self._policy = policy
        self._rules = rules
        self._values = {place: _Values() for rule in rules for place in (rule.source, *rule.unless)}
        self._places = frozenset([*self._values, *(rule.to for rule in rules)])
        self._left = MAX_CHARS
        self._too_long: set[str] = set()

    @property
    def blocks(self) -> bool:
        """Whether any of them stops what completes it."""
        return any(is_enforced(rule.flow, self._policy) and rule.flow.action is Action.BLOCK for rule in self._rules)

    def concerns(self, scope: Scope) -> bool:
        """Whether any of them has to do with texts of this scope."""
        return any(place.scope == scope.value for place in self._places)

    def unfinished(self) -> list[Fired]:
        """What is said where the texts have not all been taken in time."""
        return [self._fired(rule, 0, "timeout") for rule in self._rules]

    def take(self, spot: Spot, text: str) -> Steps[list[Fired]]:
        """The flows that this text completes; from now on it is a source of others."""
        yield
        tool = spot.tool if len(spot.tool) <= MAX_PATH else ""
        anywhere = Spot(spot.scope, tool, None)
        if not any(place.holds(anywhere) for place in self._places):
            return []
        if spot.scope is not Scope.TOOL_ARGUMENTS or spot.path != "":
            return (yield from self._take(Spot(spot.scope, tool, spot.path), text))
        if len(text) > self._left:
            return (yield from self._take(anywhere, text))
        fired: list[Fired] = []
        for path, said in arguments(text):
            is_last = self._left < 0  # what is left over is not followed, and may stand anywhere
            fired += yield from self._take(anywhere if is_last else Spot(spot.scope, tool, path), said)
            if is_last:
                break
        return fired

    def _take(self, spot: Spot, said: str) -> Steps[list[Fired]]:
        yield
        self._left -= EACH
        learning = [values for place, values in self._values.items() if place.holds(spot)]
        completed = [rule for rule in self._rules if rule.to.holds(spot) and (self.has_unseen or self._values[rule.source])]
        if not learning and not completed:
            return []
        text = yield from self._read(said)
        fired: list[Fired] = []
        for rule in completed:
            why = yield from self._why(rule, text)
            fired += [self._fired(rule, len(said), why)] if why else []
        for values in learning:
            yield from values.add(text or Text())
        return fired

    def _fired(self, rule: _Rule, length: int, why: str) -> Fired:
        shadow = not is_enforced(rule.flow, self._policy)
        return Fired(rule.name, "flow.value", 0, length, 1.0, rule.flow.action, shadow, why)

    def _read(self, said: str) -> Steps[Text | None]:
        """The text as it is compared; None: with all that was read before it is too long."""
        pieces: list[str] = []
        for at in range(0, len(said), PIECE):
            if len(said) - at > self._left:
                self._left = -1
            if self._left < 0:
                return None
            piece = fold(said[at : at + PIECE])
            self._left -= max(len(piece), min(PIECE, len(said) - at))
            pieces.append(piece)
            yield
        if self._left < 0:
            return None
        text = yield from read("".join(pieces), self._left // JOINED)
        self._left -= JOINED * text.ways
        return text if self._left >= 0 else None

    def _why(self, rule: _Rule, text: Text | None) -> Steps[str]:
        """Why the text completes the flow; "" if it does not, or there is nothing new to say."""
        if text is None:
            is_said = rule.name in self._too_long
            self._too_long.add(rule.name)
            return "" if is_said else "too_long"
        if (yield from self._follows(rule, text, self._values[rule.source])):
            return "match"
        return "unseen_source" if self.has_unseen and (yield from self._follows(rule, text, None)) else ""

    def _follows(self, rule: _Rule, text: Text, source: _Values | None) -> Steps[bool]:
        """Whether the text has a value of the source that is not cleared; None: of any source."""
        cleared = [self._values[place] for place in rule.unless]
        found = text.identifiers
        if source is not None:
            found = (found & source.identifiers) | (found & source.joined) | (text.joined & source.identifiers)
        for values in cleared:
            found = found - values.identifiers - values.joined
        if any(len(identifier) >= rule.flow.min_chars for identifier in found):
            return True
        length = min(len(text.words), PASSAGE)
        if length < PASSAGE and len(" ".join(text.words)) < rule.flow.min_chars:
            return False
        if length < PASSAGE and any("".join(text.words) in known for values in cleared for known in (values.identifiers, values.joined)):
            return False
        passages = yield from text.runs(length)
        if source is not None:
            passages = passages & (yield from source.runs(length))
        for values in cleared:
            passages = passages - (yield from values.runs(length))
        return bool(passages)


class _Pairs(tuple[tuple[str, Any], ...]):
    """An object with all its keys, also those that it has twice."""

    __slots__ = ()


def arguments(text: str) -> Iterator[tuple[str | None, str]]:
    """The texts of a call's arguments, each with its path: ``("to", "bob@example.com")``. A number as it is written; a key that is no name.

    What one reader of JSON takes and another does not (a key twice, NaN) is read in every way; what is no JSON is one text, anywhere.
    """
    try:
        value = json.loads(text, object_pairs_hook=_Pairs, parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        yield None, text
        return
    within: list[Iterator[tuple[str | None, object]]] = [iter((("", value),))]
    while within:
        for path, inner in within[-1]:
            if isinstance(inner, (_Pairs, list)):
                within.append(_below(path, inner))
                break
            if isinstance(inner, str):
                yield path, inner
        else:
            within.pop()


def _below(path: str | None, holder: _Pairs | list[object]) -> Iterator[tuple[str | None, object]]:
    if isinstance(holder, list):
        for index, inner in enumerate(holder):
            yield below(path, str(index)), inner
        return
    for key, inner in holder:
        if not _NAME.fullmatch(key):
            yield path, key
        yield below(path, key), inner


def below(path: str | None, step: str) -> str | None:
    """The path one step further in; None if it is too long to be compared."""
    if path is None or len(path) + len(step) >= MAX_PATH:
        return None
    return f"{path}.{step}" if path else step


def is_enforced(flow: Flow, policy: Policy) -> bool:
    """Whether the flow does more than say what it would do: its own mode, else the policy's."""
    return (flow.mode or policy.mode) is Mode.ENFORCE
