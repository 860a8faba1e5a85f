"""The pool, with real worker processes: every job has an answer or a reason, in time, whatever becomes of a worker."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psutil
import pytest

from detectors.contract import Shown
from detectors.finding import Evidence, Finding
from gateway.guard.scans import Answer, Job
from gateway.proxy import offload
from gateway.proxy.offload import MAX_UNIT_CHARS, Scans
from policies.decide import NotChecked
from tests.gateway.proxy.slow_detector import SlowDetector
from tests.support.processes import is_zombie
from tests.support.waiting import eventually

pytestmark = pytest.mark.slow
DETECTOR = SlowDetector()
COUNT = iter(range(10**6))


@pytest.fixture(autouse=True)
def restarts_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offload, "_RESTART_PAUSE_S", 0.01)


def job(*units: str, deadline_s: float = 10, key: str | None = None, detector: SlowDetector = DETECTOR) -> Job:
    """One of its own, unless it has a key."""
    return Job(detector, units, deadline_s, ("slow", (key or f"#{next(COUNT)}").encode()))


def spans(unit: str) -> tuple[Finding, ...]:
    return (Finding("pii", "pii.PERSON", 0, len(unit), 0.5, Evidence.MODEL),)


def not_checked(reason: str) -> NotChecked:
    return NotChecked("pii", reason)


@asynccontextmanager
async def pool(workers: int = 1, max_waiting: int = 8, told: list[tuple[str, str, float]] | None = None) -> AsyncIterator[Scans]:
    """A warm pool, whose processes and tasks are gone afterwards."""
    tasks: set[asyncio.Task[Answer]] = set()

    def spawn(work, name: str) -> "asyncio.Task[Answer]":
        task = asyncio.get_running_loop().create_task(work, name=name)
        tasks.add(task)
        return task

    scans = Scans(workers, max_waiting, spawn, lambda *said: None if told is None else told.append(said))
    await scans.warm([DETECTOR.factory])
    pids = scans.pids()
    assert len(pids) == workers
    try:
        yield scans
    finally:
        pids += scans.pids()
        await scans.close()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert [pid for pid in pids if psutil.pid_exists(pid)] == []
        children = psutil.Process().children()
        assert [child.pid for child in children if is_zombie(child)] == []


async def one(scans: Scans, asked: Job) -> Answer:
    return (await scans.run([asked]))[asked]


async def is_running(scans: Scans, number: int) -> None:
    await eventually(lambda: len(scans._flights) == number and scans.waiting == 0)


async def test_findings():
    """The findings of each unit of each job, with everything that the detector said of them."""
    async with pool(workers=2) as scans:
        first, second = job("Anna", "Bert Öl"), job("日本", "\ud800", "line\nbreak")
        assert await scans.run([first, second]) == {
            first: (spans("Anna"), spans("Bert Öl")),
            second: (spans("日本"), spans("\ud800"), spans("line\nbreak")),
        }
        assert await scans.run([]) == {}
        assert scans.outcomes == {"done": 2, "timeout": 0, "overload": 0, "error": 0, "unavailable": 0}


async def test_what_a_library_prints_is_no_answer():
    """Output of the detector's own goes nowhere."""
    async with pool() as scans:
        assert await one(scans, job("print")) == (spans("print"),)
        assert await one(scans, job("Anna")) == (spans("Anna"),)


async def test_deadline():
    """A job that takes too long is not checked, which is said before it ends, and the next one is unharmed: it gets its own findings, not
    those of the late one.
    """
    async with pool() as scans:
        late = asyncio.ensure_future(one(scans, job("sleep 2", deadline_s=0.1)))
        behind = asyncio.ensure_future(one(scans, job("Anna", deadline_s=60)))
        done, _ = await asyncio.wait({late, behind}, return_when=asyncio.FIRST_COMPLETED)
        assert done == {late}
        assert (await late, await behind) == (not_checked("timeout"), (spans("Anna"),))
        assert scans.outcomes["timeout"] == 1


async def test_waiting_counts_towards_the_deadline():
    """A job whose time passes in the queue is not checked, and costs no worker's time."""
    async with pool() as scans:
        running = asyncio.ensure_future(one(scans, job("sleep 1")))
        await is_running(scans, 1)
        batches = sent(scans)
        assert await one(scans, job("sleep 5", deadline_s=0.05)) == not_checked("timeout")
        await running
        assert await one(scans, job("Anna")) == (spans("Anna"),)
        assert batches == [["Anna"]]


