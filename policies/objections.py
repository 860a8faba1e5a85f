"""What is wrong with a policy that is well formed: what there is not, what can never fire, and what cannot be honoured."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from policies.answerable import unanswerable
from policies.conditions import Condition, ConditionError
from policies.policy import Policy, Rule
from policies.positions import Loc
from policies.problems import allowed
from policies.verdict import Action
from policies.vocabulary import Scope


class Catalog(Protocol):
    """What there is to detect."""

    def names(self) -> Collection[str]: ...

    def entities(self, detect: str) -> Collection[str]: ...

    def pooled_entities(self, detect: str) -> Collection[str]:
        """Those that only whole sentences can be judged for, in the worker pool."""
        ...

    def pattern_problem(self, name: str, regex: str, validator: str | None) -> str | None:
        """Why this pattern cannot be used."""
        ...

    def is_calibrated(self, detect: str) -> bool:
        """Whether its scores are known as shares of ordinary texts, so that a rule may name a ``max_fpr``."""
        ...

    def is_of_domains(self, detect: str) -> bool:
        """Whether it is configured by a policy's domain, and by nothing else."""
        ...

    def missing(self, detect: str) -> str | None:
        """What must be installed for it, in one sentence; None: nothing."""
        ...

    def languages(self) -> Collection[str]:
        """Those that can be told apart."""
        ...

    def form_problem(self, kind: str, form: object) -> tuple[Loc, str] | None:
        """Why an answer cannot be held to this form (``json_schema``, ``regex``, ``grammar``), and where within it."""
        ...


Objection = tuple[Loc, str]
"""Where, and what is wrong."""


def objections(policy: Policy, catalog: Catalog) -> Iterator[Objection]:
    yield from _of_rules(policy, catalog)
    for check in (_topics, _bounds, _forms, _flows):
        yield from check(policy, catalog)


def _of_rules(policy: Policy, catalog: Catalog) -> Iterator[Objection]:
    first: dict[str, int] = {}
    for index, rule in enumerate(policy.rules):
        at: Loc = ("rules", index)
        if first.setdefault(rule.id, index) != index:
            yield (*at, "id"), f"{rule.id} is already the id of rules[{first[rule.id]}]"
        if rule.id.startswith("domain."):
            yield (*at, "id"), "what begins with domain. names a bound of the domain; choose another id"
        if rule.detect not in catalog.names():
            yield (*at, "detect"), f"there is no detector {rule.detect}; {allowed(rule.detect, sorted(catalog.names()))}"
            continue
        if catalog.is_of_domains(rule.detect):
            yield (*at, "detect"), f"{rule.detect} is configured by the policy's domain, and is no rule's to ask for"
            continue
        for check in _CHECKS:
            for loc, message in check(policy, rule, catalog):
                yield (*at, *loc), message


def _entities(_: Policy, rule: Rule, catalog: Catalog) -> Iterator[Objection]:
    known = {*catalog.entities(rule.detect), *(pattern.name for pattern in rule.patterns)}
    for index, entity in enumerate(rule.entities or ()):
        if entity not in known:
            yield ("entities", index), f"{rule.detect} does not find {entity}; {allowed(entity, sorted(known))}"
    for index, pattern in enumerate(rule.patterns):
        problem = catalog.pattern_problem(pattern.name, pattern.regex, pattern.validator)
        if problem:
            yield ("patterns", index, "regex"), problem


def _vanities(_: Policy, rule: Rule, __: Catalog) -> Iterator[Objection]:
    """What would never fire, or never have an effect."""
    if not rule.scope:
        yield ("scope",), f"an empty list: the rule can never fire; {allowed('', list(Scope))}, or leave the key out for all text"
    if rule.entities == ():
        yield ("entities",), "an empty list: the rule can never fire; leave the key out for every entity"
    for key, values in (("entities", rule.entities or ()), ("scope", rule.scope)):
        for value, count in Counter(values).items():
            if count > 1:
                yield (key, values.index(value)), f"{value} is listed {count} times"
    for index, pattern in enumerate(rule.patterns):
        if rule.entities and pattern.name not in rule.entities:
            yield ("patterns", index, "name"), f"{pattern.name} can never fire: it is not among this rule's entities; add it there"
        if rule.min_score is not None and pattern.score < rule.min_score and not (pattern.context or pattern.validator):
            yield ("patterns", index, "score"), f"{pattern.name} can never fire: its score is below this rule's min_score {rule.min_score}"
    if rule.restore and "restore" in rule.model_fields_set and rule.action is not Action.TOKENIZE:
        yield ("restore",), f"only action tokenize can be restored, and this rule's action is {rule.action}; allowed: false"


def _conditions(_: Policy, rule: Rule, catalog: Catalog) -> Iterator[Objection]:
    if rule.when is not None:
        try:
            problem = unanswerable(Condition(rule.when))
        except ConditionError as error:
            problem = str(error)
        if problem:
            yield ("when",), problem
    if rule.max_fpr is None:
        return
    if rule.min_score is not None:
        yield ("max_fpr",), "min_score is given as well; allowed: one of the two"
    if not catalog.is_calibrated(rule.detect):
        yield ("max_fpr",), f"the scores of {rule.detect} are not calibrated; use min_score"


