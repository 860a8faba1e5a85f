"""Asking real servers for their metrics: a real client library's page, and everything that a server may do instead."""

import asyncio
import gzip
import logging
from collections.abc import Iterator
from contextlib import asynccontextmanager, suppress

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from bench.processes import free_port
from gateway.telemetry.observed import Buckets, Kind, Sample
from gateway.watch.sources import scraping
from gateway.watch.sources.scraping import Scraper, Target
from tests.support.metrics_pages import Pages, running_pages
from tests.support.waiting import eventually

NOW = 1_795_000_000.0


@pytest.fixture
def pages() -> Iterator[Pages]:
    with running_pages() as served:
        yield served


def target(url: str, **fields: object) -> Target:
    return Target(**{"name": "a", "url": url, "server": "any", "interval_s": 1.0, "headers": {}, **fields})


@asynccontextmanager
async def scraping_of(*targets: Target, often: bool = False):
    """Its scraper and what it took, while the block runs."""
    taken: list[Sample] = []
    sleep = (lambda _: asyncio.sleep(0.01)) if often else asyncio.sleep
    scraper = Scraper(targets, taken.extend, lambda: NOW, asyncio.get_running_loop().time, sleep)
    task = asyncio.get_running_loop().create_task(scraper.run())
    try:
        yield scraper, taken
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def once(url: str, **fields: object) -> tuple[Scraper, list[Sample]]:
    """Asked for the first time."""
    async with scraping_of(target(url, **fields)) as (scraper, taken):
        await eventually(lambda: taken)
        return scraper, taken


async def test_a_real_page():
    """Of a page as Prometheus's own client writes it, every kind of metric is read."""
    registry = CollectorRegistry()
    Gauge("queue", "x", ["model"], registry=registry).labels("m-1").set(3)
    Counter("hits", "x", registry=registry).inc(5)
    took = Histogram("took_seconds", "x", buckets=(0.5, 1), registry=registry)
    took.observe(0.7)
    server, thread = start_http_server(0, "127.0.0.1", registry)
    try:
        _, taken = await once(f"http://127.0.0.1:{server.server_port}/metrics")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert [each for each in taken if not each.name.endswith("_created")] == [
        Sample(NOW, "a", "up", (), Kind.GAUGE, 1.0),
        Sample(NOW, "a", "queue", (("model", "m-1"),), Kind.GAUGE, 3.0),
        Sample(NOW, "a", "hits", (), Kind.COUNTER, 5.0),
        Sample(NOW, "a", "took_seconds", (), Kind.HISTOGRAM, 0.7, Buckets(1, (0.5, 1.0), (0, 1))),
    ]


async def test_what_is_asked(pages: Pages):
    """The page, with the headers of the settings, in no packing, and no cookie ever."""
    pages.headers["Set-Cookie"] = "a=b"
    async with scraping_of(target(f"{pages.url}?x=1", headers={"Authorization": "Bearer hush"}), often=True):
        await eventually(lambda: len(pages.asked) > 1)
    assert pages.paths[0] == "/metrics?x=1"
    assert (pages.asked[1]["authorization"], pages.asked[1]["accept-encoding"]) == ("Bearer hush", "identity")
    assert "cookie" not in pages.asked[1]


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"status": 404}, "status_404"),
        ({"status": 302, "headers": {"Location": "/metrics"}}, "status_302"),
        ({"headers": {"Content-Type": "text/html"}}, "not_metrics"),
        ({"body": b"<html>hush</html>"}, "not_metrics"),
        ({"body": gzip.compress(b"a 1\n"), "headers": {"Content-Encoding": "gzip", "Content-Type": "text/plain"}}, "encoded"),
        ({"body": b"# x\n" * (2 << 20)}, "too_large"),
        ({"body": b"a 1\n", "headers": {"Content-Type": "text/plain", "Content-Length": "99"}}, "unreachable"),
        ({"headers": {"Content-Type": "text/plain", "Content-Length": "x"}}, "unreachable"),
        ({"hangs": True}, "timeout"),
    ],
)
async def test_bad_answers(pages: Pages, fields: dict, error: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture):
    """Of each nothing is taken but that the server is down; why is said in a word, without a word of the answer."""
    monkeypatch.setattr(scraping, "TIMEOUT_S", 0.5 if error == "timeout" else 10)
    caplog.set_level(logging.WARNING)
    for name, value in fields.items():
        setattr(pages, name, value)
    scraper, taken = await once(pages.url, interval_s=30)
    assert taken == [Sample(NOW, "a", "up", (), Kind.GAUGE, 0.0)]
    state = scraper.states["a"]
    assert (state.is_up, state.error, state.errors, state.samples) == (False, error, 1, 0)
    assert caplog.messages == [f"the metrics of a: {error}"]


async def test_nobody_there():
    """Neither is a name that nobody has."""
    for url in (f"http://127.0.0.1:{free_port()}/metrics", "http://[::1]:1/metrics"):
        scraper, taken = await once(url)
        assert ([each.value for each in taken], scraper.states["a"].error) == ([0.0], "unreachable")


async def test_down_and_up_again(caplog: pytest.LogCaptureFixture):
    """It is asked on and on; a change is said once, and not each time."""
    caplog.set_level(logging.INFO)
    port = free_port()
    async with scraping_of(target(f"http://127.0.0.1:{port}/metrics"), often=True) as (scraper, _):
        await eventually(lambda: scraper.states["a"].errors > 2)
        with running_pages(port=port):
            await eventually(lambda: scraper.states["a"].is_up)
        await eventually(lambda: not scraper.states["a"].is_up)
    ours = [message for message in caplog.messages if message.startswith("the metrics")]
    assert ours == ["the metrics of a: unreachable", "the metrics of a: they are read", "the metrics of a: unreachable"]


async def test_one_that_hangs_holds_up_no_other(pages: Pages):
    """Each is asked at its own pace."""
    with running_pages(Pages(hangs=True)) as stuck:
        both = (target(stuck.url, name="stuck", interval_s=60), target(pages.url, name="well"))
        async with scraping_of(*both, often=True) as (scraper, taken):
            await eventually(lambda: len([each for each in taken if each.name == "g"]) > 2)
            assert (scraper.states["stuck"].error, scraper.states["well"].is_up) == ("not_asked", True)
