"""The surfaces that the settings add: other endpoints that take JSON, read by paths, and paths that go on unread.

``surfaces`` in the settings has these models for its schema. Each surface is a route beside the built-in ones, and takes none of theirs.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from gateway.wire.generic_json import GenericJson, StreamPlaces
from gateway.wire.jsonpaths import Paths, compile_path, single_place
from gateway.wire.routes import Route, overlap, routes
from gateway.wire.surface import Surface
from policies.vocabulary import ALL_TEXT, Name, Schema, Scope


def _path(text: str) -> str:
    compile_path(text)
    return text


def _place(text: str) -> str:
    single_place(text)
    return text


def _pattern(text: str) -> str:
    names = [part for part in text.split("/") if part.startswith("{")]
    if len(set(names)) < len(names):
        raise ValueError("each {name} in a path must be another")
    if any(part in (".", "..") for part in text.split("/")):
        raise ValueError("a path has no . and .. in it")
    return text


PathText = Annotated[str, Field(max_length=1000), AfterValidator(_path)]
PathTexts = Annotated[tuple[PathText, ...], Field(max_length=64)]
PlaceText = Annotated[str, Field(max_length=1000), AfterValidator(_place)]
Pattern = Annotated[
    str, Field(max_length=1000, pattern=r"^(/([A-Za-z0-9_.~:-]+|\{[a-z][a-z0-9_]{0,63}\})){1,32}$"), AfterValidator(_pattern)
]
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


class RequestPaths(Schema):
    """Where the texts of a request stand. What no path names is the user's."""

    system: PathTexts = ()
    user: PathTexts = ()
    assistant: PathTexts = ()
    tool_arguments: PathTexts = ()
    tool_results: PathTexts = ()
    tool_definitions: PathTexts = ()
    reasoning: PathTexts = ()
    structural: PathTexts = ()
    """Ids and the like: no texts, if they have the form of an identifier."""

    def paths(self) -> Paths:
        scopes: dict[Scope, tuple[str, ...]] = {scope: getattr(self, scope.value) for scope in ALL_TEXT if scope is not Scope.OUTPUT}
        return Paths.of(Scope.USER, scopes, self.structural)


class AnswerPaths(Schema):
    """Where the texts of an answer stand. What no path names is put out."""

    output: PathTexts = ()
    reasoning: PathTexts = ()
    tool_arguments: PathTexts = ()
    structural: PathTexts = ()

    def paths(self) -> Paths:
        scopes = {Scope.OUTPUT: self.output, Scope.REASONING: self.reasoning, Scope.TOOL_ARGUMENTS: self.tool_arguments}
        return Paths.of(Scope.OUTPUT, scopes, self.structural)


class StreamPaths(Schema):
    """Where the server-sent events of an answer, or its lines of JSON, say what. ``answer`` says what else stands in them."""

    output: PlaceText
    index: PlaceText | None = None
    """Which of several answers an event belongs to."""
    finish: PlaceText | None = None
    """Why an answer ends here."""
    done: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """The data of the event with which a stream ends."""

    def places(self) -> StreamPlaces:
        index = single_place(self.index) if self.index else None
        finish = single_place(self.finish) if self.finish else None
        return StreamPlaces(single_place(self.output), index, finish, self.done)


class ServedSurface(Schema):
    """One path that is served besides the built-in ones; ``name`` is its surface in policies, records and metrics."""

    name: Name
    path: Pattern
    """With variable parts in braces: ``/v1/rerank/{id}``."""
    methods: Annotated[tuple[Method, ...], Field(min_length=1, max_length=5)] = ("POST",)
    dialect: Literal["openai", "anthropic", "azure"] = "openai"
    """The upstreams that it goes to, and how they take their key."""
    model: PlaceText | None = None
    """Where a request names its model, by which it is routed."""
    request: RequestPaths | None = None
    answer: AnswerPaths | None = None
    stream: StreamPaths | None = None
    """None: a streamed answer is refused."""
    passthrough: bool = False
    """Nothing that goes through is read. It is recorded and counted as unguarded."""

    def route(self) -> Route:
        dialect = Surface(self.name) if self.passthrough else self._dialect()
        return Route(self.path, dict.fromkeys(self.methods, dialect), self.dialect, is_unguarded=self.passthrough)

    def _dialect(self) -> GenericJson:
        request, answer = self.request or RequestPaths(), self.answer or AnswerPaths()
        model = single_place(self.model) if self.model else None
        return GenericJson(self.name, request.paths(), answer.paths(), model, self.stream.places() if self.stream else None)


Objection = tuple[tuple[str | int, ...], str]


def objections(surfaces: Sequence[ServedSurface]) -> Iterator[Objection]:
    """What speaks against these surfaces, and where, within the list of them."""
    built_in = tuple(routes()) if surfaces else ()
    names = {dialect.surface for route in built_in for dialect in route.dialects.values()}
    for index, surface in enumerate(surfaces):
        earlier = surfaces[:index]
        if surface.name in names:
            yield (index, "name"), f"{surface.name} is a surface of the gateway's own; allowed: any other name"
        elif surface.name in (other.name for other in earlier):
            yield (index, "name"), f"the name {surface.name} is given twice; each surface needs its own"
        taken = chain((route.pattern for route in built_in), (other.path for other in earlier))
        if clash := next((pattern for pattern in taken if overlap(pattern, surface.path)), None):
            yield (index, "path"), f"{clash} is served already"
        for method in {method for method in surface.methods if surface.methods.count(method) > 1}:
            yield (index, "methods"), f"{method} is listed twice"
        if surface.passthrough:
            for key in ("model", "request", "answer", "stream"):
                if getattr(surface, key) is not None:
                    yield (index, key), "nothing of a surface with passthrough: true is read; leave this key out"
