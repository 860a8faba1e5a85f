"""Uploads that go wrong, against a gateway process: a clear error in the API's shape, and no file at the endpoint that is not whole."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Iterator
from random import Random

import pytest

from bench.processes import free_port
from tests.support.gateway import Gateway, running_gateway
from tests.support.http11 import LAST_CHUNK, chunked, head
from tests.support.raw_client import ask, chat, connected, error_of
from tests.support.raw_client import post as ordinary
from tests.support.uploads import Endpoint, form, post
from tests.support.waiting import eventually

POLICY = """
name: default
rules:
  - {id: mails, detect: pii, entities: [EMAIL_ADDRESS], action: redact}
"""
MAX_ROWS = 2000
LETTERS = Random(7).randbytes(50_000).hex()  # does not become small when it is packed


def _row(text: str) -> bytes:
    return json.dumps({"messages": [{"role": "user", "content": text}]}).encode() + b"\n"


SMALL = _row("hello")
BIG = _row(LETTERS) * 14  # more than what is judged before the endpoint is asked
FORMS = {"small": form(SMALL), "big": form(BIG)}
PART = b'--b0\r\nContent-Disposition: form-data; name="%b"\r\n\r\nx\r\n'
SECOND = b'--b0\r\nContent-Disposition: form-data; name="file"; filename="y.jsonl"\r\n\r\n{}\r\n--b0--\r\n'


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[Gateway]:
    listen = {"body_timeout_s": 4, "max_upload_rows": MAX_ROWS, "max_upload_mb": 64}
    upstreams = {"*": f"http://127.0.0.1:{port}"}
    with running_gateway(tmp_path_factory.mktemp("uploads"), upstreams, policies={"default": POLICY}, listen=listen) as running:
        yield running


@pytest.fixture
async def endpoint(port: int) -> AsyncIterator[Endpoint]:
    endpoint = Endpoint()
    async with await asyncio.start_server(endpoint, "127.0.0.1", port, limit=2**22):
        yield endpoint


def _whole(body: bytes, **headers: str) -> bytes:
    return post(len(body), **headers) + body


def _ended(body: bytes, more: bytes) -> bytes:
    return _whole(body.removesuffix(b"--b0--\r\n") + more)


def _packed(body: bytes, **headers: str) -> bytes:
    return _whole(body, **({"Content-Encoding": "gzip"} | headers))


async def _refused(gateway: Gateway, endpoint: Endpoint, request: bytes) -> tuple[int, str, str | None]:
    """With what: status, code and place. Whatever the endpoint has begun to take has been cut."""
    message = await ask(gateway.port, request)
    error = error_of(message)
    await eventually(lambda: endpoint.cut == len(endpoint.heads))
    assert endpoint.files == []
    return message.status, error["code"], error["param"]


@pytest.mark.parametrize("size", ["small", "big"])
@pytest.mark.parametrize(("request_of", "code"), [
    pytest.param(lambda body: post(len(body) + 9) + body[:-9], "request_timeout", id="stalls"),
    pytest.param(lambda body: _whole(body[:-9]), "invalid_multipart", id="ends early"),
    pytest.param(lambda body: _whole(body[: len(body) // 2]), "invalid_multipart", id="ends in a row"),
    pytest.param(lambda body: post(None) + chunked(body[:-9]) + LAST_CHUNK, "invalid_multipart", id="last chunk too early"),
    pytest.param(lambda body: _whole(body.replace(b"--b0", b"--b1")), "invalid_multipart", id="another boundary"),
    pytest.param(lambda body: _whole(body.replace(b"--b0--", b"--b1--")), "invalid_multipart", id="another last boundary"),
    pytest.param(lambda body: _whole(body + b"more"), "invalid_multipart", id="more behind the form"),
    pytest.param(lambda body: _ended(body, SECOND), "invalid_multipart", id="two files"),
    pytest.param(lambda body: _ended(body, b"".join(PART % b"f%d" % at for at in range(10_000)) + b"--b0--\r\n"), "invalid_multipart",
                 id="10,000 fields"),
    pytest.param(lambda body: _ended(body, PART % b"f[]" * 10_000 + b"--b0--\r\n"), "invalid_multipart", id="10,000 times a field"),
    pytest.param(lambda body: _packed(gzip.compress(body) + b"garbage"), "invalid_http", id="garbage behind gzip"),
    pytest.param(lambda body: _packed(gzip.compress(body)[:-100]), "invalid_multipart", id="gzip ends early"),
    pytest.param(lambda body: _packed(gzip.compress(body)[:-8] + b"12345678"), "invalid_http", id="gzip with another sum"),
    pytest.param(lambda body: _packed(gzip.compress(gzip.compress(body))), "invalid_multipart", id="gzip in gzip"),
    pytest.param(lambda body: _packed(body, **{"Content-Encoding": "gzip, gzip"}), "invalid_http", id="gzip named twice"),
    pytest.param(lambda body: _packed(body), "invalid_http", id="no gzip"),
])  # fmt: skip
async def test_odd_forms(gateway: Gateway, endpoint: Endpoint, size: str, request_of, code: str):
    """They are refused wherever they go wrong, and the endpoint keeps no file of them."""
    status, said, _ = await _refused(gateway, endpoint, request_of(FORMS[size]))
    assert (status, said) == (408 if code == "request_timeout" else 400, code)


@pytest.mark.parametrize("size", ["small", "big"])
async def test_no_chunk(gateway: Gateway, endpoint: Endpoint, size: str):
    """What is no chunk ends the body, or is taken for one that never comes; either way the body is not whole."""
    status, code, _ = await _refused(gateway, endpoint, post(None) + chunked(FORMS[size]) + b"x\r\n")
    assert (status, code) in ((400, "invalid_http"), (408, "request_timeout"))


@pytest.mark.parametrize(("before", "lines"), [(SMALL, 1), (BIG, 14)], ids=["small", "big"])
@pytest.mark.parametrize(("row", "code", "place"), [
    (b"hello\n", "invalid_json", ""), (b"[1]\n", "invalid_body", ""), (b'{"a": 1\n', "invalid_json", ""),
    (b'{"messages": [5]}', "invalid_body", ".messages.0"), (_row("x" * (32 << 20)), "invalid_file", ""),
], ids=["no JSON", "no object", "half an object", "no message", "32 MB"])  # fmt: skip
async def test_odd_rows(gateway: Gateway, endpoint: Endpoint, before: bytes, lines: int, row: bytes, code: str, place: str):
    """The error names the line, and the endpoint keeps no file of those before it."""
    assert await _refused(gateway, endpoint, _whole(form(before + row))) == (400, code, f"file.rows.{lines + 1}{place}")


async def test_rows_that_are_no_text(gateway: Gateway, endpoint: Endpoint):
    """That is clear at once, and said of the whole file."""
    for content in (SMALL + b"\xff\xfe\n", gzip.compress(SMALL)):
        assert await _refused(gateway, endpoint, _whole(form(content))) == (400, "invalid_file", "file")


@pytest.mark.parametrize("row", [b"{}\n", b"\n", _row(LETTERS[:400])], ids=["least", "blank", "longer"])
@pytest.mark.parametrize("is_packed", [False, True])
async def test_too_many_rows(gateway: Gateway, endpoint: Endpoint, row: bytes, is_packed: bool):
    """A file has a bound in rows, too, however few bytes they are and however small they were packed."""
    body = form(row * (MAX_ROWS + 1))
    request = _packed(gzip.compress(body)) if is_packed else _whole(body)
    assert await _refused(gateway, endpoint, request) == (413, "body_too_large", "file.rows")


async def test_as_many_rows_as_may_be(gateway: Gateway, endpoint: Endpoint):
    """The bound itself is taken."""
    body = form(b"{}\n" * MAX_ROWS)
    assert (await ask(gateway.port, _whole(body))).status == 200
    assert endpoint.files == [body]


async def test_a_bomb(gateway: Gateway, endpoint: Endpoint):
    """What becomes too much larger than it was sent is refused before it is judged to its end."""
    body = form(_row("x" * 100_000) * 300)
    assert await _refused(gateway, endpoint, _packed(gzip.compress(body))) == (413, "body_too_large", None)


@pytest.mark.parametrize("content", [b"", b"\n" * 100, SMALL.rstrip(), SMALL + b"\r\n" + SMALL], ids=["empty", "blank", "no end", "gap"])
@pytest.mark.parametrize("is_packed", [False, True])
async def test_odd_files(gateway: Gateway, endpoint: Endpoint, content: bytes, is_packed: bool):
    """What the endpoint may judge itself goes to it as it came."""
    body = form(content)
    assert (await ask(gateway.port, _packed(gzip.compress(body)) if is_packed else _whole(body))).status == 200
    assert endpoint.files == [body]
    assert "content-encoding" not in endpoint.heads[0]


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary=", "application/json", "text/plain"])
async def test_no_form(gateway: Gateway, endpoint: Endpoint, content_type: str):
    """A file comes in a form."""
    headers = {"Host": "x", "Content-Type": content_type, "Content-Length": str(len(FORMS["small"]))}
    request = head("POST /v1/files HTTP/1.1", **headers) + FORMS["small"]
    assert (await _refused(gateway, endpoint, request))[:2] == (400, "invalid_multipart")


@pytest.mark.parametrize("size", ["small", "big"])
async def test_a_client_that_goes_away(gateway: Gateway, endpoint: Endpoint, size: str):
    """Nothing comes to be of what it had sent."""
    before = len(gateway.records())
    async with connected(gateway.port) as (_, writer):
        writer.write(post(len(FORMS[size]) + 9) + FORMS[size][:-9])
        await writer.drain()
        if size == "big":
            await eventually(lambda: endpoint.heads)
    record = list((await eventually(lambda: len(found := gateway.records()) > before and found)).values())[-1]
    assert record["outcome"] in ("client_disconnected", "invalid_http")
    await eventually(lambda: endpoint.cut == len(endpoint.heads))
    assert endpoint.files == []


async def test_others_have_their_turn(gateway: Gateway, endpoint: Endpoint):
    """While a long file is judged, other exchanges begin and end."""
    body = form(_row("Write to a.b@example.org about it. " * 600) * 1500)
    async with connected(gateway.port) as (_, writer):
        writer.write(_whole(body))
        await eventually(lambda: endpoint.heads)
        for _ in range(3):
            assert (await ask(gateway.port, ordinary(chat("m"), "/v1/nothing"))).status == 404
        assert (endpoint.files, endpoint.cut) == ([], 0)


async def test_it_serves_on(gateway: Gateway, endpoint: Endpoint):
    """After all that."""
    for body in FORMS.values():
        assert (await ask(gateway.port, _whole(body))).status == 200
    assert endpoint.files == list(FORMS.values())
