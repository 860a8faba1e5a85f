"""The whole gateway in one process: what only the composition root can get wrong."""

import asyncio
import errno
import json
import logging
import os
import re
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from bench.processes import free_port
from detectors.registry import DetectorError
from gateway import admin_side
from gateway import app as module
from gateway.app import Addresses, new_request_id, running
from gateway.config import Config
from gateway.keyfile import secret_key
from gateway.telemetry.auditing import read_journal
from gateway.telemetry.condition import condition
from gateway.telemetry.journal import segment_files
from policies.labels import is_of_no_exchange
from policies.load import PolicyError
from tests.support.faulty_upstream import FaultyUpstream
from tests.support.waiting import AT_MOST_S, eventually

TICKETS = """
name: default
rules:
  - id: tickets
    detect: pii
    entities: [TICKET]
    patterns: [{name: TICKET, regex: 'T-[0-9]{6}'}]
    action: ACTION
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Everything is relative to the folder in which the gateway is started."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policies").mkdir()
    write_policy(tmp_path, TICKETS)
    return tmp_path


def write_policy(folder: Path, text: str, action: str = "tokenize") -> None:
    (folder / "policies" / "default.yaml").write_text(text.replace("ACTION", action))


def config(folder: Path, **sections: object) -> Config:
    shape = {
        "listen": {"port": 0, "admin_port": 0, "drain_timeout_s": 1},
        "policies": {"dir": folder / "policies"},
        "journal": {"dir": folder / "journal"},
        "secret_key": "a key",
    }
    return Config.model_validate(shape | sections, strict=False, context={"env": {}})


@asynccontextmanager
async def gateway(folder: Path, **sections: object) -> AsyncIterator[tuple[Addresses, aiohttp.ClientSession]]:
    async with running(config(folder, **sections)) as addresses, aiohttp.ClientSession() as client:
        yield addresses, client


async def ask(addresses: Addresses, client: aiohttp.ClientSession, text: str, **fields: object) -> tuple[int, dict[str, str], dict]:
    body = {"model": "demo", "messages": [{"role": "user", "content": text}], **fields}
    async with client.post(f"{addresses.data}/v1/chat/completions", json=body) as answer:
        return answer.status, {name.lower(): value for name, value in answer.headers.items()}, await answer.json()


async def metrics(addresses: Addresses, client: aiohttp.ClientSession) -> dict[str, float]:
    async with client.get(f"{addresses.admin}/metrics") as answer:
        lines = (await answer.text()).splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if not line.startswith("#"))}


def records(folder: Path) -> list[dict]:
    lines = [json.loads(line) for segment in segment_files(folder / "journal") for line in segment.read_text().splitlines()]
    return [line for line in lines if not is_of_no_exchange(line)]


async def test_an_exchange_with_the_demo(folder: Path):
    """Without upstreams the demo answers: it sees the placeholder, the client its value, the journal neither."""
    async with gateway(folder) as (addresses, client):
        status, headers, body = await ask(addresses, client, "My ticket is T-123456.")
        said = body["choices"][0]["message"]["content"]
        async with client.get(f"{addresses.demo}/demo/received") as answer:
            received = await answer.text()
        assert (status, headers["x-oddgate-decision"]) == (200, "redact")
        assert "T-123456" not in received
        assert re.search(r"<TICKET_[a-z0-9]+>", received)
        assert "<TICKET_" not in said
        (record,) = records(folder)
        assert (record["request_id"], record["policy"]) == (headers["x-oddgate-request-id"], headers["x-oddgate-policy"])
        assert "T-123456" not in json.dumps(record)
        found = await metrics(addresses, client)
        assert found['oddgate_requests_total{decision="redact",outcome="completed",surface="chat"}'] == 1
        assert found["oddgate_active_exchanges"] == 0


async def test_what_exchanges_cost_and_what_was_decided(folder: Path):
    """Metrics and records say it by the settings' names; what a client calls itself, or asks for, is in no label."""
    prices = [{"models": ["house-*"], "input": 1000, "output": 2000}]
    async with gateway(folder, prices=prices, labels={"trust": ["app"]}) as (addresses, client):
        client.headers["x-oddgate-app"] = "anna"
        for model in ("house-1", "house-2", "anna-model"):
            await ask(addresses, client, f"My ticket is T-123456, says {model}.", model=model)
        found = {name: value for name, value in (await metrics(addresses, client)).items() if value}
    used = 'app="other",model="%s",provider="demo"'
    first, second, unknown = records(folder)
    costs = [(each["tokens"]["input"] + 2 * each["tokens"]["output"]) / 1000 for each in (first, second)]
    assert [first["cost_usd"], second["cost_usd"]] == pytest.approx(costs)
    assert "cost_usd" not in unknown
    assert found[f"oddgate_cost_usd_total{{{used % 'house-*'}}}"] == pytest.approx(sum(costs))
    assert found['oddgate_unpriced_exchanges_total{app="other",model="other",provider="demo",reason="no_price"}'] == 1
    assert found['oddgate_decisions_total{action="tokenize",policy="default",rule="tickets",stage="input",verdict="tokenize"}'] == 3
    assert found['oddgate_decisions_total{action="allow",policy="default",rule="",stage="output",verdict="allow"}'] == 3
    assert found['oddgate_detector_seconds_count{cost="inline",detector="pii"}'] == 1
    assert not [name for name in found if "anna" in name]


