"""A policy made ready to run: for each scope, which rules look at it with which detectors."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from detectors.contract import InlineDetector, PooledDetector, TextDetector
from detectors.registry import Options
from detectors.text.custom import CustomPattern
from gateway.guard.answer_bounds import AnswerBounds, compile_bounds
from gateway.guard.kept import KeepText
from policies.bounds import bounds_requests
from policies.conditions import Answers, Circumstances, Condition, Conditions, NoAnswer
from policies.domain_rules import DomainRule, all_rules
from policies.flows import Flows
from policies.load import LoadedPolicy
from policies.measures import Measure
from policies.policy import Policy, Rule
from policies.tightening import tightened as tighten
from policies.verdict import Action
from policies.vocabulary import ALL_TEXT, Scope


def options_of(rule: Rule, ner_model: str | None = None, cache_dir: str | None = None) -> Options:
    """What a rule asks of its detector."""
    patterns = tuple(CustomPattern(p.name, p.regex, p.score, p.validator, p.context, frozenset(p.disguises)) for p in rule.patterns)
    implied = rule if isinstance(rule, DomainRule) else None
    topics = tuple((topic.name, topic.examples) for topic in implied.topics) if implied else ()
    return Options(rule.entities, patterns, rule.allow_list, ner_model, cache_dir, implied.languages if implied else (), topics)


Build = Callable[[Rule], Sequence[TextDetector]]
"""The detectors that a rule needs."""

_FLOWS_MS = 2000


@dataclass(frozen=True, slots=True)
class Gauge:
    """How the scores of a calibrated rule are read: made ``by`` which detector (its digest), where its ``border`` lies, and how far from
    there an exchange is one to review; both as chances, which are one less the score.
    """

    by: str
    border: float
    review: float = 0.0


@dataclass(frozen=True, slots=True)
class Check:
    """One rule with its detectors. ``holds``: it may rewrite or block, so what it judges waits for it. ``undecided``: why its
    condition has no answer, so that it cannot be run.
    """

    rule: Rule
    inline: tuple[InlineDetector, ...]
    pooled: tuple[PooledDetector, ...]
    holds: bool
    condition: Condition | None = None
    undecided: NoAnswer | None = None
    gauge: Gauge | None = None
    """None: its scores are not chances."""
    is_unsaid: bool = False
    """Whether it only says what is not to be kept of a text, and nothing of the exchange."""


class Checks:
    """Which checks look at a scope, and the ids of their rules. ``mark`` tells those of one policy apart that are asked of an exchange;
    ``choices`` is what they are one of.
    """

    def __init__(self, checks: Sequence[Check], mark: str = "", choices: "_Choices | None" = None) -> None:
        self.all = tuple(checks)
        self.mark = mark
        self._of = {scope: tuple(check for check in checks if scope in check.rule.scope) for scope in Scope}
        self._ids = {scope: tuple(check.rule.id for check in found if not check.is_unsaid) for scope, found in self._of.items()}
        self._choices = choices or _Choices(self.all)
        self.has_conditions = any(check.condition for check in checks)
        self.needs_findings = any(check.condition and check.condition.needs_findings for check in checks)
        self.needs_signals = any(check.condition and check.condition.needs_signals for check in checks)

    def of(self, scope: Scope) -> tuple[Check, ...]:
        return self._of[scope]

    def rule_ids(self, scope: Scope) -> tuple[str, ...]:
        return self._ids[scope]

    def asked(self, circumstances: Circumstances | None, *, with_findings: bool) -> "Checks":
        """Those that are asked under these circumstances. Before findings are known, a condition on them is left open."""
        if not self.has_conditions or circumstances is None:
            return self
        return self._choices.asked(circumstances, with_findings=with_findings)


_REMEMBERED = 64


class _Choices:
    """Those of a policy's checks that are asked, by the answers of their conditions. The last ones are remembered: to make one takes
    longer than to decide, and answers change little from exchange to exchange.
    """

    def __init__(self, checks: Sequence[Check]) -> None:
        self._checks = checks
        self._conditions = Conditions(check.condition for check in checks if check.condition)
        self._of = lru_cache(_REMEMBERED)(self._choose)

    def asked(self, circumstances: Circumstances, *, with_findings: bool) -> Checks:
        return self._of(self._conditions.answers(circumstances, with_findings=with_findings))

    def _choose(self, answers: Answers) -> Checks:
        answer_of = dict(zip(self._conditions.each, answers, strict=True))
        kept: list[Check] = []
        for check in self._checks:
            answer = answer_of[check.condition] if check.condition else True
            if isinstance(answer, str):
                kept.append(replace(check, inline=(), pooled=(), undecided=answer))
            elif answer:
                kept.append(check)
        return Checks(kept, "".join([answer[0] if isinstance(answer, str) else str(int(answer)) for answer in answers]), self)


@dataclass(frozen=True, slots=True)
class Plan:
    """What an exchange runs from its first byte to its last, however often policies are reloaded meanwhile."""

    policy: Policy
    version: str
    """``NAME@DIGEST12``, as users see it."""
    patience_s: float
    """How long the detectors that run where they stand, and the following of flows, may take for one request."""
    on_request: Checks
    on_answer: Checks
    flows: Flows | None = None
    bounds_requests: bool = False
    answer_bounds: AnswerBounds | None = None
    keep_text: KeepText = "none"
    """What is kept of its texts."""
    redacting: frozenset[str] = frozenset()
    """Rules that rewrite a text of an exchange."""
    measures: tuple[Measure, ...] = ()
    """By which it is stricter than its policy."""
    mark: str = ""
    """Tells it from the same policy's plan under other measures."""

    @property
    def asks_about_exchanges(self) -> bool:
        """Whether it must know more of an exchange than its texts."""
        return self.bounds_requests or self.on_request.has_conditions

    @property
    def asks_about_signals(self) -> bool:
        """Whether what it decides may hang on what the watch tells."""
        return self.on_request.needs_signals or self.on_answer.needs_signals

    def may_keep(self, scope: Scope, looking: Sequence[str]) -> bool:
        """Whether all those rules look at a text that must, if it is to be kept redacted."""
        return bool(looking) and (scope is Scope.TELEMETRY or self.redacting.issubset(looking))


