"""A recorded exchange decided again without its texts: from what the rules that looked at it then had found.

What a rule would have found can be told where rules that looked then would have found all of it: the same detector with the same patterns,
at least the same entities, and no higher a threshold. Of a calibrated rule the record has the score of what was asked, whether it fired or
not, so that it can be told at any threshold. Of all else nothing can be told, and so it is said: never that nothing changes.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from detectors.finding import Finding
from policies.bounds import broken
from policies.conditions import UNDECIDED
from policies.decide import NotChecked, Outcome
from policies.domain_parts import Path, action_of, bounds, name_of
from policies.domain_rules import DomainRule, all_rules
from policies.flows import Flows
from policies.policy import Flow, Policy, Rule
from policies.rehearsal.decider import WHOLE, Bounds, Placed, Told
from policies.rehearsal.exchange import Exchange
from policies.rehearsal.forms import Forms
from policies.rehearsal.recorded import Hit, Record
from policies.verdict import Fired
from policies.vocabulary import Mode, Scope

Defaults = Mapping[str, frozenset[str]]
"""What a detector finds unless a rule names entities, by the detector's name."""
Made = Callable[[Rule], str]
"""The digest of a rule's detector, as the rule configures it."""

_NOTHING = Outcome(())
_FORMED = ("key", "picture")  # said of a text's form, besides what was found in it


@dataclass(frozen=True, slots=True)
class _Source:
    """Which findings of the rules that looked then are those of another rule. ``narrows``: it leaves some of them out, by their value."""

    entities: Mapping[str, frozenset[str]]
    narrows: bool


class Sources:
    """What can be told of ``policy`` from records that ``recorder`` decided."""

    def __init__(self, policy: Policy, recorder: Policy, defaults: Defaults, made: Made) -> None:
        self.policy = policy
        self._defaults = defaults
        self._made = {rule.id: made(rule) for rule in all_rules(policy) if rule.max_fpr is not None}
        self._rules = {rule.id: rule for rule in all_rules(recorder)}
        self._bounds = dict(bounds(recorder.domain))
        self._flows = {_route(flow): flow.id or f"flows.{index}" for index, flow in enumerate(recorder.flows)}
        self._known: dict[tuple[int, tuple[str, ...]], _Source | None] = {}
        self._kept: list[Rule] = []  # so that their ids stay theirs

    def source(self, rule: Rule, inspected_by: tuple[str, ...]) -> _Source | None:
        """None: it cannot be told."""
        name = (id(rule), inspected_by)
        if name not in self._known:
            self._kept.append(rule)
            self._known[name] = self._source(rule, [self._rules[each] for each in inspected_by if each in self._rules])
        return self._known[name]

    def score(self, rule: Rule, record: Record) -> float | None:
        """What this very rule's detector gave what was asked; None: that is not known."""
        score, by = record.scores.get(rule.id, (None, ""))
        return score if score is not None and self._made.get(rule.id) == by else None

    def same_condition(self, rule: Rule, name: str) -> bool:
        """Whether the rule of that name then had the rule's condition."""
        return name in self._rules and self._rules[name].when == rule.when

    def looks_at(self, name: str, scope: Scope) -> bool:
        return name in self._rules and scope in self._rules[name].scope

    def same_bound(self, path: Path, value: object) -> bool:
        return self._bounds.get(path) == value

    def same_flow(self, flow: Flow) -> str | None:
        """What the flow was called then, if there was one."""
        return self._flows.get(_route(flow))

    def _source(self, rule: Rule, looked: Sequence[Rule]) -> _Source | None:
        able = sorted((each for each in looked if _finds_as_much(each, rule)), key=lambda each: (each.id != rule.id, each.when is not None))
        if not able:
            return None
        wanted = self._entities(rule)
        if wanted is None:
            able = [each for each in able if each.entities is None]
            return _Source({each.id: frozenset() for each in able[:1]}, _narrows(able[0], rule)) if able else None
        entities: dict[str, set[str]] = {}
        narrows = False
        for entity in wanted:
            finder = next((each for each in able if self._finds(each, rule, entity)), None)
            if finder is None:
                return None
            entities.setdefault(finder.id, set()).add(entity)
            narrows = narrows or _narrows(finder, rule)
        return _Source({name: frozenset(found) for name, found in entities.items()}, narrows)

    def _entities(self, rule: Rule) -> frozenset[str] | None:
        """None: all that the detector finds, whatever that is."""
        if rule.entities is not None:
            return frozenset(rule.entities)
        default = self._defaults.get(rule.detect)
        return None if default is None else default | {pattern.name for pattern in rule.patterns}

    def _finds(self, finder: Rule, rule: Rule, entity: str) -> bool:
        own = [[p for p in each.patterns if p.name == entity] for each in (finder, rule)]
        found = self._entities(finder)
        return own[0] == own[1] and (found is None or entity in found)


def _finds_as_much(finder: Rule, rule: Rule) -> bool:
    if finder.detect != rule.detect or finder.max_fpr != rule.max_fpr or not set(finder.allow_list) <= set(rule.allow_list):
        return False
    if isinstance(finder, DomainRule) or isinstance(rule, DomainRule):
        return _configuration(finder) == _configuration(rule)
    return finder.min_score is None or (rule.min_score is not None and rule.min_score >= finder.min_score)


def _configuration(rule: Rule) -> object:
    return {key: getattr(rule, key, None) for key in DomainRule.model_fields.keys() - Rule.model_fields.keys()}


