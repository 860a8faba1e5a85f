"""Runs what is too slow for the event loop in worker processes: bounded, with a deadline for each job, equal jobs shared.

Whatever goes wrong is a value with a reason, never an exception: ``timeout``; ``overload``, when too many jobs wait; ``error``, when what
runs in the worker failed; ``unavailable``, when the worker died or cannot start.
"""

import asyncio
import contextlib
import json
import sys
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from detectors.contract import Factory, Reading
from detectors.finding import Evidence, Finding
from gateway.guard.scans import Answer, Job
from policies.decide import NotChecked

_LINE_LIMIT = 256 * 1024 * 1024  # of an answer; a job's size is bounded by the body it comes from
_STUCK_S = 60.0
"""A worker that takes longer than this for one job is ended and replaced."""
_RESTART_PAUSE_S = 1.0


@dataclass(frozen=True, slots=True)
class Undone:
    """A job without results, and why."""

    reason: str


Results = list[Any] | Undone
"""One for each unit of a job."""

Spawn = Callable[[Coroutine[Any, Any, Results], str], "asyncio.Task[Results]"]


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """Run what ``factory`` builds over ``units`` within ``deadline_s``. ``key`` is equal for equal work."""

    factory: Factory
    units: Sequence[str]
    deadline_s: float
    key: tuple[str, bytes]


class _WorkerDied(Exception):
    """The worker's pipe closed, or it said something that is no answer."""


class _Worker:
    """One process; takes one job at a time, so that an answer belongs to the job before it."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None
        self._may_start_at = 0.0

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self._process.returncode is None else None

    async def ask(self, factory: Factory, units: Iterable[str]) -> dict[str, Any]:
        async with self._turn:
            return await self._ask(factory, units)

    async def _ask(self, factory: Factory, units: Iterable[str]) -> dict[str, Any]:
        process = await self._running()
        assert process.stdin is not None and process.stdout is not None  # noqa: PT018, S101 both are pipes
        line = json.dumps({"path": factory.path, "options": dict(factory.options), "units": list(units)})
        try:
            process.stdin.write(line.encode() + b"\n")
            await process.stdin.drain()
            answer = json.loads(await process.stdout.readline())
        except (OSError, ValueError) as error:
            raise _WorkerDied from error
        if not isinstance(answer, dict):
            raise _WorkerDied
        return answer

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            loop = asyncio.get_running_loop()
            await asyncio.sleep(max(0.0, self._may_start_at - loop.time()))
            self._may_start_at = loop.time() + _RESTART_PAUSE_S
            command = (sys.executable, "-m", "gateway.proxy.scan_worker")
            pipe = asyncio.subprocess.PIPE
            self._process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, limit=_LINE_LIMIT)
        return self._process

    async def stop(self) -> None:
        process, self._process = self._process, None
        if process and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


@dataclass(slots=True)
class _Flight:
    """A job under way and for how many it runs."""

    task: "asyncio.Task[Results]"
    waiting: int = 0
    has_worker: bool = False


class Pool:
    """``max_waiting``: jobs that may wait for a worker; one more is refused. ``spawn`` owns the tasks."""

    def __init__(self, workers: int, max_waiting: int, spawn: Spawn) -> None:
        self._idle: asyncio.LifoQueue[_Worker] = asyncio.LifoQueue()
        self._workers = [_Worker() for _ in range(workers)]
        for worker in self._workers:
            self._idle.put_nowait(worker)
        self._max_waiting = max_waiting
        self._spawn = spawn
        self._flights: dict[tuple[str, bytes], _Flight] = {}
        self.waiting = 0
        self.outcomes: dict[str, int] = {"done": 0, "timeout": 0, "overload": 0, "error": 0, "unavailable": 0}

    async def warm(self, factories: Iterable[Factory]) -> None:
        """Have every worker load every model, so that no exchange pays for it. Raises RuntimeError if one cannot."""
        for factory in factories:
            for worker in self._workers:
                try:
                    answer = await worker.ask(factory, ())
                except _WorkerDied:
                    answer = {"error": "the worker died"}
                if "error" in answer:
                    raise RuntimeError(f"{factory.path} cannot be loaded: {answer['error']}")

    async def close(self) -> None:
        for flight in self._flights.values():
            flight.task.cancel()
        for worker in self._workers:
            await worker.stop()

    def pids(self) -> list[int]:
        return [pid for worker in self._workers if (pid := worker.pid)]

    async def do(self, work: Work) -> Results:
        results = await self._share(work)
        self.outcomes[results.reason if isinstance(results, Undone) else "done"] += 1
        return results

    async def _share(self, work: Work) -> Results:
        flight = self._flights.get(work.key)
        if flight is None:
            if self.waiting >= self._max_waiting:
                return Undone("overload")
            flight = self._flights[work.key] = _Flight(self._spawn(self._execute(work), "pool work"))
        flight.waiting += 1
        try:
            async with asyncio.timeout(work.deadline_s):
                return await asyncio.shield(flight.task)
        except TimeoutError:
            return Undone("timeout")
        except asyncio.CancelledError:
            if flight.task.cancelled():
                return Undone("unavailable")
            raise
        finally:
            flight.waiting -= 1
            if not flight.waiting and not flight.has_worker:
                self._abandon(work, flight)

    def _abandon(self, work: Work, flight: _Flight) -> None:
        """Nobody waits for it any more: its place in the queue is free at once."""
        flight.task.cancel()
        if self._flights.get(work.key) is flight:
            del self._flights[work.key]

    async def _execute(self, work: Work) -> Results:
        self.waiting += 1
        try:
            worker = await self._idle.get()
        finally:
            self.waiting -= 1
        self._flights[work.key].has_worker = True
        try:
            async with asyncio.timeout(_STUCK_S):
                return _results(work, await worker.ask(work.factory, work.units))
        except (TimeoutError, _WorkerDied, OSError):
            await worker.stop()
            return Undone("unavailable")
        except asyncio.CancelledError:
            await worker.stop()  # its next line would be the answer to this job
            raise
        finally:
            del self._flights[work.key]
            self._idle.put_nowait(worker)


class Scans(Pool):
    """What guards need from slow detectors."""

    async def run(self, jobs: Iterable[Job]) -> dict[Job, Answer]:
        """Side by side, each within its own deadline."""
        jobs = list(jobs)
        answers = await asyncio.gather(*(self._scan(job) for job in jobs))
        return dict(zip(jobs, answers, strict=True))

    async def _scan(self, job: Job) -> Answer:
        results = await self.do(Work(job.detector.factory, job.units, job.deadline_s, job.key))
        return NotChecked(job.detector.name, results.reason) if isinstance(results, Undone) else tuple(map(_findings, results))


class Readers(Pool):
    """What can be read in pictures."""

    async def read(self, work: Work) -> Reading | Undone:
        """``work`` has one picture in base64."""
        results = await self.do(work)
        return results if isinstance(results, Undone) else Reading(*results[0])


def _results(work: Work, answer: dict[str, Any]) -> Results:
    if "error" in answer or len(answer["results"]) != len(work.units):
        return Undone("error")
    results: list[Any] = answer["results"]
    return results


def _findings(found: list[Any]) -> tuple[Finding, ...]:
    return tuple(Finding(detector, kind, start, end, score, Evidence(evidence)) for detector, kind, start, end, score, evidence in found)
