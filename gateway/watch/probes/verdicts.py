"""What a policy makes of a probe: of its question, and of each answer. Decided as ``oddgate policy test`` decides, by the detectors of the
path. Pure.

The policy is the one that had decided the exchange. What a rule needs a model for, and what hangs on something that the record does not
say, is not guessed: whatever that could have changed is not told, and it is said which rules those were.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from detectors.contract import InlineDetector, PooledDetector, TextDetector
from detectors.readings import scan
from gateway.watch.probes.plan import Question
from policies.decide import Outcome
from policies.policy import Policy, Rule
from policies.rehearsal.decider import Bounds, Decided, Decider, Scanned
from policies.rehearsal.decider import Told as PolicyTold
from policies.rehearsal.exchange import Exchange, Text
from policies.verdict import Action, Fired
from policies.vocabulary import Scope

GUARD = "guard_"
"""With which the names of all that is told here begin."""
RULES = 24
"""Of a policy, on either side of the exchange, that are told one by one."""
MAX_CHARS = 20_000
"""Of an answer. A longer one is not looked at."""
PATIENCE_S = 2.0
"""For one look at a question or an answer."""
_POLICIES = 4
_ASKING, _ANSWERING = "question", "answer"

NO_POLICY, TOO_SLOW, TOO_LONG = "(the policy is not known)", "(it took too long)", "(the answer was too long)"
"""Why nothing was told, where no rule is why."""

Find = Callable[[str], Policy | None]
"""The policy of this version; None: it is not known."""
Build = Callable[[Rule], Sequence[TextDetector] | None]
"""The detectors of a rule; None: they cannot be built here."""


@dataclass(frozen=True, slots=True)
class Told:
    """``rates``: what is certain. ``untold``: the rules, or reasons, because of which something is not."""

    rates: Mapping[str, bool] = field(default_factory=dict)
    untold: tuple[str, ...] = ()

    @property
    def is_blocked(self) -> bool:
        return self.rates.get(f"{GUARD}{_ASKING}_blocked", False)


class _TooSlowError(Exception):
    pass


@dataclass(frozen=True, slots=True)
class _Ready:
    """A policy with its detectors; those of a rule are None where they cannot look here."""

    decider: Decider
    detectors: Mapping[int, Sequence[InlineDetector] | None]
    """By the rule's identity."""

    def rules(self, scopes: frozenset[Scope]) -> list[Rule]:
        return [rule for rule in self.decider.rules if not scopes.isdisjoint(rule.scope)]


_SCOPES = {_ASKING: frozenset({Scope.SYSTEM, Scope.USER}), _ANSWERING: frozenset({Scope.OUTPUT})}


class Verdicts:
    """``clock`` gives seconds that never go back. The policies that were asked for last are kept ready."""

    def __init__(self, find: Find, build: Build, clock: Callable[[], float]) -> None:
        self._find, self._build, self._clock = find, build, clock
        self._ready: OrderedDict[str, _Ready] = OrderedDict()

    def of_question(self, question: Question, prompt: str) -> Told:
        return self._told(_ASKING, question, _asking(question, prompt))

    def of_answer(self, question: Question, prompt: str, answer: str) -> Told:
        """To a question that was let through."""
        if len(answer) > MAX_CHARS:
            return Told(untold=(TOO_LONG,))
        return self._told(_ANSWERING, question, (*_asking(question, prompt), Text(Scope.OUTPUT, answer, is_answer=True)))

    def _told(self, stage: str, question: Question, texts: tuple[Text, ...]) -> Told:
        ready = self._policy(question.policy)
        if ready is None or question.exchange is None:
            return Told(untold=(NO_POLICY,))
        chars = sum([len(text.text) for text in texts if not text.is_answer])
        exchange = replace(question.exchange, texts=texts, asked=replace(question.exchange.asked, chars=chars))
        try:
            decided = ready.decider.decide(exchange, _Witness(exchange, ready.detectors, self._clock))
        except _TooSlowError:
            return Told(untold=(TOO_SLOW,))
        fired = [each for at, each in decided.fired if (at == len(texts) - 1) or stage == _ASKING]
        return _summed_up(stage, ready, decided, fired)

    def _policy(self, version: str) -> _Ready | None:
        """One that is not known may be soon: it is looked for again."""
        if version not in self._ready:
            policy = self._find(version)
            if policy is None:
                return None
            self._ready[version] = _made(policy, self._build)
            while len(self._ready) > _POLICIES:
                self._ready.popitem(last=False)
        self._ready.move_to_end(version)
        return self._ready[version]