async def test_nothing_is_left_behind(folder: Path):
    """When the gateway has stopped, so has every task of it, and nobody listens."""
    before = asyncio.all_tasks()
    async with gateway(folder) as (addresses, client):
        await ask(addresses, client, "hello")
        assert len(asyncio.all_tasks()) > len(before)
    await eventually(lambda: asyncio.all_tasks() == before)
    async with aiohttp.ClientSession() as client:
        for address in (addresses.data, addresses.admin, addresses.demo):
            with pytest.raises(aiohttp.ClientError):
                await client.get(address)


async def asked_until(addresses: Addresses, client: aiohttp.ClientSession, text: str, status: int) -> tuple[int, dict[str, str], dict]:
    """What is answered as soon as it has that status."""
    async with asyncio.timeout(AT_MOST_S):
        while (answered := await ask(addresses, client, text))[0] != status:  # noqa: ASYNC110 (it is a file that is waited for)
            await asyncio.sleep(0.05)
        return answered


async def test_an_edited_policy_is_in_force(folder: Path, caplog: pytest.LogCaptureFixture):
    """A good edit is taken up whole; a bad one leaves the last good policy in force and is told, in the log, the status and the metrics."""
    async with gateway(folder) as (addresses, client):
        before = (await ask(addresses, client, "T-123456"))[1]["x-oddgate-policy"]
        write_policy(folder, TICKETS, "block")
        status, headers, body = await asked_until(addresses, client, "T-123456", 400)
        assert (status, body["error"]["code"], headers["x-oddgate-policy"] != before) == (400, "content_filter", True)
        write_policy(folder, TICKETS, "blok")
        await eventually(lambda: "policies not reloaded" in caplog.text)
        assert (await ask(addresses, client, "T-123456"))[0] == 400
        async with client.get(f"{addresses.admin}/api/v1/policy/status") as answer:
            (worker,) = (await answer.json())["workers"]
        assert (worker["pid"], worker["policies"][0]["version"]) == (os.getpid(), headers["x-oddgate-policy"])
        assert re.search(r"default\.yaml:\d+: .*action", worker["rejected"][0])
        async with client.get(f"{addresses.admin}/readyz") as answer:
            assert (answer.status, list(await answer.json())) == (200, ["status", "degraded"])
        found = await metrics(addresses, client)
        assert found["oddgate_policy_degraded"] == 1
        assert found['oddgate_policy_reloads_total{result="ok"}'] == found['oddgate_policy_reloads_total{result="rejected"}'] == 1


