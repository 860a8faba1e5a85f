"""Gateway and watch killed at random moments under load: no answered exchange may be missing in the store, and none be there twice."""

import asyncio
import random
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

import orjson
import psutil

from bench.bodies import FRESH, Body
from bench.load import BenchError, Exchange, http_request, run_connections
from bench.processes import free_port
from gateway.storage.sqlite import open_sqlite
from gateway.watch.store import MAX_PAGE, Place, Query

KILLS = 200
_CONNECTIONS = 4
_PAUSE_S = (0.05, 1.5)
_START_S, _WATCH_S, _SETTLE_S = 180.0, 10.0, 120.0
_PER_S = 200
"""How many requests a second at most: what is looked for is loss, not speed."""
_ID = re.compile(rb"\r\nx-oddgate-request-id: *([^\r]+)\r\n", re.IGNORECASE)
_POLICY = """\
name: killed
description: One rule, so that records have findings, and the gateway is back soon.
rules: [{id: pii, detect: pii, entities: [EMAIL_ADDRESS], action: tokenize}]
"""
_CONFIG = """\
policies: {{dir: {folder}/policies, default: killed, keep_dir: {folder}/var}}
upstreams: [{{name: mock, dialect: openai, base_url: "http://127.0.0.1:{upstream}"}}]
journal: {{dir: {folder}/journal}}
store: {{url: "sqlite:///{folder}/oddgate.db", retain_days: 3660}}
watch: {{dir: {folder}/var}}
secret_key: a key of the kills that is long enough
"""


@dataclass(slots=True)
class Kills:
    """``missing``: answered, and in no row; ``doubled``: in more than one; ``audit``: the exit code of the journal's audit (0: sound)."""

    seed: int
    path: int = 0
    watch: int = 0
    answered: int = 0
    rows: int = 0
    missing: int = 0
    doubled: int = 0
    audit: int = 0
    seconds: float = 0.0

    def set_by(self, answered: Collection[str], rows: Iterable[str]) -> None:
        """What was answered beside what is kept, both by the ids of the requests."""
        times = Counter(rows)
        self.answered, self.rows = len(answered), times.total()
        self.missing = sum(request_id not in times for request_id in answered)
        self.doubled = sum(count > 1 for count in times.values())


def kills(count: int, seed: int) -> Kills:
    begin, chance, result = time.perf_counter(), random.Random(seed), Kills(seed)
    with tempfile.TemporaryDirectory(prefix="oddgate-kills-") as name:
        folder = Path(name)
        upstream = subprocess.Popen([sys.executable, "-m", "bench.upstream", "--port", str(port := free_port())])
        path = _Path(folder, _settings(folder, port))
        try:
            path.start()
            load = _Load(path.port)
            loading = threading.Thread(target=load.run)
            loading.start()
            try:
                for _ in range(count):
                    time.sleep(chance.uniform(*_PAUSE_S))
                    _kill(path, result, wants_watch=chance.random() < 0.5)
            finally:
                load.is_over = True
                loading.join()
            _settle(folder, load.answered)
            path.stop()
        finally:
            path.end()
            upstream.kill()
            upstream.wait()
        result.set_by(load.answered, _rows(folder))
        audit = subprocess.run([*_ODDGATE, "audit", "verify", "--config", str(folder / "oddgate.yaml")], stdout=subprocess.DEVNULL)
    result.audit = audit.returncode
    result.seconds = time.perf_counter() - begin
    return result


def _kill(path: "_Path", result: Kills, *, wants_watch: bool) -> None:
    watch = path.watch() if wants_watch else None
    if watch:
        watch.kill()
        result.watch += 1
    else:
        path.kill()
        path.start()
        result.path += 1


_ODDGATE = (sys.executable, "-m", "gateway.cli.main")


def _settings(folder: Path, upstream: int) -> Path:
    (folder / "policies").mkdir()
    (folder / "policies" / "killed.yaml").write_text(_POLICY)
    config = folder / "oddgate.yaml"
    config.write_text(_CONFIG.format(folder=folder, upstream=upstream))
    return config


class _Path:
    """The gateway, with the watch that it starts."""

    def __init__(self, folder: Path, config: Path) -> None:
        self.port = free_port()
        self._said = folder / "var" / "watch.json"
        self._command = [*_ODDGATE, "serve", "--config", str(config), "--port", str(self.port), "--admin-port", str(free_port())]
        self._log = folder / "output.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline and self._process.poll() is None:
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            time.sleep(0.02)
        sys.exit(f"the gateway did not start; the end of its output:\n{self._log.read_text(errors='replace')[-2000:]}")

    def watch(self) -> psutil.Process | None:
        """The one that this gateway has started, once it works; it is waited for, as it comes after the gateway."""
        deadline = time.monotonic() + _WATCH_S
        while time.monotonic() < deadline:
            with suppress(OSError, ValueError, psutil.NoSuchProcess):
                said = orjson.loads(self._said.read_bytes())["pid"]
                for child in psutil.Process(self._running.pid).children():
                    if child.pid == said:
                        return child
            time.sleep(0.05)
        return None

    def kill(self) -> None:
        self._running.kill()
        self._running.wait()

    def stop(self) -> None:
        self._running.terminate()
        self._running.wait()

    def end(self) -> None:
        if self._process and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    @property
    def _running(self) -> "subprocess.Popen[bytes]":
        assert self._process
        return self._process


@dataclass(slots=True)
class _Load:
    """Requests one after the other on each connection, made again whenever the gateway is gone."""

    port: int
    answered: list[str] = field(default_factory=list)
    is_over: bool = False
    _sent: int = 0

    def run(self) -> None:
        asyncio.run(self._run())

    async def _run(self) -> None:
        await asyncio.gather(*(self._connection() for _ in range(_CONNECTIONS)))

    async def _connection(self) -> None:
        body: Body = FRESH[0]
        while not self.is_over:
            with suppress(OSError, BenchError):
                await run_connections(self.port, 1, lambda: self._next(body), self._finished, 1.0)
            await asyncio.sleep(_CONNECTIONS / _PER_S)

    def _next(self, body: Body) -> bytes | None:
        """A few on each connection: then there is a new one."""
        self._sent += 1
        return None if self.is_over or self._sent % 5 == 0 else http_request(body.render(self._sent))

    def _finished(self, exchange: Exchange) -> None:
        named = _ID.search(b"".join([piece for _, piece in exchange.pieces]))
        assert named, "an answer without the id of its request"
        self.answered.append(named[1].decode())


def _settle(folder: Path, answered: Iterable[str]) -> None:
    """Until the watch has caught up, or should have."""
    deadline = time.monotonic() + _SETTLE_S
    while time.monotonic() < deadline:
        if not set(answered) - set(_rows(folder)):
            return
        time.sleep(1)


def _rows(folder: Path) -> Iterator[str]:
    with closing(open_sqlite(folder / "oddgate.db", 3660, read_only=True)) as store:
        after: Place | None = None
        while page := store.page(Query(), after, MAX_PAGE):
            yield from (row.request_id for row in page)
            after = Place(page[-1].ts, page[-1].request_id)


def print_kills(result: Kills) -> None:
    print(f"{result.path} kills of the gateway and {result.watch} of the watch (seed {result.seed}) in {result.seconds:,.0f} s:")
    print(f"  {result.answered:,} exchanges were answered, {result.rows:,} are in the store")
    print(f"  {result.missing} answered ones are missing, {result.doubled} are there twice; the audit ends with {result.audit}")


def as_figures(result: Kills) -> dict[str, object]:
    return {**asdict(result), "violations": result.missing + result.doubled + result.audit}
