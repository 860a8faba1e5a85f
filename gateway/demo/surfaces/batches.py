"""``/v1/batches``: the rows of an uploaded file are performed when somebody looks at the batch again; until then it can be cancelled."""

import json
from typing import Any

from gateway.demo.errors import RefusedRequestError
from gateway.demo.exchange import Answer, Ask, needed_text
from gateway.demo.paging import page
from gateway.demo.state import Route, State
from gateway.demo.surfaces import files

Json = dict[str, Any]

_MOST_ROWS = 10_000
_DAY_S = 86_400
_ENDPOINTS = ("/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/responses", "/v1/moderations", "/v1/images/generations")
_TIMES = ("in_progress_at", "finalizing_at", "completed_at", "failed_at", "expired_at", "cancelling_at", "cancelled_at")


def create(ask: Ask, state: State) -> Answer:
    body = ask.json()
    endpoint = needed_text(body, "endpoint")
    endpoint = endpoint if endpoint.startswith("/v1/") else f"/v1{endpoint}"  # as Azure has them
    if endpoint not in _ENDPOINTS:
        raise RefusedRequestError("Invalid 'endpoint'.", param="endpoint", code="invalid_value")
    state.shelf("file").get(needed_text(body, "input_file_id"))
    batch: Json = {
        "id": state.new_id("batch_"), "object": "batch", "endpoint": endpoint, "errors": None, "input_file_id": body["input_file_id"],
        "completion_window": needed_text(body, "completion_window"), "status": "validating", "output_file_id": None, "error_file_id": None,
        "created_at": state.now, "expires_at": state.now + _DAY_S, **dict.fromkeys(_TIMES),
        "request_counts": {"total": 0, "completed": 0, "failed": 0}, "metadata": body.get("metadata"),
    }  # fmt: skip
    state.shelf("batch").put(batch["id"], batch)
    return Answer(batch)


def _worked_on(batch: Json, state: State) -> Json:
    if batch["status"] not in {"validating", "cancelling"}:
        return batch
    done = {"status": "cancelled", "cancelled_at": state.now} if batch["status"] == "cancelling" else _performed(batch, state)
    state.shelf("batch").put(batch["id"], batch | done)
    return batch | done


def _performed(batch: Json, state: State) -> Json:
    try:
        rows = read_rows(state.shelf("file").get(batch["input_file_id"])["content"])
    except RefusedRequestError as error:
        problem = {"code": error.code, "message": error.message, "param": None, "line": None}
        return {"status": "failed", "failed_at": state.now, "errors": {"object": "list", "data": [problem]}}
    outcomes = [_outcome(row, batch, place, state) for place, row in enumerate(rows)]
    good = [each for each in outcomes if each["response"]["status_code"] == 200]
    bad = [each for each in outcomes if each["response"]["status_code"] != 200]
    return {
        "status": "completed",
        **dict.fromkeys(("in_progress_at", "finalizing_at", "completed_at"), state.now),
        "request_counts": {"total": len(rows), "completed": len(good), "failed": len(bad)},
        "output_file_id": _written(good, f"{batch['id']}_output.jsonl", state),
        "error_file_id": _written(bad, f"{batch['id']}_error.jsonl", state),
    }


def read_rows(content: bytes) -> list[Json]:
    rows: list[Json] = []
    for number, line in enumerate(content.splitlines(), 1):
        if line.strip():
            rows.append(_row(line, number))
    if len(rows) > _MOST_ROWS:
        raise RefusedRequestError(f"More than {_MOST_ROWS} requests.", code="too_many_tasks")
    return rows


def _row(line: bytes, number: int) -> Json:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        row = None
    match row:
        case {"custom_id": str(), "method": "POST", "url": str(), "body": dict()}:
            return dict(row)
    raise RefusedRequestError(f"Line {number} is not a request.", code="invalid_json_line")


def _outcome(row: Json, batch: Json, place: int, state: State) -> Json:
    body = row["body"] | {"stream": False}
    answer = state.perform(Ask("POST", batch["endpoint"], json.dumps(body).encode(), body))
    is_json = isinstance(answer, Answer) and isinstance(answer.body, dict)
    return {
        "id": f"batch_req_{batch['id'].removeprefix('batch_')}{place}",
        "custom_id": row["custom_id"],
        "response": {
            "status_code": answer.status if isinstance(answer, Answer) and is_json else 400,
            "request_id": f"req_{place}",
            "body": answer.body if isinstance(answer, Answer) and is_json else {},
        },
        "error": None,
    }


def _written(outcomes: list[Json], name: str, state: State) -> str | None:
    if not outcomes:
        return None
    content = "".join(json.dumps(each) + "\n" for each in outcomes).encode()
    return str(files.keep(state, content, name, "batch_output")["id"])


def show(ask: Ask, state: State) -> Answer:
    return Answer(_worked_on(state.shelf("batch").get(ask.named["id"]), state))


def list_batches(ask: Ask, state: State) -> Answer:
    return Answer(page([_worked_on(batch, state) for batch in state.shelf("batch")], ask.query, most=100))


def cancel(ask: Ask, state: State) -> Answer:
    batch = state.shelf("batch").get(ask.named["id"])
    if batch["status"] not in {"validating", "cancelling"}:
        raise RefusedRequestError(f"Cannot cancel a batch with status '{batch['status']}'.", status=409)
    cancelling = batch | {"status": "cancelling", "cancelling_at": state.now}
    state.shelf("batch").put(batch["id"], cancelling)
    return Answer(cancelling)


ROUTES = (
    Route("POST", "/v1/batches", create),
    Route("GET", "/v1/batches", list_batches),
    Route("GET", "/v1/batches/{id}", show),
    Route("POST", "/v1/batches/{id}/cancel", cancel),
)
