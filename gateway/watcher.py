"""The composition root of the watch, as ``app`` is of the gateway: it knows the watch's parts, its clocks and its files."""

import fcntl
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Protocol, TypeVar

from gateway.bias import PART as BIAS_PART
from gateway.bias import Bias
from gateway.config import Config
from gateway.drift import PART, Drift
from gateway.handing import Handing
from gateway.keyfile import secret_key
from gateway.oncall import PART as INCIDENTS_PART
from gateway.oncall import OnCall
from gateway.proxy.keeping import read_file, replace_file
from gateway.proxy.signals import NAME as SIGNALS
from gateway.proxy.signals import seal
from gateway.storage.board import SharedBoard
from gateway.storage.incident_log import SharedLog
from gateway.storage.opening import open_store, reader_name
from gateway.storage.redis_stream import Stream, StreamReader, StreamSink
from gateway.telemetry.observed import Observer
from gateway.watch.bulletin import Bulletin
from gateway.watch.loop import Loop
from gateway.watch.once import Once
from gateway.watch.otel.collector import OtlpCollector
from gateway.watch.otel.meters import OtlpMeters
from gateway.watch.otel.models import ModelNames
from gateway.watch.otel.outbox import MAX_BYTES, Outbox, Posted
from gateway.watch.otel.providers import endpoint
from gateway.watch.otel.switches import CAPTURE, Switches, switches
from gateway.watch.otel.telling import Teller
from gateway.watch.row import Label, Row, Said, as_record, as_row
from gateway.watch.sentiment import Sentiment
from gateway.watch.sharing import SendingWorker, SharedWorker
from gateway.watch.status import NAME, READER_NAME, render
from gateway.watch.store import Sink, SinkError
from gateway.watch.threads import Threads
from gateway.watch.worker import BATCH_BYTES, Tally, Worker

_SENT = "otlp-sent.json"
"""How far the journal was sent to the collector."""
_BATCH_BYTES = 256 << 10
_ASK_S = 0.5
_END_S = 2.0

log = logging.getLogger("oddgate.watch")

T = TypeVar("T")


def watch(config: Config, stop: threading.Event, *, is_beside: bool = False) -> None:
    """Runs until ``stop`` is set, beside a gateway or alone. Waits for its turn where another one does the same in the same folder.

    Where watches are shared, the one beside a gateway sends its journal on, and one that is alone keeps what all of them have sent.
    Raises OSError, and RuntimeError where what the settings ask for is not installed.
    """
    config.watch.dir.mkdir(parents=True, exist_ok=True)
    reads_others = config.watch.shared and not is_beside
    once = Once()
    posting = None if reads_others else _posting(config, once)
    status = config.watch.dir / (READER_NAME if reads_others else NAME)
    lag = "lag_records" if reads_others else "lag_bytes"
    bulletin = _bulletin(config) if reads_others or not config.watch.shared else None
    sentiment = Sentiment(config.store.keep_text)
    drift = bias = oncall = None
    if bulletin and config.watch.drift.enabled:
        drift = Drift(config, bulletin, time.time, time.monotonic, sentiment, once.reader())
    if bulletin and config.watch.bias.enabled:
        bias = Bias(config, bulletin, time.time, time.monotonic, sentiment, once.reader())
    drifts = drift.ongoing if drift else tuple
    if bulletin and config.alerts.enabled:
        oncall = OnCall(config, bulletin, drifts, time.time, time.monotonic, once.reader())
    handing = _handing(config) if config.watch.shared and is_beside and config.alerts.enabled else None
    sources = None if reads_others else _sources(config, [oncall.heard] if oncall else [])
    views = [view for view in (drift, bias, oncall) if view]
    parts: list[_Part] = [part for part in (sources, *views, posting) if part]  # who is told of something ends after who tells it
    say = partial(_say, status, [part for part in (posting, *views) if part], lag, oncall or handing)
    if reads_others:
        loop = _reading(config, say, views)
    else:
        loop = _sending(config, say) if config.watch.shared else _keeping(config, say, once.reader())
    with status.with_suffix(".lock").open("ab") as lock:  # which goes with the process, however it ends
        if _is_ours(lock.fileno(), stop):
            side = None if is_beside else _side(config, reads_others=reads_others)
            for part in parts:
                part.start(stop)
            loop.run(stop)
            for part in parts:
                part.end()
            say(loop.figures())
            if side:
                side.end()


