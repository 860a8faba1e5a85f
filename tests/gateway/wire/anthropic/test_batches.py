"""Message batches: many requests in one body, their results as rows, and Anthropic's own client for both."""

import json
from typing import Any

import anthropic
import httpx2
import pytest
from anthropic.types.messages import MessageBatchIndividualResponse

from gateway.errors import BadRequest, UpstreamError
from gateway.guard.render import StreamRenderer
from gateway.guard.response import Refuse, ResponseGuard
from gateway.guard.tokens import Tokens
from gateway.wire.anthropic.batches import MessageBatch, MessageBatchResults, NewMessageBatch
from gateway.wire.model import Call, Form, Json, Kind, Origin
from gateway.wire.walk import dotted
from policies.policy import Rule
from tests.support.guards import DIGITS, KEY, plan, policy, rule

BATCH = {
    "id": "msgbatch_01234567", "type": "message_batch", "processing_status": "ended", "created_at": "2026-01-01T00:00:00Z",
    "expires_at": "2026-01-02T00:00:00Z", "archived_at": None, "cancel_initiated_at": None, "ended_at": "2026-01-01T01:00:00Z",
    "request_counts": {"processing": 0, "succeeded": 2, "errored": 0, "canceled": 0, "expired": 0},
    "results_url": "https://api.anthropic.com/v1/messages/batches/msgbatch_01234567/results",
}  # fmt: skip
NEW, BATCHES, RESULTS = NewMessageBatch(), MessageBatch(), MessageBatchResults()
ORIGIN = Origin("r1", "", 5)


def params(text: str, **fields: Json) -> Json:
    return {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": text}], **fields}


def result(name: str, text: str) -> Json:
    usage = {"input_tokens": 5, "output_tokens": 5}
    said = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [{"type": "text", "text": text}]}
    message = {**said, "stop_reason": "end_turn", "stop_sequence": None, "usage": usage}
    return {"custom_id": name, "result": {"type": "succeeded", "message": message}}


def create(body: Json) -> Any:
    return NEW.parse_request(json.dumps(body).encode(), Call("POST"))


def through(rows: list[Json], *rules: Rule, tokens: Tokens | None = None) -> bytes:
    """What the handler sends on of these results."""
    guard = ResponseGuard(plan(policy(*rules), (DIGITS,)), tokens or Tokens(KEY, "app"), str.encode)
    stream = RESULTS.open_stream("application/x-jsonl", ORIGIN)
    assert stream is not None
    renderer, out = StreamRenderer(stream, guard), b""
    for event in stream.feed(b"".join(json.dumps(row).encode() + b"\n" for row in rows)):
        guard.feed(event)
        release = guard.release()
        if isinstance(release, Refuse):
            return out + stream.render_stop(())
        out += renderer.render(release)
    return out


def as_the_sdk_reads(rows: bytes, batch: bytes) -> tuple[list[MessageBatchIndividualResponse], list[str]]:
    """The results, and the addresses at which the client asked."""
    asked: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(str(request.url))
        return httpx2.Response(200, headers={"content-type": "application/json"}, content=rows if "results" in asked[-1] else batch)

    http = httpx2.Client(transport=httpx2.MockTransport(answer))
    sdk = anthropic.Anthropic(api_key="k", base_url="http://gateway/anthropic", http_client=http, max_retries=0)
    return list(sdk.messages.batches.results("msgbatch_01234567")), asked


def test_each_request_is_read_like_a_message() -> None:
    """With its scopes, from its place in the batch; its name is an identifier, and what the API does not have is text."""
    body = {
        "requests": [
            {"custom_id": "anna", "params": params("a b", system="c d", container="container_1")},
            {"custom_id": "", "params": params("e f"), "note": "g h", "odd key": 1},
        ],
        "more": "i j",
        "odd key": 1,
    }
    request = create(body)
    assert {(dotted(each.place), each.scope.value, each.form.value, each.text) for each in request.segments} == {
        ("requests.0.custom_id", "user", "identifier", "anna"), ("requests.0.params.messages.0.content", "user", "text", "a b"),
        ("requests.0.params.system", "system", "text", "c d"), ("requests.1.params.messages.0.content", "user", "text", "e f"),
        ("requests.1.note", "user", "text", "g h"), ("requests.1.*", "user", "key", "odd key"), ("more", "user", "text", "i j"),
        ("*", "user", "key", "odd key"),
    }  # fmt: skip
    assert (request.surface, request.model, request.stream, request.refers) == ("message_batches", "m", False, ("container_1",))


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "requests"), ({"requests": {}}, "requests"), ({"requests": ["a"]}, "requests.0"),
        ({"requests": [{"custom_id": "a"}]}, "requests.0.params"), ({"requests": [{"params": []}]}, "requests.0.params"),
        ({"requests": [{"params": {"model": "m"}}]}, "requests.0.params.messages"),
        ({"requests": [{"params": {"messages": []}}]}, "model"),
        ({"requests": [{"params": params("a")}, {"params": {**params("b"), "model": "n"}}]}, "requests.1.params.model"),
    ],
)  # fmt: skip
def test_what_is_refused(body: Json, param: str) -> None:
    """What the API does not allow; and several models in one batch, as one policy is chosen for all of it."""
    with pytest.raises(BadRequest) as raised:
        create(body)
    assert (raised.value.code, raised.value.param) == ("invalid_body", param)


