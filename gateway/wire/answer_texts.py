"""The texts in those parts of an answer that dialects have in common."""

import re
from collections.abc import Iterable, Iterator
from typing import TypeGuard

from gateway.wire.media import readable
from gateway.wire.model import Delta, Form, Json, Kind, Place, Uninspectable, Usage
from gateway.wire.spelled import spells
from gateway.wire.walk import is_structural, strings
from policies.vocabulary import Scope

Found = Iterator[Delta | Uninspectable]

_TOKEN = re.compile(r".{0,6}|[^0-9@]{0,64}", re.DOTALL)


def parted(found: Iterable[Delta | Uninspectable]) -> tuple[tuple[Delta, ...], tuple[Uninspectable, ...]]:
    deltas: list[Delta] = []
    uninspectable: list[Uninspectable] = []
    for each in found:
        if isinstance(each, Delta):
            deltas.append(each)
        else:
            uninspectable.append(each)
    return tuple(deltas), tuple(uninspectable)


def read_whole(value: Json, channel: Place, place: Place, scope: Scope) -> Found:
    """Texts that are complete where they stand, keys that are more than names among them."""
    for text, here, form in strings(value, place):
        if form is Form.TEXT:
            yield Delta((*channel, *here[len(place) :]), scope, text, here, closes=True)
        elif not is_structural(text):
            yield read_key(text, here, scope)


def read_key(key: str, place: Place, scope: Scope) -> Delta:
    """A key that is prose, at its own place: it is judged, and never rewritten."""
    return Delta(("key", *place), scope, key, place, Form.KEY, closes=True)


def read_keys(value: dict[str, Json], place: Place, known: frozenset[str]) -> Found:
    """A key that is prose is text that nothing could rewrite."""
    if not (value.keys() <= known or all(map(is_structural, value))):
        yield Uninspectable(Kind.UNKNOWN, place)


def read_data(data: str, place: Place) -> Found:
    """A medium's own data. What is text, or base64 of text, is not what it is said to be."""
    if readable(data):
        yield Uninspectable(Kind.UNKNOWN, place)


def is_log_probability(key: str, value: Json) -> bool:
    """Whether a value has the form of log probabilities: lists, of which several can be joined."""
    return key == "logprobs" and isinstance(value, dict) and all(item is None or isinstance(item, list) for item in value.values())


def is_token(text: str) -> bool:
    """Whether a text among log probabilities can be no more than a token, which alone means nobody."""
    return bool(_TOKEN.fullmatch(text))


def read_spelled(value: Json, channel: Place, place: Place, said: list[str] | None = None) -> Found:
    """What stands among log probabilities and is more than a token. ``said``: the texts that they are to spell, if they stand beside."""
    if said is not None and not spells(value, said):
        yield Uninspectable(Kind.UNKNOWN, place)
    for text, here, form in strings(value, place):
        if is_token(text):
            continue
        if form is Form.KEY:
            yield read_key(text, here, Scope.OUTPUT)
        else:
            yield Delta((*channel, *here[len(place) :]), Scope.OUTPUT, text, here, closes=True)


def is_index(value: Json) -> TypeGuard[int]:
    """Whether a value may number a choice, an item or a block."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 4096


def read_counts(usage: Json, read: str, written: str) -> Usage | None:
    """What an answer has used, by the names that its API has for what the model has read and written. Realtime sessions and transcripts
    write the name of the details differently.
    """
    if not isinstance(usage, dict):
        return None
    of_read, of_written = _details(usage, read), _details(usage, written)
    return Usage(
        read_count(usage.get(read)),
        read_count(usage.get(written)),
        read_count(of_read.get("cached_tokens")),
        read_count(of_read.get("cache_write_tokens")),
        read_count(of_written.get("reasoning_tokens")),
    )


def _details(usage: dict[str, Json], name: str) -> dict[str, Json]:
    details = usage.get(f"{name}_details", usage.get(f"{name.removesuffix('s')}_details"))
    return details if isinstance(details, dict) else {}


def read_count(value: Json) -> int | None:
    """A number of tokens, if it is one."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53 else None
