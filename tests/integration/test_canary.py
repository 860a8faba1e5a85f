"""Texts that must turn up nowhere are put through every place of every surface of the real gateway; then all that it leaves is searched.

What may be told by design: what the settings trust clients to say of themselves (``labels.trust``: user, session and, where they say so,
group and app), what is the name of a model, a key or a tool by its form alone (``wire.walk``), and to its client what an endpoint says.
"""

import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bench.driving import dump
from bench.processes import free_port
from bench.surfaces import CHAT
from gateway.storage.sqlite import open_sqlite
from gateway.watch.row import unpack
from gateway.watch.store import MAX_PAGE, Query
from tests.support import canaries
from tests.support.canaries import KEY, MAIL, TEXT, WORD, Telling, told
from tests.support.collector import Collector, running_collector
from tests.support.gateway import Gateway, running_gateway
from tests.support.http11 import Message
from tests.support.raw_client import ask, chat, post
from tests.support.waiting import eventually

_RULE = "detect: pii, entities: [EMAIL_ADDRESS, KEY], patterns: [{name: KEY, regex: 'ghp_[A-Za-z0-9]{30,40}', score: 0.9}]"
POLICIES = {
    "plain": (
        f"name: plain\nrules:\n  - {{id: values, {_RULE}, action: tokenize}}\n"
        "on_uninspectable: {image: flag, audio: flag, file: flag, tokens: flag, vector: flag, encrypted: flag, unknown: flag}\n"
    ),
    "strict": f"name: strict\napplies_to: {{models: ['strict*']}}\nrules:\n  - {{id: values, {_RULE}, action: block}}\n",
    "telemetry": (
        f"name: telemetry\napplies_to: {{surfaces: [otlp]}}\nrules:\n  - {{id: told, scope: [telemetry], {_RULE}, action: redact}}\n"
    ),
}
GOOD = dump(CHAT.answers["output"]("Yes."))
TEXT_KEY = "k" * 40
SURFACES = {"chat", "completions", "responses", "messages", "embeddings", "rerank", "files", "realtime", "otlp"}
OURS = {"journal", "var"}
"""Folders that the gateway writes; besides there are its settings, its policies and its log."""

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "300")


@pytest.fixture
async def endpoint() -> AsyncIterator[Telling]:
    async with Telling().running() as running:
        yield running


@pytest.fixture
def collector() -> Iterator[Collector]:
    with running_collector() as running:
        yield running


async def everything(gateway: Gateway, endpoint: Telling, otlp: int) -> list[Message]:
    """All that can be said through the gateway; what it answered of its own, which no endpoint had said."""
    own = []
    endpoint.says(GOOD)
    for request in (*canaries.asked(), *canaries.faults()):
        own.append(await ask(gateway.port, request))
    for body, content_type, request in canaries.answered():
        endpoint.says(body, content_type)
        await ask(gateway.port, request)
    for body, content_type, status, headers in canaries.upstream_faults():
        for request in (chat("m", "hello"), chat("m", "hello", stream=True)):
            endpoint.says(body, content_type, status, **headers)
            await ask(gateway.port, post(request))
    await canaries.converse(gateway.port)
    record = {"body": {"stringValue": TEXT}, "attributes": [{"key": TEXT, "value": {"stringValue": TEXT}}]}
    for body in (dump({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}), TEXT.encode(), dump({TEXT: TEXT})):
        own.append(await ask(otlp, post(body, "/v1/logs")))
    return own


def pages(gateway: Gateway) -> Iterator[tuple[str, bytes]]:
    """What the admin side shows; what is shown of one exchange is ``one``."""
    paths = (
        "/",
        "/metrics",
        "/readyz",
        "/healthz",
        "/api/v1/policy/status",
        "/api/v1/review",
        "/api/v1/exchanges?limit=1000",
        "/api/v1/series",
    )
    for path in paths:
        yield path, gateway.admin(path)[1].encode()
    for request_id in gateway.records():
        status, text = gateway.admin(f"/api/v1/exchanges/{request_id}")
        assert status == 200
        yield "one", text.encode()


def files(gateway: Gateway) -> Iterator[tuple[str, bytes]]:
    for path in sorted(gateway.folder.rglob("*")):
        if path.is_file() and (path.relative_to(gateway.folder).parts[0] in OURS or path.name == "output.log"):
            name = "store" if path.name.startswith("oddgate.db") else path.relative_to(gateway.folder).parts[0]
            yield name, path.read_bytes()


