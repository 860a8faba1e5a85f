"""The mock upstream: the least work that looks like a chat endpoint, so that its own time hardly shows.

A plain request gets a fixed completion at once; a streamed one gets chunks at a fixed pace, each with its send time in ``created``
and in its text. The model ``echo`` answers with the last message instead, at once, so that what was tokenised comes back.
"""

import argparse
import asyncio
import json
import re

import uvloop

from bench.stamps import now_us, to_letters

_STREAMED = re.compile(rb'"stream":\s*true')
_ECHO = re.compile(rb'"model":\s*"echo"')
_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
_COMPLETION = (
    '{"id":"chatcmpl-bench","object":"chat.completion","created":1700000000,"model":"bench","choices":[{"index":0,"message":{"role":"assistant",'
    '"content":%s},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":40,"completion_tokens":60,"total_tokens":100}}'
)
_CHUNK = 'data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":%d,"model":"bench","choices":[%s]%s}\n\n'
_ANSWER = (
    "Sunlight is scattered by the air, and short waves are scattered far more than long ones, so that blue reaches us from everywhere. "
    "In the evening the light takes a longer way through the air, most of the blue is lost, and what is left looks orange or red."
)


def _response(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


_FIXED = _response((_COMPLETION % json.dumps(_ANSWER)).encode())
_STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n"


def _framed(event: str) -> bytes:
    data = event.encode()
    return b"%x\r\n%b\r\n" % (len(data), data)


def _event(delta: str, finish: str = "null") -> bytes:
    return _framed(_CHUNK % (now_us(), f'{{"index":0,"delta":{delta},"logprobs":null,"finish_reason":{finish}}}', ""))


def _ending() -> bytes:
    used = ',"usage":{"prompt_tokens":40,"completion_tokens":50,"total_tokens":90}'
    return _event("{}", '"stop"') + _framed(_CHUNK % (now_us(), "", used)) + _framed("data: [DONE]\n\n") + b"0\r\n\r\n"


class Upstream(asyncio.Protocol):
    def __init__(self, chunks: int, interval_s: float) -> None:
        self._chunks = chunks
        self._interval_s = interval_s
        self._received = b""
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.Transport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (body := self._next_body()) is not None:
            self._answer(body)

    def _next_body(self) -> bytes | None:
        head = self._received.find(b"\r\n\r\n")
        if head < 0:
            return None
        if length := _LENGTH.search(self._received, 0, head):
            end = head + 4 + int(length[1])
        else:  # sent in chunks; nothing here looks like the last chunk but the last chunk
            end = self._received.find(b"\r\n0\r\n\r\n", head) + 7
        if end < head + 4 or len(self._received) < end:
            return None
        body, self._received = self._received[head + 4 : end], self._received[end:]
        return body

    def _answer(self, body: bytes) -> None:
        echo = json.loads(body)["messages"][-1]["content"] if _ECHO.search(body) else None
        if not _STREAMED.search(body):
            self._transport.write(_response((_COMPLETION % json.dumps(echo)).encode()) if echo else _FIXED)
        elif echo:
            words = b"".join(_event(f'{{"content":{json.dumps(echo[at : at + 5])}}}') for at in range(0, len(echo), 5))
            self._transport.write(_STREAM_HEAD + words + _ending())
        else:
            self._transport.write(_STREAM_HEAD + _event('{"role":"assistant","content":""}'))
            self._stream(0, self._loop.time())

    def _stream(self, number: int, start: float) -> None:
        if self._transport.is_closing():
            return
        if number == self._chunks:
            self._transport.write(_ending())
            return
        self._transport.write(_event(f'{{"content":" {to_letters(now_us())}"}}'))
        self._loop.call_at(start + (number + 1) * self._interval_s, self._stream, number + 1, start)


async def _serve(port: int, chunks: int, interval_s: float) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Upstream(chunks, interval_s), "127.0.0.1", port)
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--chunks", type=int, default=50)
    parser.add_argument("--interval-ms", type=float, default=10)
    options = parser.parse_args()
    uvloop.run(_serve(options.port, options.chunks, options.interval_ms / 1000))


if __name__ == "__main__":
    main()
