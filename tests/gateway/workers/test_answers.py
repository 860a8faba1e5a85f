"""What one worker answers: the same by its link and in its own process."""

import json
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from detectors.registry import Catalog
from gateway.config.detectors import PiiDetector
from gateway.guard.outcome import Findings
from gateway.proxy.admin import Health
from gateway.proxy.inforce import InForce, Source
from gateway.proxy.plans import Detectors
from gateway.proxy.reviewqueue import ReviewQueue
from gateway.telemetry.instruments import Instruments, Reading
from gateway.telemetry.record import Exchange
from gateway.workers.answers import WorkerAnswers
from policies.verdict import Action

KEY = b"k" * 32


class One:
    """A worker's parts, and what it answers by its link, as that carries it."""

    def __init__(self, folder: Path, *, leads: bool = True) -> None:
        self.instruments = Instruments(CollectorRegistry())
        source = Source(folder / "policies", folder, "old", (), folder / "var")
        self.in_force = InForce(source, Catalog(), Detectors(PiiDetector()), KEY, lambda: 7.0, self.instruments, leads=leads)
        reviews = ReviewQueue(lambda _: None, lambda: 7.0, self.instruments.reviewed)
        self.problems: list[str] = []
        readings = [Reading("oddgate_things", "Things.", lambda: 3.0)]
        self.answers = WorkerAnswers(self.instruments, readings, self.in_force, reviews, lambda: self.problems)

    async def ask(self, name: str, *args: Any) -> Any:
        said = await self.answers.by_name()[name](*json.loads(json.dumps(args)))
        return json.loads(json.dumps(said))

    def decides(self, side: str, action: Action, number: int) -> None:
        versions = {row["name"]: row["version"] for row in self.in_force.status()["policies"]}
        for _ in range(number):
            exchange = Exchange("r", 0.0, 0.0, policy=versions[side], request=Findings(), response=Findings(), app="a", session="s")
            exchange.response.raise_to(action)
            self.in_force.rollouts.note(exchange)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "old.yaml").write_text("name: old\n")
    (tmp_path / "policies" / "new.yaml").write_text("name: new\nrollout: {of: old, percent: 50}\n")
    return tmp_path


async def test_the_same_by_either_way(folder: Path):
    """Whoever asks."""
    one = One(folder)
    assert await one.ask("is_up") is None
    assert await one.ask("health") == [[], []]
    assert await one.answers.health() == Health([], [])
    one.problems.append("starting")
    assert await one.ask("health") == [["starting"], []]
    (status,) = (await one.answers.policy_status())["workers"]
    assert await one.ask("status") == json.loads(json.dumps(status))
    assert status["pid"] > 0
    assert await one.ask("rollouts") == json.loads(json.dumps(await one.answers.rollouts()))
    assert (await one.ask("act", "new", "promote"))["state"] == "promoted"
    assert await one.ask("waiting", 5) == await one.answers.waiting(5) == []
    with pytest.raises(KeyError):
        await one.ask("label", "req_1", "inside")
    with pytest.raises(KeyError):
        await one.ask("act", "none", "promote")


async def test_metrics(folder: Path):
    """All that is counted, and what others keep."""
    one = One(folder)
    one.instruments.reviewed("inside")
    said = await one.ask("told")
    assert said["instruments"]["oddgate_reviews_total"]["series"] == [[["inside"], 1]]
    assert said["readings"] == [["oddgate_things", "Things.", False, "sum", 3.0]]
    assert await one.answers.metrics() is one.instruments.registry


async def test_evidence_goes_to_the_one_that_leads(folder: Path):
    """And comes back as what has become of new versions; of callers, too, there is only so much from all workers together."""
    leader, led = One(folder), One(folder, leads=False)
    led.decides("old", Action.ALLOW, 3)
    evidence = await led.ask("evidence")
    assert [each[2:] for each in evidence] == [["old", False, ["a", "s"]]] * 3
    assert await led.ask("evidence") == []
    await leader.ask("weigh", evidence)
    counted = (await leader.ask("rollouts"))[0]["old"]["exchanges"]
    assert 0 < counted <= 3
    await leader.ask("weigh", evidence * 100)
    alone = One(folder)
    alone.decides("old", Action.ALLOW, 303)
    assert (await leader.ask("rollouts"))[0]["old"] == (await alone.ask("rollouts"))[0]["old"]


async def test_what_is_adopted(folder: Path):
    """What the one that leads says holds; what is no such word changes nothing."""
    leader, led = One(folder), One(folder, leads=False)
    await leader.ask("act", "new", "rollback")
    memory = await leader.ask("weigh", [])
    await led.ask("adopt", memory)
    assert (await led.ask("rollouts"))[0]["state"] == "rolled_back"
    await led.ask("adopt", "{}")
    assert (await led.ask("rollouts"))[0]["state"] == "rolled_back"
