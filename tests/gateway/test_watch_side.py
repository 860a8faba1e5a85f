"""What a watch shows of itself, over HTTP."""

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.config import Config
from gateway.shown import Shown
from gateway.watch.status import READER_NAME, render
from gateway.watch_side import WatchSide
from tests.gateway.watch.records import NOW

Serve = Callable[..., int]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Listens; the port."""
    sides: list[WatchSide] = []

    def start(now: float = NOW, **watch: object) -> int:
        shape = {"watch": {"dir": tmp_path, "metrics_port": 0, **watch}}
        config = Config.model_validate(shape, strict=False, context={"env": {}})
        sides.append(WatchSide(config.watch, Shown(config, READER_NAME), lambda: now))
        return sides[-1].start()

    yield start
    for side in sides:
        side.end()


def get(port: int, path: str, token: str | None = None, host: str = "127.0.0.1") -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        with urllib.request.urlopen(urllib.request.Request(f"http://{host}:{port}{path}", headers=headers), timeout=60) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_how_it_is(serve: Serve, tmp_path: Path):
    """Its metrics are what it said last, each time anew; it is healthy as long as it says anything."""
    port = serve()
    assert get(port, "/healthz") == (503, json.dumps({"status": "silent"}, separators=(",", ":")))
    for kept in (3, 4):
        (tmp_path / READER_NAME).write_bytes(render(7, {"ts": NOW, "kept": kept, "lag_records": 9, "store_errors": 1, "store_rebuilt": 1}))
        metrics = get(port, "/metrics")[1]
        for line in (f"kept_total {kept}", "lag_records 9", "up 1", "store_errors_total 1", "store_rebuilt_total 1"):
            assert f"\noddgate_watch_{line}.0\n" in metrics
    assert get(port, "/healthz")[0] == 200
    assert get(serve(NOW + 60), "/healthz")[0] == 503
    assert get(port, "/api/v1/exchanges")[0] == 404


def test_a_token(serve: Serve):
    """Without it there are no metrics; probes need none."""
    port = serve(metrics_token="a secret")
    assert [get(port, "/metrics", token)[0] for token in (None, "wrong", "a secret")] == [401, 401, 200]
    assert get(port, "/healthz")[0] == 503


def test_the_other_protocol(serve: Serve):
    """An address of version 6."""
    if not socket.has_dualstack_ipv6():
        pytest.skip("needs IPv6")
    assert get(serve(metrics_host="::1"), "/metrics", host="[::1]")[0] == 200


def test_a_port_that_is_taken(serve: Serve):
    """It is an error at once."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="in use"):
            serve(metrics_port=taken.getsockname()[1])


def test_it_ends(serve: Serve, tmp_path: Path):
    """Then the port is free."""
    config = Config.model_validate({"watch": {"dir": tmp_path, "metrics_port": 0}}, strict=False, context={"env": {}})
    side = WatchSide(config.watch, Shown(config, READER_NAME), lambda: NOW)
    port = side.start()
    side.end()
    with pytest.raises(OSError):
        get(port, "/healthz")