def _streams(policy: Policy, rule: Rule, catalog: Catalog) -> Iterator[Objection]:
    """Text of an answer that is already released can be neither rewritten nor blocked. A rule that restores leaves answers alone."""
    if rule.action is Action.TOKENIZE and rule.restore:
        return
    streamed = [scope for scope in (Scope.OUTPUT, Scope.REASONING) if scope in rule.scope]
    pooled = [entity for entity in catalog.pooled_entities(rule.detect) if rule.entities is None or entity in rule.entities]
    if rule.stream or policy.is_shadow(rule) or not streamed or not pooled:
        return
    where = f"{pooled[0]} is only found in whole sentences, and scope {streamed[0]} is streamed"
    if rule.action.severity > Action.FLAG.severity:
        yield ("action",), f"{where}: {rule.action} needs a key stream; allowed: stream: sentence, stream: whole"
        return
    for key, action in (("on_error", rule.on_error), ("on_timeout", rule.on_timeout), ("on_unavailable", rule.on_unavailable)):
        if action is Action.BLOCK:
            yield (key,), f"{where}: block needs a key stream (sentence, whole); or {key}: flag, {key}: allow"


_CHECKS: tuple[Callable[[Policy, Rule, Catalog], Iterator[Objection]], ...] = (_entities, _vanities, _conditions, _streams)


def _topics(policy: Policy, catalog: Catalog) -> Iterator[Objection]:
    domain = policy.domain
    for asked, place, detect in (
        (domain.languages, ("domain", "languages"), "language"),
        (domain.output.languages, ("domain", "output", "languages"), "language"),
        (domain.topics, ("domain", "topics"), "topics"),
    ):
        if asked is not None and (missing := catalog.missing(detect)):
            yield place, missing
            return
    for loc, languages in ((("languages",), domain.languages), (("output", "languages"), domain.output.languages)):
        for index, language in enumerate(languages or ()):
            if language not in catalog.languages():
                yield ("domain", *loc, index), f"{language} cannot be told apart; {allowed(language, sorted(catalog.languages()))}"
    if domain.topics is None:
        return
    names: dict[str, int] = {}
    said: dict[str, str] = {}
    for index, topic in enumerate(domain.topics.allow):
        at: Loc = ("domain", "topics", "allow", index)
        if names.setdefault(topic.name, index) != index:
            yield (*at, "name"), f"{topic.name} is already the name of allow[{names[topic.name]}]"
        for number, example in enumerate(topic.examples):
            if not example.strip():
                yield (*at, "examples", number), "must not be empty"
            elif said.setdefault(example.casefold().strip(), topic.name) != topic.name:
                yield (*at, "examples", number), f"this is an example of {said[example.casefold().strip()]} as well"


def _bounds(policy: Policy, _: Catalog) -> Iterator[Objection]:
    domain = policy.domain
    if domain.hours:
        if not domain.hours.days:
            yield ("domain", "hours", "days"), "an empty list: nothing is ever within the domain"
        if domain.hours.start == domain.hours.end:
            yield ("domain", "hours", "end"), "this is when they start; leave both out for the whole day"
        try:
            ZoneInfo(domain.hours.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            yield ("domain", "hours", "timezone"), f"there is no time zone {domain.hours.timezone}"
    for tool in domain.tools.arguments:
        if domain.tools.allow is not None and tool not in domain.tools.allow:
            yield ("domain", "tools", "arguments", tool), f"{tool} can never be called: it is not among the tools that are allowed"
    if policy.rollout and policy.rollout.of == policy.name:
        yield ("rollout", "of"), "a policy cannot be a new version of itself"


def _forms(policy: Policy, catalog: Catalog) -> Iterator[Objection]:
    """JSON Schemas, patterns and grammars that cannot be used."""
    output = policy.domain.output
    forms: list[tuple[Loc, str, object]] = [
        (("domain", "output", kind), kind, getattr(output, kind)) for kind in ("json_schema", "regex", "grammar")
    ]
    forms += [(("domain", "tools", "arguments", tool), "json_schema", schema) for tool, schema in policy.domain.tools.arguments.items()]
    for at, kind, form in forms:
        if form is not None and (problem := catalog.form_problem(kind, form)):
            yield (*at, *problem[0]), _in_one_line(problem[1])


def _in_one_line(report: str) -> str:
    """Of a parser's report its first line, and what it says is the error."""
    first, *rest = report.splitlines()
    return " ".join([first, *(line.removeprefix("error: ") for line in rest if line.startswith("error: "))])


def _flows(policy: Policy, _: Catalog) -> Iterator[Objection]:
    ids = {rule.id for rule in policy.rules}
    for index, flow in enumerate(policy.flows):
        if flow.id is not None and flow.id in ids:
            yield ("flows", index, "id"), f"{flow.id} is already the id of a rule or flow"
        ids |= {flow.id} if flow.id else set()
        for key, place in (("from", flow.source), ("to", flow.to), *(("unless", place) for place in flow.unless)):
            scope = place.partition(".")[0]
            if scope not in [*Scope]:
                yield ("flows", index, key), f"{scope} is no scope; {allowed(scope, list(Scope))}"
            elif key == "to" and scope == Scope.REASONING:
                yield ("flows", index, key), "the reasoning of an answer is not followed; a flow may end in tool_arguments or in output"
