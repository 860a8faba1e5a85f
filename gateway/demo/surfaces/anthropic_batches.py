"""``/v1/messages/batches``: a batch is worked on when somebody looks at it again, so that it can be cancelled before."""

import json
from collections import Counter
from typing import Any

from gateway.demo.errors import RefusedRequestError
from gateway.demo.exchange import Answer, Ask, Streamed
from gateway.demo.paging import page
from gateway.demo.state import Route, State

Json = dict[str, Any]

_MOST_REQUESTS = 10_000
_DAY_S = 86_400


def create(ask: Ask, state: State) -> Answer:
    requests = _requests(ask.json())
    batch_id = state.new_id("msgbatch_")
    shown = {
        "id": batch_id,
        "type": "message_batch",
        "processing_status": "in_progress",
        "request_counts": _counts(processing=len(requests)),
        "created_at": state.timestamp(),
        "expires_at": state.timestamp(_DAY_S),
        "ended_at": None,
        "archived_at": None,
        "cancel_initiated_at": None,
        "results_url": None,
    }
    state.shelf("message batch").put(batch_id, {"id": batch_id, "shown": shown, "requests": requests, "results": []})
    return Answer(shown)


def _requests(body: Json) -> list[Json]:
    requests = body.get("requests")
    if not isinstance(requests, list) or not 1 <= len(requests) <= _MOST_REQUESTS:
        raise RefusedRequestError(f"requests: expected a list of 1 to {_MOST_REQUESTS} requests")
    for index, request in enumerate(requests):
        match request:
            case {"custom_id": str(), "params": dict()}:
                continue
        raise RefusedRequestError(f"requests.{index}: expected custom_id and params")
    if len({request["custom_id"] for request in requests}) < len(requests):
        raise RefusedRequestError("requests: custom_id must be unique")
    return requests


def _counts(**counts: int) -> Json:
    return dict.fromkeys(("processing", "succeeded", "errored", "canceled", "expired"), 0) | counts


def _worked_on(batch_id: str, origin: str, state: State) -> Json:
    record = state.shelf("message batch").get(batch_id)
    if record["shown"]["processing_status"] == "ended":
        return record
    is_cancelled = record["shown"]["processing_status"] == "canceling"
    results = [{"custom_id": each["custom_id"], "result": _result(each["params"], state, is_cancelled)} for each in record["requests"]]
    record = record | {"results": results, "requests": [], "shown": _ended(record["shown"], results, origin, state)}
    state.shelf("message batch").put(batch_id, record)
    return record


def _result(params: Json, state: State, is_cancelled: bool) -> Json:
    if is_cancelled:
        return {"type": "canceled"}
    body = params | {"stream": False}
    answer = state.perform(Ask("POST", "/v1/messages", json.dumps(body).encode(), body))
    if isinstance(answer, Streamed) or isinstance(answer.body, bytes) or answer.status != 200:
        return {"type": "errored", "error": answer.body if isinstance(answer, Answer) else None}
    return {"type": "succeeded", "message": answer.body}


def _ended(shown: Json, results: list[Json], origin: str, state: State) -> Json:
    counts = Counter(each["result"]["type"] for each in results)
    url = f"{origin}/v1/messages/batches/{shown['id']}/results"
    return shown | {
        "processing_status": "ended", "ended_at": state.timestamp(), "request_counts": _counts(**counts), "results_url": url,
    }  # fmt: skip


def show(ask: Ask, state: State) -> Answer:
    return Answer(_worked_on(ask.named["id"], ask.origin, state)["shown"])


def show_all(ask: Ask, state: State) -> Answer:
    batches = [_worked_on(record["id"], ask.origin, state)["shown"] for record in state.shelf("message batch")]
    return Answer({name: value for name, value in page(batches, ask.query).items() if name != "object"})


def results(ask: Ask, state: State) -> Answer:
    rows = _worked_on(ask.named["id"], ask.origin, state)["results"]
    return Answer("".join(json.dumps(row) + "\n" for row in rows).encode(), content_type="application/x-jsonl")


def cancel(ask: Ask, state: State) -> Answer:
    record = state.shelf("message batch").get(ask.named["id"])
    if record["shown"]["processing_status"] == "ended":
        raise RefusedRequestError("This batch has ended and cannot be canceled.")
    shown = record["shown"] | {"processing_status": "canceling", "cancel_initiated_at": state.timestamp()}
    state.shelf("message batch").put(ask.named["id"], record | {"shown": shown})
    return Answer(shown)


def delete(ask: Ask, state: State) -> Answer:
    state.shelf("message batch").drop(ask.named["id"])
    return Answer({"id": ask.named["id"], "type": "message_batch_deleted"})


ROUTES = (
    Route("POST", "/v1/messages/batches", create),
    Route("GET", "/v1/messages/batches", show_all),
    Route("GET", "/v1/messages/batches/{id}", show),
    Route("GET", "/v1/messages/batches/{id}/results", results),
    Route("POST", "/v1/messages/batches/{id}/cancel", cancel),
    Route("DELETE", "/v1/messages/batches/{id}", delete),
)
