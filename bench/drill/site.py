"""A gateway with its watch, its Redis, its endpoints, its users and who is paged, in a folder of its own; all of it ends with the block."""

import asyncio
import json
import os
import random
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from bench.drill.endpoints import Endpoint
from bench.drill.hooks import Hook
from bench.drill.services import NAME, Service
from bench.drill.settings import USUAL, Span, settings
from bench.drill.traffic import Manners, Traffic, key_of, usual
from bench.processes import free_port

_START_S, _STOP_S = 120.0, 15.0
_PROJECT = Path(__file__).parent.parent.parent
_SERVERS = ("data", "admin", "received", "east", "west", "hook", "redis")


class SiteError(Exception):
    """A part of it did not start."""


@dataclass(slots=True)
class Site:
    folder: Path
    ports: Mapping[str, int]
    east: Endpoint
    west: Endpoint
    hook: Hook
    manners: dict[str, Manners]
    traffic: Traffic
    service: Service
    gateway: psutil.Process
    redis: subprocess.Popen[bytes] | None
    loop: asyncio.AbstractEventLoop
    """In which endpoints and users live; faults begin in a thread of their own."""
    asking: list[asyncio.Future[None]] = field(default_factory=list)
    undo: list[Any] = field(default_factory=list)
    """What faults leave to be undone before the site can end."""

    def ask(self) -> None:
        """From now on there are users."""
        self.asking.append(asyncio.ensure_future(self.traffic.run()))

    def send(self) -> None:
        """From now on there is a service that sends telemetry."""
        self.asking.append(asyncio.ensure_future(self.service.run()))

    def incidents(self) -> list[dict[str, Any]]:
        """As the watch shows them at the moment; none while there is nothing to be read."""
        with suppress(OSError, ValueError):
            shown = json.loads((self.folder / "var" / "incidents.json").read_bytes())
            return list(shown.get("incidents", ()))
        return []

    def said(self) -> dict[str, Any]:
        """What the watch says of itself."""
        with suppress(OSError, ValueError):
            return dict(json.loads((self.folder / "var" / "watch.json").read_bytes()))
        return {}

    def watch_cpu_s(self) -> float:
        """CPU seconds of the watch so far."""
        used = 0.0
        for process in self.workers("watch"):
            with suppress(psutil.Error):
                times = process.cpu_times()
                used += times.user + times.system
        return used

    def workers(self, word: str) -> Iterator[psutil.Process]:
        """The processes that the gateway has started with this word in their command."""
        for process in self.gateway.children(recursive=True):
            with suppress(psutil.Error):
                if any(word in part for part in process.cmdline()):
                    yield process

    def policy(self, name: str, text: str) -> None:
        """In force within a second or so."""
        path = self.folder / "policies" / f"{name}.yaml"
        path.with_suffix(".new").write_text(text)
        path.with_suffix(".new").replace(path)


def lay_out(folder: Path) -> None:
    """Folders and policies; whoever wants a past writes it to ``journal`` next."""
    for name in ("policies", "journal", "var"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name, text in USUAL.items():
        (folder / "policies" / f"{name}.yaml").write_text(text)


@asynccontextmanager
async def open_site(folder: Path, seed: int, per_s: float, learning_h: float, good: Span | None = None) -> AsyncIterator[Site]:
    """Whose users wait for ``ask``, and whose service for ``send``. The folder was laid out; its traffic is known to have been ``good`` in
    that time. Raises ``SiteError``.
    """
    chance, ports = random.Random(seed), {name: free_port() for name in _SERVERS}
    async with AsyncExitStack() as stack:
        east = await stack.enter_async_context(Endpoint(ports["east"], chance))
        west = await stack.enter_async_context(Endpoint(ports["west"], chance))
        hook = await stack.enter_async_context(Hook(ports["hook"]))
        redis = _redis(folder, ports["redis"])
        if redis:
            stack.callback(_end, redis)
        (folder / "oddgate.yaml").write_text(settings(folder, ports, ports["redis"] if redis else None, learning_h, good))
        process = _gateway(folder, ports)
        stack.callback(_end_tree, process)
        await _ready(folder, process, ports["admin"])
        manners = usual(per_s)
        traffic = Traffic(f"http://127.0.0.1:{ports['data']}", manners, chance)
        service = Service(f"http://127.0.0.1:{ports['received']}", key_of(NAME), chance)
        loop = asyncio.get_running_loop()
        site = Site(folder, ports, east, west, hook, manners, traffic, service, psutil.Process(process.pid), redis, loop)
        stack.callback(_undo, site)
        try:
            yield site
        finally:
            for task in site.asking:
                task.cancel()
            await asyncio.gather(*site.asking, return_exceptions=True)
            await asyncio.to_thread(_stop, process)


def _gateway(folder: Path, ports: Mapping[str, int]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "gateway.cli.main", "serve", "--config", str(folder / "oddgate.yaml")]
    command += ["--port", str(ports["data"]), "--admin-port", str(ports["admin"])]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ODDGATE_")}
    with (folder / "output.log").open("wb") as log:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder, env=kept | {"PYTHONPATH": str(_PROJECT)}
        )


def _redis(folder: Path, port: int) -> subprocess.Popen[bytes] | None:
    server = shutil.which("redis-server") or shutil.which("valkey-server")
    if server is None:
        return None
    command = [server, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--maxmemory", "64mb"]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd=folder)


async def _ready(folder: Path, process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and process.poll() is None:
        if await asyncio.to_thread(_is_ready, port):
            return
        await asyncio.sleep(0.1)
    raise SiteError(f"the gateway did not become ready:\n{(folder / 'output.log').read_text(errors='replace')[-2000:]}")


def _is_ready(port: int) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
        return bool(answer.status == 200)
    return False


def _undo(site: Site) -> None:
    while site.undo:
        with suppress(psutil.Error, OSError):
            site.undo.pop()()


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_STOP_S)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait(_STOP_S)


def _end_tree(process: subprocess.Popen[bytes]) -> None:
    """Its children are known while it lives; afterwards they have ended with it."""
    tree = []
    with suppress(psutil.Error):
        tree = psutil.Process(process.pid).children(recursive=True)
    if process.poll() is None:
        process.kill()
    for left in tree:
        with suppress(psutil.Error):
            left.kill()
    process.wait(_STOP_S)