class _Side(Protocol):
    """See ``watch_side``, which is imported where the settings ask for it."""

    def end(self) -> None: ...


def _side(config: Config, *, reads_others: bool) -> _Side | None:
    """Raises OSError."""
    if config.watch.metrics_port is None:
        return None
    from gateway.shown import Shown
    from gateway.shown_sources import EachSource, ShownSources, SourceFigures
    from gateway.watch_side import WatchSide

    sources = ShownSources(config, time.time)
    others = () if reads_others else (SourceFigures(sources), EachSource(sources))
    side = WatchSide(config.watch, Shown(config, READER_NAME if reads_others else NAME), time.time, others)
    side.start()
    return side


Say = Callable[[dict[str, float]], None]


def _keeping(config: Config, say: Say, read: Callable[[bytes], Said]) -> Loop[Row]:
    """The journal, into the store."""
    rows = _journal(config, lambda line: as_row(read(line)))
    return Loop("store", rows, _store(config), partial(_put_away, config.store.path), say, time.time, time.monotonic)


def _sending(config: Config, say: Say) -> Loop[Row]:
    """The journal, to watches elsewhere."""
    url = config.state.url.get_secret_value()
    stream = Stream(url)

    def work(sink: Sink[Row], tally: Tally) -> SendingWorker:
        return SendingWorker(config.journal.dir, sink, time.time, tally, stream.waiting)

    def sink() -> StreamSink:
        return StreamSink(url, reader_name(config.journal.dir))

    return Loop("stream", work, sink, _nothing, say, time.time, time.monotonic)


def _reading(config: Config, say: Say, views: Sequence[Drift | Bias | OnCall]) -> Loop[Row]:
    """What others have sent, into the store, and by the way to those who look at it besides."""
    reader = StreamReader(config.state.url.get_secret_value(), reader_name(config.watch.dir), _shared_store(config.store.path))

    def work(sink: Sink[Row], tally: Tally) -> SharedWorker:
        return SharedWorker(reader, sink, time.time, tally)

    def put_away() -> None:
        """What was in it is sent again, by all that have sent any of it."""
        _put_away(config.store.path)
        try:
            reader.ask_again()
            log.error("all gateways are asked for what was in the store; what their journals no longer have (journal.keep_mb) is lost")
        except SinkError as error:
            log.error("what was in the store is not sent again: %s", error)  # noqa: TRY400 no text of it

    def beat(figures: dict[str, float]) -> None:
        for view in views:
            view.beat()
        say(figures)

    store = _store(config)
    for view in views:
        store = view.beside(store)
    return Loop("store", work, store, put_away, beat, time.time, time.monotonic)


def _bulletin(config: Config) -> Bulletin | None:
    """None where nobody tells anything. Raises OSError, where there is no key to sign what is told."""
    told = {PART: config.watch.drift.enabled, BIAS_PART: config.watch.bias.enabled, INCIDENTS_PART: config.alerts.enabled}
    parts = [part for part, is_told in told.items() if is_told]
    if not parts:
        return None
    save, key = _board(config), secret_key(config)
    return Bulletin(parts, lambda board: save(seal(board, key)))


def _board(config: Config) -> Callable[[bytes], None]:
    """Where policies find what is told."""
    if not config.watch.shared:
        return partial(replace_file, config.watch.dir / SIGNALS)
    if config.secret_key is None:
        log.warning("set secret_key, the same for all: gateways elsewhere cannot trust what is signed with this folder's own key")
    return SharedBoard(config.state.url.get_secret_value(), reader_name(config.watch.dir)).save


def _journal(
    config: Config, read: Callable[[bytes], T | Label | None], batch_bytes: int = BATCH_BYTES
) -> Callable[[Sink[T], Tally], Worker[T]]:
    def work(sink: Sink[T], tally: Tally) -> Worker[T]:
        return Worker(config.journal.dir, sink, time.time, tally, read, batch_bytes)

    return work