def test_what_goes_with_a_batch() -> None:
    """What was tokenized in a batch's requests is known again by the batch's id, where its results are asked for."""
    raw = json.dumps({**BATCH, "results_url": None}).encode()
    assert NEW.parse_completion(raw, "application/json").names == ("msgbatch_01234567",)
    assert BATCHES.parse_completion(raw, "application/json").names == ()
    assert BATCHES.parse_completion(raw, "application/json").raw == raw
    call = Call("GET", "/v1/messages/batches/b1/results", {"batch_id": "b1"})
    assert RESULTS.parse_request(b"", call).refers == ("b1",)


def test_other_requests() -> None:
    """A batch is cancelled without a body, or with one that is read; listing and deleting take none."""
    assert BATCHES.parse_request(b"", Call("POST")).segments == ()
    assert [each.text for each in BATCHES.parse_request(b'{"why": "a b"}', Call("POST")).segments] == ["a b"]
    for method in ("GET", "DELETE"):
        assert NEW.parse_request(b"", Call(method)).segments == ()
        with pytest.raises(BadRequest):
            BATCHES.parse_request(b"{}", Call(method))


def test_results_lead_through_the_gateway() -> None:
    """The client is not sent around the gateway for its results: it asks below its own base URL."""
    event = BATCHES.parse_completion(json.dumps(BATCH).encode(), "application/json")
    rows, asked = as_the_sdk_reads(through([result("a", "fine")]), event.raw)
    assert asked[-1] == "http://gateway/anthropic/v1/messages/batches/msgbatch_01234567/results"
    assert rows[0].result.message.content[0].text == "fine"
    listed = BATCHES.parse_completion(json.dumps({"data": [BATCH, 5], "has_more": False}).encode(), "application/json")
    assert b"api.anthropic.com" not in listed.raw
    odd = BATCHES.parse_completion(json.dumps({**BATCH, "id": "two words"}).encode(), "application/json")
    assert odd.body["results_url"] is None
    with pytest.raises(UpstreamError):
        BATCHES.parse_completion(b"[]", "application/json")


def test_results_are_guarded_row_by_row() -> None:
    """Placeholders are restored, rules applied, names given back; errors of the API are read too."""
    tokens = Tokens(KEY, "app")
    mine = tokens.issue("PERSON", "Anna", restore=True)
    failed = {"type": "error", "error": {"type": "invalid_request_error", "message": "about 1234"}}
    sent = [
        result("a", f"for {mine}: 1234"),
        {"custom_id": mine.strip("<>"), "result": {"type": "errored", "error": failed}},
        {"custom_id": "c", "result": {"type": "expired"}},
    ]
    rows, _ = as_the_sdk_reads(through(sent, rule("numbers", "redact"), tokens=tokens), json.dumps(BATCH).encode())
    assert rows[0].result.message.content[0].text == "for Anna: [NUMBER]"
    assert (rows[1].custom_id, rows[1].result.error.error.message) == ("Anna", "about [NUMBER]")
    assert rows[2].result.type == "expired"


def test_a_blocked_row() -> None:
    """It is an errored result under its own name, and those after it are withheld."""
    sent = [result("a", "fine"), result("b", "1234"), result("c", "more")]
    rows, _ = as_the_sdk_reads(through(sent, rule("numbers", "block")), json.dumps(BATCH).encode())
    assert [(row.custom_id, row.result.type) for row in rows] == [("a", "succeeded"), ("b", "errored")]
    assert (rows[1].result.error.error.type, rows[1].result.error.type) == ("policy_violation", "error")
    out = through([{**result("a", "1234"), "custom_id": "two words"}], rule("numbers", "block"))
    assert json.loads(out)["custom_id"] == ""


@pytest.mark.parametrize(
    ("row", "keys", "unread"),
    [
        ({"custom_id": "a", "a b": 1}, [], {Kind.UNKNOWN}),
        ({"result": {"a b": 1}}, [], {Kind.UNKNOWN}),
        ({"result": {"type": "errored", "error": {"a b": 1}}}, [(("result", "error", "a b"), "a b")], set()),
    ],
)
def test_keys_that_are_prose(row: Json, keys: list[Any], unread: set[Kind]) -> None:
    """The policy is asked where the API has keys of its own; anywhere else a key is a text that no rule rewrites."""
    stream = RESULTS.open_stream("", ORIGIN)
    assert stream is not None
    (event,) = stream.feed(json.dumps(row).encode() + b"\n")
    assert {part.kind for part in event.uninspectable} == unread
    assert [(each.place, each.text) for each in event.deltas if each.form is Form.KEY] == keys


def test_odd_rows() -> None:
    """Whatever stands in a row is text."""
    stream = RESULTS.open_stream("", ORIGIN)
    assert stream is not None
    (event,) = stream.feed(json.dumps({"custom_id": ["a b"], "result": "c d", "note": "e f"}).encode() + b"\n")
    assert [each.text for each in event.deltas] == ["a b", "c d", "e f"]


def test_an_error_among_the_rows() -> None:
    """It is a row like the others, of no request."""
    (row,) = RESULTS.render_error_event(UpstreamError("upstream_reset", "m"), "r1", "p@1").splitlines()
    read = MessageBatchIndividualResponse.model_validate_json(row)
    assert (read.custom_id, read.result.type, read.result.error.request_id) == ("", "errored", "r1")
