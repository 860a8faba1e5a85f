"""The composition root of the watch, as ``app`` is of the gateway: it knows the watch's parts, its clocks and its files."""

import fcntl
import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from importlib.metadata import version
from pathlib import Path

from gateway.config import Config
from gateway.proxy.keeping import read_file, replace_file
from gateway.storage.opening import open_store, reader_name
from gateway.storage.redis_stream import StreamReader, StreamSink
from gateway.watch.loop import Loop
from gateway.watch.otlp import OtlpCollector
from gateway.watch.otlp_meters import OtlpMeters
from gateway.watch.outbox import MAX_BYTES, Outbox, Posted
from gateway.watch.providers import endpoint
from gateway.watch.sharing import SendingWorker, SharedWorker
from gateway.watch.status import NAME, READER_NAME, render
from gateway.watch.store import Sink, SinkError
from gateway.watch.worker import BATCH_BYTES, Tally, Worker

_SENT = "otlp-sent.json"
"""How far the journal was sent to the collector."""
_BATCH_BYTES = 256 << 10
_ASK_S = 0.5
_AGAIN_S = 5.0
_END_S = 2.0

log = logging.getLogger("oddgate.watch")


def watch(config: Config, stop: threading.Event, *, is_beside: bool = False) -> None:
    """Runs until ``stop`` is set, beside a gateway or alone. Waits for its turn where another one does the same in the same folder.

    Where watches are shared, the one beside a gateway sends its journal on, and one that is alone keeps what all of them have sent.
    Raises OSError, and RuntimeError where what the settings ask for is not installed.
    """
    config.watch.dir.mkdir(parents=True, exist_ok=True)
    reads_others = config.watch.shared and not is_beside
    posting = None if reads_others else _posting(config)
    status = config.watch.dir / (READER_NAME if reads_others else NAME)
    loop = (_reading if reads_others else _sending if config.watch.shared else _keeping)(config, partial(_say, status, posting))
    with status.with_suffix(".lock").open("ab") as lock:  # which goes with the process, however it ends
        if _is_ours(lock.fileno(), stop):
            if posting:
                posting.start(stop)
            loop.run(stop)
            if posting:
                posting.end()
                _say(status, posting, loop.figures())


Say = Callable[[dict[str, float]], None]


def _keeping(config: Config, say: Say) -> Loop:
    """The journal, into the store."""
    return Loop("store", _journal(config), _store(config), partial(_put_away, config.store.path), say, time.time, time.monotonic)


def _sending(config: Config, say: Say) -> Loop:
    """The journal, to watches elsewhere."""

    def work(sink: Sink, tally: Tally) -> SendingWorker:
        return SendingWorker(config.journal.dir, sink, time.time, tally)

    def sink() -> StreamSink:
        return StreamSink(config.state.url.get_secret_value(), reader_name(config.journal.dir))

    return Loop("stream", work, sink, _nothing, say, time.time, time.monotonic)


def _reading(config: Config, say: Say) -> Loop:
    """What others have sent, into the store."""
    reader = StreamReader(config.state.url.get_secret_value(), reader_name(config.watch.dir))

    def work(sink: Sink, tally: Tally) -> SharedWorker:
        return SharedWorker(reader, sink, time.time, tally)

    def put_away() -> None:
        """What was in it is sent again, by all that have sent any of it."""
        _put_away(config.store.path)
        try:
            reader.ask_again()
        except SinkError as error:
            log.error("what was in the store is not sent again: %s", error)  # noqa: TRY400 no text of it

    return Loop("store", work, _store(config), put_away, say, time.time, time.monotonic)


def _journal(config: Config, batch_bytes: int = BATCH_BYTES) -> Callable[[Sink, Tally], Worker]:
    def work(sink: Sink, tally: Tally) -> Worker:
        return Worker(config.journal.dir, sink, time.time, tally, batch_bytes)

    return work


def _store(config: Config) -> Callable[[], Sink]:
    return partial(open_store, config.store.url.get_secret_value(), config.journal.dir, config.store.retain_days)


def _say(path: Path, posting: "_Posting | None", figures: dict[str, float]) -> None:
    """Where it cannot be said, the watch is soon taken for dead, and yet goes on."""
    said = {{"errors": "store_errors", "lag": "lag_bytes"}.get(name, name): value for name, value in figures.items()}
    with suppress(OSError):
        replace_file(path, render(os.getpid(), {**said, **(posting.figures() if posting else {})}))


class _Posting:
    """Spans and measures to a collector, in a thread of their own: whatever it does, the store is not held up."""

    def __init__(self, config: Config, url: str) -> None:
        self._posted, self._faults = Posted(), 0
        collector, path = OtlpCollector(url, version("oddgate")), config.watch.dir / _SENT
        self._meters = OtlpMeters(url, version("oddgate"), collector.resource)
        endpoints = {each.name: endpoint(each.base_url, each.dialect) for each in config.upstreams}
        outbox = partial(
            Outbox, collector, self._meters, endpoints, partial(read_file, path, MAX_BYTES), partial(replace_file, path), self._posted,
            config.telemetry.guardrail_conventions,
        )  # fmt: skip
        self._loop = Loop("collector", _journal(config, _BATCH_BYTES), outbox, _nothing, lambda _: None, time.time, time.monotonic)
        self._thread: threading.Thread | None = None

    def start(self, stop: threading.Event) -> None:
        self._thread = threading.Thread(target=self._run, args=(stop,), name="collector", daemon=True)
        self._thread.start()

    def _run(self, stop: threading.Event) -> None:
        """Until ``stop`` is set, also after a fault of ours: the store goes on."""
        while not stop.is_set():
            try:
                self._loop.run(stop)
            except Exception as error:  # noqa: BLE001 the last line of this thread
                self._faults += 1
                log.error("sending to the collector broke off (%s), and begins again", type(error).__name__)  # noqa: TRY400 no text of it
                stop.wait(_AGAIN_S)
        self._meters.close()

    def end(self) -> None:
        """What it cannot send by now is sent by the next watch."""
        if self._thread:
            self._thread.join(_END_S)

    def figures(self) -> dict[str, float]:
        figures = self._loop.figures()
        return {
            "otlp_sent": self._posted.sent,
            "otlp_dropped": self._posted.dropped,
            "otlp_errors": figures["errors"] + self._faults,
            "otlp_lag_bytes": figures["lag"],
        }


def _posting(config: Config) -> _Posting | None:
    url = config.telemetry.otlp_endpoint
    return _Posting(config, url) if url else None


def _nothing() -> None: ...


def _put_away(path: Path | None) -> None:
    """A file, with what SQLite keeps beside it; a server is for others to mend. Raises OSError."""
    if path is None:
        return
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
