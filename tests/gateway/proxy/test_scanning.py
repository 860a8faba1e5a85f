"""Who waits for which scans."""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any

import pytest

from gateway.guard.memo import Memo
from gateway.guard.request import Memos, RequestGuard
from gateway.guard.response import ResponseGuard
from gateway.guard.scans import Answer, Job
from gateway.guard.tokens import Tokens
from gateway.proxy.scanning import AnswerScans, review
from gateway.wire.model import Delta, Event, Request, Segment
from policies.verdict import Action
from policies.vocabulary import Scope
from tests.support.guards import DIGITS, KEY, Names, plan, policy, rule


class _Scans:
    async def run(self, jobs: list[Job]) -> dict[Job, Answer]:
        return {job: tuple(Names.scan(unit) for unit in job.units) for job in jobs}


def _spawn(work: Coroutine[Any, Any, Any], name: str) -> "asyncio.Task[Any]":
    return asyncio.get_running_loop().create_task(work, name=name)


def _guard(action: str, *texts: str) -> RequestGuard:
    segments = tuple(Segment(text, "user", Scope.USER, (index,)) for index, text in enumerate(texts))
    request = Request("chat", "m", False, list(texts), b"", segments, ())
    memos = Memos(Memo(KEY, 10_000), Memo(KEY, 10_000))
    return RequestGuard(plan(policy(rule("all", action)), (DIGITS, Names())), request, memos, Tokens(KEY, ""), "")


async def test_a_review():
    """Runs what runs elsewhere and what runs here."""
    guard = _guard("redact", "Anna has 12345678")
    await review(guard, _Scans(), time.perf_counter, 1)
    guard.verdict()
    assert guard.body() == b'["[PERSON] has [NUMBER]"]'


async def test_a_review_that_takes_too_long():
    """Leaves the rest unchecked, about which the policy decides."""
    times = iter(range(1000))
    guard = _guard("redact", "anna", "12345678")
    await review(guard, _Scans(), lambda: next(times), 0.5)
    assert guard.verdict() is Action.BLOCK


async def test_a_long_text_is_looked_at_in_turns():
    """A text whose layers take long to undo leaves room for others, and is timed out beyond the rules' patience, not left unchecked."""
    others = 0

    async def count() -> None:
        nonlocal others
        while True:
            others += 1
            await asyncio.sleep(0)

    counting = asyncio.ensure_future(count())
    patient, hasty = (_guard("redact", "%41nna %34 " * 6_000) for _ in range(2))
    await review(patient, _Scans(), time.perf_counter, 60)
    counting.cancel()
    assert others > 3
    assert patient.verdict() is Action.REDACT
    await review(hasty, _Scans(), time.perf_counter, 0.01)
    assert hasty.verdict() is Action.BLOCK


@pytest.mark.parametrize("action", ["redact", "flag"])
async def test_what_no_text_waits_for_is_heard_when_it_is_there(action: str):
    """A long answer keeps neither the findings of a model that flags nor the text that they are about; what may rewrite is waited for."""
    guard = ResponseGuard(plan(policy(rule("names", action, scope=["output"], stream="sentence")), (Names(),)), Tokens(KEY, ""), str.encode)
    scans = AnswerScans(guard, _Scans(), _spawn)
    for _ in range(50):
        guard.feed(Event(b"x", {}, (Delta((0, "content"), Scope.OUTPUT, "I met Anna.\n", ()),)))
        await scans.settle(is_end=False)
        guard.release()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert len(scans._late) <= 2
    guard.close()
    await scans.settle(is_end=True)
    guard.release()
    assert (scans._late, sum(guard.findings.counts.values())) == ([], 50)


async def test_what_nobody_waits_for_any_more():
    """Is cancelled."""
    guard = ResponseGuard(plan(policy(rule("names", "flag", scope=["output"])), (Names(),)), Tokens(KEY, ""), str.encode)
    scans = AnswerScans(guard, _Scans(), _spawn)
    guard.feed(Event(b"x", {}, (Delta((0, "content"), Scope.OUTPUT, "I met Anna. She left. More", ()),)))
    await scans.settle(is_end=False)
    (task,) = scans._late
    scans.drop()
    with pytest.raises(asyncio.CancelledError):
        await task