def stored(path: Path) -> Iterator[tuple[str, bytes]]:
    """What the store has in short, written out."""
    with closing(open_sqlite(path, 3660, read_only=True)) as store:
        rows = store.page(Query(), None, MAX_PAGE)
        for row in rows:
            yield "row", repr((row, unpack(row.record), store.labels(row.request_id))).encode()
            yield "texts", json.dumps(store.texts(row.request_id)).encode()


def sent(collector: Collector) -> bytes:
    return repr((collector.spans, collector.logs, collector.histograms, collector.resources, collector.headers)).encode()


def answers(own: list[Message]) -> Iterator[tuple[str, bytes]]:
    """The gateway's own, none of which an endpoint has said."""
    for message in own:
        yield "answer", repr(message).encode()


async def settled(gateway: Gateway, collector: Collector) -> None:
    """All is in the store, and with the collector."""

    def is_done() -> bool:
        metrics = gateway.admin("/metrics")[1]
        return "oddgate_watch_lag_bytes 0.0" in metrics and "oddgate_watch_otlp_lag_bytes 0.0" in metrics

    await eventually(is_done)
    await eventually(lambda: collector.histograms)


@pytest.mark.parametrize(
    ("store", "hidden", "open_places"),
    [
        ({"keep_text": "none"}, {MAIL, KEY, WORD}, set()),
        ({"keep_text": "redacted"}, {MAIL, KEY}, {"journal", "texts", "one"}),
        ({"keep_text": "full", "allow_full_text": True, "text_key": TEXT_KEY}, {MAIL, KEY, WORD}, set()),
    ],
    ids=["none", "redacted", "full"],
)
async def test_nothing_is_told(
    tmp_path: Path, endpoint: Telling, collector: Collector, store: dict[str, Any], hidden: set[str], open_places: set[str]
):
    """In no log, metric, span, store, journal, error or page stands what must not: without kept texts no word of any text; of redacted
    ones nothing that a rule finds, and the rest nowhere but in the journal, the store and what is shown of one exchange; of sealed ones
    no word.
    """
    otlp = free_port()
    settings = {
        "telemetry": {"logs": "json", "otlp_endpoint": collector.url, "receive": True, "receive_port": otlp},
        "store": {"retain_days": 3660, **store},
        "surfaces": [{"name": "rerank", "path": "/v1/rerank"}],
    }
    with running_gateway(tmp_path, {"*": endpoint.url}, policies=POLICIES, **settings) as gateway:
        own = await everything(gateway, endpoint, otlp)
        await settled(gateway, collector)
        records = gateway.records()
        assert len(records) > 150
        places = [*pages(gateway), *files(gateway), *answers(own), ("sent", sent(collector))]
    places += [*files(gateway), *stored(tmp_path / "var" / "oddgate.db")]
    assert told(hidden, places) == []
    packed = {"store"} if open_places else set()  # what may be in it is packed, which hides a word or not
    assert {name for name, _ in told({WORD}, places)} - packed == open_places
    assert gateway.output.count('"') > 10
    assert collector.spans
    kept = {record["surface"] for record in records.values() if "texts" in record or "sealed_texts" in record}
    assert kept == (SURFACES if store["keep_text"] != "none" else set())
    if store["keep_text"] == "full":
        assert_opened(tmp_path, records)


def assert_opened(folder: Path, records: dict[str, dict]) -> None:
    """Sealed texts are there for whoever has the key."""
    (sealed, *_) = [name for name, record in records.items() if record["surface"] == "chat" and "sealed_texts" in record]
    command = [sys.executable, "-m", "gateway.cli.main", "exchanges", sealed, "--text", "--config", str(folder / "oddgate.yaml")]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=True)
    assert all(canary.encode() in done.stdout for canary in (MAIL, KEY, WORD))


async def test_what_is_told_by_design(tmp_path: Path, endpoint: Telling):
    """A label that is trusted and a model's name stand in the record as they were said; other labels are not read."""
    endpoint.says(GOOD)
    with running_gateway(tmp_path, {"*": endpoint.url}, policies=POLICIES) as gateway:
        labels = {"x-oddgate-user": WORD, "x-oddgate-session": WORD, "x-oddgate-group": WORD, "x-oddgate-app": WORD}
        await ask(gateway.port, post(chat(WORD, "hello"), **labels))
        await ask(gateway.port, post(chat(f"the {WORD}", "hello")))
        named, unnamed = gateway.records().values()
    assert (named["user"], named["session"], named["model"], named["app"], "group" in named) == (WORD, WORD, WORD, "", False)
    assert told({WORD}, [("record", json.dumps(unnamed).encode())]) == []
