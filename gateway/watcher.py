"""The composition root of the watch, as ``app`` is of the gateway: it knows the watch's parts, its clocks and its files."""

import fcntl
import os
import threading
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

from gateway.config import Config
from gateway.proxy.keeping import replace_file
from gateway.storage.sqlite import SqliteStore
from gateway.watch.loop import Loop
from gateway.watch.status import NAME, render

_ASK_S = 0.5


def watch(config: Config, stop: threading.Event) -> None:
    """Runs until ``stop`` is set. Waits for its turn where another watch has the same store. Raises OSError."""
    path = config.store.path
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    loop = Loop(
        config.journal.dir,
        partial(SqliteStore, path, config.store.retain_days),
        partial(_put_away, path),
        partial(_say, config.watch.dir / NAME),
        time.time,
        time.monotonic,
    )
    with path.with_name(f"{path.name}.lock").open("ab") as lock:  # which goes with the process, however it ends
        if _is_ours(lock.fileno(), stop):
            loop.run(stop)


def _say(path: Path, figures: dict[str, float]) -> None:
    """Where it cannot be said, the watch is soon taken for dead, and yet goes on."""
    with suppress(OSError):
        replace_file(path, render(os.getpid(), figures))


def _put_away(path: Path) -> None:
    """Also what SQLite keeps beside it. Raises OSError."""
    path.replace(path.with_name(f"{path.name}.broken"))
    for beside in ("-wal", "-shm"):
        path.with_name(path.name + beside).unlink(missing_ok=True)


def _is_ours(lock: int, stop: threading.Event) -> bool:
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if stop.wait(_ASK_S):
                return False
        else:
            return True
