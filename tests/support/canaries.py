"""Texts that must turn up nowhere, an endpoint that says them, requests that hold them at every place, and where to look for them."""

import base64
import json
import socket
import urllib.parse
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web

from bench.driving import dump, wire
from bench.surfaces import BENIGN, CASES, CHAT, FILES
from tests.support.raw_client import chat, post
from tests.support.sessions import answer, say
from tests.support.uploads import form

MAIL = "quux.canary@example.org"
KEY = "ghp_Qx7Zt2Lw9Vb4Nc6Md8Pf1Rg3Sh5Tj0Kyqux"
WORD = "zorblaxian"
"""A word that no rule looks for, and no name of anything."""
TEXT = f"I am a {WORD}, write to {MAIL} with {KEY} please"

PATHS = {
    "chat": "/v1/chat/completions", "completions": "/v1/completions", "responses": "/v1/responses", "messages": "/v1/messages",
    "embeddings": "/v1/embeddings", "generic": "/v1/rerank",
}  # fmt: skip
_PLAIN = [case for case in CASES if not case.is_rows]
_JSON, _EVENTS, _FORM = "application/json", "text/event-stream", "multipart/form-data; boundary=b0"


@dataclass
class Telling:
    """An endpoint that gives this answer to whatever it is asked, and on a socket says something, too."""

    url: str = ""
    status: int = 200
    content_type: str = _JSON
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)

    def says(self, body: bytes, content_type: str = _JSON, status: int = 200, **headers: str) -> None:
        self.status, self.content_type, self.body = status, content_type, body
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.headers.get("upgrade", "").lower() == "websocket":
            return await self._converse(request)
        await request.read()
        return web.Response(body=self.body, status=self.status, headers={"Content-Type": self.content_type, **self.headers})

    async def _converse(self, request: web.BaseRequest) -> web.StreamResponse:
        found = web.WebSocketResponse()
        await found.prepare(request)
        async for message in found:
            if json.loads(message.data)["type"] == "response.create":
                for event in answer(pieces()):
                    await found.send_str(json.dumps(event))
        return found

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Telling"]:
        runner = web.ServerRunner(web.Server(self.handle), shutdown_timeout=0.1)
        await runner.setup()
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
            await web.SockSite(runner, listening).start()
            try:
                yield self
            finally:
                await runner.cleanup()


def pieces() -> list[str]:
    return [TEXT[at : at + 9] for at in range(0, len(TEXT), 9)]


def asked() -> Iterator[bytes]:
    """Every surface with the text at each of its places, to any model."""
    for case in _PLAIN:
        for build in case.asks.values():
            yield post(dump(build(TEXT)), PATHS[case.surface])
    rows = b"".join([dump(build(TEXT)) + b"\n" for build in FILES.asks.values()])
    upload = form(rows, name=f"{WORD} {MAIL}.jsonl", purpose=f"batch {KEY}")
    yield post(upload, "/v1/files", **{"Content-Type": _FORM})
    yield post(dump(CHAT.asks["user"](TEXT) | {"model": "strict-one"}))


def answered() -> Iterator[tuple[bytes, str, bytes]]:
    """What an endpoint says, its content type, and the request that it says it to."""
    for case in _PLAIN:
        request = next(iter(case.asks.values()))(BENIGN)
        for build in case.all_answers.values():
            yield dump(build(TEXT)), _JSON, post(dump(request), PATHS[case.surface])
        for events in case.all_streams.values():
            yield b"".join(wire(case, events(pieces()))), _EVENTS, post(dump({**request, "stream": True}), PATHS[case.surface])
    for model in ("strict-two", "m"):
        for content_type, said in (
            (_EVENTS, b"".join(wire(CHAT, CHAT.streams["output"](pieces())))),
            (_JSON, dump(CHAT.answers["output"](TEXT))),
        ):
            yield said, content_type, post(chat(model, BENIGN, stream=content_type == _EVENTS))
    rows = b"".join([dump(row) + b"\n" for build in FILES.streams.values() for row in build([json.dumps({"note": TEXT})])])
    yield rows, "application/octet-stream", post(b"", "/v1/files/f1/content").replace(b"POST", b"GET", 1)


