"""Runs what guards ask for, and lets others have their turn meanwhile."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Protocol, TypeVar

from gateway.guard.request import RequestGuard
from gateway.guard.response import ResponseGuard
from gateway.guard.scans import Answer, Job

TURN_S = 0.005
"""What takes longer makes room for the other exchanges."""

T = TypeVar("T")
Answers = dict[Job, Answer]


class Scans(Protocol):
    async def run(self, jobs: list[Job]) -> Answers: ...


class Spawn(Protocol):
    """Start a task that the app owns."""

    def __call__(self, work: Coroutine[Any, Any, T], name: str) -> "asyncio.Task[T]": ...


async def review(guard: RequestGuard, scans: Scans, clock: Callable[[], float], patience_s: float) -> None:
    """Run what the guard of a request needs; what takes longer than the rules' deadline allows is left unchecked."""
    left_s = await in_turns(guard.look(), clock, patience_s)
    if jobs := guard.needs():
        guard.settle(await scans.run(jobs))
    await in_turns(guard.scan(), clock, left_s)


async def in_turns(steps: Iterator[None], clock: Callable[[], float], patience_s: float) -> float:
    """Go through the steps, and let others have their turn, while the patience lasts; what is left of it, in seconds."""
    begin = clock()
    for _ in steps:
        turn = clock() - begin
        if turn > TURN_S:
            patience_s -= turn
            if patience_s < 0:
                return 0.0
            await asyncio.sleep(0)
            begin = clock()
    return patience_s


class AnswerScans:
    """Runs what the guard of one answer needs. Text waits only for jobs that could change it; the others are heard at the end at the
    latest.
    """

    def __init__(self, guard: ResponseGuard, scans: Scans, spawn: Spawn) -> None:
        self._guard = guard
        self._scans = scans
        self._spawn = spawn
        self._late: list[asyncio.Task[Answers]] = []

    async def settle(self, *, is_end: bool) -> None:
        guard = self._guard
        needs = guard.needs()
        if not needs and not self._late:
            return
        late = [job for job, holds in needs if not holds]
        if late:
            self._late.append(self._spawn(self._scans.run(late), "late scans"))
        while jobs := [job for job, holds in needs if holds]:
            guard.settle(await self._scans.run(jobs))
            needs = guard.needs()
        for task in [task for task in self._late if is_end or task.done()]:  # what is heard at once need not be kept to the end
            guard.settle(await task)
            self._late.remove(task)

    def drop(self) -> None:
        for task in self._late:
            task.cancel()
