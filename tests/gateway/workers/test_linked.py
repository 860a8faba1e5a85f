"""Several workers as one: what is made of what each of them says, and of their silence."""

import asyncio
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from gateway.proxy.admin import Health, SilentError
from gateway.telemetry.instruments import Instruments
from gateway.telemetry.merged import Merged, told
from gateway.workers.link import UnansweredError
from gateway.workers.linked import LinkedWorkers


class Worker:
    """Answers as it is told to; what it was asked is in ``asked``."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.starts = 1
        self.pid = 100 + number
        self.is_up = asyncio.Event()
        self.is_up.set()
        self.is_silent = False
        self.asked: list[tuple[str, Any]] = []
        self.evidence: list[Any] = []
        self.weighed: list[Any] = []
        self.memory = "none"
        self.adopted = ""
        self.health: tuple[list[str], list[str]] = ([], [])
        self.waiting: list[dict[str, Any]] = []
        self.labels: dict[str, str | Exception] = {}
        self.instruments = Instruments(CollectorRegistry())

    @property
    def name(self) -> str:
        return f"{self.number}.{self.starts}"

    async def ask(self, name: str, *args: Any, within_s: float) -> Any:
        assert within_s > 0
        if self.is_silent or not self.is_up.is_set():
            raise UnansweredError(name)
        self.asked.append((name, args))
        return getattr(self, f"_{name}")(*args)

    def _told(self) -> Any:
        return told(self.instruments, [])

    def _health(self) -> Any:
        return self.health

    def _status(self) -> Any:
        return {"pid": self.pid, "rollouts": self._rollouts()}

    def _rollouts(self) -> Any:
        return [{"name": "next", "state": self.memory, "weighed": len(self.weighed)}]

    def _act(self, name: str, act: str) -> Any:
        if name != "next":
            raise KeyError(name)
        self.memory = act
        return {"state": act}

    def _waiting(self, limit: int) -> Any:
        return self.waiting[:limit]

    def _label(self, request_id: str, label: str) -> Any:
        said = self.labels[request_id]
        if isinstance(said, Exception):
            raise said
        return {"label": label}

    def _evidence(self) -> Any:
        taken, self.evidence = self.evidence, []
        return taken

    def _weigh(self, evidence: list[Any]) -> Any:
        self.weighed += evidence
        if len(self.weighed) >= 4:
            self.memory = "rolled back"
        return self.memory

    def _adopt(self, memory: str) -> Any:
        self.adopted = memory

    def dies(self) -> None:
        self.is_up.clear()

    def is_another(self) -> None:
        self.starts += 1
        self.adopted = ""
        self.instruments = Instruments(CollectorRegistry())
        self.is_up.set()


@pytest.fixture
def workers() -> list[Worker]:
    return [Worker(number) for number in range(3)]


@pytest.fixture
def linked(workers: list[Worker]) -> LinkedWorkers:
    registry = CollectorRegistry()
    made = LinkedWorkers(workers, registry, Merged(registry))
    made.not_ready = []
    return made


async def test_health(linked: LinkedWorkers, workers: list[Worker]):
    """All is well where it is with each; one that is down or hangs is told of; where none answers, no traffic should come."""
    await linked.look()
    assert await linked.health() == Health([], [])
    workers[1].health = ([], ["policies: bad"])
    workers[2].health = ([], ["policies: bad"])
    await linked.look()
    assert await linked.health() == Health([], ["policies: bad"])
    workers[0].dies()
    assert await linked.health() == Health([], ["workers: 1 of 3 do not answer (0)", "policies: bad"])
    workers[1].is_silent = True
    await linked.look()
    assert await linked.health() == Health([], ["workers: 2 of 3 do not answer (0, 1)", "policies: bad"])
    workers[2].health = (["shutting down"], [])
    await linked.look()
    assert (await linked.health()).not_ready == ["shutting down"]
    workers[2].dies()
    assert await linked.health() == Health(["no worker answers"], [])
    linked.not_ready = ["starting"]
    assert await linked.health() == Health(["starting"], [])


async def test_a_worker_that_begins_again_is_not_taken_for_the_one_before(linked: LinkedWorkers, workers: list[Worker]):
    """It counts once it has answered for itself."""
    await linked.look()
    workers[0].dies()
    linked.forget(workers[0].name)
    workers[0].is_another()
    assert (await linked.health()).degraded == ["workers: 1 of 3 do not answer (0)"]
    await linked.look()
    assert await linked.health() == Health([], [])
    assert (linked.up, linked.restarts) == (3, 1)


async def test_status(linked: LinkedWorkers, workers: list[Worker]):
    """Each says its own, but of rollouts what the one says that decides; one that is silent is named."""
    workers[0].memory = "promoted"
    workers[2].is_silent = True
    first, second, third = (await linked.policy_status())["workers"]
    assert (first["worker"], first["pid"], second["worker"], second["pid"]) == (0, 100, 1, 101)
    assert first["rollouts"][0]["state"] == second["rollouts"][0]["state"] == "promoted"
    assert third == {"worker": 2, "pid": 102, "silent": True}


async def test_evidence_is_weighed_by_one(linked: LinkedWorkers, workers: list[Worker]):
    """What all know goes to the first, and what it makes of it to the others, and to them alone."""
    workers[1].evidence, workers[2].evidence = [["a"], ["b"]], [["c"]]
    (row,) = await linked.rollouts()
    assert (row["state"], row["weighed"]) == ("none", 3)
    assert [worker.adopted for worker in workers] == ["", "none", "none"]
    workers[2].evidence = [["d"]]
    assert (await linked.rollouts())[0]["state"] == "rolled back"
    assert [worker.adopted for worker in workers] == ["", "rolled back", "rolled back"]
    await linked.rollouts()
    assert [sum(name == "adopt" for name, _ in worker.asked) for worker in workers] == [0, 2, 2]


async def test_evidence_waits_for_the_one_that_leads(linked: LinkedWorkers, workers: list[Worker]):
    """While it is silent the others keep what they know, and nobody says what has become of rollouts."""
    workers[1].evidence = [["a"]]
    workers[0].is_silent = True
    with pytest.raises(SilentError):
        await linked.rollouts()
    with pytest.raises(SilentError):
        await linked.act("next", "promote")
    assert workers[1].evidence == [["a"]]
    workers[0].is_silent = False
    assert (await linked.rollouts())[0]["weighed"] == 1


async def test_acts_hold_at_once(linked: LinkedWorkers, workers: list[Worker]):
    """Once it is answered, all do as was said; one that was silent or begins again is told when it is there."""
    workers[2].is_silent = True
    assert await linked.act("next", "promote") == {"state": "promote"}
    assert [worker.adopted for worker in workers] == ["", "promote", ""]
    workers[2].is_silent = False
    workers[1].dies()
    linked.forget(workers[1].name)
    workers[1].is_another()
    await linked.rollouts()
    assert [worker.adopted for worker in workers] == ["", "promote", "promote"]
    with pytest.raises(KeyError):
        await linked.act("other", "promote")


async def test_reviews(linked: LinkedWorkers, workers: list[Worker]):
    """The nearest to a border first, whoever has them; a label goes to the one that has the exchange."""
    for worker, distances in zip(workers, ([0.3, 0.4], [0.1], [0.2, 0.3]), strict=True):
        worker.waiting = [{"request_id": f"{worker.number}", "distance": distance, "ts": worker.number} for distance in distances]
    assert [each["request_id"] for each in await linked.waiting(4)] == ["1", "2", "2", "0"]
    workers[1].labels = {"req_1": "", "req_full": OSError("no space")}
    assert await linked.label("req_1", "inside") == {"label": "inside"}
    with pytest.raises(OSError):
        await linked.label("req_full", "inside")
    with pytest.raises(KeyError):
        await linked.label("req_2", "inside")
    workers[0].is_silent = True
    assert await linked.label("req_1", "inside") == {"label": "inside"}
    with pytest.raises(SilentError):
        await linked.label("req_2", "inside")


def _counted(registry: CollectorRegistry) -> float:
    return sum(sample.value for metric in registry.collect() for sample in metric.samples if sample.name == "oddgate_reviews_total")


async def test_metrics(linked: LinkedWorkers, workers: list[Worker]):
    """What a silent worker said last counts on, and what a dead one said is not counted again."""
    for worker in workers:
        worker.instruments.reviewed("inside")
    assert _counted(await linked.metrics()) == 3
    workers[0].instruments.reviewed("inside")
    workers[1].is_silent = True
    assert _counted(await linked.metrics()) == 4
    workers[0].dies()
    linked.forget(workers[0].name)
    workers[0].is_another()
    assert _counted(await linked.metrics()) == 4
    workers[0].instruments.reviewed("inside")
    assert _counted(await linked.metrics()) == 5


async def test_a_worker_that_dies_with_its_answer_on_the_way(linked: LinkedWorkers, workers: list[Worker]):
    """What it said is not counted for the one in its place, nor twice."""
    workers[0].instruments.reviewed("inside")
    await linked.metrics()
    answers = workers[0].ask

    async def dies_after(name: str, *args: Any, within_s: float) -> Any:
        said = await answers(name, *args, within_s=within_s)
        workers[0].dies()
        linked.forget(workers[0].name)
        workers[0].is_another()
        return said

    workers[0].ask = dies_after
    assert _counted(await linked.metrics()) == 1
    workers[0].ask = answers
    assert _counted(await linked.metrics()) == 1
