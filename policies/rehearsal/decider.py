"""One function that decides about a whole exchange, apart from any gateway, and as the gateway does: the strictest of all wins.

A ``Decider`` is a policy made ready. It asks a ``Witness`` what there is to know: one that has the texts has detectors look at them
(``Scanned``); one that has only a record of them (see ``recorded``) may have to say of a rule that nothing can be told.

First the request: rules, flows, what cannot be read, bounds. If that blocks, there is no answer, and what is given of one is not looked at.
Then the answer, without the rules that would only replace a value that is restored at once. Two things are the gateway's alone: values
that lie across two texts, and how sure of its answer a model was.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from policies.bounds import broken
from policies.conditions import Circumstances, Condition, UndecidableError
from policies.decide import NotChecked, Outcome, decide
from policies.domain_parts import OF_REQUESTS, bounds, name_of
from policies.domain_rules import all_rules
from policies.flows import Flows, Spot
from policies.policy import Policy, Rule
from policies.rehearsal.exchange import Exchange, Scan, Unread
from policies.rehearsal.forms import Conforms, Forms
from policies.verdict import Action, Decision, Edit, Fired, Verdict, strictest
from policies.vocabulary import Mode, Scope
from policies.words import at_once

WHOLE = -1
"""Stands for a text's index where something is said of the exchange as a whole."""
UNREAD = "uninspectable"
"""Why something fired that is no rule: what no rule can read."""

_NAMES = re.compile(r"\bexchange\.[a-z_]+|\bsignals\b")

Placed = tuple[int, Fired]
"""What fired, with the index of its text."""
Told = tuple[Sequence[Placed], Sequence[str]]
"""What fired, and the names of those of which that cannot be told."""


class Bounds:
    """The bounds of a policy on requests, made ready: each with its name and what it says."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.parts = tuple((name_of(path), path, value) for path, value in bounds(policy.domain) if path in OF_REQUESTS)

    def __bool__(self) -> bool:
        return bool(self.parts)

    def unknown(self, unknown: frozenset[str]) -> tuple[str, ...]:
        """Those that hang on what is unknown."""
        return tuple([name for name, path, _ in self.parts if OF_REQUESTS[path] in unknown]) if unknown else ()


class Witness(Protocol):
    """What can be said of one exchange."""

    def outcome(self, rule: Rule, index: int) -> Outcome | None:
        """What the rule's detector says of a text; None: it cannot be told."""
        ...

    def was_asked(self, rule: Rule, index: int) -> bool | None:
        """Whether the rule's condition, which hangs on something unknown, held; None: it cannot be told."""
        ...

    def broken(self, bounds: "Bounds") -> Told:
        """Which bounds the request is outside of."""
        ...

    def crossing(self, flows: Flows) -> Told:
        """Which flows are completed, each with the text that does it."""
        ...

    def malformed(self, forms: Forms) -> Told:
        """Which bounds the answer is outside of, each with the text that is."""
        ...


@dataclass(frozen=True, slots=True)
class Decided:
    """``fired`` and ``edits`` go with the index of their text. ``untold``: rules and bounds of which nobody knows whether they fire.

    ``has_answer``: the request was let through.
    """

    action: Action
    fired: tuple[Placed, ...]
    edits: tuple[tuple[int, Edit], ...]
    untold: tuple[str, ...]
    has_answer: bool

    @property
    def decision(self) -> Decision:
        return Decision.of(self.action)

    def rules(self, *, shadow: bool = False) -> tuple[str, ...]:
        """Those that fired and were enforced, or those in shadow; each once, in order."""
        return tuple(dict.fromkeys(fired.rule for _, fired in self.fired if fired.shadow is shadow and fired.why != UNREAD))

    def verdict(self, index: int) -> Verdict:
        """What was decided because of one text."""
        fired = tuple(each for at, each in self.fired if at == index)
        return Verdict(_strictest(fired), tuple(edit for at, edit in self.edits if at == index), fired)


