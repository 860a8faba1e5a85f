"""``/v1/conversations``: items that clients store, and that responses read and add to."""

from collections.abc import Sequence
from typing import Any

from gateway.demo.errors import RefusedRequestError
from gateway.demo.exchange import Answer, Ask
from gateway.demo.paging import page
from gateway.demo.state import Route, State, digest
from gateway.demo.surfaces.responses_request import read_items

Json = dict[str, Any]

_PREFIXES = {"message": "msg_", "function_call": "fc_", "function_call_output": "fco_", "reasoning": "rs_"}


def with_ids(items: Sequence[Json], owner: str) -> list[Json]:
    """Items as they are stored: each under an id, its own or one that follows from its owner and its place."""
    return [
        {"id": f"{_PREFIXES.get(item['type'], 'item_')}{digest(f'{owner}{place}'.encode())}"} | item for place, item in enumerate(items)
    ]


def items_of(conversation_id: str, state: State) -> list[Json]:
    return list(state.shelf("conversation").get(conversation_id)["items"])


def append(conversation_id: str, items: Sequence[Json], state: State) -> None:
    conversation = state.shelf("conversation").get(conversation_id)
    state.shelf("conversation").put(conversation_id, conversation | {"items": [*conversation["items"], *items]})


def create(ask: Ask, state: State) -> Answer:
    body = ask.optional_json()
    shown: Json = {"id": state.new_id("conv_"), "object": "conversation", "created_at": state.now, "metadata": body.get("metadata") or {}}
    items = with_ids(read_items(body.get("items") or []), shown["id"])
    state.shelf("conversation").put(shown["id"], {"shown": shown, "items": items})
    return Answer(shown)


def show(ask: Ask, state: State) -> Answer:
    return Answer(state.shelf("conversation").get(ask.named["id"])["shown"])


def update(ask: Ask, state: State) -> Answer:
    conversation = state.shelf("conversation").get(ask.named["id"])
    shown = conversation["shown"] | {"metadata": ask.json().get("metadata") or {}}
    state.shelf("conversation").put(ask.named["id"], conversation | {"shown": shown})
    return Answer(shown)


def delete(ask: Ask, state: State) -> Answer:
    state.shelf("conversation").drop(ask.named["id"])
    return Answer({"id": ask.named["id"], "object": "conversation.deleted", "deleted": True})


def add_items(ask: Ask, state: State) -> Answer:
    items = with_ids(read_items(ask.json().get("items")), state.new_id("items_"))
    append(ask.named["id"], items, state)
    return Answer(page(items, {"limit": str(max(1, len(items)))}, order="asc", most=max(1, len(items))))


def list_items(ask: Ask, state: State) -> Answer:
    return Answer(page(items_of(ask.named["id"], state), ask.query, most=100))


def show_item(ask: Ask, state: State) -> Answer:
    return Answer(_item(ask, items_of(ask.named["id"], state)))


def delete_item(ask: Ask, state: State) -> Answer:
    conversation = state.shelf("conversation").get(ask.named["id"])
    gone = _item(ask, conversation["items"])
    kept = [item for item in conversation["items"] if item is not gone]
    state.shelf("conversation").put(ask.named["id"], conversation | {"items": kept})
    return Answer(conversation["shown"])


def _item(ask: Ask, items: Sequence[Json]) -> Json:
    for item in items:
        if item["id"] == ask.named["item"]:
            return item
    raise RefusedRequestError(f"Item with id '{ask.named['item']}' not found.", status=404, code="not_found")


ROUTES = (
    Route("POST", "/v1/conversations", create),
    Route("GET", "/v1/conversations/{id}", show),
    Route("POST", "/v1/conversations/{id}", update),
    Route("DELETE", "/v1/conversations/{id}", delete),
    Route("POST", "/v1/conversations/{id}/items", add_items),
    Route("GET", "/v1/conversations/{id}/items", list_items),
    Route("GET", "/v1/conversations/{id}/items/{item}", show_item),
    Route("DELETE", "/v1/conversations/{id}/items/{item}", delete_item),
)
