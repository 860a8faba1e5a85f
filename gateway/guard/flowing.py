"""Data flows through an exchange: which text of a request or an answer stands where, for ``policies.flows`` to follow."""

from collections import deque
from collections.abc import Iterator, Mapping
from functools import reduce
from itertools import islice

from gateway.guard.broken import Broken
from gateway.guard.called import Calls
from gateway.wire.calls import call_at, tools_of
from gateway.wire.model import Channel, Form, Place, Request, Segment, at
from gateway.wire.spoken import choice_of, is_repeated, steps_within
from policies.flows import Flows, FlowWatch, Spot, below
from policies.verdict import Fired
from policies.vocabulary import Scope
from policies.words import at_once

Crossed = list[tuple[Place, Scope, list[Fired]]]
"""The texts that complete flows, each with those that it completes."""

_SAID = frozenset({Scope.OUTPUT, Scope.REASONING, Scope.TOOL_RESULTS})
"""What else than calls is followed in an answer; all other texts of one stood in its request."""
_LAST_STEPS = 256
"""In which flows are followed where no time is left for more."""
_SAYS = "the answer holds what must not come to stand there"


class RequestFlows:
    """Follows one request, step by step; the answer to it goes on from ``watch``."""

    def __init__(self, flows: Flows, request: Request) -> None:
        self.watch = flows.watch(has_unseen=bool(request.refers))
        self._request = request
        self._crossed: Crossed = []
        self._is_done = False
        self._steps = self._follow()

    def follow(self) -> Iterator[None]:
        """Whoever stops before the end leaves the rest timed out."""
        for _ in self._steps:  # they outlive this iterator
            yield

    def crossed(self) -> Crossed:
        """The texts of the request that complete flows."""
        deque(islice(self._steps, _LAST_STEPS), 0)
        if not self._is_done:
            self.watch.has_unseen = True
            self._crossed.append((("flows",), Scope.USER, self.watch.unfinished()))
        return self._crossed

    def _follow(self) -> Iterator[None]:
        for segment, spot, text in _texts(self._request, tools_of(self._request)):
            if fired := (yield from self.watch.take(spot, text)):
                self._crossed.append((segment.place, segment.scope, fired))
        self._is_done = True


def _texts(request: Request, tools: Mapping[Place, str]) -> Iterator[tuple[Segment, Spot, str]]:
    whole: set[Place] = set()
    for segment in request.segments:
        if segment.scope not in (Scope.TOOL_ARGUMENTS, Scope.TOOL_RESULTS):
            yield segment, Spot(segment.scope), segment.text
            continue
        call = call_at(tools, segment.place)
        spot = _spot(segment.scope, tools.get(call, ""), segment.place, call)
        if segment.form is not Form.JSON or spot.scope is not Scope.TOOL_ARGUMENTS or spot.path != "":
            yield segment, spot, segment.text
        elif segment.place not in whole:
            whole.add(segment.place)
            yield segment, spot, at(request.body, segment.place)


def _spot(scope: Scope, tool: str, place: Place, call: Place) -> Spot:
    """Where a text of a call, or of a call's result, stands. What is part of no call that is known may stand anywhere."""
    if call:
        steps = place[len(call) :]
        steps = steps_within(steps) if scope is Scope.TOOL_ARGUMENTS else steps[1:]
        start: str | None = ""
        return Spot(scope, tool, reduce(below, map(str, steps), start))
    is_whole = scope is Scope.TOOL_ARGUMENTS and not steps_within(place[-1:])
    return Spot(scope, tool, "" if is_whole else None)


class AnswerFlows:
    """Follows one answer: each of its texts is compared, and may then be a source, when it is whole."""

    def __init__(self, watch: FlowWatch) -> None:
        self._watch = watch
        self._said: dict[int, list[str]] = {}
        self._heard: dict[Channel, list[str]] = {}

    def argue(self, calls: Calls, channel: Channel, whole: str) -> Iterator[Broken]:
        """All of a text that a tool is called with, also one that the provider runs itself."""
        call = calls.of(channel)
        for tool in calls.name(call).readings:
            spot = _spot(Scope.TOOL_ARGUMENTS, tool, channel, call)
            yield from self._take(spot, whole, call, f"the arguments of {tool} hold what must not come to stand there")

    def say(self, choice: int, text: str) -> None:
        """More of what a choice says."""
        if self._watch.concerns(Scope.OUTPUT):
            self._said.setdefault(choice, []).append(text)

    def end(self, choice: int) -> Iterator[Broken]:
        """A choice is over."""
        yield from self._take(Spot(Scope.OUTPUT), "".join(self._said.pop(choice, ())), ("choices", max(choice, 0)), _SAYS)

    def hear(self, calls: Calls, channel: Channel, scope: Scope, text: str, *, is_whole: bool) -> Iterator[Broken]:
        """More of any other text: a refusal, a transcript, what a tool of the provider's has brought."""
        if scope not in _SAID or not self._watch.concerns(scope) or choice_of(channel, scope) is not None or is_repeated(channel):
            return
        self._heard.setdefault(channel, []).append(text)
        if not is_whole:
            return
        whole = "".join(self._heard.pop(channel))
        if scope is not Scope.TOOL_RESULTS:
            yield from self._take(Spot(scope), whole, channel[:1], _SAYS)
            return
        call = calls.of(channel)
        for tool in calls.name(call).readings:
            yield from self._take(_spot(scope, tool, channel, call), whole, call, _SAYS)

    def _take(self, spot: Spot, whole: str, place: Place, reason: str) -> Iterator[Broken]:
        for fired in at_once(self._watch.take(spot, whole)) if whole else ():
            yield Broken(place, spot.scope, fired, reason)


def is_called_with(channel: Channel, scope: Scope) -> bool:
    """Whether a text of an answer is part of a call that is made there."""
    return scope is Scope.TOOL_ARGUMENTS and not is_repeated(channel)