def _narrows(finder: Rule, rule: Rule) -> bool:
    return set(finder.allow_list) != set(rule.allow_list)


def _route(flow: Flow) -> tuple[object, ...]:
    return flow.source, flow.to, flow.unless, flow.min_chars


class Retold:
    """A ``Witness`` of a record of the journal."""

    def __init__(self, exchange: Exchange, record: Record, sources: Sources) -> None:
        self._exchange = exchange
        self._record = record
        self._sources = sources

    def outcome(self, rule: Rule, index: int) -> Outcome | None:
        record, hits = self._record, self._record.hits[index]
        if not (record.chars[index] or hits):
            return _NOTHING
        score = self._sources.score(rule, record)
        if score is not None and rule.id in record.inspected_by[index]:
            return self._scored(rule, index, score)
        source = self._sources.source(rule, record.inspected_by[index])
        if source is None or not hits:
            return None if source is None else _NOTHING
        found: dict[Finding, None] = {}
        missing: dict[NotChecked, None] = {}
        for hit in hits:
            if hit.why == "match" and _is_of(source, hit):
                found[_finding(hit)] = None
            elif hit.why in UNDECIDED and hit.rule in source.entities and not self._sources.same_condition(rule, hit.rule):
                return None  # it was not run, and this one would have been
            elif hit.why not in ("match", *_FORMED) and hit.rule in source.entities:
                missing[NotChecked(hit.kind, hit.why)] = None
        return None if source.narrows and found else Outcome(tuple(found), tuple(missing))

    def _scored(self, rule: Rule, index: int, score: float) -> Outcome:
        """The score is the highest of all texts that the rule looked at, and stands for the first of them: which it was makes no difference
        to what becomes of the exchange, as such a rule rewrites nothing.
        """
        first = next(at for at, names in enumerate(self._record.inspected_by) if rule.id in names)
        found = (Finding(rule.detect, rule.detect, 0, 0, score),) if index == first else ()
        failed = (hit for hit in self._record.hits[index] if hit.rule == rule.id and hit.why not in ("match", *_FORMED))
        return Outcome(found, tuple(dict.fromkeys(NotChecked(hit.kind, hit.why) for hit in failed)))

    def was_asked(self, rule: Rule, index: int) -> bool | None:
        """Where the same rule had the same condition then, it was asked or not."""
        if not self._sources.same_condition(rule, rule.id) or not self._sources.looks_at(rule.id, self._exchange.texts[index].scope):
            return None
        return rule.id in self._record.inspected_by[index]

    def broken(self, bounds: Bounds) -> Told:
        exchange, policy = self._exchange, bounds.policy
        unknown = bounds.unknown(exchange.unknown)
        found = broken(policy, exchange.subject, exchange.asked, exchange.time)
        fired: list[Placed] = [(WHOLE, each) for each in found if each.rule not in unknown]
        untold: list[str] = []
        then = {hit.rule for hit in self._record.apart}
        for name, path, value in bounds.parts if unknown else ():
            if name in unknown and not self._sources.same_bound(path, value):
                untold.append(name)
            elif name in unknown and name in then:
                shadow = policy.mode is Mode.SHADOW
                fired.append((WHOLE, Fired(name, name, 0, 0, 1.0, action_of(policy.domain, path), shadow)))
        return fired, untold

    def crossing(self, flows: Flows) -> Told:
        scopes = {text.scope.value for text in self._exchange.texts}
        fired: list[Placed] = []
        untold: list[str] = []
        for rule in flows.rules:
            then = self._sources.same_flow(rule.flow)
            if then is not None:
                shadow = (rule.flow.mode or self._sources.policy.mode) is Mode.SHADOW
                fired += [
                    (index, Fired(rule.name, hit.kind, hit.start, hit.end, hit.score, rule.flow.action, shadow))
                    for index, hit in self._hits()
                    if hit.rule == then
                ]
            elif {rule.source.scope, rule.to.scope} <= scopes:
                untold.append(rule.name)
        return fired, untold

    def malformed(self, forms: Forms) -> Told:
        policy, then = self._sources.policy, dict.fromkeys((hit.rule, hit.why) for hit in self._record.apart)
        scopes = {text.scope for text in self._exchange.texts if text.is_answer}
        fired: list[Placed] = []
        untold: list[str] = []
        for path, value in forms.bounds():
            name = name_of(path)
            if not self._sources.same_bound(path, value):
                untold += [name] if forms.scope_of(path) in scopes else []
                continue
            unsure, shadow = policy.domain.output.uncertainty, policy.mode is Mode.SHADOW
            for why in [why for rule, why in then if rule == name]:
                action = action_of(policy.domain, path, of_answer=True)
                if unsure and why == "unavailable":  # nothing else of an answer can be that
                    action = unsure.on_unavailable
                fired.append((WHOLE, Fired(name, name, 0, 0, 1.0, action, shadow)))
        return fired, untold

    def _hits(self) -> Iterator[tuple[int, Hit]]:
        return ((index, hit) for index, hits in enumerate(self._record.hits) for hit in hits)


def _is_of(source: _Source, hit: Hit) -> bool:
    entities = source.entities.get(hit.rule)
    return entities is not None and (not entities or hit.kind.rpartition(".")[2] in entities)


def _finding(hit: Hit) -> Finding:
    return Finding(hit.kind.partition(".")[0], hit.kind, hit.start, hit.end, hit.score)
