"""A transcript as text: plain, or as the cues of subtitles (SRT, WebVTT). A cue says a piece of what is said as a whole."""

import re
from dataclasses import dataclass

from gateway.wire.model import Event, Json
from gateway.wire.openai.transcript_texts import read_transcript, reconcile

_TIME = r"(?:\d+:)?\d\d:\d\d[.,]\d{3}"
_TIMING = re.compile(rf"({_TIME}) +--> +({_TIME})(?: +(?:align|line|position|region|size|vertical):[A-Za-z0-9,.%-]{{1,16}}){{0,6}}")
_NUMBER = re.compile(r"\d{1,5}")


@dataclass(slots=True)
class Cues(Event):
    """``lines`` as they came, each with its end; ``spoken`` are the numbers of those that are text. None: it is all one text."""

    lines: tuple[str, ...] = ()
    spoken: tuple[int, ...] = ()


def read_cues(raw: bytes, text: str) -> Event:
    lines = text.split("\n")
    plain = [line.strip() for line in lines]
    if not any(map(_TIMING.fullmatch, plain)):
        return _event(raw, {"text": text})
    spoken = tuple(index for index, line in enumerate(plain) if not _is_frame(line, "".join(plain[index + 1 : index + 2])))
    said = [plain[index] for index in spoken]
    return _event(raw, {"text": " ".join(said), "segments": [{"text": line} for line in said]}, tuple(lines), spoken)


def write_cues(event: Cues) -> bytes:
    """The transcript as it is now; if its cues no longer spell it, as one cue."""
    reconcile(event)
    body = event.body
    segments = body.get("segments")
    if not event.lines:
        return _bytes(body["text"])
    lines = list(event.lines)
    if not segments:
        return _bytes(_one_cue(lines, body["text"]))
    for index, segment in zip(event.spoken, segments, strict=True):
        lines[index] = segment["text"] + ("\r" if lines[index].endswith("\r") else "")
    return _bytes("\n".join(lines))


def _event(raw: bytes, body: Json, lines: tuple[str, ...] = (), spoken: tuple[int, ...] = ()) -> Cues:
    read = read_transcript(raw, body)
    return Cues(raw, body, read.deltas, uninspectable=read.uninspectable, lines=lines, spoken=spoken)


def _is_frame(line: str, after: str) -> bool:
    """Lines that are no text: the head, none, a cue's times, and its number right before them."""
    return line in ("", "WEBVTT") or bool(_TIMING.fullmatch(line) or (_NUMBER.fullmatch(line) and _TIMING.fullmatch(after)))


def _one_cue(lines: list[str], text: str) -> str:
    timings = [found for line in lines if (found := _TIMING.fullmatch(line.strip()))]
    head = "WEBVTT\n\n" if lines[0].startswith("WEBVTT") else "1\n"
    return f"{head}{timings[0][1]} --> {timings[-1][2]}\n{text}\n"


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")
