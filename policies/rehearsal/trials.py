"""A policy tried: against its cases, or on one text."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from detectors.finding import Finding
from policies.decide import NotChecked, Outcome
from policies.policy import Policy, Rule
from policies.redact import apply, hash_value, mask, redact
from policies.rehearsal.cases import Case, Given, GivenFinding, load_cases
from policies.rehearsal.decider import Bounds, Decided, Decider, Scanned, Told
from policies.rehearsal.exchange import EPOCH, Exchange, Scan, Text, Unread
from policies.rehearsal.forms import Conforms
from policies.subject import Asked, Signals, Subject
from policies.verdict import Action, Decision, Edit, Verdict
from policies.vocabulary import Scope

_UNTOLD = "domain.output.uncertainty"  # it hangs on more than texts, in every case
_STATED = {"model": "exchange.model", "group": "exchange.group", "time": "exchange.time", "max_tokens": "exchange.max_tokens"}


@dataclass(frozen=True, slots=True)
class Result:
    """``failures`` say what was expected and what came instead; none: the case holds."""

    case: str
    line: int
    failures: tuple[str, ...]


def run_cases(path: Path, policy: Policy, scan: Scan, conforms: Conforms | None = None) -> list[Result]:
    """Every case of the file against the policy. Raises ``ProblemsError`` where the file itself is wrong."""
    decider = Decider(policy, conforms)
    return [Result(case.name, line, tuple(failures(decider, case, scan))) for line, case in load_cases(path)]


def review(policy: Policy, scope: Scope, text: str, scan: Scan) -> Verdict:
    """What the policy decides about one text, standing in ``scope``."""
    exchange = Exchange(Subject("", "", ""), texts=(Text(scope, text, scope is Scope.OUTPUT),))
    return Decider(policy).decide(exchange, _Stated(exchange, scan, frozenset(_STATED.values()))).verdict(0)


def edited(verdict: Verdict, text: str) -> str:
    """The text as it would go on, with placeholders and hashes of no real key."""
    return apply(text, verdict.edits, _sample)


def exchange_of(given: Given) -> Exchange:
    """What a case says of an exchange."""
    if given.recorded:
        return replace(given.recorded, unknown=frozenset())
    texts = tuple(Text(each.scope, each.text, each.answer or each.scope is Scope.OUTPUT, each.tool, each.path) for each in given.whole)
    asking = [text.text for text in texts if not text.is_answer]
    kinds = {kind for kind in given.uninspectable if kind in ("image", "audio", "file")} | ({"text"} if asking else set())
    signals = given.signals
    return Exchange(
        Subject(given.app, given.model, given.surface, given.user, given.session, given.group),
        Asked(
            given.stream,
            max(1, len(asking)) if given.messages is None else given.messages,
            sum(map(len, asking)),
            given.max_tokens,
            given.temperature,
            given.top_p,
            given.n,
            given.tools,
            frozenset(kinds),
        ),
        Signals(signals.drift, signals.disparity, signals.anomaly, signals.incident_severity, signals.incidents_open, signals.stale),
        EPOCH if given.time is None else datetime.fromisoformat(given.time),
        texts,
        tuple(Unread(kind) for kind in given.uninspectable),
    )


class _Stated(Scanned):
    """Bounds on what a case does not state are taken to be kept."""

    def __init__(self, exchange: Exchange, scan: Scan, unstated: frozenset[str]) -> None:
        super().__init__(exchange, scan)
        self._unstated = unstated

    def broken(self, bounds: Bounds) -> Told:
        kept = bounds.unknown(self._unstated)
        fired, untold = super().broken(bounds)
        return [placed for placed in fired if placed[1].rule not in kept], untold


def failures(decider: Decider, case: Case, scan: Scan) -> Iterator[str]:
    """What of the case does not hold."""
    given, expect = case.given, case.expect
    exchange = exchange_of(given)
    decided = decider.decide(exchange, _Stated(exchange, scan if given.is_scanned else _given_outcome(given), _unstated(given)))
    if expect.decision not in (None, decided.decision):
        yield f"expected decision {expect.decision}, got {decided.decision}"
    for what, expected, shadow in (("rules", expect.rules, False), ("shadow", expect.shadow, True)):
        fired = sorted(decided.rules(shadow=shadow))
        if expected is not None and sorted(expected) != fired:
            yield f"expected {what} {_listed(sorted(expected))}, got {_listed(fired)}"
    for name in decided.untold:
        if name != _UNTOLD:
            yield f"of {name} nothing can be told here"
    wanted = [expect.text] if expect.text is not None else list(expect.texts or ())
    for index, text in enumerate(wanted):
        if text is not None:
            yield from _text_failures(text, decided, index, exchange.texts[index].text)


def _unstated(given: Given) -> frozenset[str]:
    if given.recorded:
        return given.recorded.unknown
    return frozenset(name for key, name in _STATED.items() if key not in given.model_fields_set)


def _sample(edit: Edit, value: str) -> str:
    entity = edit.kind.rpartition(".")[2]
    match edit.action:
        case Action.TOKENIZE:
            return f"<{hash_value(value, entity, b'sample', '')[:-4]}>"
        case Action.HASH:
            return hash_value(value, entity, b"sample", "")
        case Action.MASK:
            return mask(value)
        case _:
            return redact(entity)


def _given_outcome(given: Given) -> Scan:
    def outcome(rule: Rule, text: str) -> Outcome:
        found = (finding for given_finding in given.findings for finding in _places(given_finding, text))
        return Outcome(
            tuple(finding for finding in found if finding.detector == rule.detect),
            tuple(NotChecked(check.detector, check.reason) for check in given.not_checked if check.detector == rule.detect),
        )

    return outcome


def _places(given: GivenFinding, text: str) -> list[Finding]:
    detector = given.kind.partition(".")[0]
    matches = re.finditer(re.escape(given.text), text)
    return [Finding(detector, given.kind, match.start(), match.end(), given.score) for match in matches]


def _text_failures(expected: str, decided: Decided, index: int, text: str) -> list[str]:
    if decided.decision is Decision.BLOCK:
        return [f"expected text {expected!r}, but nothing goes on: it is blocked"]
    got = edited(decided.verdict(index), text)
    pattern = re.sub(r"([A-Z0-9])_\\\*(?!\\\*)", r"\1_[0-9a-z]+", re.escape(expected))
    return [] if re.fullmatch(pattern, got) else [f"expected text {expected!r}, got {got!r}"]


def _listed(names: Sequence[str]) -> str:
    return f"[{', '.join(names)}]"