async def test_readiness(folder: Path):
    """Ready while it serves; the admin side tells."""
    async with gateway(folder) as (addresses, client), client.get(f"{addresses.admin}/readyz") as answer:
        assert (answer.status, await answer.json()) == (200, {"status": "ready"})


async def test_a_rollout(folder: Path):
    """Its exchanges and the other version's are counted as their records are written; promoted by hand, it gets them all."""
    new = TICKETS.replace("name: default", "name: next\nrollout: {of: default, percent: 0}").replace("ACTION", "block")
    (folder / "policies" / "next.yaml").write_text(new)
    async with gateway(folder) as (addresses, client):
        assert (await ask(addresses, client, "T-123456"))[0] == 200
        async with client.post(f"{addresses.admin}/api/v1/policy/rollouts/next", json={"action": "promote"}) as answer:
            assert (await answer.json())["state"] == "promoted"
        status, headers, _ = await ask(addresses, client, "T-123456")
        assert (status, headers["x-oddgate-policy"][:5]) == (400, "next@")
        found = await metrics(addresses, client)
        assert found['oddgate_rollout_exchanges_total{decision="redact",rollout="next",version="old"}'] == 1
        assert found['oddgate_rollout_exchanges_total{decision="block",rollout="next",version="new"}'] == 1
        assert found['oddgate_rollout_changes_total{change="promoted",rollout="next"}'] == 1
    assert (folder / "var" / "rollouts.json").exists()


async def test_labels(folder: Path):
    """As far as the settings trust them: an application may be named where none are configured, if they say so."""
    async with gateway(folder, labels={"trust": ["app"]}) as (addresses, client):
        client.headers["x-oddgate-app"] = "shop"
        assert (await ask(addresses, client, "hello"))[0] == 200
        client.headers["x-oddgate-app"] = "a shop"
        status, _, body = await ask(addresses, client, "hello")
        assert (status, body["error"]["code"]) == (400, "invalid_label")
    assert [record["app"] for record in records(folder)] == ["shop", ""]


async def test_checkpoints(folder: Path, monkeypatch: pytest.MonkeyPatch):
    """While it runs, the gateway signs every now and then how far its journal is, and again when it ends; a whole one verifies."""
    monkeypatch.setattr(module, "_CHECKPOINT_S", 0.02)

    def signed() -> list[str]:
        lines = [json.loads(line) for segment in segment_files(folder / "journal") for line in segment.read_text().splitlines()]
        return [line["why"] for line in lines if line.get("kind") == "checkpoint"]

    async with gateway(folder) as (addresses, client):
        await ask(addresses, client, "hello")
        await eventually(lambda: signed() == ["start", "interval"])
    assert signed() == ["start", "interval", "end"]
    assert read_journal(folder / "journal", secret_key(config(folder))).report().faults == []


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("on_error", "passes"), [("block", False), ("allow", True)])
async def test_a_journal_that_cannot_be_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, on_error: str, passes: bool, stream: bool
):
    """The settings say whether an exchange without its record may pass. The log and readiness say what is wrong, until it is over."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    async with gateway(folder, journal={"dir": folder / "journal", "on_error": on_error}) as (addresses, client):
        monkeypatch.setattr(module.Journal, "append", full)
        body = {"model": "demo", "messages": [{"role": "user", "content": "hello"}], "stream": stream}
        async with client.post(f"{addresses.data}/v1/chat/completions", json=body) as answer:
            text = await answer.text()
        assert ("journal_unavailable" in text) is not passes
        assert (answer.status == 200) is (passes or stream)
        assert not stream or (text.rstrip().endswith("data: [DONE]") is passes)
        counted = await metrics(addresses, client)
        assert counted["oddgate_journal_errors_total"] >= 1
        outcome = "completed" if passes else "journal_unavailable"
        total = {name: value for name, value in counted.items() if name.startswith("oddgate_requests_total")}
        assert total == {f'oddgate_requests_total{{decision="allow",outcome="{outcome}",surface="chat"}}': 1}
        why = "journal: records cannot be written"
        assert [message for message in caplog.messages if message.startswith("journal")] == [f"{why}: No space left on device"]
        assert await readiness(addresses, client) == {"status": "ready", "degraded": [why]}
        monkeypatch.undo()
        await ask(addresses, client, "hello")
        assert await readiness(addresses, client) == {"status": "ready"}


async def test_what_the_watch_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch):
    """A gateway that cannot write its journal says so beside it, where no record can."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(admin_side, "EVERY_S", 0.05)
    async with gateway(folder, journal={"dir": folder / "journal", "on_error": "allow"}) as (addresses, client):
        monkeypatch.setattr(module.Journal, "append", full)
        await ask(addresses, client, "hello")
        said = await eventually(lambda: (told := condition(config(folder).watch.dir, time.time())).get("journal_errors") and told)
        assert said == {
            "journal_errors": 1, "vault_errors": 0, "telemetry_spool_errors": 0, "policy_degraded": 0, "worker_restarts": 0,
            "workers_missing": 0,
        }  # fmt: skip
        monkeypatch.undo()


