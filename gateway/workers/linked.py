"""Several workers as one: asked through their links, each in its time, and what they say put together."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from prometheus_client import CollectorRegistry

from gateway.proxy.admin import Health, SilentError
from gateway.proxy.rollouts import Act
from gateway.telemetry.merged import Merged
from gateway.wire.model import Json
from gateway.workers.link import UnansweredError
from gateway.workers.process import WorkerProcess
from policies.labels import ReviewLabel

_IN_TIME_S = 2.0
_PATIENCE_S = 10.0
"""For what is written down."""
_SHARE_S = 0.25
"""How often workers are told what has become of rollouts, and what they know of them is gathered."""
_LOOK_S = 1.0
"""How often workers are asked how they are. Whoever asks for all is told at once, also where one hangs."""
_COUNT_S = 1.0
"""How often metrics are gathered: what a worker counted in so long before it dies unasked is lost."""


class LinkedWorkers:
    """See ``admin.Workers``. The first of them leads: it decides on rollouts, by what all of them know."""

    def __init__(self, workers: Sequence[WorkerProcess], registry: CollectorRegistry, merged: Merged) -> None:
        self._workers = workers
        self._leader, *self._others = workers
        self._registry = registry
        self._merged = merged
        self._counting = asyncio.Lock()
        self._sharing = asyncio.Lock()
        self._adopted: dict[str, str] = {}
        self._healths: dict[str, tuple[list[str], list[str]]] = {}
        self.not_ready = ["starting"]

    @property
    def up(self) -> int:
        return sum(worker.is_up.is_set() for worker in self._workers)

    @property
    def restarts(self) -> int:
        return sum(max(0, worker.starts - 1) for worker in self._workers)

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for work, every_s in ((self._share, _SHARE_S), (self.metrics, _COUNT_S), (self.look, _LOOK_S)):
                tasks.create_task(_again(work, every_s), name="workers")

    async def look(self) -> None:
        """How each of them is."""
        names = {worker: worker.name for worker in self._workers}
        answers = await self._ask(self._workers, "health")
        self._healths = {names[worker]: (said[0], said[1]) for worker, said in answers.items()}

    async def metrics(self) -> CollectorRegistry:
        """What a worker that does not answer has said last counts on."""
        async with self._counting:  # what was asked first is taken first
            names = {worker: worker.name for worker in self._workers}
            for worker, said in (await self._ask(self._workers, "told")).items():
                if worker.name == names[worker] and worker.is_up.is_set():
                    self._merged.take(worker.name, said)
        return self._registry

    async def health(self) -> Health:
        if self.not_ready:
            return Health(list(self.not_ready), [])
        known = {worker: self._healths[worker.name] for worker in self._workers if worker.is_up.is_set() and worker.name in self._healths}
        if not known:
            return Health(["no worker answers"], [])
        silent = [str(worker.number) for worker in self._workers if worker not in known]
        degraded = [f"workers: {len(silent)} of {len(self._workers)} do not answer ({', '.join(silent)})"] if silent else []
        degraded += [why for _, reasons in known.values() for why in reasons]
        is_ready = any(not reasons for reasons, _ in known.values())
        not_ready = [] if is_ready else [reason for reasons, _ in known.values() for reason in reasons]
        return Health(list(dict.fromkeys(not_ready)), list(dict.fromkeys(degraded)))

    async def policy_status(self) -> Json:
        answers = await self._ask(self._workers, "status")
        rollouts = answers.get(self._leader, {}).get("rollouts", [])
        return {
            "workers": [
                {"worker": worker.number, **answers[worker], "rollouts": rollouts}
                if worker in answers
                else {"worker": worker.number, "pid": worker.pid, "silent": True}
                for worker in self._workers
            ]
        }

    async def rollouts(self) -> list[Json]:
        await self._share()
        found: list[Json] = await self._of_leader("rollouts", within_s=_IN_TIME_S)
        return found

    async def act(self, name: str, act: Act) -> Json:
        """It is done by all of them when this returns, or by those that are silent as soon as they are not."""
        try:
            return await self._of_leader("act", name, act, within_s=_PATIENCE_S)
        finally:
            await self._share()

    async def waiting(self, limit: int) -> list[Json]:
        answers = await self._ask(self._workers, "waiting", limit)
        waiting = [each for some in answers.values() for each in some]
        return sorted(waiting, key=lambda each: (each["distance"], -each["ts"], each["request_id"]))[:limit]

    async def label(self, request_id: str, label: ReviewLabel) -> Json:
        is_silent = False
        for worker in self._workers:
            try:
                return await worker.ask("label", request_id, label, within_s=_PATIENCE_S)
            except KeyError:  # it is another one's
                continue
            except UnansweredError:
                is_silent = True
        if is_silent:
            raise SilentError
        raise KeyError(request_id)

    async def _share(self) -> None:
        """Evidence goes to the worker that leads, and what it has decided to the others. While it is silent, evidence waits."""
        async with self._sharing:
            try:
                memory: str = await self._leader.ask("weigh", [], within_s=_IN_TIME_S)
                gathered = await self._ask(self._others, "evidence")
                if evidence := [each for some in gathered.values() for each in some]:
                    memory = await self._leader.ask("weigh", evidence, within_s=_IN_TIME_S)
            except UnansweredError:
                return
            behind = [worker for worker in self._others if self._adopted.get(worker.name) != memory]
            names = {worker: worker.name for worker in behind}
            for worker in await self._ask(behind, "adopt", memory):
                self._adopted[names[worker]] = memory

    def forget(self, name: str) -> None:
        """A worker that has ended."""
        self._merged.forget(name)
        self._adopted.pop(name, None)

    async def _of_leader(self, name: str, *args: Json, within_s: float) -> Json:
        try:
            return await self._leader.ask(name, *args, within_s=within_s)
        except UnansweredError:
            raise SilentError from None

    async def _ask(self, workers: Sequence[WorkerProcess], name: str, *args: Json) -> dict[WorkerProcess, Any]:
        """The answers of those that answer in time."""
        answers = await asyncio.gather(
            *(worker.ask(name, *args, within_s=_IN_TIME_S) for worker in workers), return_exceptions=True
        )  # fmt: skip
        return {worker: said for worker, said in zip(workers, answers, strict=True) if not isinstance(said, BaseException)}


async def _again(work: Callable[[], Awaitable[object]], every_s: float) -> None:
    while True:
        await work()
        await asyncio.sleep(every_s)