async def test_overload():
    """One more than may wait is refused at once."""
    async with pool(max_waiting=1) as scans:
        running = asyncio.ensure_future(one(scans, job("sleep 2")))
        await is_running(scans, 1)
        waiting = asyncio.ensure_future(one(scans, job("Anna")))
        await eventually(lambda: scans.waiting == 1)
        assert await one(scans, job("Bert")) == not_checked("overload")
        assert not running.done()
        assert (await running, await waiting) == ((spans("sleep 2"),), (spans("Anna"),))
        assert scans.outcomes["overload"] == 1


async def test_how_long_jobs_take():
    """Told of each that was begun, whether it was done in time or not, and of none that was refused or failed."""
    told: list[tuple[str, str, float]] = []
    async with pool(told=told) as scans:
        await one(scans, job("sleep 0.05"))
        await one(scans, job("sleep 1", deadline_s=0.1))
        assert [(detector, cost, 0.04 < seconds < 30) for detector, cost, seconds in told] == [("pii", "pool", True)] * 2
        await one(scans, job("fail it"))
        await one(scans, job("x" * (MAX_UNIT_CHARS + 1), detector=SlowDetector("text")))
        assert len(told) == 2


async def busy(scans: Scans, seconds: float) -> "asyncio.Future[Answer]":
    """A worker at work, of whom it is known what a unit takes: a fifth of a second."""
    assert await one(scans, job("sleep 0.2")) == (spans("sleep 0.2"),)
    running = asyncio.ensure_future(one(scans, job(f"sleep {seconds}")))
    await is_running(scans, 1)
    return running


def sent(scans: Scans) -> list[list[str]]:
    """What the one worker is sent from now on, a list of first units for each time."""
    (worker,) = scans._workers
    batches, ask = [], worker.ask

    async def noting(jobs):
        batches.append([units[0] for _, units in jobs])
        return await ask(jobs)

    worker.ask = noting
    return batches


async def test_what_cannot_be_done_in_time_is_refused_at_once():
    """A job that would wait beyond its deadline is not taken, one with more time is; and a free worker takes whatever comes."""
    async with pool() as scans:
        running = await busy(scans, 1)
        assert await one(scans, job("Anna", deadline_s=0.3)) == not_checked("overload")
        assert await one(scans, job("Anna", deadline_s=8)) == (spans("Anna"),)
        await running
        scans._pace_s = 1.0  # a minute and more for a name
        assert await one(scans, job("Anna", deadline_s=10)) == (spans("Anna"),)


async def test_many_units_make_a_long_wait():
    """The wait is told from the units ahead, and no longer from those that are done or were given up."""
    async with pool() as scans:
        running = await busy(scans, 1)
        long = asyncio.ensure_future(one(scans, job(*["Anna"] * 50, deadline_s=20)))
        await eventually(lambda: scans.waiting == 1)
        assert await one(scans, job("Bert", deadline_s=8)) == not_checked("overload")
        long.cancel()
        await eventually(lambda: scans.waiting == 0)
        assert await one(scans, job("Bert", deadline_s=8)) == (spans("Bert"),)
        await running
        assert scans._load == 0


async def test_one_long_text_makes_nobody_elses_wait_look_long():
    """What a short unit will take is not told from how long a long one took, but from how long so many characters take."""
    async with pool() as scans:
        long = f"sleep {0.5:<{MAX_UNIT_CHARS - 6}}"
        assert await one(scans, job(long, detector=SlowDetector(reads="turn"))) == (spans(long),)
        running = asyncio.ensure_future(one(scans, job("sleep 0.1")))
        await is_running(scans, 1)
        assert await one(scans, job(*["Anna"] * 20, deadline_s=8)) == (spans("Anna"),) * 20
        await running
        assert scans._load == 0


@pytest.mark.parametrize("reads", ["turn", "text"])
async def test_what_is_too_long_to_be_judged_in_one(reads: Shown):
    """It is not checked, and no worker hears of it; sentences are short, however many there are."""
    async with pool() as scans:
        batches, text = sent(scans), "x" * (MAX_UNIT_CHARS + 1)
        assert await one(scans, job("Anna", text, detector=SlowDetector(reads=reads))) == not_checked("too_long")
        assert batches == []
        assert await one(scans, job(text)) == (spans(text),)