def _strictest(fired: Sequence[Fired]) -> Action:
    action = Action.ALLOW
    for each in fired:
        action = action if each.shadow else strictest(action, each.action)
    return action


@dataclass(frozen=True, slots=True)
class _Check:
    """``names`` is what its condition asks about."""

    rule: Rule
    condition: Condition | None
    names: frozenset[str]

    @property
    def is_about_findings(self) -> bool:
        return self.condition is not None and self.condition.needs_findings


def _check(rule: Rule) -> _Check:
    if rule.when is None:
        return _Check(rule, None, frozenset())
    condition = Condition(rule.when)
    names = frozenset(_NAMES.findall(rule.when))
    return _Check(rule, condition, names | {"findings"} if condition.needs_findings else names)


@dataclass(slots=True)
class _Case:
    """One exchange on its way to a decision."""

    exchange: Exchange
    witness: Witness
    about: Circumstances | None
    unknown: frozenset[str]
    fired: list[Placed] = field(default_factory=list)
    edits: list[tuple[int, Edit]] = field(default_factory=list)
    untold: dict[str, None] = field(default_factory=dict)

    def add(self, told: Told) -> None:
        self.fired += told[0]
        self.untold.update(dict.fromkeys(told[1]))

    def outcomes(self, checks: Sequence[_Check], index: int) -> Iterator[tuple[Rule, Outcome]]:
        """Of the rules that are asked, as far as can be told."""
        for check in checks:
            outcome = self._outcome(check, index)
            if outcome is None:
                self.untold[check.rule.id] = None
            elif outcome.findings or outcome.not_checked:
                yield check.rule, outcome

    def _outcome(self, check: _Check, index: int) -> Outcome | None:
        is_asked: bool | None = True
        unknown = check.names & self.unknown
        if unknown:
            is_asked = self.witness.was_asked(check.rule, index)
        elif check.condition and self.about:
            try:
                is_asked = check.condition.holds(self.about)
            except UndecidableError as error:
                return Outcome((), (NotChecked(check.rule.detect, error.why),))
        if is_asked is False:
            return Outcome(())
        outcome = self.witness.outcome(check.rule, index)
        if is_asked is None and (outcome is None or outcome.findings or outcome.not_checked or "signals" in unknown):
            return None  # it may have found something; and a condition on signals may have had no answer, which says something as well
        return outcome

    def action(self) -> Action:
        return _strictest([fired for _, fired in self.fired])


