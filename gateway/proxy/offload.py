"""Runs what is too slow for the event loop in worker processes: bounded, with a deadline for each job, equal jobs shared.

Jobs that wait go to a worker several at a time. Where more is asked than can be done in time, the pool does what it can and refuses the
rest at once, rather than be late with everything. Whatever goes wrong is a value with a reason, never an exception: ``timeout``;
``overload``, when a job would wait too long; ``error``, when what runs in the worker failed; ``unavailable``, when the worker died or
cannot start; ``too_long``, when a unit is more than a model is ever shown.
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
from gateway.proxy.timing import Scanned
from policies.decide import NotChecked

_LINE_LIMIT = 256 * 1024 * 1024  # of an answer; a job's size is bounded by the body it comes from
_STUCK_S = 60.0
"""A worker that takes longer than this for what it was sent is ended and replaced."""
_RESTART_PAUSE_S = 1.0
_BATCH_S, _BATCH_JOBS = 0.05, 16
"""How much a worker is sent at a time, if several jobs wait."""
_TRUST = 0.8
"""The share of its deadline in which a job must be expected to be done. The rest is for what the expectation does not know."""
_NEWS = 0.2
"""What the last batch counts for in the average of all."""
_LEAST_CHARS = 100
"""A unit takes as long as its characters, and no less than one of so many."""
MAX_UNIT_CHARS = 50_000
"""A text or turn that is longer is not judged in one: it would keep everybody else waiting."""


@dataclass(frozen=True, slots=True)
class Undone:
    """A job without results, and why."""

    reason: str


Results = list[Any] | Undone
"""One for each unit of a job."""

Spawn = Callable[[Coroutine[Any, Any, None], str], "asyncio.Task[None]"]


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
    """One process; takes one batch of jobs at a time, so that an answer belongs to the batch before it."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None
        self._may_start_at = 0.0

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self._process.returncode is None else None

    async def ask(self, jobs: Sequence[tuple[Factory, Sequence[str]]]) -> tuple[list[dict[str, Any]], float]:
        """An answer for each job, and how long the work took."""
        lines = [{"path": factory.path, "options": dict(factory.options), "units": list(units)} for factory, units in jobs]
        async with self._turn:
            answer = await self._ask(json.dumps(lines).encode())
        answers = answer.get("answers")
        if not isinstance(answers, list) or len(answers) != len(jobs):
            raise _WorkerDied
        return answers, answer["seconds"]

    async def _ask(self, line: bytes) -> dict[str, Any]:
        process = await self._running()
        assert process.stdin is not None and process.stdout is not None  # noqa: PT018, S101 both are pipes
        try:
            process.stdin.write(line + b"\n")
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


@dataclass(slots=True, eq=False)
class _Flight:
    """A job under way. ``until``: when the last of those who wait for it gives up."""

    work: Work
    results: "asyncio.Future[Results]"
    until: float
    size: int
    askers: int = 0


