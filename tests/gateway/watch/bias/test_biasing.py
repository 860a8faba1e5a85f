"""The sink of the watch that looks for disparities."""

import logging

import orjson
import pytest

from gateway.watch.bias.biasing import Biasing
from gateway.watch.bias.disparities import Disparities, method
from tests.gateway.watch.groups import grouped, traffic
from tests.gateway.watch.records import NOW, record


class Offers:
    """Stands for a prober."""

    def __init__(self) -> None:
        self.offered: list[str] = []

    def offer(self, record: dict) -> None:
        self.offered.append(record.get("request_id"))

    def shown(self) -> dict:
        return {"pairs": 0}


class Desk:
    """A sink with a clock and files of its own."""

    def __init__(self, content: bytes | None = None) -> None:
        self.content, self.shown, self.told = content, b"{}", []
        self.clock = 0.0
        self.is_full = False
        self.asked: list[str] = []
        self.offers = Offers()
        self.sink = self.open()

    def open(self) -> Biasing:
        def make() -> Disparities:
            return Disparities(method())

        return Biasing(
            make,
            self._sentiment,
            lambda: self.offers,
            lambda: {"exchanges": 3, "rows": []},
            lambda: self.content,
            self._save,
            self._show,
            self._tell,
            lambda: self.clock,
        )

    def _sentiment(self, record: dict) -> float:
        self.asked.append(record["request_id"])
        return 0.5

    def _save(self, content: bytes) -> None:
        if self.is_full:
            raise OSError(28, "No space left on device")
        self.content = content

    def _show(self, content: bytes) -> None:
        self.shown = content

    def _tell(self, known: Disparities, now: float) -> None:
        self.told.append((now, [level.name for level in known.levels(now)]))

    def take(self, records: list[dict], seconds: float = 1.0) -> None:
        for at, each in enumerate(records):
            self.clock += seconds
            self.sink.keep([each], [], {"1.jsonl": at + 1}, NOW + self.clock)


def test_it_tells_and_shows():
    """What differs is told to policies, and shown to people."""
    desk = Desk()
    desk.take(traffic(2500, more=3.0))
    assert desk.told[-1][1] == ["blocked"]
    said = orjson.loads(desk.shown)
    assert (said["exchanges"], said["with_groups"]) == (pytest.approx(2500, abs=10), pytest.approx(2500, abs=10))
    assert said["apps"][0]["state"] == "disparity"
    assert said["probes"] == {"pairs": 0}


def test_exchanges_without_a_group():
    """They are counted, nothing is made of them, and no text of theirs is looked at."""
    desk = Desk()
    desk.take([record(number) for number in range(20)])
    assert orjson.loads(desk.shown)["with_groups"] == 0
    assert desk.asked == []
    assert len(desk.offers.offered) == 20


@pytest.mark.parametrize("ends_after", [0, 25, 29, 31, 200])
def test_a_kill_neither_loses_nor_doubles(ends_after: int):
    """Whenever it ends without a word, the next one goes on where the file says, and knows the same as if there had been no end."""
    records = traffic(300)
    whole = Desk()
    whole.take(records)
    whole.sink.close()
    killed = Desk()
    killed.take(records[:ends_after])
    again = Desk(killed.content)
    done = again.sink.offsets().get("1.jsonl", 0)
    for at, each in enumerate(records[done:], done):
        again.clock += 1
        again.sink.keep([each], [], {"1.jsonl": at + 1}, NOW)
    again.sink.close()
    assert again.content == whole.content


def test_what_was_known_is_told_at_once():
    """A restart does not take levels back."""
    desk = Desk()
    desk.take(traffic(2500, more=3.0))
    desk.sink.close()
    again = Desk(desk.content)
    again.sink.beat(NOW)
    assert again.told == [(NOW, ["blocked"])]


@pytest.mark.parametrize(
    "content", [b"", b"[1]", b'{"v": 2}', b'{"v": 1, "offsets": {"a": -1}, "seen": [1, 1], "disparities": {"apps": [], "evicted": 0}}']
)
def test_a_state_that_cannot_be_used(content: bytes, caplog: pytest.LogCaptureFixture):
    """It is learned anew, from the journal's beginning, and that is said."""
    with caplog.at_level(logging.WARNING):
        desk = Desk(content)
    assert desk.sink.offsets() == {}
    assert "learned anew" in caplog.text


def test_a_full_disk(caplog: pytest.LogCaptureFixture):
    """It goes on, is said once, and counted each time."""
    desk = Desk()
    desk.is_full = True
    desk.take(traffic(100))
    assert desk.sink.errors >= 3
    assert len(caplog.records) == 1
    assert desk.told


def test_no_record_fails():
    """Whatever a journal holds."""
    desk = Desk()
    desk.take([{}, {"group": 5}, {**grouped(1, "a"), "observed": "x", "ts": None}, grouped(2, "a")])
    assert desk.sink.disparities.shown()[0]["outcomes"] == 1
