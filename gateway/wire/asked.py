"""What a request asks for besides its texts: parameters, tools and kinds of content, by the names that the APIs share."""

from collections.abc import Iterator

from gateway.wire.model import Form, Json, Kind, Request
from policies.subject import Asked

_MAX_TOKENS = ("max_tokens", "max_completion_tokens", "max_output_tokens", "max_response_output_tokens", "max_tokens_to_sample")
_MODALITIES = {Kind.IMAGE: "image", Kind.AUDIO: "audio", Kind.FILE: "file"}
_MAX_TOOLS = 1024


def asked(request: Request) -> Asked:
    """Where an API has two names for one parameter and a request uses both, the larger counts."""
    body = _parameters(request)
    limits = [value for key in _MAX_TOKENS if (value := _number(body, key)) is not None]
    return Asked(
        stream=request.stream,
        messages=_messages(body),
        chars=sum([len(segment.text) for segment in request.segments]),
        max_tokens=max(limits) if limits else None,
        temperature=_number(body, "temperature"),
        top_p=_number(body, "top_p"),
        n=max(_number(body, "n") or 1, _number(body, "best_of") or 1),
        tools=tuple(_tools(body)),
        kinds=frozenset(_kinds(request)),
    )


def _parameters(request: Request) -> dict[str, Json]:
    """Those of a realtime event stand in what it is about."""
    body = request.body if isinstance(request.body, dict) else {}
    for holder in ("session", "response") if request.surface == "realtime" else ():
        if isinstance(body.get(holder), dict):
            return dict(body[holder])
    return body


def _number(body: Json, key: str) -> float | None:
    value = body.get(key)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300 else None


def _messages(body: Json) -> int:
    for key in ("messages", "input", "prompt"):
        if key in body:
            return len(body[key]) if isinstance(body[key], list) else 1
    return 0


def _tools(body: Json) -> Iterator[str]:
    """A function by its name, a tool of the provider's own by its type."""
    for key in ("tools", "functions"):
        listed = body.get(key)
        for tool in listed[:_MAX_TOOLS] if isinstance(listed, list) else ():
            if not isinstance(tool, dict):
                continue
            inner = tool.get("function")
            for holder in (inner if isinstance(inner, dict) else {}, tool):
                name = holder.get("name") or holder.get("type")
                if isinstance(name, str):
                    yield name
                    break


def _kinds(request: Request) -> Iterator[str]:
    yield from (_MODALITIES[part.kind] for part in request.uninspectable if part.kind in _MODALITIES)
    yield from ("image" for segment in request.segments if segment.form is Form.PICTURE)
    if request.segments:
        yield "text"
