"""``POST /v1/chat/completions``."""

from itertools import chain
from typing import Any

from gateway.demo.exchange import Answer, Ask, Streamed, data_frames
from gateway.demo.script import respond
from gateway.demo.state import Route, State, digest
from gateway.demo.surfaces.chat_answer import Envelope, choices, chunks, completion
from gateway.demo.surfaces.chat_request import read_request

Json = dict[str, Any]

_HARMLESS = {kind: {"filtered": False, "severity": "safe"} for kind in ("hate", "self_harm", "sexual", "violence")}


def complete(ask: Ask, state: State) -> Answer | Streamed:
    request = read_request(ask.json())
    answered = choices(request, respond(request.prompt))
    envelope = Envelope(f"chatcmpl-{digest(ask.raw)}", state.now, request.model)
    filtered = [{"prompt_index": 0, "content_filter_results": _HARMLESS}] if ask.azure else []
    if request.stream:
        opening = [_azure_opening(filtered)] if filtered else []
        return Streamed(data_frames(chain(opening, chunks(request, envelope, answered))))
    whole = completion(request, envelope, answered)
    return Answer(whole | {"prompt_filter_results": filtered} if filtered else whole)


def _azure_opening(filtered: list[Json]) -> Json:
    """Azure says first of all what it thinks of the prompt, in a chunk without choices."""
    return {
        "id": "", "object": "", "created": 0, "model": "", "choices": [], "prompt_filter_results": filtered, "system_fingerprint": None,
    }  # fmt: skip


ROUTES = (Route("POST", "/v1/chat/completions", complete),)
