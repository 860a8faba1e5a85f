"""Streams under load: when the first byte came, how late each event and each piece of text was, and how many events there were."""

import json
from bisect import bisect_left
from dataclasses import dataclass
from time import perf_counter

from bench.bodies import Body
from bench.load import Exchange, http_request, run_connections
from bench.stamps import IN_TEXT, from_letters

_MOST_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Streams:
    """``event_delays_s`` is from an event's sending to its arrival, ``text_delays_s`` the same for the text that it carried."""

    seconds: float
    count: int
    first_byte_s: list[float]
    event_delays_s: list[float]
    text_delays_s: list[float]
    events: list[int]


async def closed_loop_of_streams(port: int, body: Body, *, connections: int, streams: int) -> Streams:
    left = streams
    exchanges: list[Exchange] = []
    request = http_request(body.content)

    def next_request() -> bytes | None:
        nonlocal left
        left -= 1
        return request if left >= 0 else None

    start = perf_counter()
    await run_connections(port, connections, next_request, exchanges.append, _MOST_SECONDS)
    seconds = perf_counter() - start
    return _measure(exchanges, seconds)


def _measure(exchanges: list[Exchange], seconds: float) -> Streams:
    result = Streams(seconds, len(exchanges), [], [], [], [])
    for exchange in exchanges:
        events = _events(exchange)
        result.first_byte_s.append(events[0][0] - exchange.sent)
        result.events.append(len(events))
        chunks = [(arrived, json.loads(data)) for arrived, data in events if data != b"[DONE]"]
        with_text = [(arrived, chunk["created"], _text(chunk)) for arrived, chunk in chunks]
        result.event_delays_s.extend(arrived - created / 1e6 for arrived, created, _ in with_text)
        result.text_delays_s.extend(_text_delays([(arrived, text) for arrived, _, text in with_text]))
    return result


def _text(chunk: dict) -> str:
    return "".join(choice["delta"].get("content") or "" for choice in chunk["choices"])


def _text_delays(pieces: list[tuple[float, str]]) -> list[float]:
    """A stamp counts as arrived with its last letter, wherever the text was cut on the way."""
    ends, total = [], 0
    for _, text in pieces:
        total += len(text)
        ends.append(total)
    whole = "".join(text for _, text in pieces)
    return [pieces[bisect_left(ends, stamp.end())][0] - from_letters(stamp[1]) / 1e6 for stamp in IN_TEXT.finditer(whole)]


def _events(exchange: Exchange) -> list[tuple[float, bytes]]:
    """The data of each event with the time of its last byte."""
    raw = b"".join(data for _, data in exchange.pieces)
    arrived_to, total = [], 0
    for _, data in exchange.pieces:
        total += len(data)
        arrived_to.append(total)
    body, places = _without_framing(raw, raw.index(b"\r\n\r\n") + 4)
    events, start = [], 0
    while (end := body.find(b"\n\n", start)) >= 0:
        arrived = exchange.pieces[bisect_left(arrived_to, _place_in_raw(places, end + 2))][0]
        if body.startswith(b"data: ", start):
            events.append((arrived, body[start + 6 : end]))
        start = end + 2
    return events


def _without_framing(raw: bytes, at: int) -> tuple[bytes, list[tuple[int, int]]]:
    """The chunked body joined, and for each chunk where it ends in the joined body and where in the raw answer."""
    parts, places, total = [], [], 0
    while (line := raw.find(b"\r\n", at)) >= 0 and (size := int(raw[at:line], 16)):
        parts.append(raw[line + 2 : line + 2 + size])
        total += size
        at = line + 2 + size + 2
        places.append((total, at - 2))
    return b"".join(parts), places


def _place_in_raw(places: list[tuple[int, int]], joined: int) -> int:
    joined_end, raw_end = places[bisect_left(places, (joined, 0))]
    return raw_end - (joined_end - joined)
