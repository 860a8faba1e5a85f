"""Measures that a watch leaves for a real gateway at work."""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.cli.main import main
from gateway.config import Config
from gateway.keyfile import secret_key
from gateway.proxy.keeping import replace_file
from gateway.proxy.measures import NAME, seal_measures
from policies.measures import Measure
from tests.policies.test_measures import do_of
from tests.support.faulty_upstream import FaultyUpstream
from tests.support.gateway import Gateway, running_again, running_gateway
from tests.support.http11 import Message
from tests.support.raw_client import ask, chat, error_of, post
from tests.support.waiting import eventually

pytestmark = pytest.mark.slow

POLICY = """
name: plain
rules:
  - {id: mail, detect: pii, entities: [EMAIL_ADDRESS], scope: [user], action: flag}
"""
KEY = "a key of thirty-two characters.."
APPS = ("bad", "eager", "careful", "private", "mover", "small", "plain")
ENTRIES = {
    "bad": {"quarantine": {"app": "{app}"}},
    "eager": {"rate_limit": {"app": "{app}", "per_minute": 6}},
    "careful": {"tighten": {"rule": "mail", "app": "{app}", "action": "block"}},
    "private": {"force_redaction": {"app": "{app}"}},
    "mover": {"switch_upstream": {"app": "{app}", "from": "one", "to": "two"}},
    "small": {"switch_model": {"app": "{app}", "from": "well", "to": "echo"}},
}
TEXT = "write to somebody@example.org"
HEARD_S = 2.0


@pytest.fixture
async def upstreams():
    async with FaultyUpstream().running() as one, FaultyUpstream().running() as two:
        yield one, two


@pytest.fixture
def gateway(tmp_path: Path, upstreams: tuple[FaultyUpstream, FaultyUpstream]) -> Iterator[Gateway]:
    one, two = ({"name": name, "base_url": each.url, "api_key": "sk-own"} for name, each in zip(("one", "two"), upstreams, strict=True))
    with running_gateway(
        tmp_path, {"*": one, "of-two-*": two}, policies={"plain": POLICY}, secret_key=KEY, alerts={"enabled": False},
        apps=[{"name": name, "key": f"sk-{name}"} for name in APPS],
        actions={"allow": [{"id": name, "do": words, "ttl_s": 600} for name, words in ENTRIES.items()]},
    ) as gateway:  # fmt: skip
        yield gateway


def leave(gateway: Gateway, lasts_s: float, key: str = KEY, **others: dict) -> None:
    """All that is allowed, about the application of its name."""
    now = time.time()
    words = {name: json.loads(json.dumps(each).replace("{app}", name)) for name, each in ENTRIES.items()} | others
    made = [Measure(f"{name}:inc-1", name, do_of(each), now, now + lasts_s) for name, each in words.items()]
    signs = secret_key(Config.model_validate({"secret_key": key}, context={"env": {}}, strict=False))
    replace_file(gateway.folder / "var" / NAME, seal_measures(made, now, signs))


async def said(gateway: Gateway, app: str) -> Message:
    return await ask(gateway.port, post(chat("well", TEXT), Authorization=f"Bearer sk-{app}"))


async def seen(gateway: Gateway, upstreams: tuple[FaultyUpstream, FaultyUpstream]) -> dict[str, object]:
    """What becomes of one exchange of each application; of ``eager``, of two."""
    found: dict[str, object] = {}
    for app in APPS:
        before = [len(each.received) for each in upstreams]
        answers = [await said(gateway, app) for _ in range(1 + (app == "eager"))]
        if answers[-1].status >= 400:
            found[app] = error_of(answers[-1])["code"]
        else:
            where = next(name for name, each, number in zip(("one", "two"), upstreams, before, strict=True) if len(each.received) > number)
            asked = upstreams[where == "two"].last.json
            found[app] = (where, asked["model"], asked["messages"][0]["content"] == TEXT)
    return found


def metric(gateway: Gateway, name: str) -> float:
    lines = gateway.admin("/metrics")[1].splitlines()
    return next((float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{name} ")), 0.0)


def events(gateway: Gateway) -> set[tuple[str, str]]:
    """What the journal says of measures."""
    lines = [json.loads(line) for line in gateway.journal_text().splitlines()]
    return {(each["action"], each["change"]) for each in lines if each.get("kind") == "measure"}


NONE = dict.fromkeys(APPS, ("one", "well", True))


async def test_measures_take_effect_and_end(gateway: Gateway, upstreams: tuple[FaultyUpstream, FaultyUpstream]):
    """What nobody signed does nothing; what the watch has signed comes into force, where it is meant, and ends by itself."""
    leave(gateway, 600, key="another key of this length......")
    await asyncio.sleep(HEARD_S)
    assert await seen(gateway, upstreams) == NONE

    leave(gateway, 600, plain={"quarantine": {"app": "plain"}})  # which the settings do not allow
    await eventually(lambda: metric(gateway, "oddgate_measures_active"))
    assert await seen(gateway, upstreams) == {
        "bad": "quarantined", "eager": "rate_limited", "careful": "content_filter", "private": ("one", "well", False),
        "mover": ("two", "well", True), "small": ("one", "echo", True), "plain": ("one", "well", True),
    }  # fmt: skip
    assert metric(gateway, "oddgate_measures_active") == len(ENTRIES)
    assert [metric(gateway, f'oddgate_measures_applied_total{{kind="{kind}"}}') for kind in ("quarantine", "tighten")] == [1, 1]
    told = {each["app"]: each["measures"] for each in gateway.records().values() if "measures" in each}
    assert told == {app: [f"{app}:inc-1"] for app in ENTRIES}

    leave(gateway, 1.0)
    await eventually(lambda: metric(gateway, "oddgate_measures_active") == 0)
    assert await seen(gateway, upstreams) == NONE
    expected = {(name, change) for name in ENTRIES for change in ("applied", "expired")} | {("plain", "refused")}
    await eventually(lambda: events(gateway) == expected)
    assert main(["audit", "verify", "--config", str(gateway.folder / "oddgate.yaml")]) == 0


async def test_a_restart(gateway: Gateway, upstreams: tuple[FaultyUpstream, FaultyUpstream]):
    """What was in force is so after a restart, before the first exchange is served."""
    leave(gateway, 600)
    gateway.kill()
    with running_again(gateway.folder) as again:
        assert error_of(await said(again, "bad"))["type"] == "permission_error"
        limited = [await said(again, "eager") for _ in range(2)][-1]
        assert (limited.status, 1 <= int(limited.headers["retry-after"]) <= 10) == (429, True)
