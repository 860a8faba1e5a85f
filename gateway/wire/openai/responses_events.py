"""How each event of a streamed response is read; one that is not in this table is for the policy to judge."""

from collections.abc import Iterator, Mapping

from gateway.wire.answer_texts import parted
from gateway.wire.model import Json, Kind
from gateway.wire.openai.responses_event import Reader, ResponsesEvent, read_rest, unknown
from gateway.wire.openai.responses_objects import read_item_event, read_part_event, read_response_event
from gateway.wire.openai.responses_pieces import (
    read_added_command,
    read_annotation,
    read_delta,
    read_done,
    read_media,
    read_shell_delta,
    read_shell_done,
    read_transcript,
)
from gateway.wire.openai.responses_streams import SHELL_OUTPUT, STREAMS, TRANSCRIPT

_STARTED = frozenset({"response.created", "response.queued", "response.in_progress"})
_ENDED = frozenset({"response.completed", "response.incomplete", "response.failed"})
_BOOKKEEPING = frozenset(
    f"response.{name}"
    for name in (
        "code_interpreter_call.completed", "code_interpreter_call.in_progress", "code_interpreter_call.interpreting",
        "compaction.compacting", "file_search_call.completed", "file_search_call.in_progress", "file_search_call.searching",
        "image_generation_call.completed", "image_generation_call.generating", "image_generation_call.in_progress",
        "mcp_call.completed", "mcp_call.failed", "mcp_call.in_progress", "mcp_list_tools.completed", "mcp_list_tools.failed",
        "mcp_list_tools.in_progress", "web_search_call.completed", "web_search_call.in_progress", "web_search_call.searching",
        "audio.done", f"{TRANSCRIPT}.done",
    )
) | {"keepalive", "ping"}  # fmt: skip
"""Events that say how far something is. What text one has all the same is read like any other."""


def read_event(raw: bytes, body: dict[str, Json], fields: bytes) -> ResponsesEvent:
    """An event's own line and its data must name it alike: readers go by the one or the other."""
    kind = body.get("type")
    event = ResponsesEvent(raw, body, prefix=fields)
    line, read = _KNOWN.get(kind, (b"", None)) if isinstance(kind, str) else (b"", None)
    if fields != line and not _agrees(fields, str(kind)):
        read = None
    if read is None and kind is None and isinstance(body.get("error"), dict) and _agrees(fields, "error"):
        read = read_rest  # how endpoints of other APIs' habits say that they fail
    found = unknown(body) if read is None else read(event)
    event.deltas, event.uninspectable = parted(found)
    return event


def _agrees(fields: bytes, kind: str) -> bool:
    return all(
        line.partition(b":")[2].strip() == kind.encode("utf-8", "surrogatepass")
        for line in fields.splitlines()
        if line.partition(b":")[0] == b"event"
    )


def _readers() -> Iterator[tuple[str, Reader]]:
    for kind in _STARTED | _ENDED:
        yield kind, read_response_event(is_end=kind in _ENDED)
    for kind in _BOOKKEEPING | {"error"}:
        yield kind, read_rest
    for name, stream in STREAMS.items():
        yield f"response.{name}.delta", read_delta(stream)
        yield f"response.{name}.done", read_done(stream)
    for when in ("added", "done"):
        yield f"response.output_item.{when}", read_item_event(is_done=when == "done")
        yield f"response.content_part.{when}", read_part_event("content", "content_index", is_done=when == "done")
        yield f"response.reasoning_summary_part.{when}", read_part_event("summary", "summary_index", is_done=when == "done")
    yield "response.output_text.annotation.added", read_annotation
    yield "response.shell_call_command.added", read_added_command
    yield f"response.{SHELL_OUTPUT}.delta", read_shell_delta
    yield f"response.{SHELL_OUTPUT}.done", read_shell_done
    yield f"response.{TRANSCRIPT}.delta", read_transcript
    yield "response.audio.delta", read_media("delta", Kind.AUDIO)
    yield "response.image_generation_call.partial_image", read_media("partial_image_b64", Kind.IMAGE)


READERS: Mapping[str, Reader] = dict(_readers())
_KNOWN = {kind: (b"event: %b\n" % kind.encode(), reader) for kind, reader in READERS.items()}
"""Each with the line by which nearly every endpoint names it."""