def compile_plan(loaded: LoadedPolicy, build: Build, keep_text: KeepText = "none") -> Plan:
    policy = loaded.policy
    rules = all_rules(policy)
    conditions = {when: Condition(when) for when in dict.fromkeys(rule.when for rule in rules if rule.when)}
    made = [_check(policy, rule, build(rule), conditions) for rule in rules]
    patience_s = max([*(rule.deadline_ms for rule in rules), _FLOWS_MS if policy.flows else 0], default=0) / 1000
    on_answer = Checks([each for check in made for each in _on_answer(check, keep_text)])
    redacting = frozenset([rule.id for rule in rules if _is_redacting(rule)])
    flows = Flows(policy) if policy.flows else None
    bounds = compile_bounds(policy)
    return Plan(
        policy, loaded.version, patience_s, Checks(made), on_answer, flows, bounds_requests(policy.domain), bounds, keep_text, redacting
    )  # fmt: skip


def tightened(plan: Plan, measures: Sequence[Measure]) -> Plan:
    """The plan under these measures, with the same detectors; itself where they change nothing."""
    policy, effective = tighten(plan.policy, measures)
    if not effective:
        return plan
    rules = {rule.id: rule for rule in policy.rules}
    made = [_under(policy, check, rules.get(check.rule.id, check.rule)) for check in plan.on_request.all]
    on_answer = Checks([each for check in made for each in _on_answer(check, plan.keep_text)])
    return replace(
        plan, policy=policy, on_request=Checks(made), on_answer=on_answer, measures=effective,
        redacting=frozenset([check.rule.id for check in made if _is_redacting(check.rule)]),
        mark=";".join([repr(each.do.deed) for each in effective]),
    )  # fmt: skip


def _under(policy: Policy, check: Check, rule: Rule) -> Check:
    if rule is check.rule:
        return check
    gauge = check.gauge and replace(check.gauge, border=rule.max_fpr or check.gauge.border)
    return replace(check, rule=rule, holds=_holds(policy, rule), gauge=gauge)


def _on_answer(check: Check, keep_text: KeepText) -> Iterator[Check]:
    """A rule that rewrites texts of exchanges looks at every text of an answer of which something is kept redacted, if for that alone."""
    is_undone = _is_undone(check.rule)
    if not is_undone:
        yield check
    others = tuple([scope for scope in ALL_TEXT if is_undone or scope not in check.rule.scope])
    if keep_text == "redacted" and others and _is_redacting(check.rule):
        yield replace(check, rule=check.rule.model_copy(update={"scope": others}), holds=False, is_unsaid=True)


def _is_redacting(rule: Rule) -> bool:
    return rule.action.is_rewrite and not set(ALL_TEXT).isdisjoint(rule.scope)


def _is_undone(rule: Rule) -> bool:
    """A value that the model says itself would be replaced on its way to the app and restored at once: nothing to do, or to wait for."""
    return rule.action is Action.TOKENIZE and rule.restore


def _check(policy: Policy, rule: Rule, detectors: Sequence[TextDetector], conditions: Mapping[str, Condition]) -> Check:
    inline: list[InlineDetector] = []
    pooled: list[PooledDetector] = []
    for detector in detectors:
        if isinstance(detector, PooledDetector):
            pooled.append(detector)
        else:
            inline.append(detector)
    condition = conditions[rule.when] if rule.when else None
    return Check(rule, tuple(inline), tuple(pooled), _holds(policy, rule), condition, gauge=_gauge(policy, rule, detectors))


def _holds(policy: Policy, rule: Rule) -> bool:
    """A flag never holds text back, nor does waiting for a flag's model: a rule that only flags may say so after the text is gone."""
    return rule.action.severity >= Action.REDACT.severity and not policy.is_shadow(rule)


def _gauge(policy: Policy, rule: Rule, detectors: Sequence[TextDetector]) -> Gauge | None:
    if rule.max_fpr is None:
        return None
    topics = policy.domain.topics
    review = topics.review if topics and isinstance(rule, DomainRule) and rule.topics else 0.0
    return Gauge("+".join(detector.digest for detector in detectors), rule.max_fpr, review)
