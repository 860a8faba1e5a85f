"""What is allowed in a policy, and yet hardly meant: for whoever writes it, not for the gateway, which loads it all the same.

Each remark has a code of its own (``CODES``), which stays the same from version to version. A remark is only made where it is certain;
what cannot be judged is left alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from policies.decide import Outcome
from policies.extend import Merged
from policies.lint.answers import answer_remarks
from policies.lint.bounds import bounds_remarks
from policies.lint.conditions import condition_remarks
from policies.lint.patterns import pattern_remarks
from policies.lint.rules import Remark, rule_remarks
from policies.lint.surfaces import surface_remarks
from policies.lint.weakening import Ground, weakenings
from policies.objections import Catalog
from policies.policy import Policy, Rule
from policies.problems import Problem
from policies.rehearsal.exchange import Scan
from policies.schema import problem_at, validate

CODES = {
    "no-effect": "a rule, or a part of it, that can change nothing",
    "shadowed-rule": "another rule does the same or more to all that this one finds",
    "contradicting-rules": "one rule lets pass what another one stops: the strictest wins",
    "condition-always-true": "a condition that holds for every exchange",
    "condition-never-true": "a condition that holds for no exchange",
    "condition-undecided": "a condition on a signal that nothing tells",
    "pattern-no-boundary": "a pattern that is also found within longer words",
    "pattern-too-wide": "a pattern that ordinary prose matches",
    "allowed-never-found": "an entry of allow_list in which the rule finds nothing",
    "surface-cannot": "what the surfaces of the policy cannot honour",
    "waits-whole": "answers are held back until they are whole",
    "unread-definitions": "names and keys of tool definitions cannot be rewritten, only blocked",
    "dead-flow": "a data flow from or to a tool that is not allowed",
    "not-calibrated": "a promised rate without a limit by which it is held",
    "few-examples": "a topic with fewer than five examples",
    "rate-too-fine": "a promised rate of topics that the examples are too few to hold",
    "weakened": "looser than the policies that it is built on",
    "review-past": "the day of review is past",
    "no-owner": "nobody is named as owner",
}


@dataclass(frozen=True, slots=True)
class Lint:
    """A remark with its place: ``file:line: key: message [code]``."""

    problem: Problem
    code: str

    def __str__(self) -> str:
        return f"{self.problem} [{self.code}]"


def lint(policy: Policy, merged: Merged, ground: Ground | None, catalog: Catalog, today: str, scan: Scan | None = None) -> list[Lint]:
    """All remarks, by line. ``today`` is a date (``2026-11-22``). Without ``scan`` the entries of allow lists are not looked at."""
    remarks = [
        *_papers(policy, today),
        *_rollout(policy),
        *rule_remarks(policy),
        *condition_remarks(policy, catalog),
        *pattern_remarks(policy),
        *surface_remarks(policy),
        *answer_remarks(policy),
        *bounds_remarks(policy),
        *(_allowed(policy, catalog, scan) if scan else ()),
    ]
    weaker = [Lint(problem, "weakened") for problem in weakenings(ground, validate(Policy, merged.node))] if ground else []
    placed = [*(_placed(merged, remark) for remark in remarks), *weaker]
    return sorted(placed, key=lambda lint: (lint.problem.file, lint.problem.line))


def _placed(merged: Merged, remark: Remark) -> Lint:
    loc, code, message = remark
    return Lint(problem_at(merged.node, loc, message), code)


def _papers(policy: Policy, today: str) -> Iterator[Remark]:
    if not policy.owner:
        yield ("name",), "no-owner", "no owner is named: who is asked when it stops something it should not?"
    if policy.review_by is not None and policy.review_by < today:
        yield ("review_by",), "review-past", f"it was to be looked at by {policy.review_by}"


def _rollout(policy: Policy) -> Iterator[Remark]:
    if policy.rollout and policy.applies_to.is_specific:
        yield (
            ("applies_to",),
            "no-effect",
            f"while it is rolled out, it decides a share of what {policy.rollout.of} would decide, and of nothing else",
        )


def _allowed(policy: Policy, catalog: Catalog, scan: Scan) -> Iterator[Remark]:
    """What a model finds depends on the words around, and is not judged."""
    for index, rule in enumerate(policy.rules):
        asks_model = any(rule.entities is None or entity in rule.entities for entity in catalog.pooled_entities(rule.detect))
        bare = rule.model_copy(update={"allow_list": ()})
        for number, value in enumerate(() if asks_model else rule.allow_list):
            if not any(_finds(scan(bare, before + value), len(before), value) for before in _announced(rule, catalog)):
                message = "no value that the rule finds is this one, neither by itself nor announced by its entity's name"
                yield ("rules", index, "allow_list", number), "allowed-never-found", message


def _announced(rule: Rule, catalog: Catalog) -> Iterator[str]:
    yield ""
    for entity in rule.entities or sorted(catalog.entities(rule.detect)):
        yield f"{entity.replace('_', ' ').lower()}: "
    for pattern in rule.patterns:
        yield from (f"{word} " for word in pattern.context[:3])


def _finds(outcome: Outcome, start: int, value: str) -> bool:
    return any(finding.start == start and finding.end == start + len(value) for finding in outcome.findings)
