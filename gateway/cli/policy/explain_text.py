"""What a policy makes of one text, rule by rule. Findings are shown by place and kind alone, the text as it would go on."""

from collections.abc import Iterator
from dataclasses import replace

from detectors.finding import Finding
from gateway.cli.policy import makeup
from gateway.cli.policy.forms import conforms
from policies.conditions import Circumstances, Condition, UndecidableError
from policies.decide import Outcome, selects
from policies.domain_parts import OF_REQUESTS, name_of
from policies.load import LoadedPolicy
from policies.policy import Rule
from policies.rehearsal.decider import Decider, Scanned
from policies.rehearsal.exchange import Exchange, Scan
from policies.rehearsal.trials import edited
from policies.verdict import Action, Decision, Fired

_HANGS_ON = {name_of(path): what for path, what in OF_REQUESTS.items()}


class TextExplained:
    """An exchange of one text. What takes more than one (flows) is not judged, nor are bounds on what is unknown of the exchange. To
    conditions, what is unknown is empty.
    """

    def __init__(self, loaded: LoadedPolicy, exchange: Exchange, scan: Scan) -> None:
        self._loaded = loaded
        self._exchange = replace(exchange, unknown=frozenset())
        (self._text,) = exchange.texts
        self._outcomes: dict[str, Outcome] = {}
        self._scan = scan
        decider = Decider(loaded.policy, conforms)
        self._rules = decider.rules
        self._decided = decider.decide(self._exchange, Scanned(exchange, self._scanned))
        self._verdict = self._decided.verdict(0)
        self.fired = bool(self._decided.fired)

    def lines(self) -> list[str]:
        return list(self._lines())

    def as_json(self) -> dict[str, object]:
        decision = self._decided.decision
        return {
            **makeup.as_json(self._loaded),
            "scope": self._text.scope,
            "decision": decision,
            "rules": [self._rule_as_json(rule) for rule in self._rules],
            "bounds_broken": [fired.rule for fired in self._bounds_broken()],
            "bounds_not_judged": list(self._decided.untold),
            "text": None if decision is Decision.BLOCK else edited(self._verdict, self._text.text),
        }

    def _scanned(self, rule: Rule, text: str) -> Outcome:
        if rule.id not in self._outcomes:
            self._outcomes[rule.id] = self._scan(rule, text)
        return self._outcomes[rule.id]

    def _lines(self) -> Iterator[str]:
        decision = self._decided.decision
        yield from makeup.lines(self._loaded)
        yield f"scope     {self._text.scope}"
        is_open = self._decided.untold and decision is not Decision.BLOCK
        yield f"decision  {decision}{', as far as can be told' if is_open else ''}"
        for rule in self._rules:
            yield f"rule      {rule.id}: {self._summary(rule)}"
            yield from (f"            {line}" for line in self._details(rule))
        for broken in self._bounds_broken():
            yield f"bound     {broken.rule}: broken: {_effect(broken.action, shadow=broken.shadow)}"
        for name in self._decided.untold:
            yield f"bound     {name}: not judged: {self._not_judged(name)}"
        if self._verdict.edits and decision is Decision.REDACT:
            yield f"text      {edited(self._verdict, self._text.text)}"

    def _rule_as_json(self, rule: Rule) -> dict[str, object]:
        return {
            "id": rule.id,
            "fired": self._has_fired(rule),
            "shadow": self._loaded.policy.is_shadow(rule),
            "why": self._summary(rule),
            "findings": [
                {"kind": f.kind, "start": f.start, "end": f.end, "score": f.score, "selected": selects(rule, f)}
                for f in self._findings(rule)
            ],
        }

    def _has_fired(self, rule: Rule) -> bool:
        return any(fired.rule == rule.id for fired in self._verdict.fired)

    def _bounds_broken(self) -> list[Fired]:
        """Those on a request, and on the form of an answer."""
        ids = {rule.id for rule in self._rules}
        return [fired for _, fired in self._decided.fired if fired.rule not in ids]

    def _not_judged(self, name: str) -> str:
        if name not in _HANGS_ON:
            return "a text does not tell"
        return "this is an answer's text" if self._text.is_answer else f"say --{_HANGS_ON[name].partition('.')[2].replace('_', '-')}"

    def _findings(self, rule: Rule) -> list[Finding]:
        return sorted(self._outcomes.get(rule.id, Outcome(())).findings, key=lambda f: (f.start, f.end, f.kind))

    def _summary(self, rule: Rule) -> str:
        if self._text.scope not in rule.scope:
            return f"not asked: its scope is {', '.join(rule.scope)}"
        if self._text.is_answer and rule.action is Action.TOKENIZE and rule.restore:
            return "not asked: in an answer, what it replaces would be restored at once"
        fired = [each for each in self._verdict.fired if each.rule == rule.id]
        if any(each.why == "condition" for each in fired):
            return f"could not run: its condition has no answer here ({rule.when}): {_effect(rule.on_error, shadow=fired[0].shadow)}"
        if any(each.why == "stale" for each in fired):
            return f"could not run: signals are stale ({rule.when}): {_effect(rule.on_unavailable, shadow=fired[0].shadow)}"
        if fired:
            return f"fired: {_effect(rule.action, shadow=fired[0].shadow)}"
        if rule.when is not None and not self._holds(rule.when):
            return f"not asked: its condition does not hold here ({rule.when})"
        found = "nothing that the rule means" if self._findings(rule) else "nothing"
        return f"did not fire: {rule.detect} found {found}"

    def _holds(self, when: str) -> bool:
        exchange = self._exchange
        about = Circumstances(exchange.subject, exchange.asked, exchange.signals, exchange.time)
        about.found(self._text.scope, self._verdict.fired)
        try:
            return Condition(when).holds(about)
        except UndecidableError:
            return False

    def _details(self, rule: Rule) -> Iterator[str]:
        for finding in self._findings(rule):
            place = f"{finding.kind} at {finding.start}-{finding.end}, score {finding.score:.2f} ({finding.evidence.name.lower()})"
            yield place if selects(rule, finding) else f"{place}: passed over, {_why_not(rule, finding)}"


def _effect(action: Action, *, shadow: bool) -> str:
    return f"would {action}, but only says so (shadow)" if shadow else str(action)


def _why_not(rule: Rule, finding: Finding) -> str:
    if rule.min_score is not None and finding.score < rule.min_score:
        return f"its score is below the rule's min_score {rule.min_score}"
    if rule.max_fpr is not None and 1 - finding.score > rule.max_fpr:
        return f"its score {finding.score:.4g} is below what max_fpr {rule.max_fpr:.4g} stops"
    return "it is not among the rule's entities"
