"""``/v1/vector_stores``: named sets of uploaded files, searched by the vectors of ``embeddings``."""

from typing import Any

from gateway.demo.errors import RefusedRequestError
from gateway.demo.exchange import Answer, Ask, needed_text
from gateway.demo.paging import page
from gateway.demo.state import Route, State
from gateway.demo.surfaces.embeddings import vector

Json = dict[str, Any]

_EXCERPT = 2000
_DIMENSIONS = 64


def create(ask: Ask, state: State) -> Answer:
    body = ask.optional_json()
    store: Json = {
        "id": state.new_id("vs_"), "object": "vector_store", "created_at": state.now, "last_active_at": state.now, "status": "completed",
        "name": body.get("name") or "", "metadata": body.get("metadata") or {}, "usage_bytes": 0, "expires_after": None, "expires_at": None,
        "file_counts": dict.fromkeys(("cancelled", "completed", "failed", "in_progress", "total"), 0),
    }  # fmt: skip
    state.shelf("vector store").put(store["id"], store)
    for file_id in body.get("file_ids") or ():
        _attach(store["id"], str(file_id), state)
    return Answer(state.shelf("vector store").get(store["id"]))


def _attach(store_id: str, file_id: str, state: State) -> Json:
    store, file = state.shelf("vector store").get(store_id), state.shelf("file").get(file_id)
    attached = {
        "id": file_id, "object": "vector_store.file", "created_at": state.now, "vector_store_id": store_id, "status": "completed",
        "last_error": None, "usage_bytes": file["shown"]["bytes"], "attributes": {},
    }  # fmt: skip
    state.shelf("vector store file").put(f"{store_id}/{file_id}", attached)
    counted = len(_files(store_id, state))
    state.shelf("vector store").put(store_id, store | {"file_counts": store["file_counts"] | {"completed": counted, "total": counted}})
    return attached


def _files(store_id: str, state: State) -> list[Json]:
    return [file for file in state.shelf("vector store file") if file["vector_store_id"] == store_id]


def show(ask: Ask, state: State) -> Answer:
    return Answer(state.shelf("vector store").get(ask.named["id"]))


def list_stores(ask: Ask, state: State) -> Answer:
    return Answer(page(state.shelf("vector store"), ask.query, most=100))


def update(ask: Ask, state: State) -> Answer:
    body = ask.json()
    store = state.shelf("vector store").get(ask.named["id"]) | {name: body[name] for name in ("name", "metadata") if name in body}
    state.shelf("vector store").put(store["id"], store)
    return Answer(store)


def delete(ask: Ask, state: State) -> Answer:
    state.shelf("vector store").drop(ask.named["id"])
    for file in _files(ask.named["id"], state):
        state.shelf("vector store file").drop(f"{ask.named['id']}/{file['id']}")
    return Answer({"id": ask.named["id"], "object": "vector_store.deleted", "deleted": True})


def attach(ask: Ask, state: State) -> Answer:
    return Answer(_attach(ask.named["id"], needed_text(ask.json(), "file_id"), state))


def list_files(ask: Ask, state: State) -> Answer:
    state.shelf("vector store").get(ask.named["id"])
    return Answer(page(_files(ask.named["id"], state), ask.query, most=100))


def show_file(ask: Ask, state: State) -> Answer:
    return Answer(state.shelf("vector store file").get(f"{ask.named['id']}/{ask.named['file']}"))


def detach(ask: Ask, state: State) -> Answer:
    state.shelf("vector store file").drop(f"{ask.named['id']}/{ask.named['file']}")
    return Answer({"id": ask.named["file"], "object": "vector_store.file.deleted", "deleted": True})


def search(ask: Ask, state: State) -> Answer:
    query = ask.json().get("query")
    queries: list[Any] = query if isinstance(query, list) else [query]
    if not queries or not all(isinstance(each, str) for each in queries):
        raise RefusedRequestError("Invalid 'query': expected a text or texts.", param="query", code="invalid_type")
    state.shelf("vector store").get(ask.named["id"])
    found = [_found(" ".join(queries), state.shelf("file").get(file["id"])) for file in _files(ask.named["id"], state)]
    found.sort(key=lambda each: each["score"], reverse=True)
    return Answer({
        "object": "vector_store.search_results.page", "search_query": queries, "data": found, "has_more": False, "next_page": None,
    })  # fmt: skip


def _found(query: str, file: Json) -> Json:
    text = file["content"][:_EXCERPT].decode(errors="replace")
    likeness = sum(a * b for a, b in zip(vector(query, _DIMENSIONS), vector(text, _DIMENSIONS), strict=True))
    return {
        "file_id": file["shown"]["id"], "filename": file["shown"]["filename"], "score": round(max(0.0, likeness), 4), "attributes": {},
        "content": [{"type": "text", "text": text}],
    }  # fmt: skip


ROUTES = (
    Route("POST", "/v1/vector_stores", create),
    Route("GET", "/v1/vector_stores", list_stores),
    Route("GET", "/v1/vector_stores/{id}", show),
    Route("POST", "/v1/vector_stores/{id}", update),
    Route("DELETE", "/v1/vector_stores/{id}", delete),
    Route("POST", "/v1/vector_stores/{id}/files", attach),
    Route("GET", "/v1/vector_stores/{id}/files", list_files),
    Route("GET", "/v1/vector_stores/{id}/files/{file}", show_file),
    Route("DELETE", "/v1/vector_stores/{id}/files/{file}", detach),
    Route("POST", "/v1/vector_stores/{id}/search", search),
)
