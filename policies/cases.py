"""A policy's own tests: ``support.cases.yaml`` stands beside ``support.yaml``, and its cases say what the policy must do.

    - name: a customer's card number never leaves
      given:
        scope: user                    # what part of an exchange the text stands in; default: user
        text: "my card is 4111 1111 1111 1111, please help"
      expect:
        decision: redact               # allow | flag | redact | block
        rules: [pii]                   # exactly the rules that fired and were enforced
        text: "my card is <CREDIT_CARD_*>, please help"
    - name: names are tokenized, whatever the detector makes of them
      given:
        findings: [{kind: pii.PERSON, text: Zoe, score: 0.9}]    # instead of running the detectors; in ``text``, if that is given
      expect: {decision: redact}
    - name: nothing passes unchecked
      given:
        text: "good morning"
        not_checked: [{detector: pii, reason: timeout}]          # timeout | overload | error | unavailable
      expect: {decision: block}

``shadow: [...]`` expects exactly the rules that fired in shadow. What ``expect`` leaves out is not compared. In its ``text``, ``<TYPE_*>``
stands for any placeholder of that type, and ``TYPE_*`` for any hash.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from detectors.finding import Finding
from policies.decide import NotChecked, Outcome, decide
from policies.policy import Policy, Rule
from policies.positions import Node, parse, read
from policies.problems import ProblemsError
from policies.redact import apply, hash_value, mask, redact
from policies.schema import problem_at, validate
from policies.verdict import Action, Decision, Edit, Verdict
from policies.vocabulary import Name, Schema, Scope, Score

Scan = Callable[[Rule, str], Outcome]
"""Runs a rule's detector, as the rule configures it, over a text."""


class GivenFinding(Schema):
    kind: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*\.[A-Za-z0-9_.]+$")]
    text: Annotated[str, Field(min_length=1)]
    score: Score = 1.0


class GivenNotChecked(Schema):
    detector: Name
    reason: Literal["timeout", "overload", "error", "unavailable"]


class Given(Schema):
    scope: Scope = Scope.USER
    text: str | None = None
    findings: tuple[GivenFinding, ...] = ()
    not_checked: tuple[GivenNotChecked, ...] = ()

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if self.text is None and not self.findings:
            raise ValueError("text or findings must be given")
        if self.text is not None and any(finding.text not in self.text for finding in self.findings):
            raise ValueError("the text of every finding must stand in the text")
        return self

    @property
    def whole_text(self) -> str:
        return " ".join(finding.text for finding in self.findings) if self.text is None else self.text

    @property
    def is_scanned(self) -> bool:
        return not (self.findings or self.not_checked)


class Expect(Schema):
    decision: Decision | None = None
    rules: tuple[Name, ...] | None = None
    shadow: tuple[Name, ...] | None = None
    text: str | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError(f"nothing is expected; allowed: {', '.join(type(self).model_fields)}")
        return self


class Case(Schema):
    name: Annotated[str, Field(min_length=1, max_length=200)]
    given: Given
    expect: Expect


class _File(Schema):
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """``failures`` say what was expected and what came instead; none: the case holds."""

    case: str
    line: int
    failures: tuple[str, ...]


def cases_beside(policy_path: Path) -> Path:
    """Where a policy's cases stand, if it has any."""
    return policy_path.with_suffix(".cases.yaml")


def load_cases(path: Path) -> list[tuple[int, Case]]:
    """Each case and its line. Raises ``ProblemsError``."""
    listed = parse(read(path), str(path))
    root = Node(None, str(path), 1, mapping={"cases": listed})
    cases = validate(_File, root).cases
    names = [case.name for case in cases]
    twice = [index for index, name in enumerate(names) if name in names[:index]]
    if twice:
        raise ProblemsError(problem_at(root, ("cases", index, "name"), "another case has this name") for index in twice)
    return [(node.line, case) for node, case in zip(listed.items or (), cases, strict=True)]


def run_cases(path: Path, policy: Policy, scan: Scan) -> list[Result]:
    """Every case of the file against the policy. Raises ``ProblemsError`` where the file itself is wrong."""
    return [Result(case.name, line, tuple(_failures(policy, case, scan))) for line, case in load_cases(path)]


def review(policy: Policy, scope: Scope, text: str, scan: Scan) -> Verdict:
    """What the policy decides about one text, standing in ``scope``."""
    return decide(policy, [(rule, scan(rule, text)) for rule in policy.rules if scope in rule.scope], len(text))


def edited(verdict: Verdict, text: str) -> str:
    """The text as it would go on, with placeholders and hashes of no real key."""
    return apply(text, verdict.edits, _sample)


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


def _failures(policy: Policy, case: Case, scan: Scan) -> list[str]:
    given, expect = case.given, case.expect
    text = given.whole_text
    verdict = review(policy, given.scope, text, scan if given.is_scanned else _given_outcome(given))
    decision = Decision.of(verdict.action)
    failures = []
    if expect.decision not in (None, decision):
        failures.append(f"expected decision {expect.decision}, got {decision}")
    for what, expected, shadow in (("rules", expect.rules, False), ("shadow", expect.shadow, True)):
        fired = sorted({f.rule for f in verdict.fired if f.shadow is shadow})
        if expected is not None and sorted(expected) != fired:
            failures.append(f"expected {what} {_listed(sorted(expected))}, got {_listed(fired)}")
    if expect.text is not None:
        failures += _text_failures(expect.text, verdict, text)
    return failures


def _given_outcome(given: Given) -> Scan:
    text = given.whole_text

    def outcome(rule: Rule, _: str) -> Outcome:
        findings = (found for given_finding in given.findings for found in _places(given_finding, text))
        return Outcome(
            tuple(finding for finding in findings if finding.detector == rule.detect),
            tuple(NotChecked(check.detector, check.reason) for check in given.not_checked if check.detector == rule.detect),
        )

    return outcome


def _places(given: GivenFinding, text: str) -> list[Finding]:
    detector = given.kind.partition(".")[0]
    matches = re.finditer(re.escape(given.text), text)
    return [Finding(detector, given.kind, match.start(), match.end(), given.score) for match in matches]


def _text_failures(expected: str, verdict: Verdict, text: str) -> list[str]:
    if verdict.action is Action.BLOCK:
        return [f"expected text {expected!r}, but nothing goes on: it is blocked"]
    got = edited(verdict, text)
    pattern = re.sub(r"([A-Z0-9])_\\\*(?!\\\*)", r"\1_[0-9a-z]+", re.escape(expected))
    return [] if re.fullmatch(pattern, got) else [f"expected text {expected!r}, got {got!r}"]


def _listed(names: Sequence[str]) -> str:
    return f"[{', '.join(names)}]"
