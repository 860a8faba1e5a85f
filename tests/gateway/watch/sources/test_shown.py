"""How sources are, and what their series said, as files say it."""

import orjson
import pytest

from gateway.telemetry.observed import Point
from gateway.watch.sources import shown as sources
from gateway.watch.sources.scraping import State
from gateway.watch.sources.shown import MAX_BYTES, MAX_SERIES_BYTES, NOTHING, STALE_S, page, parse, render, render_series
from gateway.watch.views import QueryError

NOW = 1_795_000_000.0
POINTS = [
    Point(NOW, "vllm-a", "requests_running", (("model", "m"),), "value", 3.0),
    Point(NOW - STALE_S - 1, "vllm-a", "up", (), "value", 1.0),
    Point(NOW, "otlp/shop", "http.server.duration", (), "p95", 0.2),
]
DOWN = State("vllm", error="timeout", ts=NOW, errors=2)


def test_there_and_back():
    """What is said is what is read."""
    said = parse(render(NOW, {"series": 3.0}, {"vllm-a": DOWN}))
    assert (said.ts, said.figures) == (NOW, {"series": 3.0})
    down = {"kind": "vllm", "up": False, "error": "timeout", "ts": NOW, "samples": 0, "left_out": 0, "errors": 2}
    assert said.targets == {"vllm-a": down}


def test_targets_that_are_none():
    """What says nothing of when it was is no target."""
    assert parse(b'{"ts": 1, "figures": {}, "targets": {"a": 1, "b": {}, "c": {"ts": "x"}}}').targets == {}


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b'{"ts": 1}', b'{"ts": "1", "figures": {}, "targets": {}}', b"\xff"])
def test_what_cannot_be_read(content: bytes | None):
    """It is as if nothing had been said."""
    assert parse(content) == NOTHING
    assert page(NOTHING, content, {}, NOW) == {"sources": [], "series": [], "left_out": 0}


def test_a_page():
    """All targets, and what series said last; what was said long ago is marked."""
    found = page(parse(render(NOW, {}, {"vllm-a": DOWN})), render_series(POINTS), {}, NOW)
    shown = [(each["source"], each["up"], each["error"], each["is_stale"]) for each in found["sources"]]
    assert shown == [("vllm-a", False, "timeout", False)]
    later = page(parse(render(NOW, {}, {"vllm-a": DOWN})), b"", {}, NOW + STALE_S + 1)
    assert [each["is_stale"] for each in later["sources"]] == [True]
    assert [(each["name"], each["statistic"], each["value"], each["is_stale"]) for each in found["series"]] == [
        ("requests_running", "value", 3.0, False), ("up", "value", 1.0, True), ("http.server.duration", "p95", 0.2, False),
    ]  # fmt: skip
    assert found["series"][0]["labels"] == {"model": "m"}


@pytest.mark.parametrize(
    ("params", "names", "left_out"),
    [
        ({"source": "vllm-a"}, ["requests_running", "up"], 0),
        ({"name": "up"}, ["up"], 0),
        ({"source": "otlp/shop", "name": "up"}, [], 0),
        ({"limit": "1"}, ["requests_running"], 2),
    ],
)
def test_questions(params: dict[str, str], names: list[str], left_out: int):
    """By source, by name, and so many."""
    found = page(NOTHING, render_series(POINTS), params, NOW)
    assert ([each["name"] for each in found["series"]], found["left_out"]) == (names, left_out)


@pytest.mark.parametrize("params", [{"limit": "0"}, {"limit": "x"}, {"limit": "1001"}, {"limit": "9" * 5000}, {"other": "1"}])
def test_bad_questions(params: dict[str, str]):
    """Each is refused with what is allowed."""
    with pytest.raises(QueryError, match="allowed"):
        page(NOTHING, b"", params, NOW)


def test_bounds():
    """However many series and targets there are, the files stay small enough to be read."""
    labels = tuple([(f"{number}" * 64, "v" * 64) for number in range(8)])
    many = [Point(NOW, "s" * 64, "n" * 128, labels, "value", 1 / 3)] * 20_000
    content = render_series(many)
    assert len(orjson.loads(content)) == sources.MAX_SHOWN
    assert len(content) < MAX_SERIES_BYTES
    states = {f"{number:064}": State("llamacpp", error="e" * 20, ts=NOW) for number in range(64)}
    assert len(render(NOW, {f"figure {number}": NOW for number in range(30)}, states)) < MAX_BYTES
