"""The composition root of the process over several workers: it binds their address, starts them, and has the admin side and the watch."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from typing import Any

from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from gateway.addresses import Addresses, http_url
from gateway.admin_side import AdminSide
from gateway.config import Config
from gateway.config.serving import Upstream
from gateway.demo import running_demo
from gateway.keyfile import secret_key
from gateway.proxy.listening import bind, port_of
from gateway.proxy.restarting import keep_running
from gateway.proxy.watching import Watching
from gateway.storage.embedded import EmbeddedStore
from gateway.telemetry.merged import Merged
from gateway.workers.born import Setup
from gateway.workers.linked import LinkedWorkers
from gateway.workers.process import WorkerProcess

_PAUSE_S, _MAX_PAUSE_S = 0.5, 5.0


class _Tasks:
    """Those of this process, until they are stopped."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> "asyncio.Task[Any]":
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def stop(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)


@asynccontextmanager
async def supervising(config: Config, worker: Sequence[str], watch: Sequence[str] = ()) -> AsyncIterator[Addresses]:
    """Several workers by these settings, run by the command ``worker``, and a watch beside them by the command ``watch``.

    Raises OSError and RuntimeError: they cannot start, and why.
    """
    listen = config.listen
    secret_key(config)  # is made once, before there are several to make it
    async with AsyncExitStack() as stack:
        tasks = _Tasks()
        demo = None if config.upstreams else await stack.enter_async_context(running_demo())
        watching = Watching(watch, dict(os.environ)) if watch else None
        if watching:
            stack.push_async_callback(watching.close)
        store = await _store(stack, config)
        sockets = [stack.enter_context(closing(each)) for each in bind(listen.host, listen.port)]
        port, numbers = port_of(sockets), tuple(each.fileno() for each in sockets)
        shared = _shared(config, demo, store)
        registry = CollectorRegistry()
        workers = [WorkerProcess(worker, Setup(number, shared, numbers)) for number in range(listen.workers)]
        merged = Merged(registry)
        linked = LinkedWorkers(workers, registry, merged)
        admin = AdminSide(config, registry, linked, time.time, merged.figures, up=lambda: linked.up, restarts=lambda: linked.restarts)
        stack.push_async_callback(tasks.stop)
        admin_port = await admin.open(stack)

        async def drain() -> None:
            linked.not_ready = ["shutting down"]
            for each in sockets:
                each.close()
            for one in workers:
                one.end()
            await asyncio.gather(*(each.close(listen.drain_timeout_s) for each in workers))

        stack.push_async_callback(drain)
        await _start(workers, tasks, linked.forget)
        await linked.look()
        tasks.spawn(linked.run(), "workers")
        tasks.spawn(admin.say(), "figures")
        if store:
            tasks.spawn(keep_running(store.run, _PAUSE_S, _MAX_PAUSE_S), "store")
        if watching:
            tasks.spawn(watching.run(), "watch")
        linked.not_ready = []
        yield Addresses(http_url(listen.host, port), http_url(listen.admin_host, admin_port), demo)


async def _store(stack: AsyncExitStack, config: Config) -> EmbeddedStore | None:
    """None where the settings name one."""
    if config.state.url.get_secret_value() != "memory://":
        return None
    store = EmbeddedStore(config.state.vault_max_mb)
    stack.push_async_callback(store.close)
    await store.start()
    return store


def _shared(config: Config, demo: str | None, store: EmbeddedStore | None) -> Config:
    """The settings of each worker."""
    state = config.state.model_copy(update={"url": SecretStr(store.url)}) if store else config.state
    upstreams = (Upstream(name="demo", base_url=demo),) if demo else config.upstreams
    return config.model_copy(update={"state": state, "upstreams": upstreams})


async def _start(workers: Sequence[WorkerProcess], tasks: _Tasks, ended: Callable[[str], None]) -> None:
    """The first alone: what it makes for all is made once. Raises RuntimeError where one ends before it serves."""
    first, *others = workers
    for some in ([first], others):
        await asyncio.gather(*(_up(worker, tasks, ended) for worker in some))


async def _up(worker: WorkerProcess, tasks: _Tasks, ended: Callable[[str], None]) -> None:
    running, up = tasks.spawn(worker.run(ended), f"worker {worker.number}"), tasks.spawn(worker.is_up.wait(), "start")
    await asyncio.wait((running, up), return_when=asyncio.FIRST_COMPLETED)
    if not worker.is_up.is_set():
        raise RuntimeError(f"worker {worker.number} ended before it served anything; what it said stands above")
