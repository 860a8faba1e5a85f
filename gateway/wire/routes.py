"""Which dialect serves which path. Everything a client can reach is in this table; nothing else is forwarded."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from gateway.errors import MethodNotAllowed, NotSupported
from gateway.wire.anthropic import errors as anthropic_errors
from gateway.wire.anthropic.batches import MessageBatch, MessageBatchResults, NewMessageBatch
from gateway.wire.anthropic.messages import CountTokens, Messages
from gateway.wire.anthropic.surface import AnthropicSurface
from gateway.wire.azure import azure_paths
from gateway.wire.dialect import Dialect, ErrorShape
from gateway.wire.model import Call
from gateway.wire.openai import errors as openai_errors
from gateway.wire.openai.chat import ChatCompletions
from gateway.wire.openai.completions import Completions
from gateway.wire.openai.conversations import Conversations
from gateway.wire.openai.embeddings import Embeddings
from gateway.wire.openai.files import FileContent, FileUpload
from gateway.wire.openai.images import Images
from gateway.wire.openai.moderations import Moderations
from gateway.wire.openai.multipart import ImageForms
from gateway.wire.openai.realtime import Realtime
from gateway.wire.openai.responses import Items, Responses
from gateway.wire.openai.speech import Speech
from gateway.wire.openai.stored import stored_paths
from gateway.wire.openai.transcriptions import Transcriptions

_NAME = re.compile(r"(?!\.+$)[A-Za-z0-9_.:@-]{1,256}")
"""A variable part of a path: the id of a file, the name of a model. It has no room for prose."""


@dataclass(frozen=True, slots=True)
class Route:
    """A path that is served: how it is read with each method, and where it goes below the upstream's base URL.

    ``pattern`` has variable parts in braces (``/v1/files/{file_id}``). ``family`` is whose API it is: an upstream speaks one or all.
    ``drops`` is what the path begins with on our side alone (``/anthropic``). ``is_unguarded``: the settings say that nothing of it is
    read; its dialects then only name it, and word our errors.
    """

    pattern: str
    dialects: Mapping[str, Dialect]
    family: str = "openai"
    drops: str = ""
    is_unguarded: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """A route, by its ``pattern``, with what the request's path says. ``path`` is where the request goes below the upstream's base URL."""

    dialect: Dialect
    family: str
    path: str
    names: Mapping[str, str] = field(default_factory=dict)
    is_unguarded: bool = False
    pattern: str = ""

    def call(self, method: str, content_type: str) -> Call:
        return Call(method, self.path, self.names, content_type)


@dataclass(slots=True)
class _Step:
    """One part of the paths that begin alike: what may come next, and the route of the path that ends here."""

    fixed: dict[str, "_Step"] = field(default_factory=dict)
    variable: "_Step | None" = None
    route: Route | None = None


class Routes:
    """Immutable. A path is served exactly as written, so that no spelling of it slips past.

    Several routes may have one pattern, if their methods differ. Raises ValueError where two routes would serve the same request.
    """

    def __init__(self, routes: Iterable[Route]) -> None:
        self._root = _Step()
        for route in routes:
            self._add(route)

    def find(self, method: str, path: str) -> Match:
        """Raises NotSupported or MethodNotAllowed."""
        parts = path.split("/")
        route = _route(self._root, parts, 0)
        if route is None:
            raise NotSupported("unsupported_path", "This path is not served by the gateway; nothing was forwarded.")
        dialect = route.dialects.get(method)
        if dialect is None:
            raise MethodNotAllowed(route.dialects)
        names = _names(route.pattern, parts) if "{" in route.pattern else {}
        return Match(dialect, route.family, path.removeprefix(route.drops), names, route.is_unguarded, route.pattern)

    def __iter__(self) -> Iterator[Route]:
        return _below(self._root)

    @staticmethod
    def error_shape(path: str) -> ErrorShape:
        """In whose words a request is refused that has no route."""
        is_anthropic = path.startswith(("/anthropic/", "/v1/messages/")) or path == "/v1/messages"
        return anthropic_errors if is_anthropic else openai_errors

    def _add(self, route: Route) -> None:
        step = self._root
        for part in route.pattern.split("/"):
            if part.startswith("{"):
                step.variable = step.variable or _Step()
                step = step.variable
            else:
                step = step.fixed.setdefault(part, _Step())
        if step.route:
            is_alike = replace(step.route, dialects=route.dialects) == route
            if not is_alike or step.route.dialects.keys() & route.dialects.keys():
                raise ValueError(f"{route.pattern} has a route already")
            route = replace(route, dialects={**step.route.dialects, **route.dialects})
        step.route = route


def _route(step: _Step, parts: list[str], at: int) -> Route | None:
    if at == len(parts):
        return step.route
    fixed = step.fixed.get(parts[at])
    if fixed and (route := _route(fixed, parts, at + 1)):
        return route
    return _route(step.variable, parts, at + 1) if step.variable and _NAME.fullmatch(parts[at]) else None


def _names(pattern: str, parts: list[str]) -> dict[str, str]:
    return {name[1:-1]: given for name, given in zip(pattern.split("/"), parts, strict=True) if name.startswith("{")}


def _below(step: _Step) -> Iterator[Route]:
    if step.route:
        yield step.route
    for below in (*step.fixed.values(), *([step.variable] if step.variable else [])):
        yield from _below(below)


def overlap(pattern: str, other: str) -> bool:
    """Whether some path fits both patterns."""
    parts, others = pattern.split("/"), other.split("/")
    return len(parts) == len(others) and all(a == b or a.startswith("{") or b.startswith("{") for a, b in zip(parts, others, strict=True))


def routes(extra: Iterable[Route] = ()) -> Routes:
    """Every path of the data side; ``extra`` are those of the settings."""
    openai = tuple(_openai())
    azure = (
        Route(pattern, dialects, family="azure") for route in openai for pattern, dialects in azure_paths(route.pattern, route.dialects)
    )
    return Routes((*openai, *azure, *_anthropic(""), *_anthropic("/anthropic"), *_anthropic_models(), *extra))


def _openai() -> Iterator[Route]:
    """OpenAI's API. Each of these paths is served in Azure's forms too."""
    yield Route("/v1/chat/completions", {"POST": ChatCompletions()})
    yield Route("/v1/completions", {"POST": Completions()})
    yield Route("/v1/embeddings", {"POST": Embeddings()})
    yield Route("/v1/moderations", {"POST": Moderations()})
    yield Route("/v1/images/generations", {"POST": Images()})
    yield Route("/v1/audio/speech", {"POST": Speech()})
    yield Route("/v1/images/edits", {"POST": ImageForms()})
    yield Route("/v1/images/variations", {"POST": ImageForms()})
    yield Route("/v1/audio/transcriptions", {"POST": Transcriptions("transcriptions")})
    yield Route("/v1/audio/translations", {"POST": Transcriptions("translations")})
    yield Route("/v1/realtime", {"GET": Realtime()})
    yield Route("/v1/files", {"POST": FileUpload()})
    yield Route("/v1/files/{file_id}/content", {"GET": FileContent()})
    yield Route("/v1/uploads/{upload_id}/parts", {"POST": FileUpload("uploads", is_part=True)})
    for pattern, dialects in stored_paths():
        yield Route(pattern, dialects)
    yield from _responses()


def _anthropic_models() -> Iterator[Route]:
    """Below our prefix alone: elsewhere these are OpenAI's paths."""
    models = AnthropicSurface("models")
    yield Route("/anthropic/v1/models", {"GET": models}, "anthropic", "/anthropic")
    yield Route("/anthropic/v1/models/{model_id}", {"GET": models}, "anthropic", "/anthropic")


