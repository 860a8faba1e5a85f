"""The append-only journal: one line of JSON for each exchange, in segment files.

A record is with the operating system when ``append`` returns, so it survives the death of the process; ``fsync`` says when it also survives
the death of the machine (``always``: at once; ``interval``: about a second later; ``never``: when the system likes).

Every line is a link of this writer's chain (see ``chain``), so that what is changed or taken away later is found.
"""

import fcntl
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from gateway.telemetry.chain import CHECKPOINT, PRUNED, SEAL_BYTES, SEGMENT, START, End, chain_key, seal
from gateway.telemetry.checkpoints import ends_in, keep_newest, read_newest
from gateway.telemetry.ends import ends_of
from gateway.telemetry.signing import Signer
from gateway.wire.codec import encode
from gateway.wire.model import Json

SUFFIX = ".jsonl"
_STAMP = "%Y%m%dT%H%M%S"
CHECKPOINT_RECORDS = 10_000
"""A checkpoint is written after so many records at the latest."""
_WITNESSED = 16
"""A checkpoint says of so many of the folder's newest segments where they end, and of as many writers' newest."""

_MAX_UNSYNCED = 1000
"""Segments that were closed and are not brought to the disk yet."""

Why = Literal["start", "interval", "rotation", "end"]
Found = Literal["there", "nothing", "missing", "bad"]
"""What a writer found of the newest checkpoint when it began: ``nothing``, and no segments but those that others had just begun."""
Sync = Literal["interval", "always", "never"]


@dataclass(slots=True)
class _Segment:
    """The one that is written to."""

    name: str
    file: int
    size: int = 0
    records: int = 0
    is_torn: bool = False
    is_dirty: bool = False


