"""Bounds on answers that the surfaces of a policy do not hold, and what keeps a user from seeing an answer grow."""

from collections.abc import Iterator

from policies.domain_parts import Path, action_loc, action_of, bounds
from policies.lint.rules import Remark
from policies.lint.surfaces import SCOPES, listed, named_surfaces
from policies.policy import Policy
from policies.positions import Loc
from policies.subject import GENERATING
from policies.verdict import Action
from policies.vocabulary import Mode, Scope

ASKED_AGAIN = frozenset({"chat", "messages", "responses"})
"""Where a model can be shown what is wrong with its answer."""
WITHOUT_LOG_PROBABILITIES = frozenset({"messages"})
_ENDS = (Scope.OUTPUT, Scope.TOOL_ARGUMENTS)
_LANGUAGES = ("output", "languages")


def answer_remarks(policy: Policy) -> Iterator[Remark]:
    for index, rule in enumerate(policy.rules):
        if rule.stream == "whole" and Scope.OUTPUT in rule.scope:
            message = "no answer is shown before it is whole: a user waits for all of it, not for its first word (sentence waits less)"
            yield ("rules", index, "stream"), "waits-whole", message
    if policy.mode is Mode.ENFORCE:
        yield from _stream(policy)
        yield from _waits(policy)
    yield from _uncalibrated(policy)
    if surfaces := named_surfaces(policy):
        yield from _reasks(policy, surfaces)
        yield from _unheld(policy, surfaces)


def _stream(policy: Policy) -> Iterator[Remark]:
    output = policy.domain.output
    at: Loc = ("domain", "output")
    judges_language = output.languages is not None and action_of(policy.domain, _LANGUAGES) is Action.BLOCK
    if output.stream == "sentence" and not judges_language:
        message = "only a bound on languages that blocks is judged sentence by sentence; to all others answers are held as they come"
        yield (*at, "stream"), "no-effect", message
    elif output.stream == "whole" and not (policy.flows or any(_is_of_answers(path) for path, _ in bounds(policy.domain))):
        yield (*at, "stream"), "no-effect", "there is no bound on answers"
    elif output.stream == "whole":
        yield (*at, "stream"), "waits-whole", "no answer is shown before it is whole; bounds but for languages hold answers as they come"
    elif output.stream is None and judges_language:
        yield (*at, "languages"), "waits-whole", "no answer is shown before it is whole (stream: sentence waits less)"


def _waits(policy: Policy) -> Iterator[Remark]:
    """Actions for which an answer must be whole."""
    domain = policy.domain
    asking = [path for path, _ in bounds(domain) if action_of(domain, path, of_answer=True) is Action.REASK]
    for loc in dict.fromkeys(action_loc(domain, domain, path) for path in asking):
        yield loc, "waits-whole", "reask: no answer is shown before it is whole (block stops one as soon as it is out of bounds)"
    unsure = domain.output.uncertainty
    for key in ("action", "on_unavailable") if unsure and unsure.action is not Action.REASK else ():
        if getattr(unsure, key) is Action.BLOCK:
            message = "block: no answer is shown before it is whole, as all of it is measured (flag does not wait)"
            yield ("domain", "output", "uncertainty", key), "waits-whole", message
            break
    if domain.output.action is Action.REASK and domain.output.languages is not None:
        message = "reask: an answer in another language is blocked: a rule judges it, and nobody is asked again"
        yield ("domain", "output", "action"), "no-effect", message


def _uncalibrated(policy: Policy) -> Iterator[Remark]:
    unsure = policy.domain.output.uncertainty
    if unsure and unsure.max_entropy is None:
        message = f"no limit has been found for it yet, so {unsure.limit} nats hold; label answers, and run oddgate calibrate"
        yield ("domain", "output", "uncertainty", "max_fpr"), "not-calibrated", message


def _reasks(policy: Policy, surfaces: frozenset[str]) -> Iterator[Remark]:
    output, tools = policy.domain.output, policy.domain.tools
    unsure = output.uncertainty
    parts: tuple[tuple[Loc, Action | None], ...] = (
        (("output",), output.action), (("tools",), tools.action), (("output", "uncertainty"), unsure.action if unsure else None),
    )  # fmt: skip
    for at, action in parts if not surfaces & ASKED_AGAIN else ():
        if action is Action.REASK:
            message = f"reask: nobody can be asked again on {listed(surfaces)}; use block"
            yield ("domain", *at, "action"), "surface-cannot", message


def _unheld(policy: Policy, surfaces: frozenset[str]) -> Iterator[Remark]:
    """Bounds and flows that answers are not held to there. Which languages they are in, a rule judges everywhere."""
    unread = surfaces - GENERATING - SCOPES.keys()
    if unread:
        why = f"answers on {listed(unread)} are not held to this"
    elif not surfaces & GENERATING:
        why = f"no model writes an answer on {listed(surfaces)}"
    else:
        why = ""
    for loc in _of_answers(policy) if why else ():
        yield loc, "surface-cannot", why
    if policy.domain.output.uncertainty and surfaces & GENERATING and surfaces & GENERATING <= WITHOUT_LOG_PROBABILITIES:
        message = f"answers on {listed(surfaces & GENERATING)} have no log probabilities: how unsure they are is not known"
        message += ", so that all are blocked" if policy.domain.output.uncertainty.on_unavailable is Action.BLOCK else ""
        yield ("domain", "output", "uncertainty"), "surface-cannot", message


def _of_answers(policy: Policy) -> Iterator[Loc]:
    for path, _ in bounds(policy.domain):
        if _is_of_answers(path) and path != _LANGUAGES:
            yield "domain", *path
    for index, flow in enumerate(policy.flows):
        if flow.to.partition(".")[0] in _ENDS:
            yield "flows", index, "to"


def _is_of_answers(path: Path) -> bool:
    return path[0] in ("output", "tools")
