"""Drift through a real gateway and its watch: found in the traffic, told to policies, shown to people."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

import orjson
import pytest

from gateway.config import Config
from gateway.keyfile import secret_key
from gateway.proxy.keeping import replace_file
from gateway.proxy.signals import seal
from policies.signals import Board, Level, render
from tests.gateway.watch.drifts import exchange
from tests.support.faulty_upstream import FaultyUpstream
from tests.support.gateway import Gateway, running_again, running_gateway
from tests.support.raw_client import ask, chat, post
from tests.support.redis_server import running_redis
from tests.support.waiting import AT_MOST_S, eventually

POLICY = r"""
name: careful
rules:
  - id: odd
    detect: pii
    patterns: [{name: ANY, regex: '\b[a-z]{2,20}\b'}]
    scope: [user]
    action: block
    when: signals.drift.languages > 0.2
"""
ENGLISH = "please tell me when the order of my sister will arrive at the house"
FRENCH = "je voudrais savoir quand ma commande va arriver et si vous pouvez la livrer"
LEARNED = 400

pytestmark = pytest.mark.slow


def iso(ts: float) -> str:
    return datetime.fromtimestamp(ts, UTC).isoformat()


WEEK_S, PART_S = 7 * 86_400, 10_800


def a_week_ago() -> float:
    """When it was the same part of the week: it takes no other to be compared with."""
    return time.time() - WEEK_S


def settings(begin: float) -> dict[str, object]:
    """At a place where it is the middle of a part of the day."""
    offset_h = (PART_S / 2 - begin % PART_S) / 3600
    reference = {"kind": "period", "least": 200, "size": 1000, "start": iso(begin - 1), "end": iso(begin + LEARNED)}
    return {"watch": {"drift": {"reference": reference, "sensitivity": "high", "features": ["input.language"], "utc_offset_h": offset_h}}}


def learn(folder: Path, begin: float) -> None:
    """Leaves a journal of a good time."""
    lines = [orjson.dumps(exchange(number, app="", model="well", ts=begin + number)) for number in range(LEARNED)]
    (folder / "journal").mkdir()
    (folder / "journal" / "0.jsonl").write_bytes(b"\n".join(lines) + b"\n")


def seen(gateway: Gateway) -> dict:
    """What is known of the one key that there is."""
    keys = json.loads(gateway.admin("/api/v1/signals")[1])["drift"]["keys"]
    return keys[0] if keys else {"exchanges": 0, "state": ""}


async def statuses(gateway: Gateway, text: str, times: int) -> list[int]:
    return [(await ask(gateway.port, post(chat("well", text)))).status for _ in range(times)]


async def until_blocked(gateway: Gateway, text: str, at_a_time: int = 10) -> list[int]:
    """The statuses until one is not 200. The watch and the gateway each look once in a second."""
    found: list[int] = []
    async with asyncio.timeout(AT_MOST_S):
        while not found or found[-1] == 200:
            found += await statuses(gateway, text, at_a_time)
            await asyncio.sleep(0.2)
    return found


async def test_from_traffic_to_a_policy(tmp_path: Path):
    """While it learns and while all is usual nothing is told. A change is found, a policy reacts, the record says what it knew, and whoever
    asks is told since when, and which exchanges show it; a restart of all forgets none of it.
    """
    begin = a_week_ago()
    learn(tmp_path, begin)
    async with FaultyUpstream().running() as upstream:
        begun = time.time()
        with running_gateway(tmp_path, {"*": upstream.url}, policies={"careful": POLICY}, **settings(begin)) as gateway:
            await eventually(lambda: seen(gateway)["exchanges"] == LEARNED)
            assert seen(gateway)["state"].startswith("learning")
            assert set(await statuses(gateway, ENGLISH, 60)) == {200}
            await eventually(lambda: seen(gateway)["state"] == "stable")
            found = await until_blocked(gateway, FRENCH)
            assert (found[0], found[-1]) == (200, 400)
            told = json.loads(gateway.admin("/api/v1/signals")[1])
            assert {level["name"] for level in told["levels"]} == {"input", "languages"}
            assert (told["stale"], told["levels"][0]["app"], told["levels"][0]["model"]) == (False, "", "well")
            (episode,) = json.loads(gateway.admin("/api/v1/reports?kind=drift")[1])["episodes"]
            assert (episode["feature"], episode["id"]) == ("input.language", told["levels"][0]["evidence"])
            assert begun - 1 < episode["since"] <= time.time()
            records = list(gateway.records().values())
            assert episode["examples"][0] in {record["request_id"] for record in records}
            blocked = [record for record in records if record["decision"] == "block"]
            assert blocked[0]["signals"]["drift"]["languages"] > 0.2
            assert next(record for record in records if "signals" in record and record["decision"] != "block")["signals"] == {}
            await eventually(lambda: "oddgate_drift_begun_total 1.0" in gateway.admin("/metrics")[1])
            metrics = gateway.admin("/metrics")[1]
            assert 'oddgate_drift_level{feature="languages"} 0.' in metrics
            assert 'oddgate_drift_level{feature="cost"} 0.0' in metrics
            assert "well" not in "".join(line for line in metrics.splitlines() if "drift" in line)
        with running_again(tmp_path) as gateway:
            await eventually(lambda: seen(gateway)["state"] == "drifting")
            assert (await statuses(gateway, FRENCH, 1)) == [400]
            assert seen(gateway)["exchanges"] >= LEARNED + 60
            assert len(json.loads(gateway.admin("/api/v1/reports")[1])["episodes"]) == 1


async def test_through_a_shared_redis(tmp_path: Path):
    """A watch elsewhere reads what two gateways send. It finds the change that the one's traffic has, and tells both; a restart of it
    forgets nothing, and what it told last is to expire.
    """
    begin = a_week_ago()
    folders = {name: tmp_path / name for name in ("one", "two", "watch")}
    for folder in folders.values():
        folder.mkdir()
    learn(folders["one"], begin)
    with running_redis(tmp_path) as redis:
        drift = settings(begin)["watch"]["drift"]
        shared = {"state": {"url": redis.url}, "secret_key": "one key for all", "watch": {"shared": True, "drift": drift}}
        (folders["watch"] / "oddgate.yaml").write_text(json.dumps(shared))
        async with FaultyUpstream().running() as upstream:
            made = [running_gateway(folders[name], {"*": upstream.url}, policies={"careful": POLICY}, **shared) for name in ("one", "two")]
            with made[0] as one, made[1] as two:
                with running_watch(folders["watch"]):
                    await eventually(lambda: overview(folders["watch"])["exchanges"] == LEARNED)
                    assert set(await statuses(two, ENGLISH, 60)) == {200}
                    await eventually(lambda: overview(folders["watch"])["exchanges"] == LEARNED + 60)
                with running_watch(folders["watch"]):
                    assert overview(folders["watch"])["state"] == "stable"
                    found = await until_blocked(one, FRENCH)
                    assert (found[0], found[-1]) == (200, 400)
                    assert (await until_blocked(two, FRENCH, at_a_time=1))[-1] == 400
                told = json.loads(two.admin("/api/v1/signals")[1])
                assert {level["name"] for level in told["levels"]} == {"input", "languages"}
                assert told["until"]["drift"] <= time.time() + 120


@contextmanager
def running_watch(folder: Path) -> Iterator[None]:
    """A watch without a gateway, until its orderly end."""
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    command = [sys.executable, "-m", "gateway.cli.main", "watch", "--config", "oddgate.yaml"]
    process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, env=environment)
    try:
        yield
    finally:
        process.terminate()
        process.wait(AT_MOST_S)


def overview(folder: Path) -> dict:
    """What a watch says of the one key that there is."""
    path = folder / "var" / "drift.json"
    keys = json.loads(path.read_bytes())["keys"] if path.exists() else []
    return keys[0] if keys else {"exchanges": 0, "state": ""}


async def test_a_watch_that_is_silent(tmp_path: Path):
    """What was told last counts until it expires; then nobody knows, and the rule's ``on_unavailable`` is taken, as its record says. Only
    what has the gateway's own signature is heard.
    """
    off = {"enabled": False}
    silent = {"secret_key": "a key of the gateway's own", "watch": {"drift": off, "bias": off}, "alerts": off}
    flagged = POLICY.replace("action: block", "action: block\n    on_unavailable: flag")
    key = secret_key(Config.model_validate(silent, context={"env": {}}, strict=False))
    async with FaultyUpstream().running() as upstream:
        with running_gateway(tmp_path, {"*": upstream.url}, policies={"careful": flagged}, **silent) as gateway:
            tell(tmp_path, bytes(32), lasts_s=600)
            await eventually(lambda: "signals cannot be read (not signed" in gateway.output)
            assert await statuses(gateway, ENGLISH, 1) == [200]
            tell(tmp_path, key, lasts_s=600)
            assert (await until_blocked(gateway, ENGLISH, at_a_time=1))[-1] == 400
            assert json.loads(gateway.admin("/api/v1/signals")[1])["stale"] is False
            tell(tmp_path, key, lasts_s=2)
            await eventually(lambda: json.loads(gateway.admin("/api/v1/signals")[1])["stale"])
            assert await statuses(gateway, ENGLISH, 1) == [200]
            signals = [record["signals"] for record in gateway.records().values()]
            assert [each for each, _ in groupby(signals)] == [{}, {"drift": {"languages": 0.5}}, {"stale": True}]


def tell(folder: Path, key: bytes, lasts_s: float) -> None:
    """As a watch does."""
    expires = time.time() + lasts_s
    board = render(Board(time.time(), expires, [Level("drift", "languages", 0.5, expires)]))
    replace_file(folder / "var" / "signals.json", seal(board, key))