async def test_what_would_be_late_is_not_begun():
    """A job that has waited too long to be done in time costs no worker's time."""
    async with pool() as scans:
        running = await busy(scans, 2)
        batches = sent(scans)
        scans._pace_s = 0.01  # a second for a unit
        assert await one(scans, job("sleep 5", deadline_s=2.6)) == not_checked("timeout")
        await running
        assert await one(scans, job("Anna")) == (spans("Anna"),)
        assert batches == [["Anna"]]


async def test_what_waits_goes_together():
    """Jobs that wait are sent at once, as many as take little time, in their order; each has its own findings, or its own failure."""
    async with pool(max_waiting=64) as scans:
        await one(scans, job("Anna"))
        running = asyncio.ensure_future(one(scans, job("sleep 0.5")))
        await is_running(scans, 1)
        batches = sent(scans)
        names = [f"Person {number}" for number in range(20)]
        names[3] = "fail my secret"
        answers = await asyncio.gather(*(one(scans, job(name)) for name in names))
        assert answers == [not_checked("error") if name.startswith("fail") else (spans(name),) for name in names]
        await running
    assert [name for batch in batches for name in batch] == names
    assert len(batches) < len(names)
    assert max(map(len, batches)) <= 16


async def test_what_takes_long_goes_alone():
    """A batch holds no more than little work, so that nobody waits for another's."""
    async with pool() as scans:
        running = await busy(scans, 0.5)
        batches = sent(scans)
        await asyncio.gather(*(one(scans, job(name)) for name in ("Anna", "Bert")))
        await running
    assert batches == [["Anna"], ["Bert"]]


async def test_who_gave_up_frees_a_place():
    """A job that nobody waits for any more leaves the queue at once, so that another may wait in its place."""
    async with pool(max_waiting=1) as scans:
        running = asyncio.ensure_future(one(scans, job("sleep 1")))
        await is_running(scans, 1)
        assert await one(scans, job("sleep 5", deadline_s=0.05)) == not_checked("timeout")
        waiting = asyncio.ensure_future(one(scans, job("Anna")))
        assert (await running, await waiting) == ((spans("sleep 1"),), (spans("Anna"),))


async def test_who_comes_again_is_served():
    """A job that was given up in the queue can be asked for again, while the worker is still busy with another."""
    async with pool() as scans:
        running = asyncio.ensure_future(one(scans, job("sleep 1")))
        await is_running(scans, 1)
        assert await one(scans, job("Anna", key="same", deadline_s=0.05)) == not_checked("timeout")
        assert await one(scans, job("Anna", key="same")) == (spans("Anna"),)
        await running


async def test_an_error_is_a_reason():
    """A detector that fails says so, and nothing of why; its worker stays."""
    async with pool() as scans:
        before = scans.pids()
        answer = await one(scans, job("fail my secret text"))
        assert (answer, "secret" in repr(answer)) == (not_checked("error"), False)
        assert await one(scans, job("Anna")) == (spans("Anna"),)
        assert scans.pids() == before


async def test_too_few_answers_are_an_error():
    """A detector that does not answer for each unit has failed; findings are never taken for another unit's."""
    async with pool() as scans:
        assert await one(scans, job("Anna", "short", "Bert")) == not_checked("error")


@pytest.mark.parametrize("how", ["dies at work", "is killed at work", "is killed while idle"])
async def test_a_worker_dies(how: str):
    """Its job is unavailable, and the next one has a new worker."""
    async with pool() as scans:
        (before,) = scans.pids()
        if how == "dies at work":
            assert await one(scans, job("die")) == not_checked("unavailable")
        elif how == "is killed at work":
            running = asyncio.ensure_future(one(scans, job("sleep 5")))
            await is_running(scans, 1)
            os.kill(before, signal.SIGKILL)
            assert await running == not_checked("unavailable")
        else:
            os.kill(before, signal.SIGKILL)
            await eventually(lambda: scans.pids() == [])
        assert await one(scans, job("Anna")) == (spans("Anna"),)
        assert scans.pids() not in ([], [before])


