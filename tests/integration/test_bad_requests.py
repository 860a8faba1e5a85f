"""What a client may get wrong: a clear error in the dialect's shape, nothing is forwarded, and the next request is served."""

import json
from collections.abc import Iterator

import pytest

from tests.support.faulty_upstream import TEXT, FaultyUpstream
from tests.support.gateway import Gateway
from tests.support.http11 import LAST_CHUNK, Message, chunked, head, read_message
from tests.support.raw_client import ask, chat, connected, error_of, post, send_slowly

USER = b'{"role": "user", "content": "hello"}'


async def assert_serves(gateway: Gateway, faulty: FaultyUpstream) -> None:
    before = len(faulty.received)
    message = await ask(gateway.port, post(chat("well")))
    assert (message.status, json.loads(message.body)["choices"][0]["message"]["content"]) == (200, TEXT)
    assert len(faulty.received) == before + 1


def assert_ours(message: Message) -> None:
    """Every answer has the gateway's headers."""
    names = ("x-oddgate-request-id", "x-oddgate-decision", "x-oddgate-policy", "x-oddgate-overhead-ms")
    assert [name for name in names if name not in message.headers] == []


def _nested(depth: int) -> bytes:
    return b'{"model": "well", "messages": [%b], "metadata": %b}' % (USER, b'{"a":' * depth + b"1" + b"}" * depth)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "invalid_json"),
        (b"{", "invalid_json"),
        (b'{"model": "well", "messages": [', "invalid_json"),
        (b'{"model": "well", "messages": [%b]} trailing' % USER, "invalid_json"),
        (b'{"model": "well", "messages": [{"role": "user", "content": "\xff\xfe"}]}', "invalid_json"),
        (b'{"model": "well", "messages": [{"role": "user", "content": "\\ud800"}]}', None),
        (b'{"model": "well", "messages": [%b], "temperature": NaN}' % USER, "invalid_json"),
        (b"[" * 200_000, None),
        (_nested(5_000), None),
        (b'{"model": "well", "messages": [%b], "messages": [%b]}' % (USER, USER), "duplicate_key"),
        (b'{"model": "well", "messages": [{"role": "user", "content": "a", "content": "b"}]}', "duplicate_key"),
        (b'{"model": "well", "model": "echo", "messages": [%b]}' % USER, "duplicate_key"),
        (b"[]", "invalid_body"),
        (b"42", "invalid_body"),
        (b'"hello"', "invalid_body"),
        (b"null", "invalid_body"),
        (b'{"messages": [%b]}' % USER, "invalid_body"),
        (b'{"model": 7, "messages": [%b]}' % USER, "invalid_body"),
        (b'{"model": "well"}', "invalid_body"),
        (b'{"model": "well", "messages": "hello"}', "invalid_body"),
        (b'{"model": "well", "messages": {"role": "user"}}', "invalid_body"),
        (b'{"model": "well", "messages": ["hello"]}', "invalid_body"),
        (b'{"model": "well", "messages": [{"role": "user", "content": 5}]}', None),
        (b'{"model": "well", "messages": [{"role": 5, "content": "hello"}]}', None),
        (b'{"model": "well", "messages": [{"role": "user", "content": [{"type": "novelty", "data": "x"}]}]}', "content_filter"),
    ],
)  # fmt: skip
async def test_a_body_that_is_not_a_request(gateway: Gateway, faulty: FaultyUpstream, body: bytes, code: str | None):
    """Nothing of a body that cannot be read goes upstream."""
    message = await ask(gateway.port, post(body))
    assert message.status == 400
    assert code in {None, error_of(message)["code"]}
    assert_ours(message)
    assert faulty.received == []
    await assert_serves(gateway, faulty)


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "user", "content": ["write to maria.lindqvist@example.org"]}],
        [{"role": "user", "content": [[{"type": "text", "text": "write to maria.lindqvist@example.org"}]]}],
        [{"role": "user", "content": {"text": "write to maria.lindqvist@example.org"}}],
        [{"role": "novelty", "content": "write to maria.lindqvist@example.org"}],
        [{"role": "user", "content": "hello", "memo": {"deep": ["write to maria.lindqvist@example.org"]}}],
        [{"role": "user", "content": "hello", "write to maria.lindqvist@example.org": 1}],
        [{"role": "user", "content": [{"type": "text", "text": "hello", "note": "write to maria.lindqvist@example.org"}]}],
    ],
    ids=["bare strings", "nested parts", "object", "role", "unknown field", "unknown key", "field of a part"],
)
async def test_text_in_odd_places(gateway: Gateway, faulty: FaultyUpstream, messages: list):
    """A request of an unusual shape is refused, or goes upstream guarded: an endpoint may be more lenient than the gateway."""
    message = await ask(gateway.port, post(json.dumps({"model": "well", "messages": messages}).encode()))
    assert message.status in {200, 400}
    assert all(b"maria" not in each.body for each in faulty.received)
    await assert_serves(gateway, faulty)


