"""Data flows through an exchange: which text of a request stands where, for ``policies.flows`` to follow."""

from collections.abc import Iterator, Mapping

import orjson

from gateway.wire.calls import tool_at, tools_of
from gateway.wire.model import Form, Json, Place, Request, Segment, at
from policies.flows import FlowWatch, Spot
from policies.verdict import Fired
from policies.vocabulary import Scope

_OF_TOOLS = frozenset({Scope.TOOL_ARGUMENTS, Scope.TOOL_RESULTS})
MAX_DEPTH = 64


def follow(request: Request, watch: FlowWatch) -> Iterator[tuple[Place, Scope, list[Fired]]]:
    """The flows that texts of the request complete. The watch has learnt all of them afterwards."""
    tools = tools_of(request)
    for segment, spot, text in _texts(request, tools):
        if fired := watch.crossing(spot, text):
            yield segment.place, segment.scope, fired
        watch.learn(spot, text)


def arguments(text: str) -> Iterator[tuple[str, str]]:
    """The texts of a call's arguments with their paths within them: ``("to", "bob@example.com")``. What is no JSON is one text."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        yield "", text
        return
    yield from _leaves(value, ())


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


def _leaves(value: Json, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if len(path) > MAX_DEPTH:
        yield ".".join(path), orjson.dumps(value).decode()
    elif isinstance(value, dict):
        for key, child in value.items():
            yield from _leaves(child, (*path, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _leaves(child, (*path, str(index)))
    elif isinstance(value, str):
        yield ".".join(path), value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield ".".join(path), str(value)
