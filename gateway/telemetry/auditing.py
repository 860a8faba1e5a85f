"""Reading a journal for its audit, also one that is being written to and pruned meanwhile.

What was there at the first look can only speak of what was there then, all of which is read later. So what lines say of other segments is
held against those as far as it was there at the first look; of what came later, the lines are held to their own chain.
"""

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from gateway.telemetry.chain import chain_key
from gateway.telemetry.checkpoints import NEWEST, ends_in, read_newest
from gateway.telemetry.folder_audit import FolderAudit
from gateway.telemetry.journal import is_written, segment_files
from gateway.telemetry.segment_audit import Fault, SegmentAudit
from gateway.telemetry.signing import Signer

_ROUNDS = 3
"""How often it is looked what else has come, which may say what was pruned."""
_MAX_LINE = 64 << 20
_HEAD = 4096
"""Of a longer line, what is looked at."""


def read_journal(folder: Path, secret: bytes, told: Callable[[int, int], None] = lambda read, listed: None) -> FolderAudit:
    """``told`` is called now and then: how many segments were read, and of how many. Raises OSError."""
    key, signer = chain_key(secret), Signer(secret)
    audit = FolderAudit()
    _take_newest(folder, signer, audit)
    listed = segment_files(folder)
    settled = {path: _size(path) for path in listed}
    read: set[Path] = set()
    for _ in range(_ROUNDS):
        for number, path in enumerate(listed):
            told(number, len(listed))
            segment = SegmentAudit(path.name, key, signer)
            try:
                if is_written(path):
                    audit.running.add(path.name)
                _read(path, segment, settled.get(path, 0))
            except FileNotFoundError:  # it was pruned
                audit.gone.add(path.name)
            else:
                audit.add(segment)
        read.update(listed)
        listed = [path for path in segment_files(folder) if path not in read]
    audit.staying = {path.name for path in read if path.exists()}
    return audit


def _take_newest(folder: Path, signer: Signer, audit: FolderAudit) -> None:
    """Before the segments are read: they have to be as far."""
    try:
        newest = read_newest(folder, signer)
        audit.known += [(end, NEWEST) for end in ends_in(newest, signer)] if newest else []
        audit.alone += [] if newest else [Fault("removed", NEWEST, 0, "", "the newest checkpoint is missing beside the segments")]
    except ValueError as error:
        audit.alone.append(Fault("signature", NEWEST, 0, "", str(error)))


def _read(path: Path, segment: SegmentAudit, settled: int) -> None:
    at = 0
    with path.open("rb") as file:
        while line := file.readline(_MAX_LINE):
            at += len(line)
            if len(line) == _MAX_LINE and not line.endswith(b"\n"):
                at += _skip(file)
                segment.pass_over(line[:_HEAD], f"a line of more than {_MAX_LINE} bytes, which the gateway never writes")
                continue
            if not line.endswith(b"\n"):
                segment.finish(line)
                return
            segment.feed(line, is_settled=at <= settled)
    segment.finish(b"")


def _skip(file: BinaryIO) -> int:
    """What is left of a line; how many bytes."""
    skipped = 0
    while rest := file.readline(_MAX_LINE):
        skipped += len(rest)
        if rest.endswith(b"\n"):
            break
    return skipped


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
