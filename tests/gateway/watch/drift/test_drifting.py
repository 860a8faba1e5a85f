"""From the journal to what is known of drift: each exchange once, whoever is killed and whenever."""

import logging
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.watch.drift import drifting
from gateway.watch.drift.drifting import Drifting
from gateway.watch.drift.roster import Roster
from gateway.watch.observe import observe
from gateway.watch.row import parse_said
from gateway.watch.worker import Tally, Worker
from tests.gateway.watch.drifts import exchanges, roster
from tests.gateway.watch.records import NOW, feedback, line

NUMBERS = 700


class World:
    """A state file, a file for others, whoever is told, and a clock that never goes back."""

    def __init__(self) -> None:
        self.state: bytes | None = None
        self.shown: list[dict] = []
        self.told: list[float] = []
        self.clock = 0.0
        self.is_full = False

    def load(self) -> bytes | None:
        return self.state

    def save(self, content: bytes) -> None:
        if self.is_full:
            raise OSError(28, "No space left on device")
        self.state = content

    def show(self, content: bytes) -> None:
        self.shown.append(orjson.loads(content))

    def tell(self, _: Roster, now: float) -> None:
        self.told.append(now)

    def sink(self) -> Drifting:
        return Drifting(roster, self.load, self.save, self.show, self.tell, lambda _: None, lambda: self.clock)


def worker(folder: Path, sink: Drifting, batch_bytes: int = 20_000) -> Worker:
    return Worker(folder, sink, lambda: NOW, Tally(), parse_said, batch_bytes)


def known(sink: Drifting) -> dict:
    return orjson.loads(sink.roster.snapshot())


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("journal")
    (folder / "1.jsonl").write_bytes(exchanges(range(450)) + feedback(3, "good") + b"no record\n")
    (folder / "2.jsonl").write_bytes(exchanges(range(450, NUMBERS)) + feedback(4, "false_positive"))
    return folder


def whole(journal: Path) -> dict:
    sink = World().sink()
    while worker(journal, sink, 1 << 20).step():
        pass
    return known(sink)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(1, 8), st.sampled_from([0.0, 16.0, 31.0])), max_size=5), st.integers(5_000, 60_000))
def test_killed_whenever(journal: Path, lives, batch_bytes):
    """Whoever is killed after any number of batches, with its state written down or not: no exchange is missed, and none counts twice."""
    world = World()
    for steps, pause_s in lives:
        life = worker(journal, world.sink(), batch_bytes)
        for _ in range(steps):
            life.step()
            world.clock += pause_s
    last = world.sink()
    while worker(journal, last, batch_bytes).step():
        pass
    assert known(last) == whole(journal)
    assert last.roster.episodes.begun == 1


def test_what_is_said_of_exchanges(journal: Path):
    """Words on answers, and on what guards did, are watched by themselves, for the whole application."""
    assert {(each["key"][1], each["exchanges"]) for *_, each in whole(journal)["watched"]} == {("gpt-4o", NUMBERS), ("", 2)}


def test_written_down_at_the_end(journal: Path):
    """Who is told to stop writes down all that is known."""
    world = World()
    sink = world.sink()
    worker(journal, sink).step()
    assert world.state is None
    sink.close()
    assert known(world.sink()) == known(sink)
    assert world.sink().offsets() == sink.offsets() != {}


def test_shown_and_told(journal: Path):
    """Others see how far it is, and what was found; policies are told as long as it goes on, also where no traffic comes."""
    world = World()
    sink = world.sink()
    while worker(journal, sink, 1 << 20).step():
        pass
    for second in range(10):
        world.clock = float(second)
        sink.beat(NOW + second)
    assert world.told[-3:] == [NOW + 7, NOW + 8, NOW + 9]
    assert [each["app"] for each in world.shown[-1]["keys"]] == ["shop", "shop"]
    assert world.shown[-1]["episodes"][0]["feature"] == "input.language"
    assert world.shown[-1]["begun"] == 1
    assert sink.figures() == {"drift_keys": 2, "drift_begun": 1, "drift_evicted": 0, "drift_errors": 0}


def test_a_full_disk(journal: Path, caplog: pytest.LogCaptureFixture):
    """What cannot be written down now is later; nothing is lost by it, and it is said once."""
    world = World()
    sink = world.sink()
    world.is_full = True
    reading = worker(journal, sink)
    for _ in range(4):
        world.clock += 31
        reading.step()
    assert (world.state, sink.errors) == (None, 4)
    assert caplog.text.count("cannot be written down") == 1
    world.is_full = False
    world.clock += 31
    sink.beat(NOW)
    assert known(world.sink()) == known(sink)


def test_a_fault_of_ours(journal: Path, monkeypatch: pytest.MonkeyPatch):
    """What was taken of a part of a batch alone is not written down: the batch comes again, to whoever comes next."""
    world = World()
    sink = world.sink()
    reading = worker(journal, sink)
    reading.step()
    left = iter(range(10))
    monkeypatch.setattr(drifting, "observe", lambda record, _: observe(record) if next(left) < 9 else 1 / 0)
    with pytest.raises(ZeroDivisionError):
        reading.step()
    sink.close()
    monkeypatch.undo()
    last = world.sink()
    while worker(journal, last).step():
        pass
    assert known(last) == whole(journal)


@pytest.mark.parametrize(
    "state",
    [
        b"",
        b"no JSON",
        b"[]",
        b'{"offsets": {"1.jsonl": -1}, "roster": {}}',
        b'{"offsets": {}, "roster": {"v": 2}}',
        b'{"offsets": {}, "roster": {"v": 1, "watched": [[0, {}]]}}',
    ],
)
def test_a_state_that_cannot_be_used(journal: Path, state: bytes, caplog: pytest.LogCaptureFixture):
    """All is learned anew from the journal, and it is said."""
    world = World()
    world.state = state
    sink = world.sink()
    assert "it is learned anew" in caplog.text
    while worker(journal, sink, 1 << 20).step():
        pass
    assert known(sink) == whole(journal)


def test_a_state_that_cannot_be_read(caplog: pytest.LogCaptureFixture):
    """As one that cannot be used: too large, or the disk fails."""
    world = World()
    world.load = lambda: (_ for _ in ()).throw(OSError("more than 3 bytes"))
    assert world.sink().offsets() == {}
    assert "more than 3 bytes" in caplog.text


def test_the_log_names_nobody(journal: Path, caplog: pytest.LogCaptureFixture):
    """It says that there is a drift, of which side, and under which id more is known: no name that a client may have made up."""
    caplog.set_level(logging.INFO, drifting.log.name)
    sink = World().sink()
    while worker(journal, sink, 1 << 20).step():
        pass
    (episode,) = sink.roster.episodes.newest_first()
    assert caplog.messages == [f"drift: input began to be other than usual ({episode.id})"]


def test_what_is_no_exchange_with_a_model(tmp_path: Path):
    """It is not watched."""
    (tmp_path / "1.jsonl").write_bytes(line(1, surface="files") + line(2, decision=""))
    sink = World().sink()
    worker(tmp_path, sink).step()
    assert len(sink.roster) == 0