async def readiness(addresses: Addresses, client: aiohttp.ClientSession) -> object:
    async with client.get(f"{addresses.admin}/readyz") as answer:
        return await answer.json()


async def test_a_fault_of_ours(folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture):
    """The log has its type and place, the answer a code; neither has a word of the exchange."""

    def broken(*_: object) -> None:
        raise RuntimeError("the text: T-123456")

    async with gateway(folder) as (addresses, client):
        monkeypatch.setattr("gateway.guard.request.RequestGuard.verdict", broken)
        status, headers, body = await ask(addresses, client, "T-123456")
    assert (status, body["error"]["code"]) == (500, "internal_error")
    assert headers["x-oddgate-request-id"] in caplog.text
    assert re.search(r"RuntimeError at test_app\.py:\d+", caplog.text)
    assert "T-123456" not in caplog.text + json.dumps(body)
    assert records(folder)[0]["outcome"] == "internal_error"


async def test_the_log_of_a_busy_gateway_holds_no_text(folder: Path, caplog: pytest.LogCaptureFixture):
    """At any level."""
    caplog.set_level(logging.DEBUG)
    async with gateway(folder) as (addresses, client):
        for fields in ({}, {"stream": True}, {"messages": "T-123456"}, {"T-123456": 1}, {"model": "T-123456 x"}):
            body = {"model": "demo", "messages": [{"role": "user", "content": "canary T-123456"}], **fields}
            async with client.post(f"{addresses.data}/v1/chat/completions", json=body) as answer:
                await answer.read()
    assert "T-123456" not in caplog.text
    assert "canary" not in caplog.text


async def test_configured_upstreams_and_apps(folder: Path):
    """With upstreams there is no demo; an app's key opens the gateway and stays there."""
    async with FaultyUpstream().running() as faulty:
        upstreams = [{"name": "u", "base_url": faulty.url, "api_key": "upstream-key"}]
        async with gateway(folder, upstreams=upstreams, apps=[{"name": "bot", "key": "bot-key"}]) as (addresses, client):
            assert addresses.demo is None
            assert (await ask(addresses, client, "hello"))[0] == 401
            client.headers["Authorization"] = "Bearer bot-key"
            assert (await ask(addresses, client, "hello", model="well"))[0] == 200
        assert [received.headers["authorization"] for received in faulty.received] == ["Bearer upstream-key"]
    assert [record["app"] for record in records(folder)] == ["", "bot"]


