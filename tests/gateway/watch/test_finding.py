"""From the journal to those who look for what is not as usual."""

import logging
from collections.abc import Iterable
from pathlib import Path

import orjson
import pytest

from gateway.watch.finding import Finding
from gateway.watch.row import Record, parse_said
from gateway.watch.worker import Tally, Worker
from tests.gateway.watch.records import NOW, line


class Counts:
    """Finds every record, and each tick that begins a minute."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.ticks: list[float] = []

    def take(self, record: Record) -> Iterable[str]:
        if record.get("model") == "broken":
            raise KeyError("secret text")
        self.ids.append(record["request_id"])
        yield record["request_id"]

    def tick(self, now: float) -> Iterable[str]:
        self.ticks.append(now)
        return ()

    def snapshot(self) -> bytes:
        return orjson.dumps(self.ids)

    def restore(self, data: bytes) -> None:
        said = orjson.loads(data)
        if not isinstance(said, list):
            raise ValueError("no list")
        self.ids = said


class World:
    """A state, a journal, who is told, and a clock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state: bytes | None = None
        self.is_full = False
        self.clock, self.wall = 0.0, NOW
        self.told: list[tuple[list[str], float]] = []
        self.seen: list[str] = []

    def save(self, content: bytes) -> None:
        if self.is_full:
            raise OSError(28, "No space left on device")
        self.state = content

    def open(self, **finders: Counts) -> Finding[str]:
        return Finding(
            finders,
            lambda: self.state,
            self.save,
            lambda record, _: self.seen.append(record["request_id"]),
            lambda found, now: self.told.append((list(found), now)),
            lambda: self.wall,
            lambda: self.clock,
        )

    def write(self, *numbers: int) -> None:
        with (self.folder / "1.jsonl").open("ab") as journal:
            for number in numbers:
                journal.write(line(number, request_id=f"r{number}"))

    def read(self, finding: Finding[str]) -> None:
        while Worker(self.folder, finding, lambda: NOW + 3600, Tally(), parse_said).step():
            pass


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_all_find_all(world: World):
    """Each finder is given each record, in order, and what any of them finds is told."""
    one, two = Counts(), Counts()
    world.write(1, 2, 3)
    world.read(world.open(one=one, two=two))
    assert one.ids == two.ids == world.seen == ["r1", "r2", "r3"]
    assert [found for found, _ in world.told] == [["r1", "r1"], ["r2", "r2"], ["r3", "r3"]]


def test_time_is_that_of_what_was_read(world: World):
    """As long as there is more to read, time goes by the records; else by the clock; it never goes back, nor ahead of it."""
    one = Counts()
    finding = world.open(one=one)
    finding.take([{"request_id": "a", "ts": NOW}, {"request_id": "b", "ts": NOW - 50}, {"request_id": "c", "ts": NOW + 10**6}], ())
    assert finding.now == NOW + 60
    world.wall, world.clock = NOW + 90, 90
    finding.beat(is_behind=True)
    assert finding.now == NOW + 60
    finding.beat()
    world.wall = NOW + 80
    finding.beat()
    assert (finding.now, one.ticks) == (NOW + 90, [NOW, NOW + 60, NOW + 90])


def test_a_clock_that_is_set(world: World):
    """A day ahead, and back again: time goes on by it at once, others are told by how much, and finders know what they knew before."""
    one, moved = Counts(), []
    finding = Finding(
        {"one": one}, lambda: None, world.save, lambda *_: None, lambda *_: None, lambda: world.wall, lambda: world.clock, moved.append
    )  # fmt: skip

    def beat(after_s: float, set_s: float = 0.0) -> None:
        world.clock += after_s
        world.wall += after_s + set_s
        finding.beat()

    beat(0)
    finding.take([{"request_id": "a", "ts": NOW}], ())
    beat(10, set_s=86_400)
    assert (finding.now, one.ids) == (NOW + 86_410, ["a"])
    finding.take([{"request_id": "b", "ts": NOW + 86_410}], ())
    beat(10, set_s=-86_400)
    assert (finding.now, one.ids) == (NOW + 20, ["a"])
    beat(5)
    assert one.ticks[-3:] == [NOW + 86_410, NOW + 20, NOW + 25]
    beat(5, set_s=-3600)
    assert (finding.now, one.ids) == (NOW + 30 - 3600, [])
    beat(500, set_s=-60)
    assert moved == [86_400, -86_400, -3600]


