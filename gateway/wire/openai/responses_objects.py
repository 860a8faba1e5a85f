"""Events of a streamed response that bring an object: a part of an item, an item, the response."""

from gateway.wire.calls import item_tool
from gateway.wire.model import Delta, Form, Json, Place, Uninspectable
from gateway.wire.openai.responses_answer import Found, calls_in, read_names, read_response, read_usage, spelled_parts
from gateway.wire.openai.responses_event import Reader, ResponsesEvent, indexes_of, rest, unknown, whole
from gateway.wire.openai.responses_items import ANSWER, REPEATED, Text, is_spelled, read_item, read_part
from gateway.wire.openai.responses_streams import PARTS, STREAMS, streamed
from policies.vocabulary import Scope


def read_part_event(list_: str, key: str, *, is_done: bool) -> Reader:
    """A part opens or closes. What text it has as it opens is what its deltas go on from."""
    side = ANSWER if is_done else REPEATED
    names = tuple(stream.name for stream in PARTS.values() if stream.place == (list_,))

    def reader(event: ResponsesEvent) -> Found:
        body = event.body
        indexes, part = indexes_of(body, key), body.get("part")
        if indexes is None or not isinstance(part, dict):
            yield from unknown(body)
            return
        item, index = indexes
        kind = part.get("type")
        stream = PARTS.get(kind) if isinstance(kind, str) else None
        if is_done:
            event.ends = tuple(("output", item, name, index) for name in names)
            event.spelled = ((("part",), part["text"]),) if is_spelled(part) else ()
        scope = Scope.REASONING if list_ == "summary" else Scope.OUTPUT
        head = ("again" if is_done else "item", item, list_, index)
        for found in read_part(part, ("part",), "assistant", scope, side):
            if isinstance(found, Text) and not is_done and stream and found.place == ("part", stream.done):
                yield Delta(("output", item, stream.name, index), stream.scope, found.text, found.place, stream.form, run=stream.run)
            else:
                run = ("part", stream.name) if stream and found.place == ("part", stream.done) else ()
                yield from whole(found, lambda place: (*head, *place[1:]), echoes=is_done, run=run)
        yield from rest(body, frozenset({"part"}))

    return reader


def read_item_event(*, is_done: bool) -> Reader:
    """The same for an item."""
    side = ANSWER if is_done else REPEATED

    def reader(event: ResponsesEvent) -> Found:
        body = event.body
        indexes, item = indexes_of(body), body.get("item")
        if indexes is None or not isinstance(item, dict):
            yield from unknown(body)
            return
        index = indexes[0]
        if (tool := item_tool(item)) is not None:
            event.calls = ((("output", index), tool), (("again" if is_done else "item", index), tool))
        if is_done:
            event.ends = (("output", index),)
            event.spelled = tuple((("item", *place[1:]), _text_at(item, place)) for place in spelled_parts([item]))
        for found in read_item(item, ("item",), side):
            yield from _item_text(found, item, index, is_done=is_done)
        yield from rest(body, frozenset({"item"}))

    return reader


def _item_text(found: Text | Uninspectable, item: dict[str, Json], index: str | int, *, is_done: bool) -> Found:
    stream = streamed(item, found.place[1:]) if isinstance(found, Text) and found.form in (Form.TEXT, Form.JSON) else None
    run = STREAMS[str(stream[0])].run if stream and stream[0] in STREAMS else ()
    if isinstance(found, Text) and stream and not is_done:
        form = Form.JSON if found.form is Form.JSON else Form.TEXT
        yield Delta(("output", index, *stream), found.scope, found.text, found.place, form, run=run)
    else:
        head = "again" if is_done else "item"
        run = ("item", *run) if run else ()
        yield from whole(found, lambda place: (head, index, *place[1:]), echoes=is_done and bool(stream), run=run)


def _text_at(item: dict[str, Json], place: Place) -> str:
    text: str = item["content"][place[-1]]["text"]
    return text


def read_response_event(*, is_end: bool) -> Reader:
    def reader(event: ResponsesEvent) -> Found:
        response = event.body.get("response")
        event.is_end = is_end
        if not isinstance(response, dict):
            yield from unknown(event.body)
            return
        event.names, event.usage = read_names(response), read_usage(response)
        output = response.get("output")
        if isinstance(output, list):
            event.calls = calls_in(output, "again")
            event.spelled = tuple(
                (("response", "output", *place), _text_at(output[int(place[0])], place)) for place in spelled_parts(output)
            )
        yield from read_response(response, ("response",), again=True)
        yield from rest(event.body, frozenset({"response"}))

    return reader
