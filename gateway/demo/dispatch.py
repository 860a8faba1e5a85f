"""Finds the surface that a request is for, and answers in its dialect whatever goes wrong."""

import re
from collections.abc import Mapping
from dataclasses import replace

from gateway.demo.azure import canonical
from gateway.demo.errors import RefusedRequestError, as_callers_mistake
from gateway.demo.exchange import Answer, Ask, Streamed
from gateway.demo.state import Route, State
from gateway.demo.surfaces import (
    anthropic_batches,
    anthropic_messages,
    assistants,
    batches,
    chat,
    completions,
    conversations,
    embeddings,
    files,
    fine_tuning,
    images,
    models,
    moderations,
    responses,
    speech,
    transcriptions,
    vector_stores,
)

ROUTES: tuple[Route, ...] = (
    *chat.ROUTES, *responses.ROUTES, *conversations.ROUTES, *anthropic_messages.ROUTES, *anthropic_batches.ROUTES, *completions.ROUTES,
    *embeddings.ROUTES, *moderations.ROUTES, *images.ROUTES, *speech.ROUTES, *transcriptions.ROUTES, *models.ROUTES, *files.ROUTES,
    *batches.ROUTES, *fine_tuning.ROUTES, *vector_stores.ROUTES, *assistants.ROUTES,
)  # fmt: skip


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path)))


_TABLE = tuple((route.method, _pattern(route.path), route.handler) for route in ROUTES)


def perform(ask: Ask, state: State) -> Answer | Streamed:
    try:
        asked = canonical(ask)
        _refuse_if_busy(asked)
        return _answer(asked, state)
    except RefusedRequestError as error:
        return refusal(error, ask)


def _answer(ask: Ask, state: State) -> Answer | Streamed:
    is_known = False
    for method, pattern, handler in _TABLE:
        if found := pattern.fullmatch(ask.path):
            is_known = True
            if method == ask.method or (method, ask.method) == ("GET", "HEAD"):
                with as_callers_mistake("This request is not well formed.", code="invalid_request"):
                    return handler(replace(ask, named=found.groupdict()), state)
    if is_known:
        raise RefusedRequestError(f"Not allowed to {ask.method} on {ask.path}.", status=405, code="method_not_supported")
    raise RefusedRequestError(f"Invalid URL ({ask.method} {ask.path})", status=404)


def _refuse_if_busy(ask: Ask) -> None:
    model = ask.body.get("model") if isinstance(ask.body, dict) else ask.text("model")
    if isinstance(model, str) and model.endswith("-busy"):
        raise RefusedRequestError("Rate limit reached for requests.", status=429, kind="requests", code="rate_limit_exceeded")


def speaks_anthropic(path: str, headers: Mapping[str, str]) -> bool:
    return "anthropic-version" in headers or path.removeprefix("/anthropic").startswith("/v1/messages")


_ANTHROPIC_KINDS = {
    401: "authentication_error", 403: "permission_error", 404: "not_found_error", 413: "request_too_large", 429: "rate_limit_error",
}  # fmt: skip


def refusal(error: RefusedRequestError, ask: Ask) -> Answer:
    headers = {"retry-after": "1", "x-ratelimit-remaining-requests": "0"} if error.status == 429 else {}
    if speaks_anthropic(ask.path, ask.headers):
        kind = _ANTHROPIC_KINDS.get(error.status, "invalid_request_error")
        return Answer({"type": "error", "error": {"type": kind, "message": error.message}}, error.status, headers=headers)
    body = {"error": {"message": error.message, "type": error.kind, "param": error.param, "code": error.code}}
    return Answer(body, error.status, headers=headers)