@pytest.mark.parametrize("stream", ["yes", 1, None])
async def test_stream_must_be_a_truth_value(gateway: Gateway, faulty: FaultyUpstream, stream: object):
    """What the endpoint might take for a stream and the gateway for none is either refused or answered; never unguarded, never hanging."""
    message = await ask(gateway.port, post(chat("well", stream=stream)))
    assert message.status in {200, 400}
    await assert_serves(gateway, faulty)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("POST", "/v1/videos", 404, "unsupported_path"),
        ("POST", "/", 404, "unsupported_path"),
        ("POST", "/v1/chat/completions/", 404, "unsupported_path"),
        ("POST", "/v1/chat/../chat/completions", 404, "unsupported_path"),
        ("POST", "/v1/chat%2Fcompletions", 404, "unsupported_path"),
        ("POST", "//v1/chat/completions", 404, "unsupported_path"),
        ("DELETE", "/v1/chat/completions", 405, "method_not_allowed"),
        ("DELETE", "/v1/models", 405, "method_not_allowed"),
        ("POST", "/v1/chat/completions?note=write%20to%20a%40b.org", 400, "unsupported_query"),
        ("POST", "/v1/chat/completions?phone=415-555-0123", 400, "content_filter"),
        ("GET", "/v1/models?card=4111111111111111", 400, "content_filter"),
    ],
)
async def test_other_paths_and_methods(gateway: Gateway, faulty: FaultyUpstream, method: str, path: str, status: int, code: str):
    """What the gateway cannot guard it does not pass on."""
    body = chat("well") if method == "POST" else b""
    message = await ask(gateway.port, post(body, path).replace(b"POST", method.encode(), 1))
    assert (message.status, error_of(message)["code"]) == (status, code)
    assert ("allow" in message.headers) is (status == 405)
    assert error_of(message)["oddgate"]["policy"] == message.headers["x-oddgate-policy"]
    assert_ours(message)
    assert faulty.received == []


def _flood(count: int, length: int) -> dict[str, str]:
    return {f"X_Flood_{number}": "y" * length for number in range(count)}


@pytest.mark.parametrize(
    "request_bytes",
    [
        post(chat("well"), **_flood(5_000, 10)),
        post(chat("well"), **_flood(1, 100_000)),
        post(chat("well"), path="/v1/chat/completions?" + "a=b&" * 50_000),
        post(chat("well"), X_Endless="y" * 20_000_000),
    ],
    ids=["many", "long", "long target", "endless"],
)
async def test_floods_of_headers(gateway: Gateway, faulty: FaultyUpstream, request_bytes: bytes):
    """Headers without measure are refused as such."""
    message = await ask(gateway.port, request_bytes)
    assert message.status in {400, 414, 431}
    assert error_of(message)["code"] in {"headers_too_large", "invalid_http", "unsupported_query"}
    assert faulty.received == []
    await assert_serves(gateway, faulty)


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"NONSENSE\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        post(chat("well"), Content_Length="-5"),
        post(chat("well"), Content_Length="many"),
        post(chat("well"), Transfer_Encoding="chunked"),
        head("POST /v1/chat/completions HTTP/1.1", Host="g", Transfer_Encoding="chunked") + b"zz\r\nnot a chunk\r\n",
        head("POST /v1/chat/completions HTTP/1.1", Host="g", Content_Length="10", content_length="12") + b"0123456789",
        b"POST /v1/chat/completions HTTP/1.1\r\nHost : g\r\nBad\x00Name: x\r\n\r\n",
    ],
    ids=["no http", "tls", "negative", "no number", "both framings", "bad chunk", "two lengths", "bad names"],
)
async def test_requests_that_are_not_http(gateway: Gateway, faulty: FaultyUpstream, request_bytes: bytes):
    """What is not HTTP, or could be read in two ways, is refused."""
    message = await ask(gateway.port, request_bytes)
    assert (message.status, error_of(message)["code"]) == (400, "invalid_http")
    assert faulty.received == []
    await assert_serves(gateway, faulty)


