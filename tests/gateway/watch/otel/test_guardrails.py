"""Drafts of conventions for guardrails: what a guard's span says by each."""

import pytest

from gateway.watch.otel.guardrails import drafted
from gateway.watch.otel.models import ModelNames
from gateway.watch.otel.spans import spans
from tests.gateway.watch.records import traced

FOUND = traced(1)["findings"][0]
SHADOW = {**FOUND, "rule": "later", "action": "block", "shadow": True}


def test_none():
    """The span has our own names alone."""
    guard = spans(traced(1), {}, ModelNames())[1]
    said = {*guard.attributes, *(name for event in guard.events for name in event.attributes)}
    assert guard.name == "guard input"
    assert not [name for name in said if name.startswith("gen_ai.guardrail.")]


@pytest.mark.parametrize(
    ("action", "findings", "verdict", "done", "modified"),
    [
        ("allow", [], "allow", "allow", False),
        ("flag", [{**FOUND, "action": "flag"}], "warn", "allow", False),
        ("tokenize", [FOUND], "modify", "modify", True),
        ("tokenize", [FOUND, SHADOW], "deny", "modify", True),
        ("block", [{**FOUND, "action": "block"}, FOUND], "deny", "block", False),
        ("reask", [{**FOUND, "action": "reask"}], "deny", "block", False),
    ],
)
def test_a(action: str, findings: list[dict], verdict: str, done: str, modified: bool):
    """What the rules say is told from what was done: a shadow rule changes the verdict alone."""
    said = drafted("a", "stream", action, "default@1", findings)
    assert said.name == "run_guardrail oddgate.stream"
    assert said.attributes == {
        "gen_ai.operation.name": "run_guardrail", "gen_ai.guardrail.component.name": "oddgate.stream",
        "gen_ai.guardrail.target.type": "output", "gen_ai.guardrail.verdict.type": verdict, "gen_ai.guardrail.action.type": done,
        "gen_ai.guardrail.content.modified": modified, "gen_ai.guardrail.security.policy.id": "default",
    }  # fmt: skip
    assert (said.event, len(said.findings)) == ("gen_ai.guardrail.security.finding", len(findings))


def test_a_finding_by_a():
    """Its rule, its category and its score."""
    assert drafted("a", "input", "tokenize", "default@1", [FOUND]).findings == [
        {
            "gen_ai.guardrail.security.policy.rule.id": "pii", "gen_ai.guardrail.verdict.type": "modify",
            "gen_ai.guardrail.risk.category": "pii.EMAIL_ADDRESS", "gen_ai.guardrail.risk.score": 0.95,
        }
    ]  # fmt: skip


def test_b():
    """Our own words for what was done, and nothing that is made of them."""
    said = drafted("b", "input", "tokenize", "default@1", [FOUND])
    named = {
        "gen_ai.guardrail.policy.id": "default", "gen_ai.guardrail.policy.version": "1", "gen_ai.guardrail.source": "input",
        "gen_ai.guardrail.result.value": "tokenize",
    }  # fmt: skip
    assert said == (
        "apply_guardrail oddgate.input",
        {"gen_ai.operation.name": "apply_guardrail", **named},
        "gen_ai.guardrail.result",
        [
            {
                **named, "gen_ai.guardrail.result.reason": "pii", "gen_ai.guardrail.risk.category": "pii.EMAIL_ADDRESS",
                "gen_ai.guardrail.risk.score": 0.95,
            }
        ],
    )  # fmt: skip


def test_in_a_span():
    """Beside our own names; ids and times are the same by any draft."""
    plain, by_a = spans(traced(1), {}, ModelNames())[1], spans(traced(1), {}, ModelNames(), "a")[1]
    assert (by_a.name, by_a.span_id, by_a.start_ns) == ("run_guardrail oddgate.input", plain.span_id, plain.start_ns)
    assert plain.attributes.items() <= by_a.attributes.items()
    assert [event.name for event in by_a.events] == ["gen_ai.evaluation.result", "gen_ai.guardrail.security.finding"]