async def test_one_worker_dies_and_the_other_works_on():
    """What runs elsewhere is unharmed."""
    async with pool(workers=2) as scans:
        dying, living = job("die"), job("sleep 0.2")
        assert await scans.run([dying, living]) == {dying: not_checked("unavailable"), living: (spans("sleep 0.2"),)}


async def test_a_stuck_worker_is_replaced(monkeypatch: pytest.MonkeyPatch):
    """One that does not come back is ended after a while, and the pool is whole again."""
    monkeypatch.setattr(offload, "_STUCK_S", 0.3)
    async with pool() as scans:
        (before,) = scans.pids()
        assert await one(scans, job("sleep 60", deadline_s=0.1)) == not_checked("timeout")
        await eventually(lambda: scans.pids() != [before])
        monkeypatch.setattr(offload, "_STUCK_S", 60)  # to start takes a while
        assert await one(scans, job("Anna")) == (spans("Anna"),)


async def test_equal_jobs_are_shared():
    """Equal work in flight is done once, and each asker has its own deadline."""
    async with pool() as scans:
        batches = sent(scans)
        asked = [job("sleep 1", key="same", deadline_s=deadline) for deadline in (5, 5, 0.1, 5)]
        answers = await asyncio.gather(*(one(scans, each) for each in asked))
        assert answers == [(spans("sleep 1"),), (spans("sleep 1"),), not_checked("timeout"), (spans("sleep 1"),)]
        assert batches == [["sleep 1"]]


async def test_an_asker_that_leaves():
    """One of several may leave without harm to the others; when the last has left, queued work is not begun."""
    async with pool() as scans:
        shared = [asyncio.ensure_future(one(scans, job("sleep 1", key="same"))) for _ in range(2)]
        await is_running(scans, 1)
        queued = asyncio.ensure_future(one(scans, job("sleep 30")))
        await eventually(lambda: scans.waiting == 1)
        shared[0].cancel()
        queued.cancel()
        assert await shared[1] == (spans("sleep 1"),)
        assert await one(scans, job("Anna")) == (spans("Anna"),)
        assert (shared[0].cancelled(), queued.cancelled(), scans._flights) == (True, True, {})


async def test_warming_while_jobs_run():
    """A reload loads models beside the traffic, and no job gets another's answer."""
    other = SlowDetector(names=("a", "b"))
    async with pool() as scans:
        jobs = [job(f"Person {number}") for number in range(8)] + [job("sleep 0.1")]
        answers, _ = await asyncio.gather(scans.run(jobs), scans.warm([other.factory, DETECTOR.factory]))
        assert answers == {each: (spans(each.units[0]),) for each in jobs}
        later = job("Anna", detector=other)
        assert await one(scans, later) == (spans("Anna"),)


@pytest.mark.parametrize("factory", [SlowDetector(broken="my secret path").factory, SlowDetector(unknown=1).factory])
async def test_a_model_that_cannot_be_loaded(factory):
    """Warming says which, and what kind of error it was."""
    async with pool() as scans:
        with pytest.raises(RuntimeError, match=r"slow_detector:build cannot be loaded: (ValueError|TypeError)$") as raised:
            await scans.warm([factory])
        assert "secret" not in str(raised.value)


async def test_closing_with_work_under_way():
    """Whoever waits hears that nothing was checked; nothing stays behind."""
    async with pool() as scans:
        running = asyncio.ensure_future(one(scans, job("sleep 30")))
        await is_running(scans, 1)
        queued = asyncio.ensure_future(one(scans, job("Anna")))
        await eventually(lambda: scans.waiting == 1)
        await scans.close()
        assert (await running, await queued) == (not_checked("unavailable"), not_checked("unavailable"))


async def test_workers_end_with_the_gateway():
    """A worker whose gateway is gone reads the end of its input, and ends."""
    async with pool() as scans:
        (worker,) = scans._workers
        process = worker._process
        process.stdin.close()
        await asyncio.wait_for(process.wait(), 60)
        assert process.returncode == 0


async def test_an_interrupt_is_the_gateways():
    """Ctrl-C goes to the whole group of processes; workers go on until the gateway has drained."""
    async with pool() as scans:
        (pid,) = scans.pids()
        running = asyncio.ensure_future(one(scans, job("sleep 0.3")))
        await is_running(scans, 1)
        os.kill(pid, signal.SIGINT)
        assert await running == (spans("sleep 0.3"),)
        assert scans.pids() == [pid]
