"""A real Prometheus, set up as in deploy/, asks a real gateway: what it is told, and what its rules and the boards make of that."""

import re
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import yaml

from tests.architecture.project import ROOT
from tests.dashboards.queries import of_boards, rules
from tests.support.faulty_upstream import FaultyUpstream
from tests.support.gateway import Gateway, running_gateway
from tests.support.prometheus import Prometheus, running_prometheus
from tests.support.raw_client import ask, chat, post
from tests.support.waiting import eventually

POLICY = "name: plain\nrules:\n  - {id: mail, detect: pii, entities: [EMAIL_ADDRESS], scope: [user], action: tokenize}\n"
TOKEN = "a token of 20 letters"
UNREAD = {"name": "legacy", "path": "/v1/legacy", "methods": ["POST"], "passthrough": True}

pytestmark = pytest.mark.slow


@pytest.fixture
async def upstream() -> AsyncIterator[FaultyUpstream]:
    async with FaultyUpstream({}).running() as running:
        yield running


@pytest.fixture
def gateway(tmp_path: Path, upstream: FaultyUpstream) -> Iterator[Gateway]:
    settings = {"listen": {"admin_token": TOKEN}, "surfaces": [UNREAD]}
    with running_gateway(tmp_path, {"*": upstream.url}, policies={"plain": POLICY}, **settings) as running:
        yield running


@pytest.fixture
def prometheus(gateway: Gateway, tmp_path: Path) -> Iterator[Prometheus]:
    """By the settings of deploy/, but for the gateway's address, where its token is, and how often it is asked."""
    folder = tmp_path / "prometheus"
    folder.mkdir()
    (folder / "token").write_text(TOKEN)
    shutil.copy(ROOT / "dashboards" / "alerts.yaml", folder)
    config = yaml.safe_load((ROOT / "deploy" / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    (job,) = config["scrape_configs"]
    job["static_configs"] = [{"targets": [f"127.0.0.1:{gateway.admin_port}"]}]
    job["authorization"]["credentials_file"] = str(folder / "token")
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    with running_prometheus(folder / "prometheus.yml") as running:
        yield running


async def test_a_real_prometheus(gateway: Gateway, prometheus: Prometheus):
    """It takes the metrics; every rule is evaluated without fault, what is amiss fires, and every query of a board is answered."""
    await eventually(lambda: prometheus.values("oddgate:exchanges:sum") == [0])
    assert (await ask(gateway.port, post(chat("well", "write to somebody@example.org")))).status == 200
    assert (await ask(gateway.port, post(chat("well"), "/v1/legacy"))).status == 200
    (gateway.policies / "plain.yaml").write_text("name: [\n")

    await eventually(lambda: prometheus.values("oddgate:exchanges:sum") == [2])
    assert prometheus.values('oddgate_requests_total{surface="chat", decision="redact", outcome="completed"}') == [1]
    assert prometheus.values('oddgate_overhead_seconds_count{surface="chat"}') == [1]
    await eventually(lambda: {"OddgateUnguardedTraffic", "OddgatePolicyReloadFailed"} <= _firing(prometheus))
    assert _firing(prometheus) == {"OddgateUnguardedTraffic", "OddgatePolicyReloadFailed"}

    loaded = [rule for group in prometheus.ask("rules")["groups"] for rule in group["rules"]]
    assert len(loaded) == len(rules())
    assert {(rule["health"], rule.get("lastError")) for rule in loaded} == {("ok", None)}
    for query in of_boards():
        assert prometheus.ask("query", query=_filled_in(query.expr))["resultType"] == "vector", query.where


async def test_a_wrong_token(gateway: Gateway, prometheus: Prometheus, tmp_path: Path):
    """Whoever has not the token learns nothing, and the gateway counts as down."""
    (tmp_path / "prometheus" / "token").write_text("another")
    await eventually(lambda: prometheus.values('up{job="oddgate"}') == [0])


def _firing(prometheus: Prometheus) -> set[str]:
    return {alert["labels"]["alertname"] for alert in prometheus.ask("alerts")["alerts"] if alert["state"] == "firing"}


def _filled_in(expr: str) -> str:
    """As Grafana does before it asks."""
    expr = expr.replace("$instance", ".*").replace("$__rate_interval", "1m").replace("$__interval", "1m").replace("$__range", "6h")
    assert not re.search(r"\$\w", expr)
    return expr
