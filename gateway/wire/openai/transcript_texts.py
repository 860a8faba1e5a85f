"""The texts of a transcript: the whole of it, and the same again in segments and words.

Words and token numbers are far too many to be guarded one by one. They go on with the text that they spell, and not with another one.
"""

from collections.abc import Iterable, Iterator

from gateway.wire.answer_texts import parted, read_counts, read_spelled
from gateway.wire.model import Delta, Event, Json, Kind, Uninspectable, Usage
from gateway.wire.resource_texts import read_kept
from gateway.wire.walk import is_name

MAX_SEGMENTS = 480
"""Those of a longer transcript are not guarded one by one either."""

_SPELLED = ("segments", "words", "logprobs")
_KEY = {"segments": "text", "words": "word", "logprobs": "token"}
_NUMBERS = frozenset({"tokens", "bytes"})


def read_transcript(raw: bytes, body: Json) -> Event:
    """``body`` is the answer's JSON."""
    deltas, uninspectable = parted(_texts(body))
    return Event(raw, body, deltas, uninspectable=uninspectable, usage=_usage(body))


def reconcile(event: Event) -> None:
    """Leave out what does not spell the text as it is now, and the token numbers of what has changed."""
    body, before = event.body, {delta.place: delta.text for delta in event.deltas}
    if not isinstance(body, dict):
        return
    for index, segment in enumerate(_items(body, "segments")):
        if segment.get("text") != before.get(("segments", index, "text"), segment.get("text")) and "tokens" in segment:
            segment["tokens"] = []
    if body.get("text") == before.get(("text",)):
        return
    for key in _SPELLED:
        if key in body and _letters(_said(body, key)) != _letters([body.get("text")]):
            body[key] = []


def _texts(body: Json) -> Iterator[Delta | Uninspectable]:
    if not isinstance(body, dict) or not isinstance(body.get("text"), str):
        yield from read_kept(body, ())
        return
    whole = _letters([body["text"]])
    rest = {key: value for key, value in body.items() if key not in _SPELLED}
    yield from read_kept(rest, ())
    for key in _SPELLED:
        items = body.get(key)
        if not items:
            continue
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            yield Uninspectable(Kind.UNKNOWN, (key,))
            continue
        is_echo = _letters(_said(body, key)) == whole
        is_each = key == "segments" and len(items) <= MAX_SEGMENTS
        if not (is_echo or is_each or key == "logprobs"):  # tokens may be less than letters
            yield Uninspectable(Kind.UNKNOWN, (key,))
        yield from _pieces(key, items, is_each=is_each, is_echo=is_echo)


def _pieces(key: str, items: list[dict[str, Json]], *, is_each: bool, is_echo: bool) -> Iterator[Delta | Uninspectable]:
    """The texts of segments, and of anything what stands beside its text."""
    for index, item in enumerate(items):
        if key == "logprobs":
            yield from read_spelled(item.get("token"), (key, index, "token"), (key, index, "token"))
        rest = {name: value for name, value in item.items() if not _is_beside(name, value) and (is_each or name != _KEY[key])}
        for found in read_kept(rest, (key, index)) if rest else ():
            yield found._replace(echoes=is_echo) if isinstance(found, Delta) else found


def _is_beside(name: str, value: Json) -> bool:
    """Numbers, and what a speaker is called if it is a mere name."""
    if name in _NUMBERS and isinstance(value, list):
        return all(isinstance(number, (int, float)) for number in value)
    return is_name(name) and (isinstance(value, (int, float)) or (name == "speaker" and isinstance(value, str) and is_name(value)))


def _items(body: dict[str, Json], key: str) -> list[dict[str, Json]]:
    items = body.get(key)
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _said(body: dict[str, Json], key: str) -> Iterator[Json]:
    return (item.get(_KEY[key]) for item in _items(body, key))


def _letters(texts: Iterable[Json]) -> str:
    """Letters and digits alone: pieces differ in spaces and punctuation."""
    return "".join(filter(str.isalnum, "".join(text for text in texts if isinstance(text, str))))


def _usage(body: Json) -> Usage | None:
    return read_counts(body.get("usage"), "input_tokens", "output_tokens") if isinstance(body, dict) else None
