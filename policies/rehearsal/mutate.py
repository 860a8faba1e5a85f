"""A policy weakened in one place at a time, to see whether any of its cases notices: what no case notices is not tested.

Each mutant lacks a rule, a flow or a bound, or does less: its action becomes ``flag``, it only says what it would do, it looks in one scope
or for one entity or pattern fewer, its threshold is raised, or it lets pass what could not be checked, or read. What cannot be checked, all
rules let pass that ask the same detector there, since in a case it fails for them all. Mutants find nothing that the policy itself does not
find, so that detectors look once, as the policy configures them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from policies.decide import Outcome
from policies.domain_parts import bounds, name_of, without
from policies.domain_rules import all_rules
from policies.policy import Flow, Policy, Rule
from policies.positions import Loc
from policies.rehearsal.cases import Case
from policies.rehearsal.decider import Decider
from policies.rehearsal.exchange import Scan
from policies.rehearsal.forms import Conforms, IsOfForm
from policies.rehearsal.trials import failures
from policies.verdict import Action
from policies.vocabulary import Mode

_FAILS = ("on_error", "on_timeout", "on_unavailable")
_Weaker = tuple[str, str, Rule]
"""A rule with its key that differs, and what becomes of it."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """``key`` and ``change`` say what differs; ``loc`` where it stands; ``owner`` is the id of its rule or flow, if it has one."""

    key: str
    change: str
    policy: Policy
    loc: Loc
    owner: str = ""


def mutants(policy: Policy) -> Iterator[Mutant]:
    for index, rule in enumerate(policy.rules):
        yield Mutant(f"rules.{rule.id}", "removed", _with_rules(policy, index, []), ("rules", index), rule.id)
        for key, change, weaker in _weaker(policy, rule):
            yield Mutant(f"rules.{rule.id}.{key}", change, _with_rules(policy, index, [weaker]), ("rules", index, key), rule.id)
        for key in _FAILS:
            if (action := getattr(rule, key)) is not Action.ALLOW:
                yield Mutant(f"rules.{rule.id}.{key}", f"{action} -> allow", _lenient(policy, rule, key), ("rules", index, key), rule.id)
    for index, flow in enumerate(policy.flows):
        yield from _weaker_flows(policy, index, flow)
    for path, _ in bounds(policy.domain):
        yield Mutant(name_of(path), "removed", without(policy, path), ("domain", *path))
    for kind, action in policy.on_uninspectable:
        if action is not Action.ALLOW:
            lax = policy.on_uninspectable.model_copy(update={kind: Action.ALLOW})
            weaker_policy = policy.model_copy(update={"on_uninspectable": lax})
            yield Mutant(f"on_uninspectable.{kind}", f"{action} -> allow", weaker_policy, ("on_uninspectable", kind))


def _weaker(policy: Policy, rule: Rule) -> Iterator[_Weaker]:
    if rule.action.severity > Action.FLAG.severity:
        yield "action", f"{rule.action} -> flag", rule.model_copy(update={"action": Action.FLAG, "restore": False})
    if not policy.is_shadow(rule):
        yield "mode", "enforce -> shadow", rule.model_copy(update={"mode": Mode.SHADOW})
    if "scope" in rule.model_fields_set:
        yield from _fewer(rule, "scope", rule.scope)
    yield from _fewer(rule, "entities", rule.entities or ())
    for pattern in rule.patterns if rule.entities is None else ():
        left = tuple(each for each in rule.patterns if each is not pattern)
        yield "patterns", f"without {pattern.name}", rule.model_copy(update={"patterns": left})
    if rule.min_score is not None and rule.min_score < 1:
        raised = (1 + rule.min_score) / 2
        yield "min_score", f"{rule.min_score} -> {raised:.3g}", rule.model_copy(update={"min_score": raised})


def _fewer(rule: Rule, key: str, values: Sequence[str]) -> Iterator[_Weaker]:
    for value in values if len(values) > 1 else ():
        yield key, f"without {value}", rule.model_copy(update={key: tuple(each for each in values if each != value)})


def _weaker_flows(policy: Policy, index: int, flow: Flow) -> Iterator[Mutant]:
    key, owner = f"flows.{flow.id or index}", flow.id or ""
    yield Mutant(key, "removed", _with_flow(policy, index, None), ("flows", index), owner)
    if flow.action is Action.BLOCK:
        weaker = flow.model_copy(update={"action": Action.FLAG})
        yield Mutant(f"{key}.action", "block -> flag", _with_flow(policy, index, weaker), ("flows", index, "action"), owner)


def _lenient(policy: Policy, rule: Rule, key: str) -> Policy:
    """With all rules that ask the same detector about the same scopes: each of them would hold the text."""
    rules = (
        each.model_copy(update={key: Action.ALLOW}) if each.detect == rule.detect and not set(each.scope).isdisjoint(rule.scope) else each
        for each in policy.rules
    )
    return policy.model_copy(update={"rules": tuple(rules)})


def _with_rules(policy: Policy, index: int, rules: Sequence[Rule]) -> Policy:
    return policy.model_copy(update={"rules": (*policy.rules[:index], *rules, *policy.rules[index + 1 :])})


def _with_flow(policy: Policy, index: int, flow: Flow | None) -> Policy:
    """A flow without an id is known by its number, which the others keep."""
    named = [each if each.id else each.model_copy(update={"id": f"flows.{number}"}) for number, each in enumerate(policy.flows)]
    changed = [flow.model_copy(update={"id": named[index].id})] if flow else []
    return policy.model_copy(update={"flows": (*named[:index], *changed, *named[index + 1 :])})


class CaseRunner:
    """The cases of a policy, for its mutants: they stop at the first that one does not pass."""

    def __init__(self, policy: Policy, cases: Sequence[Case], scan: Scan, conforms: Conforms | None = None) -> None:
        self._rules = {rule.id: rule for rule in all_rules(policy)}
        self._cases = list(cases)
        self._scan = scan
        self._conforms = _once(conforms) if conforms else None
        self._outcomes: dict[tuple[str, str], Outcome] = {}
        decider = Decider(policy, self._conforms)
        self.failing = tuple(case.name for case in self._cases if self._fails(decider, case))
        """The cases that the policy itself does not pass."""

    def noticed_by(self, mutant: Mutant) -> str | None:
        """The name of a case that the mutant does not pass."""
        decider = Decider(mutant.policy, self._conforms)
        return next((case.name for case in self._cases if self._fails(decider, case)), None)

    def _fails(self, decider: Decider, case: Case) -> bool:
        return next(failures(decider, case, self._found), None) is not None

    def _found(self, rule: Rule, text: str) -> Outcome:
        original = self._rules[rule.id]
        name = (rule.id, text)
        if name not in self._outcomes:
            self._outcomes[name] = self._scan(original, text)
        outcome = self._outcomes[name]
        gone = {pattern.name for pattern in original.patterns} - {pattern.name for pattern in rule.patterns}
        if not gone:
            return outcome
        return Outcome(tuple(finding for finding in outcome.findings if finding.entity not in gone), outcome.not_checked)


def _once(conforms: Conforms) -> Conforms:
    """Each form is made ready once, however many mutants have it."""
    made: dict[tuple[str, str], IsOfForm] = {}

    def ready(kind: str, form: object) -> IsOfForm:
        name = (kind, repr(form))
        if name not in made:
            made[name] = conforms(kind, form)
        return made[name]

    return ready
