"""What a file holds, on its way to a client: rows, a text, or what nothing can read, whatever type the endpoint gives it."""

import json

import pytest
from openai.types.chat import ChatCompletion

from gateway.errors import UpstreamError
from gateway.guard.memo import Memo
from gateway.guard.plan import Plan
from gateway.guard.render import StreamRenderer
from gateway.guard.response import Refuse, ResponseGuard
from gateway.guard.tokens import Tokens
from gateway.wire.model import Call, Json, Origin
from gateway.wire.openai.files import FileContent, FileUpload
from tests.support.guards import DIGITS, KEY, plan, policy, rule

REDACT = plan(policy(rule("numbers", "redact")), (DIGITS,))
BLOCK = plan(policy(rule("numbers", "block")), (DIGITS,))


def content(raw: bytes, plan_: Plan = REDACT, size: int = 1 << 20, tokens: Tokens | None = None) -> tuple[bytes, ResponseGuard]:
    """What a client gets of a file, and what the guard says of it."""
    guard = ResponseGuard(plan_, tokens or Tokens(KEY, "app"), Memo(KEY, 10_000).text_key)
    stream = FileContent().open_stream("application/octet-stream", Origin("r", "", 1))
    assert stream
    renderer, out = StreamRenderer(stream, guard), b""
    pieces = [stream.feed(raw[at : at + size]) for at in range(0, len(raw), size)]
    for events in [*pieces, stream.flush()]:
        for event in events:
            guard.feed(event)
            release = guard.release()
            if isinstance(release, Refuse):
                return out + stream.render_stop(guard.open_choices()), guard
            out += renderer.render(release)
    assert stream.is_complete(guard.open_choices())
    return out, guard


def row(body: Json, **extra: Json) -> bytes:
    return json.dumps(
        {"id": "batch_req_1", "custom_id": "r-1", "response": {"status_code": 200, "request_id": "q", "body": body}, "error": None, **extra}
    ).encode() + b"\n"  # fmt: skip


def completion(text: str, logprobs: Json = None) -> Json:
    message = {"role": "assistant", "content": text, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": logprobs, "finish_reason": "stop"}
    return {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}


RESPONSE = {
    "id": "resp_1", "object": "response", "created_at": 1, "model": "m", "status": "completed",
    "output": [{"type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
                "content": [{"type": "output_text", "text": "it is 12345678 now", "annotations": []}]}],
}  # fmt: skip
EMBEDDING = {"object": "list", "model": "m", "data": [{"object": "embedding", "index": 0, "embedding": [0.25, 0.5]}]}


@pytest.mark.parametrize("size", [1, 100, 1 << 20])
def test_the_results_of_a_batch(size: int):
    """Each row's answer is guarded like one; rows in which nothing is found go on byte for byte."""
    plain, found = row(completion("hello")), row(completion("it is 12345678 now"))
    out, _ = content(plain + found + plain, size=size)
    lines = out.splitlines(keepends=True)
    assert (lines[0], lines[2]) == (plain, plain)
    answer = ChatCompletion.model_validate(json.loads(lines[1])["response"]["body"])
    assert answer.choices[0].message.content == "it is [NUMBER] now"


def test_answers_of_other_surfaces():
    """Each by its own dialect; an embedding's numbers are no text."""
    out, guard = content(row(RESPONSE) + row(EMBEDDING) + row({"error": {"message": "it is 12345678 now"}}))
    first, second, third = map(json.loads, out.splitlines())
    assert first["response"]["body"]["output"][0]["content"][0]["text"] == "it is [NUMBER] now"
    assert second["response"]["body"] == EMBEDDING
    assert third["response"]["body"]["error"]["message"] == "it is [NUMBER] now"
    assert {part.kind for part in guard.findings.unread} == {"vector"}


def test_what_spells_an_edited_text():
    """It goes no further."""
    spelled = {"content": [{"token": "12345678", "logprob": 0, "bytes": None, "top_logprobs": []}]}
    out, _ = content(row(completion("12345678", spelled)))
    assert b"12345678" not in out


def test_rows_of_other_files():
    """Every string of a row is a text, as are the ids that a client chose."""
    out, _ = content(json.dumps({"custom_id": "12345678", "body": {"note": ["it is 12345678 now"]}}).encode())
    assert json.loads(out)["body"] == {"note": ["it is [NUMBER] now"]}


def test_placeholders_come_back():
    """A batch's results say the values again that its requests had."""
    tokens = Tokens(KEY, "app")
    placeholder = tokens.issue("NUMBER", "12345678", restore=True)
    out, _ = content(row(completion(f"it is {placeholder} now")), plan(policy(), ()), tokens=tokens)
    assert json.loads(out)["response"]["body"]["choices"][0]["message"]["content"] == "it is 12345678 now"


def test_a_row_that_is_blocked():
    """The rows before it have gone; in its place stands that it was withheld."""
    out, _ = content(row(completion("hello")) + row(completion("12345678")) + row(completion("bye")), BLOCK)
    first, second = map(json.loads, out.splitlines())
    assert first["response"]["body"]["choices"][0]["message"]["content"] == "hello"
    assert (second["custom_id"], second["error"]["code"], second["response"]) == ("r-1", "content_filter", None)
    assert b"12345678" not in out


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_a_text(size: int):
    """It is one text, however it is cut."""
    text = "név: it is 12345678 now\n" * 400
    assert content(text.encode(), size=size)[0] == text.replace("12345678", "[NUMBER]").encode()


def test_a_text_that_is_blocked():
    """Its reader is told that it is not whole."""
    out, _ = content(b"word " * 3000 + b"12345678 and more", BLOCK, size=4096)
    assert out.startswith(b"word word")
    assert out.endswith(b"[The content policy withheld the rest of this file.]\n")


@pytest.mark.parametrize(("action", "passes"), [("flag", True), ("block", False)])
def test_what_nothing_can_read(action: str, passes: bool):
    """It goes on byte for byte, if the policy lets it."""
    raw = b"\x89PNG 12345678 \xff" * 1000
    out, guard = content(raw, plan(policy(on_uninspectable={"file": action}), ()), size=5000)
    assert out == (raw if passes else b"")
    assert [part.kind for part in guard.findings.unread] == ["file"]


def test_a_text_that_turns_out_to_be_none():
    """It is cut there, for what follows cannot be read."""
    with pytest.raises(UpstreamError, match="upstream_invalid_response"):
        content(b"word " * 3000 + b"\xff")


def test_an_empty_file():
    """It is empty."""
    assert content(b"")[0] == b""


def test_uploads():
    """They are read as they come, and only as forms."""
    call = Call(content_type="multipart/form-data; boundary=b0", names={"upload_id": "u"})
    upload, part = FileUpload().open_upload(call), FileUpload("uploads", is_part=True).open_upload(call)
    assert upload
    assert part
    assert (upload.boundary, upload.is_part, part.is_part) == ("b0", False, True)
