"""What the watch costs, beside the path: CPU of each of its threads while a journal grows by 500 exchanges a second, by what the settings
ask for; and what the path pays for the record.

The watch is the real one, in its own process, and has read two days of traffic before, so that it knows what is usual. What it took in the
time that was measured has in it all that it does from time to time. The aim is for the settings as they come.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from time import thread_time

from bench.records import exchange, records
from bench.watched import ALL
from gateway.telemetry.journal import Journal
from gateway.telemetry.record import render
from gateway.wire.model import Json

_PER_S, _AIM = 500, 0.15
_BEFORE_S = 50 * 3600.0
_PROJECT = Path(__file__).parent.parent
_KEY = b"a key of thirty-two bytes, or so."
_MOST_BEHIND_S = 5.0
_WAIT_S, _ASK_S, _CALM = 120.0, 0.5, 0.1
_STEP_S = 0.02
_OWN = {"MainThread": "store"}
"""What threads are called here, where not by their own names."""
_FEW_US = 1.0
"""What takes less is told with the others."""


@dataclass(frozen=True, slots=True)
class Case:
    """``yaml``: settings, with ``{collector}`` for the address of one that takes all."""

    name: str
    yaml: str = ""
    keeps_text: bool = False
    has_groups: bool = False


CASES = (
    Case("as installed"),
    Case("with a collector", 'telemetry: {{otlp_endpoint: "{collector}"}}\n'),
    Case("with groups, and redacted texts", "store: {{keep_text: redacted}}\n", keeps_text=True, has_groups=True),
)


@dataclass(frozen=True, slots=True)
class Plan:
    """``before``: exchanges that are read first; then so many seconds are measured."""

    before: int = 50_000
    seconds: float = 60.0
    per_s: float = _PER_S


FULL, QUICK = Plan(), Plan(4_000, 12.0)


@dataclass(frozen=True, slots=True)
class Cost:
    """``us`` of an exchange, by what is done. ``is_behind``: it did not take all that came, on a machine that is too busy."""

    case: str
    us: Mapping[str, float]
    is_behind: bool
    row_bytes: float

    @property
    def share(self) -> float:
        """Of a core, at ``_PER_S``."""
        return self.us[ALL] * _PER_S / 1e6


def watch(plan: Plan = FULL) -> dict[str, Json]:
    record_us = written_us(2_000)
    print(f"the path makes a record, and writes it, sealed, in {record_us:.0f} us")
    costs = [measured(case, plan) for case in CASES]
    for cost in costs:
        _print(cost)
    return {"watch": {"journal_us": record_us, "cases": [{**asdict(cost), "share": cost.share} for cost in costs]}}


def _print(cost: Cost) -> None:
    missed = "missed" if cost.share > _AIM and cost.case == CASES[0].name else ""
    print(f"\n{cost.case}: {cost.share:.1%} of a core at {_PER_S}/s (aim {_AIM:.0%}) {missed}{'  BEHIND' if cost.is_behind else ''}")
    for name, us in cost.us.items():
        print(f"  {name:<28}{us:8.1f} us an exchange")
    print(f"  {'in the store':<28}{cost.row_bytes:8.0f} bytes an exchange")


def written_us(exchanges: int) -> float:
    """What the path pays for a record: made, sealed and written."""
    chance = random.Random(1)
    drawn = [exchange(chance) for _ in range(exchanges)]
    with tempfile.TemporaryDirectory() as name, closing(_journal(Path(name))) as journal:
        begin = thread_time()
        for each in drawn:
            journal.append(render(each))
        return (thread_time() - begin) / exchanges * 1e6


def measured(case: Case, plan: Plan) -> Cost:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="oddgate-watch-")))
        journal = stack.enter_context(closing(_journal(folder / "journal")))
        for record in islice(_drawn(case, time.time() - _BEFORE_S, plan.before / _BEFORE_S), plan.before):
            journal.append(record)
        watching = stack.enter_context(_watching(folder, case.yaml.format(collector=stack.enter_context(collector()))))
        watching.settle(plan.before)
        before = watching.taken()
        written = _written(journal, _drawn(case, time.time(), plan.per_s), plan.seconds)
        after = watching.taken()
        is_behind = watching.kept() < plan.before + written - _MOST_BEHIND_S * plan.per_s
        watching.settle(plan.before + written)
        watching.stop()
        row_bytes = (folder / "a.db").stat().st_size / (plan.before + written)
    return Cost(case.name, _each(before, after, written), is_behind, row_bytes)


def _each(before: Mapping[str, float], after: Mapping[str, float], exchanges: int) -> dict[str, float]:
    """The dearest first, then what all of it took."""
    us = {_OWN.get(name, name): (taken - before.get(name, 0.0)) / exchanges * 1e6 for name, taken in after.items()}
    every = us.pop(ALL)
    told = {name: each for name, each in sorted(us.items(), key=lambda each: -each[1]) if each >= _FEW_US}
    return {**told, "others": every - sum(told.values()), ALL: every}


def _drawn(case: Case, begin: float, per_s: float) -> Iterator[Json]:
    """Others at each beginning."""
    return records(random.Random(begin), begin, per_s, keeps_text=case.keeps_text, has_groups=case.has_groups)


def _journal(folder: Path) -> Journal:
    return Journal(folder, 64 << 20, 1 << 40, _KEY, time.time, fsync="never")


def _written(journal: Journal, drawn: Iterator[Json], seconds: float) -> int:
    """Each when its time has come; how many."""
    until, count = time.time() + seconds, 0
    for record in drawn:
        while (now := time.time()) < min(record["ts"], until):
            time.sleep(_STEP_S)
        if now >= until:
            return count
        journal.append(record)
        count += 1
    return count


class _Watching:
    """A watch in its own process."""

    def __init__(self, process: "subprocess.Popen[str]", folder: Path) -> None:
        self._process, self._said = process, folder / "var" / "watch.json"

    def taken(self) -> dict[str, float]:
        """Seconds of CPU so far."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        found: dict[str, float] = json.loads(self._process.stdout.readline())
        return found

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()

    def kept(self) -> int:
        return int(json.loads(self._said.read_bytes())["kept"]) if self._said.exists() else 0

    def settle(self, exchanges: int) -> None:
        """Waits until these are in the store, and it has not much to do any more."""
        until, before = time.monotonic() + _WAIT_S, 0.0
        while time.monotonic() < until:
            time.sleep(_ASK_S)
            now = self.taken()[ALL]
            if self.kept() >= exchanges and now - before < _CALM * _ASK_S:
                return
            before = now
        sys.exit("the watch has not read all of the journal in time")


@contextmanager
def _watching(folder: Path, yaml: str) -> Iterator[_Watching]:
    config = folder / "oddgate.yaml"
    config.write_text(f"journal: {{dir: {folder}/journal}}\nwatch: {{dir: {folder}/var}}\n{yaml}")
    command = [sys.executable, "-m", "bench.watched", "watch", "--config", str(config)]
    environment = {**os.environ, "ODDGATE_STORE__URL": f"sqlite:///{folder}/a.db"}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=_PROJECT) as process:
        watching = _Watching(process, folder)
        try:
            yield watching
        finally:
            watching.stop()


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
