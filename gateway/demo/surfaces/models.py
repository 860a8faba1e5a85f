"""``GET /v1/models``, in the shape of the endpoint whose headers the request has."""

from typing import Any

from gateway.demo.exchange import Answer, Ask
from gateway.demo.state import Route, State

Json = dict[str, Any]


def list_models(ask: Ask, state: State) -> Answer:
    if _is_anthropic(ask):
        rows = [_anthropic_model(name) for name in state.models]
        return Answer({"data": rows, "has_more": False, "first_id": rows[0]["id"], "last_id": rows[-1]["id"]})
    return Answer({"object": "list", "data": [_model(name) for name in state.models]})


def show_model(ask: Ask, _: State) -> Answer:
    name = ask.named["model"]
    return Answer(_anthropic_model(name) if _is_anthropic(ask) else _model(name))


def _is_anthropic(ask: Ask) -> bool:
    return "anthropic-version" in ask.headers


def _model(name: str) -> Json:
    return {"id": name, "object": "model", "created": 1_700_000_000, "owned_by": "oddgate-demo"}


def _anthropic_model(name: str) -> Json:
    return {"type": "model", "id": name, "display_name": name, "created_at": "2024-01-01T00:00:00Z", "lifecycle": "active"}


ROUTES = (Route("GET", "/v1/models", list_models), Route("GET", "/v1/models/{model}", show_model))
