"""Where a policy is looser than those that it is built on.

A team may have its reasons; whoever answers for the ground should hear of it. Only what can be told apart is compared: that one condition
lets pass more than another one cannot.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from policies.domain import Domain
from policies.lint.rules import Remark
from policies.policy import Flow, OnUninspectable, Policy, Rule
from policies.positions import Loc
from policies.verdict import Action
from policies.vocabulary import Mode

_CODE = "weakened"
_FAILS = ("on_error", "on_timeout", "on_unavailable")
# The bounds of a domain, by their kind.
_MOST = (("input", "max_chars"), ("input", "max_messages"), ("request", "max_tokens"), ("output", "max_chars"))
_LISTS = (
    ("languages",), ("groups",), ("input", "modalities"), ("request", "models"), ("tools", "allow"), ("output", "languages"),
)  # fmt: skip
_GIVEN = (
    ("topics",), ("hours",), ("request", "temperature"), ("request", "top_p"), ("request", "n"), ("output", "json_schema"),
    ("output", "regex"), ("output", "grammar"), ("output", "uncertainty"),
)  # fmt: skip


def weakenings(ground: Policy, policy: Policy) -> Iterator[Remark]:
    """``ground``: what the policies that it is built on come to by themselves."""
    if policy.mode is Mode.SHADOW and ground.mode is Mode.ENFORCE:
        yield ("mode",), _CODE, "shadow; below it is enforce"
    yield from _rules(ground, policy)
    yield from _flows(ground, policy)
    for key in OnUninspectable.model_fields:
        before, now = getattr(ground.on_uninspectable, key), getattr(policy.on_uninspectable, key)
        yield from _milder(("on_uninspectable", key), before, now)
    yield from _domain(ground.domain, policy.domain)


def _milder(at: Loc, before: Action | None, now: Action | None) -> Iterator[Remark]:
    if before is not None and now is not None and now.severity < before.severity:
        yield at, _CODE, f"{now}; below it is {before}"


def _rules(ground: Policy, policy: Policy) -> Iterator[Remark]:
    kept = {rule.id: index for index, rule in enumerate(policy.rules)}
    for before in ground.rules:
        if before.id in kept:
            at: Loc = ("rules", kept[before.id])
            yield from ((at + loc, code, message) for loc, code, message in _rule(before, policy.rules[kept[before.id]]))
        else:
            yield ("without",), _CODE, f"the rule {before.id} is left out"


def _rule(before: Rule, now: Rule) -> Iterator[Remark]:
    for key in ("action", *_FAILS):
        yield from _milder((key,), getattr(before, key), getattr(now, key))
    if now.mode is Mode.SHADOW and before.mode is not Mode.SHADOW:
        yield ("mode",), _CODE, "shadow; below it is not"
    yield from _fewer(("scope",), before.scope, now.scope)
    if now.entities is not None:
        yield from _fewer(("entities",), before.entities or (), now.entities)
    if before.detect != now.detect:
        yield ("detect",), _CODE, f"looks for {now.detect}; below it is {before.detect}"
    if (now.min_score or 0) > (before.min_score or 0):
        yield ("min_score",), _CODE, f"{now.min_score}; below it is {before.min_score or 'the threshold of the detector'}"
    if now.max_fpr is not None and before.max_fpr is not None and now.max_fpr < before.max_fpr:
        yield ("max_fpr",), _CODE, f"{now.max_fpr}: fewer findings; below it is {before.max_fpr}"
    if now.when is not None and now.when != before.when:
        yield ("when",), _CODE, "asked only where this holds; below it is asked " + ("elsewhere" if before.when else "always")
    if more := set(now.allow_list) - set(before.allow_list):
        yield ("allow_list",), _CODE, f"lets pass {len(more)} more value{'' if len(more) == 1 else 's'} than below"


def _flows(ground: Policy, policy: Policy) -> Iterator[Remark]:
    kept = {flow.id: index for index, flow in enumerate(policy.flows) if flow.id}
    for before in ground.flows:
        if not before.id:
            continue
        if before.id in kept:
            at: Loc = ("flows", kept[before.id])
            yield from ((at + loc, code, message) for loc, code, message in _flow(before, policy.flows[kept[before.id]]))
        else:
            yield ("without",), _CODE, f"the flow {before.id} is left out"


def _flow(before: Flow, now: Flow) -> Iterator[Remark]:
    yield from _milder(("action",), before.action, now.action)
    if now.mode is Mode.SHADOW and before.mode is not Mode.SHADOW:
        yield ("mode",), _CODE, "shadow; below it is not"
    if now.min_chars > before.min_chars:
        yield ("min_chars",), _CODE, f"{now.min_chars}; below it is {before.min_chars}"
    yield from _more(("unless",), before.unless, now.unless)


def _domain(ground: Domain, domain: Domain) -> Iterator[Remark]:
    for path in (("action",), ("input", "action"), ("request", "action"), ("tools", "action"), ("output", "action")):
        yield from _milder(("domain", *path), _at(ground, path), _at(domain, path))
    for path in _MOST:
        before, now = _at(ground, path), _at(domain, path)
        if before is not None and (now is None or now > before):
            yield ("domain", *path), _CODE, f"{'no bound' if now is None else now}; below it is {before}"
    for path in _LISTS:
        before, now = _at(ground, path), _at(domain, path)
        if before is not None and now is None:
            yield ("domain", *path), _CODE, "no bound; below there is one"
        elif before is not None:
            yield from _more(("domain", *path), before, now)
    for path in _GIVEN:
        if _at(ground, path) is not None and _at(domain, path) is None:
            yield ("domain", *path), _CODE, "no bound; below there is one"
    if ground.topics and domain.topics:
        yield from _milder(("domain", "topics", "outside", "action"), ground.topics.outside.action, domain.topics.outside.action)


def _at(domain: Domain, path: Sequence[str]) -> Any:  # noqa: ANN401 one of many kinds
    value: Any = domain
    for key in path:
        value = getattr(value, key)
    return value


def _fewer(at: Loc, before: Collection[str], now: Collection[str]) -> Iterator[Remark]:
    if lost := sorted(set(before) - set(now)):
        yield at, _CODE, f"without {', '.join(lost)}"


def _more(at: Loc, before: Collection[str], now: Collection[str]) -> Iterator[Remark]:
    if added := sorted(set(now) - set(before)):
        yield at, _CODE, f"{', '.join(added)} besides what is below"
