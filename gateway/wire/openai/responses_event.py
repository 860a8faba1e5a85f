"""What the events of a streamed response have in common, and how they are read."""

from collections.abc import Callable
from dataclasses import dataclass

from gateway.wire.answer_texts import is_index, read_keys
from gateway.wire.model import Channel, Event, Json, Kind, Place, Uninspectable
from gateway.wire.openai.responses_answer import Found, to_delta
from gateway.wire.openai.responses_items import ANSWER, Text, read_strings
from gateway.wire.walk import is_structural
from policies.vocabulary import Scope


@dataclass(slots=True)
class ResponsesEvent(Event):
    """``spelled`` are the parts with log probabilities whose text has been said before, each with the text that these spell: they go on
    if the text does as it came. Those of a piece of text are a companion, wrapped in an object while the event is under way.
    """

    spelled: tuple[tuple[Place, str], ...] = ()


Reader = Callable[[ResponsesEvent], Found]
"""The texts of an event; what else there is to say of it is noted on it."""

OWN = frozenset({"type", "sequence_number", "output_index", "content_index", "summary_index", "command_index", "annotation_index"}) | {
    "item_id", "event_id", "response_id", "partial_image_index", "obfuscation",
}  # fmt: skip
"""What events say of themselves; ``obfuscation`` is noise that hides how long a text is."""
_NOTHING: frozenset[str] = frozenset()


def unknown(body: dict[str, Json]) -> Found:
    yield Uninspectable(Kind.UNKNOWN, ("type",))
    yield from whole_strings(body, (), ("event",), Scope.OUTPUT)


def whole_strings(value: Json, place: Place, channel: Channel, scope: Scope) -> Found:
    """Texts that are complete where they stand."""
    for text in read_strings(value, place, "assistant", scope, ANSWER):
        yield from whole(text, lambda there: (*channel, *there[len(place) :]))


def whole(found: Text | Uninspectable, channel: Callable[[Place], Place], *, echoes: bool = False, run: Channel = ()) -> Found:
    delta = found if isinstance(found, Uninspectable) else to_delta(found, channel, echoes=echoes, run=run)
    if delta is not None:
        yield delta


def rest(body: dict[str, Json], read: frozenset[str]) -> Found:
    """What an event says besides what was ``read`` of it."""
    yield from read_keys(body, (), OWN | read)
    for key, value in body.items():
        if key not in read and not (key in OWN and is_structural(value)):
            yield from whole_strings(value, (key,), ("event", key), Scope.OUTPUT)


def read_rest(event: ResponsesEvent) -> Found:
    return rest(event.body, _NOTHING)


def has_rest(body: dict[str, Json], known: frozenset[str]) -> bool:
    """Whether there may be anything in ``rest``; ``known`` are the event's own keys and those that were read."""
    if not body.keys() <= known:
        return True
    return any(not isinstance(value, int) and key in OWN and not is_structural(value) for key, value in body.items())


def indexes_of(body: dict[str, Json], *keys: str | None) -> Channel | None:
    """The numbers that say which text of which item this is; None if they are none."""
    first = body.get("output_index", 0)
    if not is_index(first):
        return None
    values = [body.get(name, 0) for name in keys if name]
    return (first, *values) if all(map(is_index, values)) else None


def channel_of(indexes: Channel, name: str) -> Channel:
    return ("output", indexes[0], name, *indexes[1:])
