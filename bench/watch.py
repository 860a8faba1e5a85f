"""What the watch costs, beside the path: CPU of one exchange from the journal into a store, and as spans to a collector that takes all.

Figures are CPU time of the thread that does it. The share of a core is at 500 exchanges a second; the aim is for the store.
"""

import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import thread_time
from typing import TypeVar

from gateway.storage.sqlite import open_sqlite
from gateway.telemetry.journal import Journal
from gateway.telemetry.record import Exchange, render
from gateway.watch.histograms import Histograms
from gateway.watch.models import ModelNames
from gateway.watch.otlp import OtlpCollector
from gateway.watch.outbox import Outbox, Posted
from gateway.watch.row import Label, parse, parse_record
from gateway.watch.store import Sink
from gateway.watch.telling import Teller
from gateway.watch.worker import Tally, Worker
from gateway.wire.model import Json

EXCHANGES = 20_000
_PER_S, _AIM = 500, 0.15
_NOW = 1_795_000_000.0
T = TypeVar("T")
_FINDING = {
    "rule": "pii", "kind": "pii.EMAIL_ADDRESS", "place": "messages.0.content", "scope": "user", "start": 9, "end": 32, "score": 0.95,
    "action": "tokenize", "shadow": False, "why": "match", "fingerprint": "6c1f0a2b3c4d5e6f",
}  # fmt: skip


def watch(exchanges: int = EXCHANGES) -> dict[str, dict[str, float]]:
    """µs of an exchange, and bytes of a row."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        figures = {"journal_us": _us(lambda: _write(folder / "journal", exchanges), exchanges)}
        store = open_sqlite(folder / "a.db", 3660)
        figures["store_us"] = _us(lambda: _read(folder / "journal", store, parse, exchanges), exchanges)
        figures["row_bytes"] = sum(path.stat().st_size for path in folder.glob("a.db*")) / exchanges
        with collector() as url:
            posted = Posted()
            outbox = Outbox(OtlpCollector(url, "bench"), Histograms(), Teller({}, ModelNames()), lambda: None, lambda _: None, posted)
            figures["spans_us"] = _us(lambda: _read(folder / "journal", outbox, parse_record, exchanges), exchanges)
    for name, figure in figures.items():
        share = f"{figure * _PER_S / 1e6:6.1%} of a core at {_PER_S}/s" if name.endswith("_us") else ""
        missed = "missed" if name == "store_us" and figure * _PER_S / 1e6 > _AIM else ""
        print(f"  {name:<12}{figure:8.1f}  {share}  {missed}")
    return {"watch": figures}


def written_us(exchanges: int) -> float:
    """What the path pays for a record: made, sealed and written."""
    with tempfile.TemporaryDirectory() as name:
        return _us(lambda: _write(Path(name), exchanges), exchanges)


def _us(work: Callable[[], None], exchanges: int) -> float:
    begin = thread_time()
    work()
    return (thread_time() - begin) / exchanges * 1e6


def _write(folder: Path, exchanges: int) -> None:
    with closing(Journal(folder, 64 << 20, 1 << 40, b"a key of thirty-two bytes, or so.", lambda: _NOW)) as journal:
        for number in range(exchanges):
            journal.append(_record(number))


def _record(number: int) -> Json:
    exchange = Exchange(
        f"req_{number:024x}", _NOW + number / _PER_S, 1.0, app="shop", surface="chat", model="gpt-4o", policy="default@0123456789ab",
        upstream="openai", status=200, end=1.5,
    )  # fmt: skip
    trace = {"id": f"{number + 1:032x}", "span": f"{number + 1:016x}", "parent": "", "flags": 1}
    stages = [
        {"stage": stage, "at": 1.25, "ms": 2.5, "busy": 2.5, "action": "redact", "findings": 1} for stage in ("input", "output")
    ]  # fmt: skip
    attempt = {"span": f"{number + 2:016x}", "upstream": "openai", "at": 4.0, "ms": 490.0, "first": 300.0, "status": 200, "error": None}
    said = {"rules": ["pii"], "findings": [_FINDING, _FINDING], "trace": trace, "method": "POST", "route": "/v1/chat/completions"}
    return {
        **render(exchange),
        **said,
        "stages": stages,
        "attempts": [attempt],
        "cost_usd": 0.00125,
        "tokens": {"input": 40 + number % 99, "output": 60},
    }


def _read(journal: Path, sink: Sink[T], read: Callable[[bytes], T | Label | None], exchanges: int) -> None:
    worker = Worker(journal, sink, lambda: _NOW, tally := Tally(), read, 1 << 20)
    while worker.step():
        pass
    sink.close()
    assert tally.kept == exchanges, tally


@contextmanager
def collector() -> Iterator[str]:
    """The address of one that takes all."""

    class Taking(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Taking)
    server.daemon_threads = True
    server.block_on_close = False  # the exporter keeps its connection open
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