def faults() -> Iterator[bytes]:
    """Requests that are none, or strange ones, with the text wherever something might repeat it."""
    plain, escaped = chat("m", BENIGN), urllib.parse.quote(TEXT)
    yield post(plain, f"/v1/chat/completions?note={escaped}")
    yield post(plain, f"/v1/chat/completions?{WORD}={MAIL}")
    yield post(plain, f"/v1/{WORD}/{urllib.parse.quote(MAIL)}")
    yield post(plain, f"/v1/files/{escaped}").replace(b"POST", b"DELETE", 1)
    yield post(plain, f"/v1/files/{KEY}/content").replace(b"POST", b"GET", 1)
    yield post(plain).replace(b"POST", WORD.upper().encode(), 1)
    yield f"GET /{WORD} HTTP/9.9\r\nHost: {WORD}\r\n\r\n".encode()
    yield f"{TEXT}\r\n\r\n".encode()
    yield post(plain, **{"User-Agent": TEXT, "X-Note": TEXT, "Referer": f"http://{WORD}.example", "Cookie": f"a={TEXT}"})
    yield post(plain, **{"x-oddgate-group": TEXT, "x-oddgate-note": TEXT, "x-oddgate-app": TEXT})
    yield post(plain, **{"traceparent": TEXT, "tracestate": f"a={TEXT}", "baggage": f"note={escaped}", "x-request-id": TEXT})
    yield post(plain, **{"Content-Type": f"text/{WORD}; charset={WORD}"})
    yield post(plain, **{"Content-Type": "application/json", "Content-Encoding": WORD})
    yield post(plain, Host=f"{WORD}.example", Authorization=f"Bearer {KEY}")
    for body in (
        f'{{"{TEXT}": '.encode(), f'{{"a": "{TEXT}", "a": "{TEXT}"}}'.encode(), TEXT.encode() + b"\xff", json.dumps(TEXT).encode(),
        b'{"a": ' + b"[" * 300 + json.dumps(TEXT).encode() + b"]" * 300 + b"}", dump({"model": "m", "messages": TEXT}),
        dump({"model": "m", "messages": [{"role": TEXT, "content": TEXT}]}), dump({"model": {TEXT: TEXT}, "messages": []}),
    ):  # fmt: skip
        yield post(body)
        yield post(body, "/v1/messages")
    yield post(chat(TEXT, BENIGN))
    yield post(
        chat("m", BENIGN, metadata={TEXT: TEXT}, user=TEXT, stop=[TEXT], service_tier=TEXT, **{MAIL: WORD, "new_field": {TEXT: [TEXT]}})
    )
    tool = {"type": "function", "function": {"name": f"call {TEXT}", "description": TEXT, "parameters": {TEXT: {"enum": [TEXT]}}}}
    yield post(chat("m", BENIGN, tools=[tool], tool_choice=TEXT, response_format={"type": "json_schema", "json_schema": {"name": TEXT}}))
    coded = base64.b64encode(TEXT.encode()).decode()
    parts = [
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{coded}"}}, {"type": TEXT, TEXT: TEXT},
        {"type": "image_url", "image_url": {"url": f"https://{WORD}.example/{escaped}"}},
        {"type": "input_audio", "input_audio": {"data": coded, "format": TEXT}},
        {"type": "file", "file": {"filename": f"{TEXT}.pdf", "file_data": f"data:application/pdf;base64,{coded}"}},
    ]  # fmt: skip
    yield post(chat("m", BENIGN, messages=[{"role": "user", "content": parts, "name": TEXT}]))
    yield post(form(f"{TEXT}\n".encode(), name=TEXT), "/v1/files", **{"Content-Type": _FORM})
    yield post(TEXT.encode(), "/v1/files", **{"Content-Type": _FORM})
    yield post(TEXT.encode(), "/v1/files", **{"Content-Type": f"multipart/form-data; boundary={WORD}"})
    about = {"request_id": f"req_{'0' * 24}", "label": "bad"}
    for said in ({**about, "comment": TEXT}, {**about, "label": TEXT}, {**about, "request_id": TEXT}, {**about, TEXT: TEXT}, TEXT):
        yield post(dump(said), "/v1/feedback")


def upstream_faults() -> Iterator[tuple[bytes, str, int, dict[str, str]]]:
    """What an endpoint says that is no good answer: body, content type, status and headers."""
    error = dump({"error": {"message": TEXT, "type": TEXT, "code": TEXT, "param": TEXT}})
    for status in (301, 400, 401, 404, 429, 500, 503):
        yield error, _JSON, status, {"x_request_id": TEXT, "location": f"http://{WORD}.example", "retry_after": WORD, "set_cookie": TEXT}
    yield f"<html>{TEXT}</html>".encode(), "text/html", 502, {}
    for said in (TEXT.encode(), error, f'{{"choices": "{TEXT}"}}'.encode(), dump({"choices": [{"index": TEXT, "message": TEXT}]})):
        yield said, _JSON, 200, {}
        yield b"data: " + said + b"\n\n", _EVENTS, 200, {}
        yield f"event: {TEXT}\n: {TEXT}\nid: {TEXT}\n\n".encode(), _EVENTS, 200, {}
        yield said, f"text/{WORD}", 200, {}


async def converse(port: int) -> None:
    """A realtime session in which both sides say the text, and one that the endpoint is never asked for."""
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(f"http://127.0.0.1:{port}/v1/realtime?model=m") as found:
            update = {"type": "session.update", "session": {"type": "realtime", "instructions": TEXT}}
            for event in (update, say(TEXT), {"type": TEXT, TEXT: TEXT}, TEXT, {"type": "response.create"}):
                await found.send_str(json.dumps(event))
            async for message in found:
                if json.loads(message.data)["type"] == "response.done":
                    break
        try:
            async with session.ws_connect(f"http://127.0.0.1:{port}/v1/realtime?model=m&note={urllib.parse.quote(TEXT)}") as found:
                await found.receive()
        except aiohttp.WSServerHandshakeError:
            pass


def forms_of(canary: str) -> list[bytes]:
    """How it may stand somewhere: as it is, or in base64 (wherever it begins), hexadecimal or a URL; in small letters."""
    raw = canary.encode()
    coded = [base64.b64encode(b"\0" * skip + raw)[4 * (skip > 0) : -4] for skip in range(3)]
    return [form.lower() for form in (raw, raw.hex().encode(), urllib.parse.quote(canary, safe="").encode(), *coded)]


def told(canaries: Iterable[str], places: Iterable[tuple[str, bytes]]) -> list[tuple[str, str]]:
    """Which of them stand where."""
    wanted = [(canary, form) for canary in canaries for form in forms_of(canary)]
    return sorted(
        {(name, canary) for name, content in places for lowered in [content.lower()] for canary, form in wanted if form in lowered}
    )
