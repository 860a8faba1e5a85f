"""Events of a streamed response that bring a text in pieces, or say that it is whole now."""

from gateway.wire.answer_texts import read_spelled
from gateway.wire.model import Companion, Delta, Kind, Uninspectable
from gateway.wire.openai.responses_answer import Found
from gateway.wire.openai.responses_event import (
    OWN,
    Reader,
    ResponsesEvent,
    channel_of,
    has_rest,
    indexes_of,
    rest,
    unknown,
    whole,
    whole_strings,
)
from gateway.wire.openai.responses_items import ANSWER, read_strings
from gateway.wire.openai.responses_streams import SHELL_OUTPUT, STREAMS, TRANSCRIPT, Stream
from policies.vocabulary import Scope


def read_delta(stream: Stream) -> Reader:
    read = frozenset({"delta", "logprobs"}) if stream.name == "output_text" else frozenset({"delta"})
    known = OWN | read

    def reader(event: ResponsesEvent) -> Found:
        body = event.body
        indexes, text = indexes_of(body, stream.index), body.get("delta")
        if indexes is None or not isinstance(text, str):
            yield from unknown(body)
            return
        channel = channel_of(indexes, stream.name)
        if text:
            yield Delta(channel, stream.scope, text, ("delta",), stream.form, run=stream.run)
        if "logprobs" in read and (spelled := body.get("logprobs")):
            if isinstance(spelled, list):
                body["logprobs"] = {"content": spelled}
                event.companions = (Companion((channel,), ("logprobs",)),)
                yield from read_spelled(spelled, ("event", "logprobs"), ("logprobs", "content"), [text])
            else:
                yield Uninspectable(Kind.UNKNOWN, ("logprobs",))
        if has_rest(body, known):
            yield from rest(body, read)

    return reader


def read_done(stream: Stream) -> Reader:
    read = frozenset({stream.done, "logprobs"}) if stream.name == "output_text" else frozenset({stream.done})

    def reader(event: ResponsesEvent) -> Found:
        body = event.body
        indexes, text = indexes_of(body, stream.index), body.get(stream.done)
        if indexes is None or not isinstance(text, str):
            yield from unknown(body)
            return
        event.ends = (channel_of(indexes, stream.name),)
        if text:
            channel = ("again", indexes[0], *stream.place_in_item(indexes[1:]))
            run = ("done", *stream.run) if stream.run else ()
            yield Delta(channel, stream.scope, text, (stream.done,), stream.form, closes=True, echoes=True, run=run)
        if "logprobs" in read and body.get("logprobs"):
            if isinstance(body["logprobs"], list):
                event.spelled = (((), text),)
                yield from read_spelled(body["logprobs"], ("event", "logprobs"), ("logprobs",), [text])
            else:
                yield Uninspectable(Kind.UNKNOWN, ("logprobs",))
        yield from rest(body, read)

    return reader


def read_added_command(event: ResponsesEvent) -> Found:
    """A command begins, perhaps with words of it."""
    body = event.body
    stream = STREAMS["shell_call_command"]
    indexes, text = indexes_of(body, stream.index), body.get("command")
    if indexes is None or not isinstance(text, str):
        yield from unknown(body)
        return
    if text:
        yield Delta(channel_of(indexes, stream.name), stream.scope, text, ("command",))
    yield from rest(body, frozenset({"command"}))


def read_shell_delta(event: ResponsesEvent) -> Found:
    body = event.body
    indexes, delta = indexes_of(body, "command_index"), body.get("delta")
    if indexes is None or not isinstance(delta, dict):
        yield from unknown(body)
        return
    for key, value in delta.items():
        if key in ("stdout", "stderr") and isinstance(value, str):
            if value:
                yield Delta((*channel_of(indexes, SHELL_OUTPUT), key), Scope.TOOL_RESULTS, value, ("delta", key))
        else:
            yield from whole_strings({key: value}, ("delta",), ("event", "delta"), Scope.TOOL_RESULTS)
    yield from rest(body, frozenset({"delta"}))


def read_shell_done(event: ResponsesEvent) -> Found:
    body = event.body
    indexes = indexes_of(body, "command_index")
    if indexes is None:
        yield from unknown(body)
        return
    event.ends = (channel_of(indexes, SHELL_OUTPUT),)
    channel = ("again", *indexes)
    for found in read_strings(body.get("output"), ("output",), "tool", Scope.TOOL_RESULTS, ANSWER):
        yield from whole(found, lambda place: (*channel, *place), echoes=True)
    yield from rest(body, frozenset({"output"}))


def read_transcript(event: ResponsesEvent) -> Found:
    text = event.body.get("delta")
    if not isinstance(text, str):
        yield from unknown(event.body)
        return
    if text:
        yield Delta((TRANSCRIPT,), Scope.OUTPUT, text, ("delta",))
    yield from rest(event.body, frozenset({"delta"}))


def read_media(key: str, kind: Kind) -> Reader:
    def reader(event: ResponsesEvent) -> Found:
        yield Uninspectable(kind, (key,))
        yield from rest(event.body, frozenset({key}))

    return reader


def read_annotation(event: ResponsesEvent) -> Found:
    body = event.body
    indexes = indexes_of(body, "content_index", "annotation_index")
    if indexes is None:
        yield from unknown(body)
        return
    yield from whole_strings(body.get("annotation"), ("annotation",), ("item", indexes[0], "annotation", *indexes[1:]), Scope.OUTPUT)
    yield from rest(body, frozenset({"annotation"}))
