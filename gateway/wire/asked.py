"""What a request asks for besides its texts: parameters, tools and kinds of content, by the names that the APIs share.

A parameter that is said, and is not such a number as an API takes, is NaN: within no bound, for endpoints differ on what they make of it.
Where a request has several requests in it (a batch, a row of a file of them), each is read by itself.
"""

import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from gateway.wire.model import Form, Json, Kind, Request
from gateway.wire.offered import tools_offered
from policies.subject import GENERATING, Asked

_MAX_TOKENS = (
    "max_tokens", "max_completion_tokens", "max_output_tokens", "max_response_output_tokens", "max_tokens_to_sample",
    "max_new_tokens", "n_predict", "num_predict", "maxTokens", "maxOutputTokens",
)  # fmt: skip
"""By what servers take the limit, whichever API they speak."""
_HOLDERS = ("options", "generationConfig")
"""Where they take it too."""
_RUN = "assistant_id"
"""What a run is known by among the requests about assistants: whose it is."""
_LIMITS: Mapping[str, frozenset[str]] = {
    "chat": frozenset({"max_tokens", "max_completion_tokens"}),
    "completions": frozenset({"max_tokens"}),
    "responses": frozenset({"max_output_tokens"}),
    "messages": frozenset({"max_tokens"}),
    "message_batches": frozenset({"max_tokens"}),
    "runs": frozenset({"max_completion_tokens"}),
}
"""By which of these names an API knows it: by another it is not said there."""
_MANY = ("n", "best_of", "num_return_sequences", "candidate_count")
_MESSAGES = ("messages", "input", "prompt", "model")
_KEPT: Mapping[str, tuple[str, ...]] = {"assistants": ("additional_messages",), "conversations": ("items",)}
"""By what more an API takes messages that it keeps."""
_MOST = 2.0**53
_NUMERAL = re.compile(r"[0-9]{1,16}(?:\.[0-9]{1,16})?")
_MODALITIES = {Kind.IMAGE: "image", Kind.AUDIO: "audio", Kind.FILE: "file"}


class _Numbers(NamedTuple):
    """Of one request."""

    messages: int = 0
    max_tokens: float | None = None
    temperature: float | None = None
    top_p: float | None = None
    n: float = 1


_SILENT = _Numbers()


def asked(request: Request) -> Asked:
    """Where an API has two names for one parameter and a request uses both, the larger counts."""
    bodies = _bodies(request)
    parts = [_numbers(request.surface, body) for body in bodies]
    if len(parts) > 1:
        parts = [part for part in parts if part != _SILENT] or [_SILENT]
    of_all = parts[0] if len(parts) == 1 else _together(parts)
    return Asked(
        stream=request.stream,
        messages=of_all.messages or int(bool(request.model) and request.surface in GENERATING),
        chars=sum([len(segment.text) for segment in request.segments]),
        max_tokens=of_all.max_tokens,
        temperature=of_all.temperature,
        top_p=of_all.top_p,
        n=of_all.n,
        tools=tuple(dict.fromkeys([name for body in bodies for name in tools_offered(body)])),
        kinds=frozenset(_kinds(request)),
        models=tuple(dict.fromkeys([name for body in bodies for name in _models(body, request.model)])),
        parts=tuple([Asked(**part._asdict()) for part in parts]) if len(parts) > 1 else (),
    )


def _bodies(request: Request) -> list[dict[str, Json]]:
    """What may hold parameters: the body, and what it is about in a realtime event, in a batch and in a row of a file of requests."""
    body = request.body if isinstance(request.body, dict) else {}
    if request.write:  # a form
        return [{key: said if key == "model" else _field(said) for key, said in body.items()}]
    found: list[Json] = [body, body.get("body")]
    if request.surface == "message_batches":
        listed = [batch.get("requests") for batch in found if isinstance(batch, dict)]
        found += [each.get("params") for batch in listed if isinstance(batch, list) for each in batch if isinstance(each, dict)]
    elif request.surface == "realtime":
        found += (body.get("session"), body.get("response"))
    return [each for each in found if isinstance(each, dict)]


def _field(said: list[Json]) -> Json:
    """Of a form, where a field is a list and numbers stand as text."""
    return float(said[0]) if isinstance(said[0], str) and _NUMERAL.fullmatch(said[0]) else said


def _numbers(surface: str, body: dict[str, Json]) -> _Numbers:
    return _Numbers(
        _messages(surface, body),
        _limit(surface, body),
        _number(body, "temperature", 0),
        _number(body, "top_p", 0),
        _largest((1, *[number for key in _MANY if (number := _number(body, key, 1)) is not None])),
    )


def _together(parts: Sequence[_Numbers]) -> _Numbers:
    """Of several requests: what they agree on, and the largest of their limits."""
    limits = [part.max_tokens for part in parts if part.max_tokens is not None]
    most = _largest(limits) if len(limits) == len(parts) else math.nan if limits else None
    numbers = [values.pop() if len(values) == 1 else math.nan for values in map(set, zip(*[part[2:] for part in parts], strict=True))]
    return _Numbers(max([part.messages for part in parts]), most, *numbers)


def _models(body: dict[str, Json], model: str) -> Iterator[str]:
    """The models that a router may take instead, of which what is no name is none that a policy could allow; and what the body calls its
    model, where the request is for another.
    """
    yield from (name if isinstance(name, str) else "" for name in _listed(body.get("models") or []))
    yield from (name for name in _listed(body.get("model")) if isinstance(name, str) and name != model)


def _listed(said: Json) -> list[Json]:
    return said if isinstance(said, list) else [said]


def _messages(surface: str, body: dict[str, Json]) -> int:
    """At least one where a model is named: it may answer to an empty prompt, or in a conversation that the endpoint keeps."""
    thread = body.get("thread") if surface == "assistants" else None
    count = _messages("", thread) if isinstance(thread, dict) else 0
    for key in (*_MESSAGES, *_KEPT.get(surface, ())):
        if key in body:
            count = max(count, len(body[key]) if isinstance(body[key], list) else 1)
    return count


def _limit(surface: str, body: dict[str, Json]) -> float | None:
    """Servers take 0 and less for no limit at all. An assistant's run that says none is within no bound."""
    is_run = surface == "assistants" and _RUN in body
    known = _LIMITS.get("runs" if is_run else surface)
    said = dict(_limits(body))
    if known and said.keys().isdisjoint(known):
        return math.nan if is_run else None
    inner = [limit for key in _HOLDERS if isinstance(holder := body.get(key), dict) for _, limit in _limits(holder)]
    limits = [*said.values(), *inner]
    return _largest(limits) if limits else None


def _limits(body: dict[str, Json]) -> Iterator[tuple[str, float]]:
    for key in _MAX_TOKENS:
        if (limit := _number(body, key, 1)) is not None:
            yield key, limit


def _number(body: dict[str, Json], key: str, least: float) -> float | None:
    value = body.get(key)
    if value is None:
        return None
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool) and least <= value <= _MOST
    return float(value) if is_number else math.nan


def _largest(values: Collection[float]) -> float:
    return math.nan if any(map(math.isnan, values)) else max(values)


def _kinds(request: Request) -> Iterator[str]:
    yield from (_MODALITIES[part.kind] for part in request.uninspectable if part.kind in _MODALITIES)
    yield from ("image" for segment in request.segments if segment.form is Form.PICTURE)
    if request.segments:
        yield "text"
