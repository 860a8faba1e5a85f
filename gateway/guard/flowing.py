"""Data flows through an exchange: which text of a request stands where, for ``policies.flows`` to follow."""

from collections.abc import Iterator, Mapping

from gateway.wire.calls import tool_at, tools_of
from gateway.wire.model import Form, Place, Request, Segment, at
from policies.flows import FlowWatch, Spot, arguments
from policies.verdict import Fired
from policies.vocabulary import Scope

_OF_TOOLS = frozenset({Scope.TOOL_ARGUMENTS, Scope.TOOL_RESULTS})


def follow(request: Request, watch: FlowWatch) -> Iterator[tuple[Place, Scope, list[Fired]]]:
    """The flows that texts of the request complete. The watch has learnt all of them afterwards."""
    tools = tools_of(request)
    for segment, spot, text in _texts(request, tools):
        if fired := watch.crossing(spot, text):
            yield segment.place, segment.scope, fired
        watch.learn(spot, text)


def _texts(request: Request, tools: Mapping[Place, str]) -> Iterator[tuple[Segment, Spot, str]]:
    whole: set[Place] = set()
    for segment in request.segments:
        if segment.scope not in _OF_TOOLS:
            yield segment, Spot(segment.scope), segment.text
            continue
        tool = tool_at(tools, segment.place)
        if segment.form is not Form.JSON:
            yield segment, Spot(segment.scope, tool, _path(segment.place, tools)), segment.text
        elif segment.place not in whole:
            whole.add(segment.place)
            for path, text in arguments(at(request.body, segment.place)):
                yield segment, Spot(segment.scope, tool, path), text


def _path(place: Place, tools: Mapping[Place, str]) -> str:
    """Of an argument that stands in the body as it is: the keys below the call's own arguments (``input``)."""
    for end in range(len(place), 0, -1):
        if place[:end] in tools:
            return ".".join(map(str, place[end + 1 :]))
    return ""
