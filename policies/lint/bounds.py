"""Domains and data flows that bound less, or more, than is meant."""

from collections.abc import Iterator

from policies.lint.rules import Remark
from policies.policy import Policy

_FEW = 5
_OF_TOOLS = frozenset({"tool_arguments", "tool_results"})


def bounds_remarks(policy: Policy) -> Iterator[Remark]:
    yield from _topics(policy)
    yield from _flows(policy)


def _topics(policy: Policy) -> Iterator[Remark]:
    topics = policy.domain.topics
    for index, topic in enumerate(topics.allow if topics else ()):
        count = len({example.casefold().strip() for example in topic.examples})
        if count < _FEW:
            at = ("domain", "topics", "allow", index, "examples")
            yield (
                at,
                "few-examples",
                f"{count} examples of {topic.name}: fewer than {_FEW} only hint at what it is about; 10 to 20 are good",
            )


def _flows(policy: Policy) -> Iterator[Remark]:
    allowed = policy.domain.tools.allow
    for index, flow in enumerate(policy.flows):
        for key, place in (("from", flow.source), ("to", flow.to)):
            scope, _, rest = place.partition(".")
            tool = rest.partition(".")[0]
            is_named = bool(tool) and not set("*?[") & set(tool)
            if scope in _OF_TOOLS and is_named and allowed is not None and tool not in allowed:
                yield ("flows", index, key), "dead-flow", f"{tool} is not among the tools that the domain allows: nothing ever flows here"