def _made(policy: Policy, build: Build) -> _Ready:
    decider = Decider(policy)
    return _Ready(decider, {id(rule): _inline(build(rule)) for rule in decider.rules})


def _inline(detectors: Sequence[TextDetector] | None) -> list[InlineDetector] | None:
    """None where one of them needs a model."""
    found: list[InlineDetector] = []
    for each in detectors or ():
        if isinstance(each, PooledDetector):
            return None
        found.append(each)
    return None if detectors is None else found


def _asking(question: Question, prompt: str) -> tuple[Text, ...]:
    system = (Text(Scope.SYSTEM, question.system),) if question.system else ()
    return (*system, Text(Scope.USER, prompt))


class _Witness:
    """Has the texts, and knows nothing of what rules without detectors would find."""

    def __init__(self, exchange: Exchange, detectors: Mapping[int, Sequence[InlineDetector] | None], clock: Callable[[], float]) -> None:
        self._exchange, self._detectors, self._clock = exchange, detectors, clock
        self._until = clock() + PATIENCE_S
        seen = Scanned(exchange, self._scan)
        self._broken, self.was_asked, self.crossing, self.malformed = seen.broken, seen.was_asked, seen.crossing, seen.malformed

    def outcome(self, rule: Rule, index: int) -> Outcome | None:
        return None if self._detectors[id(rule)] is None else self._scan(rule, self._exchange.texts[index].text)

    def broken(self, bounds: Bounds) -> PolicyTold:
        """What is not known of the request was within them: it was let through, and no swap changes anything of it but its length."""
        return self._broken(bounds)[0], ()

    def _scan(self, rule: Rule, text: str) -> Outcome:
        if self._clock() > self._until:
            raise _TooSlowError
        return Outcome(tuple([found for detector in self._detectors[id(rule)] or () for found in scan(detector, text)]))


def _summed_up(stage: str, ready: _Ready, decided: Decided, fired: Sequence[Fired]) -> Told:
    rules = ready.rules(_SCOPES[stage])
    if stage == _ANSWERING:
        rules = [rule for rule in rules if not (rule.action is Action.TOKENIZE and rule.restore)]  # what it replaces is restored at once
    known = {rule.id for rule in ready.decider.rules}
    here = {rule.id for rule in rules}
    untold = tuple([name for name in decided.untold if name in here or name not in known])
    doubted = _doubted(ready.decider.policy, rules, untold)
    enforced = {each.action for each in fired if not each.shadow}
    names = {each.rule for each in fired}
    certain = {
        "blocked": _certain(enforced, doubted, lambda action: action.severity >= Action.BLOCK.severity),
        "rewritten": _certain(enforced, doubted, lambda action: action.is_rewrite),
        **{f"rule.{rule.id}": rule.id in names for rule in rules[:RULES] if rule.id not in untold},
    }
    return Told({f"{GUARD}{stage}_{name}": said for name, said in certain.items() if said is not None}, untold)


def _doubted(policy: Policy, rules: Iterable[Rule], untold: Sequence[str]) -> frozenset[Action]:
    """What those could have done of which nothing is known; a bound on answers whatever there is."""
    known = {rule.id: rule for rule in rules}
    if any(name not in known for name in untold):
        return frozenset(Action)
    return frozenset([known[name].action for name in untold if not policy.is_shadow(known[name])])


def _certain(done: Iterable[Action], doubted: Iterable[Action], is_such: Callable[[Action], bool]) -> bool | None:
    if any(map(is_such, done)):
        return True
    return None if any(map(is_such, doubted)) else False
