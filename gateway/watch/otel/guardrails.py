"""Drafts of conventions for guardrails, of which none is settled: what a guard's span says by each, besides our own names.

``a``: semantic-conventions-genai pull request 427 (``run_guardrail``), which parts a verdict from what was done. ``b``: the one after it
(``apply_guardrail``), which keeps a product's own values. Should one of them change or be settled, this file is all that does.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

Draft = Literal["none", "a", "b"]
"""``none``: our own names alone."""
Said = Mapping[str, str | bool | int | float | list[str] | None]

_REWRITES = frozenset({"redact", "mask", "hash", "tokenize"})
_REFUSALS = frozenset({"block", "reask"})


class Drafted(NamedTuple):
    """``name`` is the span's instead of its own; ``event`` is that of each finding."""

    name: str
    attributes: Said
    event: str
    findings: Sequence[Said]


def drafted(draft: Literal["a", "b"], stage: str, action: str, policy: str, findings: Sequence[Mapping[str, Any]]) -> Drafted:
    """``action`` is what was done, ``policy`` is ``NAME@DIGEST``, and ``findings`` are the stage's, those of shadow rules too."""
    name, _, version = policy.partition("@")
    target = "input" if stage == "input" else "output"
    return _a(target, stage, action, name, findings) if draft == "a" else _b(target, stage, action, name, version, findings)


def _a(target: str, stage: str, action: str, policy: str, findings: Sequence[Mapping[str, Any]]) -> Drafted:
    verdicts = [_verdict(found["action"]) for found in findings] or ["allow"]
    attributes: Said = {
        "gen_ai.operation.name": "run_guardrail",
        "gen_ai.guardrail.component.name": f"oddgate.{stage}",
        "gen_ai.guardrail.target.type": target,
        "gen_ai.guardrail.verdict.type": max(verdicts, key=("allow", "warn", "modify", "deny").index),
        "gen_ai.guardrail.action.type": {"warn": "allow", "deny": "block"}.get(verdict := _verdict(action), verdict),
        "gen_ai.guardrail.content.modified": action in _REWRITES,
        "gen_ai.guardrail.security.policy.id": policy,
    }
    said = [
        {
            "gen_ai.guardrail.security.policy.rule.id": found["rule"],
            "gen_ai.guardrail.verdict.type": _verdict(found["action"]),
            "gen_ai.guardrail.risk.category": found["kind"],
            "gen_ai.guardrail.risk.score": float(found["score"]),
        }
        for found in findings
    ]
    return Drafted(f"run_guardrail oddgate.{stage}", attributes, "gen_ai.guardrail.security.finding", said)


def _b(target: str, stage: str, action: str, policy: str, version: str, findings: Sequence[Mapping[str, Any]]) -> Drafted:
    named = {"gen_ai.guardrail.policy.id": policy, "gen_ai.guardrail.policy.version": version, "gen_ai.guardrail.source": target}
    attributes: Said = {"gen_ai.operation.name": "apply_guardrail", **named, "gen_ai.guardrail.result.value": action}
    said = [
        {
            **named,
            "gen_ai.guardrail.result.value": found["action"],
            "gen_ai.guardrail.result.reason": found["rule"],
            "gen_ai.guardrail.risk.category": found["kind"],
            "gen_ai.guardrail.risk.score": float(found["score"]),
        }
        for found in findings
    ]
    return Drafted(f"apply_guardrail oddgate.{stage}", attributes, "gen_ai.guardrail.result", said)


def _verdict(action: str) -> str:
    if action in _REFUSALS:
        return "deny"
    return "modify" if action in _REWRITES else "warn" if action == "flag" else "allow"
