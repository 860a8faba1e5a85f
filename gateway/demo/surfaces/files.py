"""``/v1/files``."""

from typing import Any

from gateway.demo.exchange import Answer, Ask
from gateway.demo.paging import page
from gateway.demo.state import Route, State

Json = dict[str, Any]


def keep(state: State, content: bytes, filename: str, purpose: str) -> Json:
    shown: Json = {
        "id": state.new_id("file-"), "object": "file", "bytes": len(content), "created_at": state.now, "expires_at": None,
        "filename": filename, "purpose": purpose, "status": "processed", "status_details": None,
    }  # fmt: skip
    state.shelf("file").put(shown["id"], {"shown": shown, "content": content}, size=len(content) + 1000)
    return shown


def upload(ask: Ask, state: State) -> Answer:
    file = ask.file("file")
    return Answer(keep(state, file.value, file.filename or "", ask.needed_text("purpose")))


def list_files(ask: Ask, state: State) -> Answer:
    wanted = ask.query.get("purpose")
    return Answer(
        page((file["shown"] for file in state.shelf("file") if wanted in {None, file["shown"]["purpose"]}), ask.query, most=10_000)
    )


def show(ask: Ask, state: State) -> Answer:
    return Answer(state.shelf("file").get(ask.named["id"])["shown"])


def content(ask: Ask, state: State) -> Answer:
    return Answer(state.shelf("file").get(ask.named["id"])["content"], content_type="application/octet-stream")


def delete(ask: Ask, state: State) -> Answer:
    state.shelf("file").drop(ask.named["id"])
    return Answer({"id": ask.named["id"], "object": "file", "deleted": True})


ROUTES = (
    Route("POST", "/v1/files", upload),
    Route("GET", "/v1/files", list_files),
    Route("GET", "/v1/files/{id}", show),
    Route("GET", "/v1/files/{id}/content", content),
    Route("DELETE", "/v1/files/{id}", delete),
)