class Journal:
    """Written by one process, as others may write theirs to the same folder. Segments are named so that they sort by age, whatever the
    clock does: ``20261122T101500-PID-SEQ.jsonl``.

    ``secret`` is the gateway's key, from which the chain's keys come. ``fsync``: with ``interval``, ``sync`` is called every second.
    """

    def __init__(
        self, folder: Path, segment_bytes: int, keep_bytes: int, secret: bytes, now: Callable[[], float], *, fsync: Sync = "interval"
    ) -> None:
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._keep_bytes = keep_bytes
        self._key, self._signer = chain_key(secret), Signer(secret)
        self._now = now
        self._fsync = fsync
        self._unsynced: deque[str] = deque(maxlen=_MAX_UNSYNCED)
        self._newest: Json | None = None
        self._syncing = threading.Lock()
        self._sequence = 0
        self._link = START
        self._unsigned = 0
        self._through = ""
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder):
            self._latest = _after(segment_files(folder))
            self._at = self._new_segment()
            self._writer = self._at.name.removesuffix(SUFFIX)
            self._own = deque([self._at.name], maxlen=_WITNESSED)
            self._found, self._known = self._look_back()
            try:
                self._begin(self._at, None)
                self._sign("start")
            except OSError:
                self._drop(self._at)
                raise
        self._known = ()

    def append(self, record: Json) -> None:
        """Raises OSError when the record could not be written whole."""
        body = encode(record)
        at = self._at
        if at.is_torn or (at.records and at.size + len(body) + SEAL_BYTES > self._segment_bytes):
            self._rotate()
        self._write(body, self._at)
        self._at.records += 1
        self._unsigned += 1
        if self._unsigned >= CHECKPOINT_RECORDS:
            with suppress(OSError):  # the record is there; the next checkpoint says so
                self.checkpoint()
        if self._fsync == "always":
            self.sync()

    def checkpoint(self) -> None:
        """Sign how far the chain is, if there is anything new. Raises OSError."""
        if self._unsigned and not self._at.is_torn:
            self._sign("interval")

    def sync(self) -> None:
        """Bring what was written to the disk; blocks while the disk works."""
        with self._syncing:
            self._sync()

    def _sync(self) -> None:
        at = self._at  # this may run in a thread, while a full segment is being closed
        with suppress(IndexError):
            while True:
                _sync_file(self._folder / self._unsynced.popleft())
        if at.is_dirty:
            at.is_dirty = False
            _sync_file(self._folder / at.name)
        newest, self._newest = self._newest, None
        if newest:
            with suppress(OSError):  # it stands in the segment
                keep_newest(self._folder, newest)

    def close(self) -> None:
        if not self._at.is_torn:
            with suppress(OSError):  # then it ends as if it had been killed
                self._sign("end")
        if self._fsync != "never":
            self.sync()
        os.close(self._at.file)

    def _write(self, body: bytes, at: _Segment) -> None:
        line, link = seal(self._key, self._link, body)
        written = os.write(at.file, line)
        at.size += written
        at.is_dirty = True
        if written != len(line):
            at.is_torn = True  # it ends its segment, so that readers can pass over it
            raise OSError("the journal took only a part of a record")
        self._link = link

    def _say(self, kind: str, said: Json, at: _Segment) -> None:
        self._write(encode({"v": 1, "kind": kind, "ts": round(self._now(), 6), **said}), at)

    def _begin(self, segment: _Segment, previous: End | None) -> None:
        said = {"segment": segment.name, "writer": self._writer, "key": self._signer.key_id, "previous": previous and previous.as_json()}
        if previous is None:
            said["found"] = self._found
        self._say(SEGMENT, said, segment)

    def _sign(self, why: Why, **said: str) -> None:
        word: dict[str, Any] = {
            "v": 1, "kind": CHECKPOINT, "ts": round(self._now(), 6), "why": why, "writer": self._writer,
            **End(self._at.name, self._link).as_json(), **said, "heads": [end.as_json() for end in self._others()],
        }  # fmt: skip
        signed = self._signer.signed(word)
        self._write(encode(signed), self._at)
        self._unsigned = 0
        if self._fsync == "interval" and why != "start":
            self._newest = signed
            return
        with suppress(OSError):  # it stands in the segment
            keep_newest(self._folder, signed, is_synced=self._fsync != "never")

    def _look_back(self) -> tuple[Found, Sequence[End]]:
        """What the last checkpoint of an earlier process says, if there is one."""
        try:
            newest = read_newest(self._folder, self._signer)
            if newest is not None:
                return "there", ends_in(newest, self._signer)
        except (OSError, ValueError):
            return "bad", ()
        others = [segment for segment in segment_files(self._folder) if segment.name != self._at.name]
        return "nothing" if all(map(is_written, others)) else "missing", ()

    def _others(self) -> list[End]:
        """Where the chains of other processes end, or are known to have ended: what was cut off since must not be forgotten."""
        newest = _newest(segment_files(self._folder))
        found = {end.segment: end for end in ends_of([segment for segment in newest if segment.name not in self._own])}
        room = 2 * _WITNESSED - len(found)
        for end in sorted(self._known, reverse=True):
            if end.segment not in found and room:
                found[end.segment], room = end, room - 1
            elif end.segment in found and found[end.segment].link.n < end.link.n:
                found[end.segment] = end
        return sorted(found.values())

    def _rotate(self) -> None:
        """Raises OSError; then the old segment goes on."""
        old, new = self._at, self._new_segment()
        try:
            if not old.is_torn:
                with suppress(OSError):  # the new segment says where the old one ended
                    self._sign("rotation", next=new.name)
            if self._fsync == "always":
                self.sync()
            self._begin(new, End(old.name, self._link))
        except OSError:
            self._drop(new)
            raise
        self._at = new
        if self._fsync == "interval" and old.is_dirty:
            self._unsynced.append(old.name)
        self._own.append(new.name)
        os.close(old.file)
        self._prune()

    def _new_segment(self) -> _Segment:
        """A file of its own, locked as long as it is written to."""
        self._latest = max(self._latest, self._now())
        stamp = datetime.fromtimestamp(self._latest, UTC).strftime(_STAMP)
        while True:
            self._sequence += 1
            name = f"{stamp}-{os.getpid()}-{self._sequence:06d}{SUFFIX}"
            with suppress(FileExistsError):  # of a process with our number before us
                file = os.open(self._folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
                break
        with suppress(OSError):  # a file system without locks
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return _Segment(name, file)

    def _drop(self, segment: _Segment) -> None:
        os.close(segment.file)
        (self._folder / segment.name).unlink(missing_ok=True)

    def _prune(self) -> None:
        """The oldest segments go once all of them take more than ``keep_bytes``; those that are written to stay.

        That they go stands in the chain before they do: else it would look like a theft.
        """
        sizes = {segment: _size(segment) for segment in segment_files(self._folder) if segment.name != self._at.name}
        total = sum(sizes.values())
        removed, kept = {}, []
        for segment, size in sizes.items():
            if total <= self._keep_bytes:
                break
            if is_written(segment):
                kept.append(segment)
            else:
                total -= size
                removed[segment] = size
        if removed:
            self._through = max(self._through, max(removed).name)
            said = {
                "segments": len(removed), "through": self._through, "kept": [segment.name for segment in kept],
                "sizes": {segment.name: size for segment, size in removed.items()},
            }  # fmt: skip
            with suppress(OSError):
                self._say(PRUNED, said, self._at)
                for segment in removed:
                    segment.unlink(missing_ok=True)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time begins to write here, and what it finds is not half of what another one has begun."""
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _newest(segments: list[Path]) -> list[Path]:
    """The newest of all, and of each of the writers that began a segment last; a slow one's is older than many of a fast one's."""
    of_writers = {segment.name.split("-")[1]: segment for segment in segments if segment.name.count("-") > 1}
    return sorted({*segments[-_WITNESSED:], *sorted(of_writers.values())[-_WITNESSED:]})


def is_written(segment: Path) -> bool:
    """Whether a process has it open to write to it."""
    try:
        with segment.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _after(segments: list[Path]) -> float:
    """A time that is later than the names of all segments."""
    try:
        return datetime.strptime(segments[-1].name.partition("-")[0], _STAMP).replace(tzinfo=UTC).timestamp() + 1
    except (IndexError, ValueError):  # there is none, or it is none of ours
        return 0


def _sync_file(path: Path) -> None:
    """By its name, as whoever wrote it may close it meanwhile."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:  # it was pruned
        return
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _size(segment: Path) -> int:
    try:
        return segment.stat().st_size
    except FileNotFoundError:  # somebody else cleans up too
        return 0


def segment_files(folder: Path) -> list[Path]:
    """The segments, oldest first."""
    return sorted(folder.glob(f"*{SUFFIX}"))
