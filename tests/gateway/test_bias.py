"""What the watch does about bias, with its files: told to policies, shown to people, and asked of endpoints with the settings' own keys."""

import threading
from pathlib import Path

import orjson
from aiohttp import web

from gateway.bias import PART, Bias
from gateway.config import Config
from gateway.storage.sqlite import open_sqlite
from gateway.watch.bulletin import Bulletin
from gateway.watch.row import read
from policies.signals import Board, parse
from tests.gateway.watch.groups import traffic
from tests.gateway.watch.probes.probed import Model, asked
from tests.gateway.watch.records import NOW
from tests.support.waiting import eventually

PROBES = {"enabled": True, "apps": ["*"], "models": ["*"], "share": 1.0, "per_minute": 600}


class Desk(list):
    def save(self, content: bytes) -> None:
        self.append(parse(content))

    @property
    def last(self) -> Board:
        return self[-1]


def config(folder: Path, **fields: object) -> Config:
    shape = {"journal": {"dir": folder / "journal"}, **fields}
    shape["watch"] = {"dir": folder, **shape.get("watch", {})}
    return Config.model_validate(shape, strict=False, context={"env": {}})


def write(folder: Path, records: list[dict]) -> None:
    (folder / "journal").mkdir()
    (folder / "journal" / "1.jsonl").write_bytes(b"".join(orjson.dumps(record) + b"\n" for record in records))


async def test_disparities(tmp_path: Path):
    """What the journal shows is told to policies and shown to people, and known after the end."""
    write(tmp_path, traffic(2500, more=3.0))
    desk, stop = Desk(), threading.Event()
    bias = Bias(config(tmp_path), Bulletin((PART,), desk.save), lambda: NOW, lambda: 0.0)
    bias.start(stop)
    await eventually(lambda: desk and (tmp_path / "bias.json").exists())
    stop.set()
    bias.end()
    desk, stop = Desk(), threading.Event()
    again = Bias(config(tmp_path), Bulletin((PART,), desk.save), lambda: NOW, lambda: 0.0)
    again.start(stop)
    await eventually(lambda: desk)
    stop.set()
    again.end()
    (level,) = desk.last.levels
    assert (level.kind, level.name, level.app, desk.last.expires) == ("disparity", "blocked", "shop", NOW + 120)
    assert again.figures() == {"bias_errors": 0}
    said = orjson.loads((tmp_path / "bias.json").read_bytes())
    assert (said["exchanges"], said["apps"][0]["state"], said["probes"]) == (2500, "disparity", None)


async def test_probes(tmp_path: Path):
    """What was exchanged is asked of the upstream that answered it, with the key of the settings, and what it cost is known."""
    model, keys = Model(1, refuses=0.9), set()

    async def answer(request: web.Request) -> web.Response:
        keys.add(request.headers["Authorization"])
        return web.Response(body=model.answer(await request.read()), content_type="application/json")

    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        write(tmp_path, [asked(number) for number in range(16)])
        upstream = {"name": "openai", "base_url": f"http://127.0.0.1:{runner.addresses[0][1]}", "api_key": "sk-of-the-settings"}
        settings = config(tmp_path, upstreams=[upstream], store={"keep_text": "redacted"}, watch={"probes": PROBES})
        desk, stop = Desk(), threading.Event()
        bias = Bias(settings, Bulletin((PART,), desk.save), lambda: NOW, lambda: 0.0)
        bias.start(stop)
        await eventually(lambda: len(model.asked) == 48)
        state = tmp_path / "probes-state"
        await eventually(lambda: orjson.loads(state.read_bytes())["counts"].get("probed") == 16)
        stop.set()
        bias.end()
    finally:
        await runner.cleanup()
    kept = orjson.loads(state.read_bytes())
    assert kept["budget"]["tokens"] == 48 * 50
    assert kept["budget"]["usd"] > 0
    assert keys == {"Bearer sk-of-the-settings"}
    assert "nurse" not in state.read_text()


def test_beside_a_store(tmp_path: Path):
    """Where others' records are read, what the store takes is looked at, and told with the next beat."""
    desk, stop = Desk(), threading.Event()
    settings = config(tmp_path, watch={"shared": True}, state={"url": "redis://127.0.0.1:1"})
    bias = Bias(settings, Bulletin((PART,), desk.save), lambda: NOW, lambda: 0.0)
    bias.start(stop)
    sink = bias.beside(lambda: open_sqlite(tmp_path / "a.db", 3660))()
    sink.keep([read(each) for each in traffic(2500, more=3.0)], [], {}, NOW)
    bias.beat()
    (level,) = desk.last.levels
    assert (level.kind, level.name, level.app) == ("disparity", "blocked", "shop")
    sink.close()
    bias.end()
    assert orjson.loads((tmp_path / "bias-state").read_bytes())["seen"] == [2500, 2500]
