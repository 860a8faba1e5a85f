"""What the watch does for people on call, put together."""

import base64
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from gateway.config import Config
from gateway.detecting.received import Received
from gateway.incidents.asks import Silence
from gateway.incidents.deliver import Answer
from gateway.keyfile import secret_key
from gateway.oncall import Heard, OnCall
from gateway.proxy.keeping import unsigned
from gateway.storage.ask_box import AskBox
from gateway.storage.board import TELLER
from gateway.telemetry.condition import Condition
from gateway.telemetry.observed import LogSeen
from gateway.watch.bulletin import Bulletin
from gateway.watch.row import parse
from policies.signals import parse as parse_board
from tests.gateway.incidents.symptoms import T0, symptom
from tests.gateway.watch.records import NOW, line
from tests.support.redis_server import RedisServer, running_redis

KEY = "0123456789abcdef0123456789abcdef"
WEBHOOK = {"name": "hook", "kind": "webhook", "url": "http://127.0.0.1:1", "secrets": ["whsec_" + base64.b64encode(b"k" * 32).decode()]}
LIMIT = {"id": "calm", "do": {"rate_limit": {"app": "shop", "per_minute": 60}}}


class Nowhere:
    """A sink that takes everything."""

    def offsets(self) -> dict[str, int]:
        return {}

    def keep(self, rows: list, labels: list, offsets: dict, now: float) -> int:
        return len(rows)

    def prune(self, now: float) -> int:
        return 0

    def close(self) -> None: ...


class World:
    """A watch that reads what others have sent, on clocks of its own."""

    def __init__(self, folder: Path, **settings: object) -> None:
        self.now, self.sent = NOW, 0
        self.boards: list[bytes] = []
        folder.mkdir(exist_ok=True)
        said = {"secret_key": KEY, "watch": {"dir": str(folder)}, "alerts": {"channels": [WEBHOOK], "last": ["hook"]}, **settings}
        self.folder = folder
        self.key = secret_key(Config.model_validate_json(json.dumps(said)))
        self.bulletin = Bulletin(("incidents",), self.boards.append)
        self.set_s = 0.0
        """How far the wall clock was set ahead."""
        settings = Config.model_validate_json(json.dumps(said))
        self.oncall = OnCall(settings, self.bulletin, tuple, lambda: self.now, lambda: self.now - self.set_s)
        self.sink = self.oncall.beside(Nowhere)()

    def exchanges(self, seconds: int, **fields: object) -> None:
        """Four in each second."""
        for _ in range(seconds):
            rows = []
            for _ in range(4):
                self.sent += 1
                rows.append(parse(line(self.sent, ts=self.now, upstream="main", **(fields or GOOD))))
            self.now += 1
            self.sink.keep(rows, [], {}, self.now)
            self.oncall.beat()

    @property
    def shown(self) -> dict:
        return json.loads((self.folder / "incidents.json").read_bytes())


def went(status: int, outcome: str) -> dict[str, object]:
    return {
        "status": status,
        "outcome": outcome,
        "attempts": [{"upstream": "main", "status": status, "error": None, "ms": 5.0, "first": None}],
    }


GOOD, BAD = went(200, "completed"), went(500, "upstream_error")