class Decider:
    """A policy, for any number of exchanges. ``conforms`` makes the forms of answers ready; without it nothing can be told of them."""

    def __init__(self, policy: Policy, conforms: Conforms | None = None) -> None:
        self.policy = policy
        self.rules = all_rules(policy)
        checks = [_check(rule) for rule in self.rules]
        on_answer = [check for check in checks if not (check.rule.action is Action.TOKENIZE and check.rule.restore)]
        self._on_request = {scope: tuple(check for check in checks if scope in check.rule.scope) for scope in Scope}
        self._on_answer = {scope: tuple(check for check in on_answer if scope in check.rule.scope) for scope in Scope}
        self._has_conditions = any(check.condition for check in checks)
        self._needs_findings = any(check.is_about_findings for check in checks)
        self._flows = Flows(policy) if policy.flows else None
        self._bounds = Bounds(policy)
        self._forms = Forms(policy, conforms)

    def decide(self, exchange: Exchange, witness: Witness) -> Decided:
        about = Circumstances(exchange.subject, exchange.asked, exchange.signals, exchange.time) if self._has_conditions else None
        case = _Case(exchange, witness, about, exchange.unknown)
        asking = [index for index, text in enumerate(exchange.texts) if not text.is_answer]
        if about and self._needs_findings:
            self._note_findings(case, asking)
        crossed = witness.crossing(self._flows) if self._flows else ((), ())
        self._half(case, asking, crossed, is_answer=False)
        if self._bounds:
            case.add(witness.broken(self._bounds))
        has_answer = case.action().severity < Action.BLOCK.severity
        if has_answer:
            self._half(case, [index for index, text in enumerate(exchange.texts) if text.is_answer], crossed, is_answer=True)
            if self._forms:
                case.add(witness.malformed(self._forms))
        return Decided(case.action(), tuple(case.fired), tuple(case.edits), tuple(case.untold), has_answer)

    def _half(self, case: _Case, indexes: Sequence[int], crossed: Told, *, is_answer: bool) -> None:
        checks_of = self._on_answer if is_answer else self._on_request
        for index in indexes:
            text = case.exchange.texts[index]
            outcomes = list(case.outcomes(checks_of[text.scope], index))
            if not outcomes:
                continue
            verdict = decide(self.policy, outcomes, len(text.text))
            case.fired += [(index, fired) for fired in verdict.fired]
            case.edits += [(index, edit) for edit in verdict.edits]
            if text.is_fixed and verdict.edits:
                case.fired.append((index, _refused(verdict)))
        case.fired += [(WHOLE, self._unread(part)) for part in case.exchange.unread if part.is_answer is is_answer]
        if crossed[0] or crossed[1]:
            here = [(index, fired) for index, fired in crossed[0] if case.exchange.texts[index].is_answer is is_answer]
            case.add((here, crossed[1]))

    def _note_findings(self, case: _Case, indexes: Sequence[int]) -> None:
        """Conditions on findings are about what rules without such a condition find in the request, taken together."""
        noted: list[tuple[Scope, Sequence[Fired]]] = []
        for index in indexes:
            text = case.exchange.texts[index]
            plain = [check for check in self._on_request[text.scope] if not check.is_about_findings]
            noted.append((text.scope, decide(self.policy, list(case.outcomes(plain, index)), len(text.text)).fired))
        for scope, fired in noted:
            if case.about:
                case.about.found(scope, fired)
        if case.untold:  # what is not known of those, is not known of their findings
            case.unknown |= {"findings"}

    def _unread(self, part: Unread) -> Fired:
        action: Action = getattr(self.policy.on_uninspectable, part.kind)
        name = f"on_uninspectable.{part.kind}"
        return Fired(name, name, 0, 0, 1.0, action, self.policy.mode is Mode.SHADOW, UNREAD)


def _refused(verdict: Verdict) -> Fired:
    """What ought to be rewritten and cannot be, must not go on as it is."""
    edit = verdict.edits[0]
    rule = next(fired.rule for fired in verdict.fired if fired.action.is_rewrite and not fired.shadow)
    return Fired(rule, edit.kind, edit.start, edit.end, 1.0, Action.BLOCK, shadow=False, why="key")


class Scanned:
    """A ``Witness`` that has the texts: all can be told, but what hangs on something unknown."""

    def __init__(self, exchange: Exchange, scan: Scan) -> None:
        self._exchange = exchange
        self._scan = scan

    def outcome(self, rule: Rule, index: int) -> Outcome:
        return self._scan(rule, self._exchange.texts[index].text)

    def was_asked(self, rule: Rule, index: int) -> None:
        del rule, index

    def broken(self, bounds: Bounds) -> Told:
        exchange = self._exchange
        untold = bounds.unknown(exchange.unknown)
        found = broken(bounds.policy, exchange.subject, exchange.asked, exchange.time)
        return [(WHOLE, fired) for fired in found if fired.rule not in untold], untold

    def crossing(self, flows: Flows) -> Told:
        watch = flows.watch()
        crossed: list[Placed] = []
        for index, text in enumerate(self._exchange.texts):
            steps = watch.take(Spot(text.scope, text.tool, text.path), text.text)
            crossed += [(index, fired) for fired in at_once(steps)]
        return crossed, ()

    def malformed(self, forms: Forms) -> Told:
        return forms.violations(self._exchange.texts)
