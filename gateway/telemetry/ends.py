"""Where the chain is at the end of segments, as the files say; what is torn off there is not part of it."""

from collections.abc import Iterable
from pathlib import Path

from gateway.telemetry.chain import End, read_seal

_BLOCK = 8192


def ends_of(segments: Iterable[Path]) -> list[End]:
    """Of those that can be read and have a sealed line."""
    return [end for segment in segments if (end := _end_of(segment))]


def _end_of(segment: Path) -> End | None:
    try:
        seal = read_seal(_last_line(segment))
    except OSError:  # somebody cleans up
        return None
    return End(segment.name, seal.link) if seal else None


def _last_line(segment: Path) -> bytes:
    """The last whole one."""
    block = _BLOCK
    with segment.open("rb") as file:
        size = file.seek(0, 2)
        while True:
            file.seek(max(0, size - block))
            read = file.read(block)
            end = read.rfind(b"\n") + 1
            start = read.rfind(b"\n", 0, end - 1) + 1 if end else 0
            if start or block >= size:
                return read[start:end]
            block *= 4