def _endless_body(megabytes: int) -> Iterator[bytes]:
    block = b"a" * 2**20
    return (chunked(block) for _ in range(megabytes))


def _huge(framing: str) -> Iterator[bytes]:
    start = chat("well").replace(b"hello", b"")
    if framing == "length":
        yield head("POST /v1/chat/completions HTTP/1.1", Host="g", Content_Type="application/json", Content_Length=str(100 * 2**20)) + start
        yield from (b"a" * 2**20 for _ in range(100))
    else:
        yield head("POST /v1/chat/completions HTTP/1.1", Host="g", Content_Type="application/json", Transfer_Encoding="chunked") + chunked(
            start
        )
        yield from _endless_body(100)


@pytest.mark.parametrize("framing", ["length", "chunks"])
async def test_a_body_of_100_megabytes(gateway: Gateway, faulty: FaultyUpstream, framing: str):
    """A body beyond the limit is refused while it comes, whether or not it says how long it is."""
    message = await send_slowly(gateway.port, _huge(framing), 0)
    assert (message.status, error_of(message)["code"]) == (413, "body_too_large")
    assert_ours(message)
    assert faulty.received == []
    await assert_serves(gateway, faulty)


async def test_a_body_in_chunks(gateway: Gateway, faulty: FaultyUpstream):
    """A body without a length is read, and guarded, like any other."""
    body = chat("echo", "write to maria.lindqvist@example.org")
    request = head("POST /v1/chat/completions HTTP/1.1", Host="g", Content_Type="application/json", Transfer_Encoding="chunked")
    pieces = [request, *(chunked(body[at : at + 7]) for at in range(0, len(body), 7)), LAST_CHUNK]
    message = await send_slowly(gateway.port, pieces, 0)
    assert json.loads(message.body)["choices"][0]["message"]["content"] == "write to maria.lindqvist@example.org"
    assert b"maria" not in faulty.last.body


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "novelty"])
async def test_a_body_in_a_coding_that_it_is_not_in(gateway: Gateway, faulty: FaultyUpstream, encoding: str):
    """A body that is not in the coding that its headers name is refused, not passed on unread."""
    message = await ask(gateway.port, post(b"\x00\x01\x02" * 50, Content_Encoding=encoding))
    assert message.status in {400, 415}
    assert error_of(message)["code"]
    assert faulty.received == []
    await assert_serves(gateway, faulty)


async def test_headers_a_byte_at_a_time(gateway: Gateway, faulty: FaultyUpstream):
    """A client that takes too long over its headers is told so, and does not keep its place."""
    pieces = [bytes([byte]) for byte in post(chat("well"))]
    message = await send_slowly(gateway.port, pieces, 0.2)
    assert (message.status, error_of(message)["code"]) == (408, "request_timeout")
    assert faulty.received == []


async def test_a_body_a_byte_at_a_time(gateway: Gateway, faulty: FaultyUpstream):
    """The same for its body."""
    start, _, body = post(chat("well")).partition(b"\r\n\r\n")
    message = await send_slowly(gateway.port, [start + b"\r\n\r\n", *(bytes([byte]) for byte in body)], 0.2)
    assert (message.status, error_of(message)["code"]) == (408, "request_timeout")
    assert_ours(message)
    assert faulty.received == []


@pytest.mark.parametrize("cut", [10, 60, -5])
async def test_clients_that_leave_early(gateway: Gateway, faulty: FaultyUpstream, cut: int):
    """A request that is cut off is nobody's request."""
    async with connected(gateway.port) as (_, writer):
        writer.write(post(chat("well"))[:cut])
        await writer.drain()
    assert faulty.received == []
    await assert_serves(gateway, faulty)


async def test_one_connection_serves_many_requests(gateway: Gateway, faulty: FaultyUpstream):
    """Errors of the body do not cost the connection: what is well-formed HTTP is answered in turn."""
    bodies = [chat("well"), b"{", chat("well"), b"[]", chat("well")]
    statuses = []
    async with connected(gateway.port) as (reader, writer):
        for body in bodies:
            writer.write(post(body))
            statuses.append((await read_message(reader)).status)
    assert statuses == [200, 400, 200, 400, 200]
    assert len(faulty.received) == 3
