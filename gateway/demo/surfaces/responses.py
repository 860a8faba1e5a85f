"""``/v1/responses``: answers, what is stored of them, and how they continue each other."""

from collections.abc import Sequence
from typing import Any

from gateway.demo.errors import RefusedRequestError
from gateway.demo.exchange import Answer, Ask, Streamed, named_frames
from gateway.demo.paging import page
from gateway.demo.script import respond
from gateway.demo.state import Route, State, digest
from gateway.demo.surfaces.conversations import append, items_of, with_ids
from gateway.demo.surfaces.responses_answer import input_tokens, response
from gateway.demo.surfaces.responses_request import ResponsesRequest, read_prompt, read_request
from gateway.demo.surfaces.responses_stream import events

Json = dict[str, Any]


def create(ask: Ask, state: State) -> Answer | Streamed:
    request = read_request(ask.json())
    history = _history(request, state)
    response_id = f"resp_{digest(ask.raw + str(len(history)).encode())}"
    made = response(request, history, respond(read_prompt(request, history)), response_id, state.now)
    _keep(request, history, made, state)
    if request.stream:
        return Streamed(named_frames(events(made)))
    return Answer(_queued(made) if request.background else made)


def _history(request: ResponsesRequest, state: State) -> Sequence[Json]:
    """Everything that was said before this request; instructions are not."""
    if request.previous:
        return list(_stored(request.previous, state)["said"])
    return items_of(request.conversation, state) if request.conversation else ()


def _stored(response_id: str, state: State) -> Json:
    try:
        return state.shelf("response").get(response_id)
    except RefusedRequestError as error:
        message = f"Previous response with id '{response_id}' not found."
        raise RefusedRequestError(message, param="previous_response_id", code="previous_response_not_found") from error


def _keep(request: ResponsesRequest, history: Sequence[Json], made: Json, state: State) -> None:
    given = with_ids(request.items, made["id"])
    if request.conversation:
        append(request.conversation, [*given, *made["output"]], state)
    if request.store:
        said = [*history, *given, *made["output"]]
        state.shelf("response").put(made["id"], {"response": made, "input": [*history, *given], "said": said})


def _queued(made: Json) -> Json:
    """A response in the background is there at the next look."""
    return made | {"status": "queued", "output": [], "usage": None, "completed_at": None, "incomplete_details": None}


def show(ask: Ask, state: State) -> Answer | Streamed:
    made = state.shelf("response").get(ask.named["id"])["response"]
    if ask.query.get("stream") != "true":
        return Answer(made)
    after = ask.query.get("starting_after", "")
    start = int(after) + 1 if after.isdecimal() and len(after) < 9 else 0
    return Streamed(named_frames(event for event in events(made) if event["sequence_number"] >= start))


def list_input(ask: Ask, state: State) -> Answer:
    return Answer(page(state.shelf("response").get(ask.named["id"])["input"], ask.query, most=100))


def delete(ask: Ask, state: State) -> Answer:
    state.shelf("response").drop(ask.named["id"])
    return Answer({"id": ask.named["id"], "object": "response", "deleted": True})


def cancel(ask: Ask, state: State) -> Answer:
    record = state.shelf("response").get(ask.named["id"])
    if not record["response"]["background"]:
        raise RefusedRequestError("Cannot cancel a synchronous response.")
    cancelled = record["response"] | {"status": "cancelled", "output": [], "usage": None}
    state.shelf("response").put(ask.named["id"], record | {"response": cancelled})
    return Answer(cancelled)


def count(ask: Ask, state: State) -> Answer:
    request = read_request({"model": "demo"} | ask.json())
    return Answer({"object": "response.input_tokens", "input_tokens": input_tokens([*_history(request, state), *request.items])})


ROUTES = (
    Route("POST", "/v1/responses", create),
    Route("POST", "/v1/responses/input_tokens", count),
    Route("GET", "/v1/responses/{id}", show),
    Route("DELETE", "/v1/responses/{id}", delete),
    Route("POST", "/v1/responses/{id}/cancel", cancel),
    Route("GET", "/v1/responses/{id}/input_items", list_input),
)