async def test_what_keeps_it_from_starting(folder: Path):
    """A bad policy or a port that is taken is an error at the start, and nothing stays behind."""
    before = asyncio.all_tasks()
    write_policy(folder, "name: default\nrules: 5\n")
    with pytest.raises(PolicyError):
        async with running(config(folder)):
            pass
    write_policy(folder, TICKETS)
    async with gateway(folder) as (addresses, _):
        port = int(addresses.data.rpartition(":")[2])
        with pytest.raises(OSError, match="in use"):
            async with running(config(folder, listen={"port": port, "admin_port": free_port()})):
                pass
    await eventually(lambda: asyncio.all_tasks() == before)


async def test_telemetry(folder: Path, monkeypatch: pytest.MonkeyPatch):
    """What the settings ask for is there, or the gateway does not start and says what is missing."""
    port = free_port()
    (folder / "policies" / "logs.yaml").write_text(
        "name: logs\napplies_to: {surfaces: [otlp]}\nrules:\n"
        "  - {id: mail, detect: pii, scope: [telemetry], entities: [EMAIL_ADDRESS], action: block}\n"
    )
    body = {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"stringValue": "jane@example.com"}}]}]}]}
    settings = config(folder, telemetry={"receive": True, "receive_port": port})
    async with running(settings), aiohttp.ClientSession() as session:
        async with session.post(f"http://127.0.0.1:{port}/v1/logs", json=body) as answer:
            assert (await answer.json())["partialSuccess"]["rejectedLogRecords"] == "1"
        async with session.post(f"http://127.0.0.1:{port}/v1/logs", data="x" * 20_000) as answer:
            assert answer.status == 415
    monkeypatch.setitem(sys.modules, "gateway.receiver", None)
    with pytest.raises(RuntimeError, match=r"pip install 'oddgate\[otel\]'"):
        async with running(settings):
            pass


async def test_the_engine_for_pictures(folder: Path, monkeypatch: pytest.MonkeyPatch):
    """Asked for and not installed, it is an error that says what to install; not asked for, the gateway goes without."""
    monkeypatch.setattr(module.ocr, "is_installed", lambda: False)
    with pytest.raises(DetectorError, match=r"pip install 'oddgate\[ocr\]'"):
        async with running(config(folder, detectors={"ocr": {"enabled": True}})):
            pass
    for ocr in ({}, {"enabled": False}):
        async with running(config(folder, detectors={"ocr": ocr})):
            pass


async def test_both_pools_are_measured(folder: Path):
    """How many jobs wait, and what became of each, for texts and for pictures alike."""
    names = ("jobs_done_total", "jobs_timeout_total", "jobs_overload_total", "jobs_error_total", "jobs_unavailable_total", "waiting")
    made = module.Gateway(config(folder), ())
    for pool, reads in ((made.scans, "pool"), (made._readers, "ocr")):
        pool.outcomes |= dict(zip(pool.outcomes, range(1, 6), strict=True))
        found = {
            sample.name: sample.value for metric in made._instruments.registry.collect() for sample in metric.samples
        }  # fmt: skip
        assert [found[f"oddgate_{reads}_{name}"] for name in names] == [1, 2, 3, 4, 5, 0]
    made._journal.close()


async def test_placeholders_are_the_keys(folder: Path):
    """The same key gives the same placeholder after a restart; another key another one."""
    seen = []
    for key in ("a key", "a key", "another"):
        async with gateway(folder, secret_key=key) as (addresses, client):
            await ask(addresses, client, "T-123456")
            async with client.get(f"{addresses.demo}/demo/received") as answer:
                seen.append(re.search(r"<TICKET_[a-z0-9]+>", await answer.text()).group())
    assert (seen[0] == seen[1], seen[0] == seen[2]) == (True, False)


def test_request_ids():
    """Unguessable, and never the same."""
    ids = {new_request_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(re.fullmatch(r"req_[0-9a-f]{24}", each) for each in ids)
