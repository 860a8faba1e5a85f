"""Domains and data flows that bound less, or more, than is meant."""

from collections.abc import Iterator

from detectors.calibration import finest
from policies.lint.rules import Remark
from policies.policy import Policy

_FEW = 5
_OF_TOOLS = frozenset({"tool_arguments", "tool_results"})


def bounds_remarks(policy: Policy) -> Iterator[Remark]:
    yield from _topics(policy)
    yield from _flows(policy)


def _topics(policy: Policy) -> Iterator[Remark]:
    topics = policy.domain.topics
    if topics is None:
        return
    counts = [len({example.casefold().strip() for example in topic.examples}) for topic in topics.allow]
    for index, (topic, count) in enumerate(zip(topics.allow, counts, strict=True)):
        if count < _FEW:
            at = ("domain", "topics", "allow", index, "examples")
            said = f"{count} examples of {topic.name}: fewer than {_FEW} only hint at what it is about; 10 to 20 are good"
            yield at, "few-examples", said
    rate, can_be = topics.outside.max_fpr, finest(sum(counts), len(counts))
    if rate < can_be:
        said = f"{sum(counts)} examples tell what is outside at about {can_be:.2g} at finest; at {rate:g} most of it passes: give more"
        yield ("domain", "topics", "outside", "max_fpr"), "rate-too-fine", said


def _flows(policy: Policy) -> Iterator[Remark]:
    allowed = policy.domain.tools.allow
    for index, flow in enumerate(policy.flows):
        for key, place in (("from", flow.source), ("to", flow.to)):
            scope, _, rest = place.partition(".")
            tool = rest.partition(".")[0]
            is_named = bool(tool) and not set("*?[") & set(tool)
            if scope in _OF_TOOLS and is_named and allowed is not None and tool not in allowed:
                yield ("flows", index, key), "dead-flow", f"{tool} is not among the tools that the domain allows: nothing ever flows here"
