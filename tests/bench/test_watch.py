"""The bench of the watch: that it measures what it says."""

import random
import threading
from itertools import islice

import pytest

from bench import watch
from bench.records import records
from bench.watched import ALL, taken
from gateway.watch.observe import observe, outcome
from gateway.watch.row import Row, parse
from gateway.wire.codec import encode

DRAWN = list(islice(records(random.Random(1), 1_795_000_000.0, 500, keeps_text=True, has_groups=True), 300))


def test_records():
    """They are such as the gateway writes, each with an id of its own, in the order of their times."""
    rows = [row for record in DRAWN if isinstance(row := parse(encode(record)), Row)]
    assert len({row.request_id for row in rows}) == len(DRAWN)
    assert rows == sorted(rows, key=lambda row: row.ts)


def test_records_differ():
    """In who asked what model, in whether anything was found, and in what is watched for drift; all of them say whom they were about."""
    for name, least in (("app", 4), ("model", 3), ("stream", 2), ("decision", 2), ("status", 2), ("user", 100)):
        assert len({record[name] for record in DRAWN}) >= least
    seen = [each for record in DRAWN if (each := observe(record))]
    assert len(seen) == len(DRAWN)
    assert all(outcome(record) for record in DRAWN)
    rare = {"output.sentiment", "output.uncertainty", "output.agreement"}
    assert all(any(each.numeric[name] is not None for each in seen) for name in seen[0].numeric if name not in rare)


def test_by_thread():
    """What a thread has taken is told by its name, and all of it together."""
    told = taken()
    assert told[threading.current_thread().name] > 0
    assert told[ALL] > 0


def test_each():
    """The dearest first; what is small is told together; the main thread is the store's."""
    us = watch._each({"bias": 1.0, ALL: 3.0}, {"bias": 1.5, "MainThread": 1.0, "small": 0.0001, ALL: 5.0}, 1000)
    assert list(us) == ["store", "bias", "others", ALL]
    assert us == pytest.approx({"store": 1000.0, "bias": 500.0, "others": 500.0, ALL: 2000.0})


def test_measured(capsys: pytest.CaptureFixture[str]):
    """A watch that is one reads all that is written meanwhile, and says what that took."""
    cost = watch.measured(watch.CASES[0], watch.Plan(before=50, seconds=1.0, per_s=50))
    assert cost.us[ALL] > 0
    assert cost.us[ALL] == pytest.approx(sum(us for name, us in cost.us.items() if name != ALL))
    assert cost.row_bytes > 0
    watch._print(cost)
    assert "as installed: " in capsys.readouterr().out


def test_written():
    """The path's part is measured over all exchanges."""
    assert watch.written_us(20) > 0
