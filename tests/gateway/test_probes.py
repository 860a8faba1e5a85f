"""Who is asked with which key, and whose turn it is to ask."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from detectors.registry import Catalog
from gateway import probes
from gateway.config import Config
from gateway.probes import Probes, endpoints, verdicts
from gateway.proxy.versions import Versions
from gateway.storage.board import SharedBoard
from gateway.storage.opening import reader_name
from gateway.watch.probes.verdicts import NO_POLICY
from policies.load import library, load_dir, load_text
from tests.gateway.test_bias import PROBES, config
from tests.gateway.watch.probes.probed import SHE, Model, asked, question
from tests.gateway.watch.records import NOW
from tests.support.redis_server import RedisServer, running_redis
from tests.support.waiting import eventually

DAY_S = 86400.0


@pytest.mark.parametrize(
    ("dialect", "surfaces"),
    [("any", {"chat", "messages", "responses"}), ("openai", {"chat", "responses"}), ("anthropic", {"messages"}), ("azure", None)],
)
def test_endpoints(tmp_path: Path, dialect: str, surfaces: set | None):
    """Each is asked in the dialects that it speaks, and takes its key as that dialect has it."""
    upstream = {"name": "one", "base_url": "http://x", "api_key": "sk-1", "dialect": dialect, "headers": {"x-team": "red"}}
    found = endpoints(config(tmp_path, upstreams=[upstream, {"name": "two", "base_url": "http://y"}]))
    assert {name: set(each.headers) for name, each in found.items()} == ({"one": surfaces} if surfaces else {})
    for surface, headers in found["one"].headers.items() if surfaces else ():
        assert headers["x-team"] == "red"
        key = {"messages": ("x-api-key", "sk-1")}.get(surface, ("Authorization", "Bearer sk-1"))
        assert headers[key[0]] == key[1]


STOP = r"""
name: careful
rules:
  - {id: stop, detect: pii, patterns: [{name: WORD, regex: '\b[Ss]he\b'}], entities: [WORD], scope: [user], action: block}
"""


def test_verdicts(tmp_path: Path):
    """By the policies that the gateway keeps by version, or that come along; of others, and of what needs a model, nothing is told."""
    known = load_text(STOP, "careful.yaml", Catalog())
    Versions(tmp_path).keep([known])
    shipped = load_dir(library(), Catalog())["default"]
    judge = verdicts(config(tmp_path, policies={"keep_dir": tmp_path}, detectors={"pii": {"cache_dir": tmp_path}}), lambda: 0.0)
    versions = (known.version, shipped.version, "careful@0123456789ab", "no version", "")
    told = [judge.of_question(replace(question(1), policy=version), SHE) for version in versions]
    assert [each.is_blocked for each in told] == [True, False, False, False, False]
    assert (told[0].untold, told[1].rates, told[1].untold) == ((), {"guard_question_blocked": False}, ("pii",))
    assert {each.untold for each in told[2:]} == {(NO_POLICY,)}


def test_policies_that_cannot_be_read(tmp_path: Path):
    """They are not known."""
    (tmp_path / "policy-versions").write_text("a file")
    judge = verdicts(config(tmp_path, policies={"keep_dir": tmp_path}), lambda: 0.0)
    assert judge.of_question(replace(question(1), policy="careful@0123456789ab"), SHE).untold == (NO_POLICY,)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with running_redis(tmp_path) as server:
        yield server


@asynccontextmanager
async def endpoint(model: Model) -> AsyncIterator[str]:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=model.answer(await request.read()), content_type="application/json")

    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def shared(folder: Path, redis: RedisServer, url: str, **fields: object) -> Config:
    return config(
        folder, upstreams=[{"name": "openai", "base_url": url, "api_key": "sk-1"}], store={"keep_text": "redacted"},
        state={"url": redis.url}, watch={"shared": True, "dir": folder, "probes": {**PROBES, **fields}},
    )  # fmt: skip


class Watch:
    """A watch that asks when it is its turn, with a clock of its own."""

    def __init__(self, settings: Config) -> None:
        self.now = NOW - DAY_S
        self.stop = threading.Event()
        self.probes = Probes(settings, lambda: self.now, lambda: 0.0)
        self._board = SharedBoard(settings.state.url.get_secret_value(), reader_name(settings.watch.dir))
        self._task = asyncio.create_task(asyncio.to_thread(self.probes.run, self.stop))

    def tells(self) -> None:
        with closing(self._board) as board:
            board.save(b"levels")

    @property
    def is_asking(self) -> bool:
        return self.probes.prober is not None

    @property
    def probed(self) -> int:
        return self.probes.prober.counts["probed"] if self.probes.prober else 0

    async def end(self) -> None:
        self.stop.set()
        await self._task


@pytest.mark.slow
async def test_the_budget_is_kept_once(tmp_path: Path, redis: RedisServer, monkeypatch: pytest.MonkeyPatch):
    """Of two watches the one that tells asks, from the day after nothing was known; the next one spends what it has left."""
    monkeypatch.setattr(probes, "_TURN_S", 0.2)
    model, budget = Model(1), 3500
    async with endpoint(model) as url:
        one, two = (Watch(shared(tmp_path / name, redis, url, tokens_per_day=budget)) for name in ("one", "two"))
        try:
            one.tells()
            two.tells()
            await eventually(lambda: one.is_asking)
            assert not two.is_asking
            one.probes.prober.offer({**asked(1), "ts": one.now})
            await eventually(lambda: one.probes.prober.counts["left_budget"] == 1)  # nobody knew what was spent
            one.now = two.now = NOW
            for number in range(10):
                one.probes.prober.offer(asked(number))
            await eventually(lambda: one.probed == 10)
            assert not two.is_asking
            one._board._client.delete("{oddgate}:signals:teller")
            two.tells()
            await eventually(lambda: two.is_asking and not one.is_asking)
            assert two.probed == 10
            for number in range(10, 26):
                two.probes.prober.offer(asked(number))
            await eventually(lambda: not two.probes.prober._waiting)
            await eventually(lambda: two.probes.prober.counts["left_budget"] > 1)
        finally:
            await one.end()
            await two.end()
    assert len(model.asked) > 30
    assert len(model.asked) * 50 <= budget


@pytest.mark.slow
async def test_a_server_that_is_gone(tmp_path: Path, redis: RedisServer, monkeypatch: pytest.MonkeyPatch):
    """What cannot be written down is not asked."""
    monkeypatch.setattr(probes, "_TURN_S", 0.2)
    model = Model(1)
    async with endpoint(model) as url:
        watch = Watch(shared(tmp_path / "one", redis, url))
        try:
            watch.tells()
            await eventually(lambda: watch.is_asking)
            watch.now = NOW
            redis.kill()
            watch.probes.prober.offer(asked(1))
            await eventually(lambda: watch.probes.prober.counts["not_kept"])
        finally:
            await watch.end()
    assert model.asked == []
