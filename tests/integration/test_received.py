"""What applications send of themselves, by OTLP through a real gateway, to symptoms; and the gateway's own log with it."""

import json
import random
import time
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from bench.processes import free_port
from gateway.detecting.received import Received
from gateway.incidents.symptom import Symptom
from gateway.telemetry.observed import OWN, LogSeen, SpanSeen
from gateway.watch.sources.spool import SpoolReader
from policies.load import library
from tests.integration.test_telemetry import ask
from tests.support.gateway import Gateway, running_gateway
from tests.support.waiting import eventually

JANE = "jane.canary@example.com"
USUAL_S, LATE_S = 1200, 90
RESOURCE = {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Gateway, str]]:
    """With where it takes telemetry."""
    port = free_port()
    policies = {name: (library() / f"{name}.yaml").read_text() for name in ("default", "telemetry")}
    settings = {"receive": True, "receive_port": port, "receive_max_mb": 16}
    folder = tmp_path_factory.mktemp("received")
    with running_gateway(folder, {"*": "http://127.0.0.1:1"}, policies=policies, telemetry=settings) as running:
        yield running, f"http://127.0.0.1:{port}"


def spans(begin: float, seconds: int, slower: float) -> Iterator[dict[str, Any]]:
    chance = random.Random(begin)
    for number in range(seconds * 2):
        end, took_s = begin + number / 2, 0.1 * slower * chance.lognormvariate(0, 0.3)
        trace_id = random.Random(f"{begin} {number}").getrandbits(127) + 1
        yield {
            "traceId": f"{trace_id:032x}", "spanId": "a" * 16, "name": "GET /cart", "kind": 2,
            "startTimeUnixNano": str(int((end - took_s) * 1e9)), "endTimeUnixNano": str(int(end * 1e9)),
        }  # fmt: skip


def logs(begin: float, seconds: int, error: str = "") -> Iterator[dict[str, Any]]:
    for number in range(seconds):
        ns = str(int((begin + number) * 1e9))
        yield {"timeUnixNano": ns, "severityNumber": 9, "body": {"stringValue": f"GET /cart/{number % 99} 200"}}
        if error:
            yield {"timeUnixNano": ns, "severityNumber": 17, "body": {"stringValue": error}}


def send(url: str, begin: float, seconds: int, *, slower: float = 1.0, error: str = "") -> None:
    traces = {"resourceSpans": [{"resource": RESOURCE, "scopeSpans": [{"spans": list(spans(begin, seconds, slower))}]}]}
    lines = {"resourceLogs": [{"resource": RESOURCE, "scopeLogs": [{"logRecords": list(logs(begin, seconds, error))}]}]}
    for path, body in (("/v1/traces", traces), ("/v1/logs", lines)):
        assert ask(f"{url}{path}", json.dumps(body).encode())[0] == 200


def judged(seen: Iterable[SpanSeen | LogSeen]) -> list[Symptom]:
    """As if it had been read when it was seen."""
    received, found, now = Received(), list[Symptom](), 0.0
    for each in sorted(seen, key=lambda each: each.ts):
        while each.ts - now >= 1:
            now = max(now + 1, each.ts - 1)
            found += received.tick(now)
        found += received.observe(each)
    return found


async def test_from_otlp_to_symptoms(gateway: tuple[Gateway, str]):
    """Requests that got slow and an error that is new are told, of whose they are, without what was redacted; of usual times nothing."""
    running, url = gateway
    now = time.time()
    send(url, now - LATE_S - USUAL_S, USUAL_S)
    send(url, now - LATE_S, LATE_S, slower=4.0, error=f"payment of {JANE} failed: no answer")
    seen: list[Any] = []
    reader = SpoolReader(running.folder / "var" / "received", {}, seen.append)

    def all_there() -> bool:
        reader.step()
        return sum(each.source == "otlp/shop" for each in seen) >= 3 * USUAL_S + 4 * LATE_S

    assert await eventually(all_there)
    assert {LogSeen, SpanSeen} == {type(each) for each in seen}
    assert any(each.source == OWN for each in seen)
    found = judged(each for each in seen if each.source == "otlp/shop")
    assert {(each.modality, each.kind) for each in found} == {("trace", "slow operation"), ("trace", "slow path"), ("log", "new template")}
    assert {each.dimensions for each in found} == {(("source", "otlp/shop"),)}
    assert all(now - LATE_S - 25 < each.onset for each in found)
    assert all(min(each.at for each in found if each.kind == kind) < now - LATE_S + 75 for kind in ("slow operation", "new template"))
    assert JANE not in repr(seen)


async def test_the_gateways_own_log(gateway: tuple[Gateway, str]):
    """An error that the gateway writes is put by for the watch, and told."""
    running, _ = gateway
    seen: list[Any] = []
    reader = SpoolReader(running.folder / "var" / "received", {}, seen.append)
    (running.policies / "default.yaml").write_text("name: default\nrules: 7\n")

    def errors() -> list[LogSeen]:
        reader.step()
        return [each for each in seen if each.source == OWN and each.severity >= 17]

    assert (await eventually(errors))[0].body.startswith("policies not reloaded, the last good ones stay in force")
    received = Received()
    for each in errors():
        received.observe(each)
    found = list(received.tick(time.time()))
    assert {(each.modality, each.kind, each.dimensions) for each in found} == {("log", "error lines", (("source", OWN),))}
    assert found[0].note.startswith("policies not reloaded")