def test_from_records_to_people(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    """What breaks in the journal's records is an incident that is shown, told to policies, waits for its channel, and is acted upon."""
    app = {"name": "shop", "key": "k" * 32}
    world = World(tmp_path, actions={"allow": [LIMIT]}, apps=[app])
    world.exchanges(60)
    assert world.shown["incidents"] == []
    world.exchanges(40, **BAD)
    (incident,) = world.shown["incidents"]
    assert (incident["urgency"], incident["app"], incident["about"]) == ("page", "shop", "errors")
    assert [each.notice.incident for each in world.oncall.desk.due(world.now, 1)] == [incident["id"]]
    board = parse_board(unsigned(world.boards[-1], KEY.encode(), b"signals") or world.boards[-1])
    assert (board.incident_severity, board.incidents_open) == (4, 1)
    assert [each["state"] for each in world.shown["actions"]] == ["active"]
    assert b"rate_limit" in (tmp_path / "measures.json").read_bytes()
    (said,) = [each for each in caplog.messages if each.startswith("action: ")]
    assert said.startswith("action: rate_limit (app shop, per_minute ")
    assert said.endswith(f", for {incident['id']}")
    assert world.oncall.figures()["incidents_open"] == 1
    assert world.oncall.figures()["incident_errors"] == 0


def test_what_people_ask(tmp_path: Path):
    """It is heard within a beat; what cannot be done is left, and said."""
    world = World(tmp_path)
    world.exchanges(5)
    box = AskBox(tmp_path, world.key)
    box.put(Silence("s1", {"app": "shop"}, "known", "ann", NOW, NOW + 3600), "a")
    box.put(Silence("s2", {"app": "shop"}, "known", "ann", NOW, NOW + 3600), "b")
    world.exchanges(5)
    assert [each["id"] for each in world.shown["silences"]] == ["s1", "s2"]
    world.exchanges(60, **BAD)
    assert all(each["app"] != "shop" or each["state"] != "open" for each in world.shown["incidents"])


def test_who_asks_without_the_key(tmp_path: Path):
    """Nothing is done, and that somebody tried is an incident."""
    world = World(tmp_path)
    for _ in range(20):
        world.oncall.hear(world.oncall.figures())
        world.exchanges(1)
    AskBox(tmp_path, b"another key").put(Silence("s1", {"app": "shop"}, "known", "eve", NOW, NOW + 3600), "a")
    for _ in range(60):
        world.oncall.hear(world.oncall.figures())
        world.exchanges(1)
    assert world.shown["silences"] == []
    assert world.oncall.figures()["asks_refused"] == 1
    assert [each["dimensions"] for each in world.shown["incidents"]] == [{"part": "asks", "source": "oddgate"}]


def test_what_the_watch_says_of_itself(tmp_path: Path):
    """A store that fails is an incident as well."""
    world = World(tmp_path)
    for second in range(90):
        world.oncall.hear({"store_errors": float(second)})
        world.exchanges(1)
    assert [each["about"] for each in world.shown["incidents"]] == ["telemetry"]


@pytest.mark.parametrize("days", [[1, -1], [-1, 1]])
def test_a_clock_that_is_set(tmp_path: Path, days: list[int]):
    """By a day, either way, and back again: what is open stays open, and is one thing, told once; it is over when it is."""
    world = World(tmp_path, apps=[{"name": "shop", "key": "k" * 32}], actions={"allow": [LIMIT]})
    world.exchanges(60)
    told = []
    for day in days:
        world.exchanges(40, **BAD)
        world.now += day * 86_400
        world.set_s += day * 86_400
        world.exchanges(40, **BAD)
        (incident,) = world.shown["incidents"]
        assert (incident["state"], len(incident["opens"])) == ("open", 1)
        assert 0 <= world.now - incident["high_at"] <= 60
        assert [each["state"] for each in world.shown["actions"]] == ["active"]
        for each in world.oncall.desk.due(world.now, 9):
            told.append(each.notice.event)
            world.oncall.desk.settle(each, Answer(200), world.now, 0.5)
    assert told.count("trigger") == 1
    for _ in range(28):
        world.now += 54
        world.exchanges(1)
    (incident,) = world.shown["incidents"]
    assert incident["state"] == "resolved"
    assert [each["became"] for each in world.shown["actions"]] in (["recovered"], ["expired"])
    assert world.oncall.figures()["incident_errors"] == 0


def test_what_others_send(tmp_path: Path):
    """It is seen by another thread, beside the records."""
    world = World(tmp_path)
    world.exchanges(1)

    def send() -> None:
        for number in range(200):
            world.oncall.heard.observe(LogSeen(world.now, "otlp/web", 9, f"request {number} done", ""))

    sending = threading.Thread(target=send)
    sending.start()
    world.exchanges(30)
    sending.join()
    assert world.oncall.figures()["incident_errors"] == 0


def test_a_restart(tmp_path: Path):
    """The next watch goes on with what was known."""
    world = World(tmp_path)
    world.exchanges(60)
    world.exchanges(40, **BAD)
    (before,) = world.shown["incidents"]
    world.sink.close()
    again = World(tmp_path)
    again.now, again.sent = world.now, world.sent
    again.exchanges(30, **BAD)
    (after,) = again.shown["incidents"]
    assert (after["id"], after["opens"]) == (before["id"], before["opens"])


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with running_redis(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.mark.slow
def test_two_watches(tmp_path: Path, redis: RedisServer):
    """One leads, and hears of what the other finds; when it is gone, the other goes on with the same incident, and tells nobody again."""
    shared = {"state": {"url": redis.url}}
    one, two = (
        World(tmp_path / name, **shared, watch={"dir": str(tmp_path / name), "shared": True}) for name in ("one", "two")
    )  # fmt: skip
    one.exchanges(60)
    two.exchanges(60)
    two.exchanges(40, **BAD)
    one.now = two.now
    one.exchanges(2)
    (notice,) = [each.notice for each in one.oncall.desk.due(one.now, 5)]
    assert two.oncall.desk.due(two.now, 5) == []
    one.oncall.desk.close()
    with_lease = one.oncall.desk._records
    with_lease._client.delete(TELLER)
    two.exchanges(20, **BAD)
    said = orjson.loads(with_lease.shown() or b"{}")
    assert [each["id"] for each in said["incidents"]] == [notice.incident]
    assert [each.notice.event for each in two.oncall.desk.due(two.now, 5)] == ["trigger"]


def test_settings_that_changed(tmp_path: Path):
    """A watch that begins with others says so to a channel that has a word for changes."""
    pager = {"name": "pd", "kind": "pagerduty", "routing_key": 32 * "k", "url": "http://127.0.0.1:1"}
    alerts = {"channels": [WEBHOOK, pager], "last": ["pd"]}
    first = World(tmp_path, alerts=alerts)
    first.exchanges(5)
    first.sink.close()
    first.oncall.end()
    second = World(tmp_path, alerts={**alerts, "learning_h": 1})
    second.now = first.now
    second.exchanges(2)
    (waiting,) = second.oncall.desk.due(second.now, 9)
    assert (waiting.channel, waiting.notice.event) == ("pd", "change")
    assert waiting.notice.summary.startswith("config settings ")


def test_what_others_send_is_told_with_the_rest(monkeypatch: pytest.MonkeyPatch):
    """Who hears of it looks at nothing that another thread changes: it waits for the next tick, once, the newest of many."""
    heard = Heard(Received(), lambda: T0)
    monkeypatch.setattr(Received, "observe", lambda _, seen: [symptom(series=seen)])
    for number in range(Heard.MAX_FOUND + 1):
        heard.observe(str(number))
    found = heard.tick(T0)
    assert ([each.series for each in found][:1], len(found)) == (["1"], Heard.MAX_FOUND)
    assert heard.tick(T0 + 1) == []


@pytest.mark.parametrize(
    ("name", "limit", "part"), [("journal_errors", 3, "journal"), ("vault_errors", 5, "state"), ("worker_restarts", 2, "workers")]
)
def test_what_the_gateway_says_of_itself(tmp_path: Path, name: str, limit: int, part: str):
    """What it cannot write, reach or keep alive is an incident within a minute, which names the part as its cause."""
    world, told = World(tmp_path), Condition(tmp_path)
    for second in range(90):
        told.say({name: 0.0 if second < 30 else limit}, world.now)
        world.exchanges(1)
    told.close()
    (incident,) = world.shown["incidents"]
    assert incident["state"] == "open"
    assert incident["dimensions"] == {"part": part, "source": "oddgate"}
    assert [each["value"] for each in incident["hints"]] == [f"part={part}, source=oddgate: failing (confidence 0.95)"]


def test_a_gateway_that_says_nothing(tmp_path: Path):
    """What it said before it ended is of no more account."""
    world, told = World(tmp_path), Condition(tmp_path)
    told.say({"workers_missing": 2.0}, world.now)
    told.close()
    world.exchanges(90)
    assert world.shown["incidents"] == []
