"""The exchange's own bookkeeping; what it does as a whole is tested with whole gateways."""

import asyncio
from collections.abc import Coroutine
from types import SimpleNamespace
from typing import Any

from gateway.guard.response import ResponseGuard
from gateway.guard.scans import Answer, Job
from gateway.guard.tokens import Tokens
from gateway.proxy.handler import _Serving
from gateway.wire.model import Delta, Event
from policies.policy import Scope
from tests.support.guards import KEY, Names, plan, policy, rule


async def scan(jobs: list[Job]) -> dict[Job, Answer]:
    return {job: tuple(Names.scan(unit) for unit in job.units) for job in jobs}


def spawn(work: Coroutine[Any, Any, Any], name: str) -> "asyncio.Task[Any]":
    return asyncio.get_running_loop().create_task(work, name=name)


async def test_what_no_text_waits_for_is_heard_when_it_is_there():
    """A long stream keeps neither the answers of a flagging model nor the text that they are about."""
    serving = _Serving(SimpleNamespace(scans=SimpleNamespace(run=scan), spawn=spawn), None, None, None)  # type: ignore[arg-type]
    guard = ResponseGuard(plan(policy(rule("names", "flag", scope=["output"])), (Names(),)), Tokens(KEY, "app"), str.encode)
    for _ in range(50):
        delta = Delta((0, "content"), Scope.OUTPUT, "I met Anna.\n", ())
        guard.feed(Event(b"x", {}, (delta,)))
        await serving._settle(guard, is_end=False)
        guard.release()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert len(serving._late) <= 2
    assert sum(guard.findings.counts.values()) >= 45
    guard.close()
    await serving._settle(guard, is_end=True)
    guard.release()
    assert not serving._late
    assert sum(guard.findings.counts.values()) == 50