def test_a_clock_that_was_set_back_meanwhile(world: World):
    """What was written down of a time to come is learned anew, and nothing is read twice for it."""
    one, other = Counts(), Counts()
    world.write(1, 2)
    world.wall = NOW + 86_400
    finding = world.open(one=one)
    world.read(finding)
    finding.beat()
    finding.close()
    world.wall = NOW
    again = world.open(one=other)
    assert (other.ids, again.offsets(), again.now) == ([], finding.offsets(), 0.0)


@pytest.mark.parametrize("ts", [None, "x", float("nan"), float("inf"), -5])
def test_odd_times(world: World, ts: object):
    """A record that says no time is looked at, and time stands still."""
    one = Counts()
    finding = world.open(one=one)
    finding.take([{"request_id": "a", "ts": ts, "timings_ms": {"total": "x"}}], ())
    assert (one.ids, finding.now) == (["a"], 0.0)


def test_a_fault_of_one(world: World, caplog: pytest.LogCaptureFixture):
    """It costs the exchange there, is counted and said once, without a text; the others go on."""
    one, two = Counts(), Counts()
    finding = world.open(one=one, two=two)
    with caplog.at_level(logging.ERROR):
        finding.take([{"request_id": "a", "model": "broken"}, {"request_id": "b", "model": "broken"}, {"request_id": "c"}], ())
    assert (one.ids, finding.errors, world.told) == (["c"], 4, [(["c", "c"], 0.0)])
    assert caplog.messages == ["looking for anomalies failed at an exchange (KeyError)"]


def test_a_restart(world: World):
    """Who is killed goes on where the state was written; who ends in order, where it was."""
    first = world.open(one=Counts())
    world.write(1, 2)
    world.read(first)
    world.clock = 31
    first.beat()
    world.write(3)
    world.read(first)
    again = Counts()
    second = world.open(one=again)
    assert again.ids == ["r1", "r2"]
    world.read(second)
    assert again.ids == ["r1", "r2", "r3"]
    second.close()
    third = Counts()
    world.read(world.open(one=third))
    assert third.ids == ["r1", "r2", "r3"]


@pytest.mark.parametrize("state", [b"{", b"[]", b'{"offsets": {"a": "x"}, "finders": {}}', b'{"offsets": {}}'])
def test_what_cannot_be_used(world: World, caplog: pytest.LogCaptureFixture, state: bytes):
    """It is learned anew, from what is left of the journal, and that is said."""
    world.state = state
    world.write(1)
    one = Counts()
    world.read(world.open(one=one))
    assert one.ids == ["r1"]
    assert "it is learned anew" in caplog.text


def test_what_one_cannot_use(world: World, caplog: pytest.LogCaptureFixture):
    """It learns anew, and the others go on; a new one begins."""
    first = world.open(one=Counts(), two=Counts())
    world.write(1)
    world.read(first)
    first.close()
    said = orjson.loads(world.state)
    said["finders"]["one"] = {"version": 99}
    world.state = orjson.dumps(said)
    one, two, three = Counts(), Counts(), Counts()
    second = world.open(one=one, two=two, three=three)
    world.write(2)
    world.read(second)
    assert (one.ids, two.ids, three.ids) == (["r2"], ["r1", "r2"], ["r2"])
    assert "(one) cannot be used" in caplog.text


def test_a_full_disk(world: World):
    """It goes on, and what cannot be written is counted."""
    world.is_full = True
    finding = world.open(one=Counts())
    world.write(1)
    world.read(finding)
    finding.close()
    assert (finding.errors, world.state) == (1, None)


def test_a_fault_of_who_is_told(world: World, caplog: pytest.LogCaptureFixture):
    """It costs what was found there: the exchanges after it are looked at, and the same is not read again for ever."""

    def tell(found: object, now: float) -> None:
        if not told:
            told.append("broken")
            raise ZeroDivisionError
        told.append("told")

    told: list[str] = []
    one = Counts()
    finding = Finding({"one": one}, lambda: None, world.save, lambda *_: None, tell, lambda: world.wall, lambda: world.clock)
    with caplog.at_level(logging.ERROR):
        finding.take([{"request_id": "a"}, {"request_id": "b"}], ())
    assert (one.ids, told, finding.errors) == (["a", "b"], ["broken", "told"], 1)
    assert caplog.messages == ["looking for anomalies failed at an exchange (ZeroDivisionError)"]