def _store(config: Config) -> Callable[[], Sink[Row]]:
    return partial(open_store, config.store.url.get_secret_value(), config.journal.dir, config.store.retain_days, config.store.text_days)


def _shared_store(path: Path | None) -> str:
    """What names it among the stores of watches that share records: a file is that of its folder. Raises ``StoreError``."""
    return "server" if path is None else reader_name(path.parent)


class _Part(Protocol):
    """It has threads of its own."""

    def start(self, stop: threading.Event) -> None: ...

    def end(self) -> None: ...


class _Speaker(Protocol):
    def figures(self) -> dict[str, float]: ...


def _handing(config: Config) -> Handing:
    """To the watch that leads, elsewhere."""
    shared = SharedLog(config.state.url.get_secret_value(), reader_name(config.watch.dir))
    return Handing(config.watch.dir, socket.gethostname(), shared.hand_over, time.time, time.monotonic)


def _say(path: Path, parts: Sequence[_Speaker], lag: str, oncall: OnCall | Handing | None, figures: dict[str, float]) -> None:
    """Where it cannot be said, the watch is soon taken for dead, and yet goes on."""
    names = {"errors": "store_errors", "rebuilt": "store_rebuilt", "lag": lag}
    said = {names.get(name, name): value for name, value in figures.items()}
    said.update({name: value for part in parts for name, value in part.figures().items()})
    if oncall:
        oncall.hear(said)
    with suppress(OSError):
        replace_file(path, render(os.getpid(), said))


class _Posting:
    """Spans and measures to a collector, in a thread of their own: whatever it does, the store is not held up."""

    def __init__(self, config: Config, url: str, read: Callable[[bytes], Said]) -> None:
        self._posted, self._threads = Posted(), Threads(_END_S)
        collector, path = OtlpCollector(url, version("oddgate")), config.watch.dir / _SENT
        self._meters = OtlpMeters(url, version("oddgate"), collector.resource)
        endpoints = {each.name: endpoint(each.base_url, each.dialect) for each in config.upstreams}
        models = ModelNames(name for each in config.upstreams for name in each.models)
        teller = Teller(endpoints, models, config.telemetry.guardrail_conventions, _switches(config))
        load, save = partial(read_file, path, MAX_BYTES), partial(replace_file, path)
        outbox = partial(Outbox, collector, self._meters, teller, load, save, self._posted)
        records = _journal(config, lambda line: as_record(read(line)), _BATCH_BYTES)
        self._loop = Loop("collector", records, outbox, _nothing, lambda _: None, time.time, time.monotonic)

    def start(self, stop: threading.Event) -> None:
        self._threads.start("sending to the collector", partial(self._run, stop), stop)

    def _run(self, stop: threading.Event) -> None:
        self._loop.run(stop)
        self._meters.close()

    def end(self) -> None:
        """What it cannot send by now is sent by the next watch."""
        self._threads.end()

    def figures(self) -> dict[str, float]:
        figures = self._loop.figures()
        return {
            "otlp_sent": self._posted.sent,
            "otlp_dropped": self._posted.dropped,
            "otlp_errors": figures["errors"] + self._threads.faults,
            "otlp_lag_bytes": figures["lag"],
        }


def _switches(config: Config) -> Switches:
    """Raises ValueError."""
    said = switches(os.environ)
    if said.asks_for_content and config.store.keep_text != "redacted":
        log.warning("%s asks for texts, and none are kept in the clear: set store.keep_text: redacted", CAPTURE)
    return said


def _posting(config: Config, once: Once) -> _Posting | None:
    url = config.telemetry.otlp_endpoint
    return _Posting(config, url, once.reader()) if url else None


def _sources(config: Config, observers: Sequence[Observer]) -> _Part | None:
    """See ``sourcing``, which is imported where the settings ask for any."""
    if not (config.telemetry.scrape or config.telemetry.spool_mb):
        return None
    from gateway.sourcing import Sources

    return Sources(config, time.time, time.monotonic, observers)


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