class Pool:
    """``max_waiting``: jobs that may wait for a worker; one more is refused. ``spawn`` owns the tasks."""

    def __init__(self, workers: int, max_waiting: int, spawn: Spawn) -> None:
        self._workers = [_Worker() for _ in range(workers)]
        self._idle = list(self._workers)
        self._max_waiting = max_waiting
        self._spawn = spawn
        self._tasks: set[asyncio.Task[None]] = set()
        self._flights: dict[tuple[str, bytes], _Flight] = {}
        self._queue: dict[tuple[str, bytes], _Flight] = {}  # those without a worker; the first has waited longest
        self._load = 0  # the size of all flights
        self._pace_s: float | None = None  # what a character takes, on average
        self._is_closed = False
        self.outcomes: dict[str, int] = {"done": 0, "timeout": 0, "overload": 0, "error": 0, "unavailable": 0}

    @property
    def waiting(self) -> int:
        return len(self._queue)

    async def warm(self, factories: Iterable[Factory]) -> None:
        """Have every worker load every model, so that no exchange pays for it. Raises RuntimeError if one cannot."""
        for factory in factories:
            for worker in self._workers:
                try:
                    (answer,), _ = await worker.ask([(factory, ())])
                except _WorkerDied:
                    answer = {"error": "the worker died"}
                if "error" in answer:
                    raise RuntimeError(f"{factory.path} cannot be loaded: {answer['error']}")

    async def close(self) -> None:
        self._is_closed = True
        for flight in list(self._flights.values()):
            self._settle(flight, Undone("unavailable"))
        for task in self._tasks:
            task.cancel()
        for worker in self._workers:
            await worker.stop()

    def pids(self) -> list[int]:
        return [pid for worker in self._workers if (pid := worker.pid)]

    async def do(self, work: Work) -> Results:
        results = await self._share(work)
        self.outcomes[results.reason if isinstance(results, Undone) else "done"] += 1
        return results

    async def _share(self, work: Work) -> Results:
        if self._is_closed:
            return Undone("unavailable")
        flight = self._flights.get(work.key)
        if flight is None:
            if not self._can_do(work):
                return Undone("overload")
            flight = self._enqueue(work)
        else:
            flight.until = max(flight.until, _now() + work.deadline_s)
        flight.askers += 1
        try:
            async with asyncio.timeout(work.deadline_s):
                return await asyncio.shield(flight.results)
        except TimeoutError:
            return Undone("timeout")
        finally:
            flight.askers -= 1
            if not flight.askers and self._queue.get(work.key) is flight:
                self._settle(flight, Undone("timeout"))

    def _can_do(self, work: Work) -> bool:
        """A worker is free, or can be expected to be free in time. A free one always takes the job: the expectation may be wrong."""
        if self._idle:
            return True
        expected_s = (self._pace_s or 0.0) * (self._load / len(self._workers) + _size(work.units))
        return len(self._queue) < self._max_waiting and expected_s <= work.deadline_s * _TRUST

    def _enqueue(self, work: Work) -> _Flight:
        flight = _Flight(work, asyncio.get_running_loop().create_future(), _now() + work.deadline_s, _size(work.units))
        self._flights[work.key] = self._queue[work.key] = flight
        self._load += flight.size
        self._serve()
        return flight

    def _serve(self) -> None:
        """Give work to the workers that have none."""
        while self._idle and self._queue and not self._is_closed:
            if batch := self._next_batch():
                task = self._spawn(self._run(self._idle.pop(), batch), "pool work")
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    def _next_batch(self) -> list[_Flight]:
        """What has waited longest and can still be in time; no more than ``_BATCH_S`` of it, and nothing that makes another job late."""
        batch: list[_Flight] = []
        now = _now()
        size, end = 0, now + _BATCH_S
        for flight in list(self._queue.values())[:_BATCH_JOBS]:
            size += flight.size
            done_at = now + size * (self._pace_s or 0.0)
            if batch and done_at > min(end, flight.until):
                break
            if self._is_late(flight, done_at, now):
                self._settle(flight, Undone("timeout"))
                size -= flight.size
                continue
            del self._queue[flight.work.key]
            batch.append(flight)
            end = min(end, flight.until)
        return batch

    @staticmethod
    def _is_late(flight: _Flight, done_at: float, now: float) -> bool:
        """Whether it has waited for so long that to begin it now would be in vain."""
        return done_at > flight.until and flight.until - now < flight.work.deadline_s / 2

    async def _run(self, worker: _Worker, batch: Sequence[_Flight]) -> None:
        results: list[Results] = [Undone("unavailable")] * len(batch)
        try:
            async with asyncio.timeout(_STUCK_S):
                answers, seconds = await worker.ask([(flight.work.factory, flight.work.units) for flight in batch])
            results = [_results(flight.work, answer) for flight, answer in zip(batch, answers, strict=True)]
            self._note_pace(seconds / max(1, sum([flight.size for flight in batch])))
        except (TimeoutError, _WorkerDied, OSError):
            await worker.stop()
        except asyncio.CancelledError:
            await worker.stop()  # its next line would be the answer to this batch
            raise
        finally:
            for flight, each in zip(batch, results, strict=True):
                self._settle(flight, each)
            self._idle.append(worker)
            self._serve()

    def _note_pace(self, pace_s: float) -> None:
        self._pace_s = pace_s if self._pace_s is None else self._pace_s + (pace_s - self._pace_s) * _NEWS

    def _settle(self, flight: _Flight, results: Results) -> None:
        """It is over, for all who wait for it."""
        if flight.results.done():
            return
        flight.results.set_result(results)
        self._load -= flight.size
        del self._flights[flight.work.key]
        self._queue.pop(flight.work.key, None)


def _size(units: Sequence[str]) -> int:
    return sum([max(len(unit), _LEAST_CHARS) for unit in units])


def _now() -> float:
    return asyncio.get_running_loop().time()


class Scans(Pool):
    """What guards need from slow detectors. ``scanned`` is told how long each job took, from when it was asked for."""

    def __init__(self, workers: int, max_waiting: int, spawn: Spawn, scanned: Scanned = lambda detector, cost, seconds: None) -> None:
        super().__init__(workers, max_waiting, spawn)
        self._scanned = scanned

    async def run(self, jobs: Iterable[Job]) -> dict[Job, Answer]:
        """Side by side, each within its own deadline."""
        jobs = list(jobs)
        answers = await asyncio.gather(*(self._scan(job) for job in jobs))
        return dict(zip(jobs, answers, strict=True))

    async def _scan(self, job: Job) -> Answer:
        if job.detector.reads != "sentence" and any(len(unit) > MAX_UNIT_CHARS for unit in job.units):
            return NotChecked(job.detector.name, "too_long")
        begin = _now()
        results = await self.do(Work(job.detector.factory, job.units, job.deadline_s, job.key))
        if not isinstance(results, Undone) or results.reason == "timeout":  # what was refused at once took no time
            self._scanned(job.detector.name, "pool", _now() - begin)
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
