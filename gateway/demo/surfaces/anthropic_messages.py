"""``POST /v1/messages`` and ``/v1/messages/count_tokens``."""

from gateway.demo.exchange import Answer, Ask, Streamed, named_frames
from gateway.demo.script import respond
from gateway.demo.state import Route, State, digest
from gateway.demo.surfaces.anthropic_answer import events, message
from gateway.demo.surfaces.anthropic_request import read_request


def create(ask: Ask, _: State) -> Answer | Streamed:
    request = read_request(ask.json())
    whole = message(request, respond(request.prompt), f"msg_{digest(ask.raw)}")
    return Streamed(named_frames(events(whole))) if request.stream else Answer(whole)


def count_tokens(ask: Ask, _: State) -> Answer:
    return Answer({"input_tokens": read_request(ask.json(), for_counting=True).input_tokens})


ROUTES = (Route("POST", "/v1/messages", create), Route("POST", "/v1/messages/count_tokens", count_tokens))