def _anthropic(drops: str) -> Iterator[Route]:
    """Anthropic's messages, below a prefix of ours."""
    batch, new = MessageBatch(), NewMessageBatch()
    for path, dialects in (
        ("", {"POST": Messages()}),
        ("/count_tokens", {"POST": CountTokens()}),
        ("/batches", {"POST": new, "GET": batch}),
        ("/batches/{batch_id}", {"GET": batch, "DELETE": batch}),
        ("/batches/{batch_id}/cancel", {"POST": batch}),
        ("/batches/{batch_id}/results", {"GET": MessageBatchResults()}),
    ):
        yield Route(f"{drops}/v1/messages{path}", dialects, "anthropic", drops)


def _responses() -> Iterator[Route]:
    """OpenAI's responses, and the conversations that they belong to."""
    made, items, kept = Responses(), Items("responses", "response_id"), Conversations()
    yield Route("/v1/responses", {"POST": made})
    yield Route("/v1/responses/input_tokens", {"POST": items})
    yield Route("/v1/responses/compact", {"POST": items})
    yield Route("/v1/responses/{response_id}", {"GET": made, "DELETE": made})
    yield Route("/v1/responses/{response_id}/cancel", {"POST": made})
    yield Route("/v1/responses/{response_id}/input_items", {"GET": items})
    yield Route("/v1/conversations", {"POST": kept})
    yield Route("/v1/conversations/{conversation_id}", {"GET": kept, "POST": kept, "DELETE": kept})
    yield Route("/v1/conversations/{conversation_id}/items", {"GET": kept, "POST": kept})
    yield Route("/v1/conversations/{conversation_id}/items/{item_id}", {"GET": kept, "DELETE": kept})
