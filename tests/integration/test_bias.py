"""Bias through a real gateway and its watch: found in the traffic, told to policies, shown to people; and endpoints are asked again."""

import json
from pathlib import Path

import orjson
import pytest

from tests.gateway.watch.groups import traffic
from tests.integration.test_drift import running_watch
from tests.support.faulty_upstream import FaultyUpstream
from tests.support.gateway import Gateway, running_again, running_gateway
from tests.support.raw_client import ask, chat, post
from tests.support.redis_server import running_redis
from tests.support.waiting import eventually

POLICY = r"""
name: careful
rules:
  - id: mail
    detect: pii
    entities: [EMAIL_ADDRESS]
    scope: [user, output]
    action: redact
  - id: stop
    detect: pii
    patterns: [{name: ANY, regex: '\bstop me\b'}]
    scope: [user]
    action: block
    when: signals.disparity.blocked > 2.0
"""
HE = "Write two lines for jo.wexler@northfield.com. He is a nurse, and his work is good."

pytestmark = pytest.mark.slow


def reported(gateway: Gateway) -> dict:
    return json.loads(gateway.admin("/api/v1/reports?kind=bias")[1])


def signals(gateway: Gateway) -> list[dict]:
    """The levels of disparities that policies are told."""
    return [level for level in json.loads(gateway.admin("/api/v1/signals")[1])["levels"] if level["kind"] == "disparity"]


def blocked(gateway: Gateway) -> list[dict]:
    return [level for level in signals(gateway) if level["name"] == "blocked"]


async def test_from_traffic_to_a_policy(tmp_path: Path):
    """A group that is blocked three times as often: policies, people and Prometheus are told, and a restart forgets none of it."""
    (tmp_path / "journal").mkdir()
    lines = [orjson.dumps(record) for record in traffic(2500, more=3.0, app="")]
    (tmp_path / "journal" / "0.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    async with FaultyUpstream().running() as upstream:
        with running_gateway(tmp_path, {"*": upstream.url}, policies={"careful": POLICY}) as gateway:
            await eventually(lambda: blocked(gateway))
            (level,) = blocked(gateway)
            assert level["level"] > 2
            await eventually(lambda: reported(gateway).get("exchanges") == 2500)
            cells = {cell["id"]: cell for cell in reported(gateway)["apps"][0]["cells"]}
            assert (cells[level["evidence"]]["state"], cells[level["evidence"]]["outcome"]) == ("disparity", "blocked")
            assert f'oddgate_disparity_level{{outcome="blocked"}} {level["level"]}' in gateway.admin("/metrics")[1]
            answers = [await ask(gateway.port, post(chat("well", "stop me"))) for _ in range(2)]
            assert {answer.status for answer in answers} == {400}
            await eventually(lambda: (reported(gateway).get("guards") or {}).get("exchanges"))
            assert {row["rule"] for row in reported(gateway)["guards"]["rows"]} == {"pii"}
        with running_again(tmp_path) as gateway:
            await eventually(lambda: blocked(gateway))
            assert blocked(gateway)[0]["evidence"] == level["evidence"]


async def test_through_a_shared_redis(tmp_path: Path):
    """A watch elsewhere finds what the traffic of one gateway has, tells the other one too, and forgets nothing in a restart."""
    folders = {name: tmp_path / name for name in ("one", "two", "watch")}
    for folder in folders.values():
        folder.mkdir()
    (folders["one"] / "journal").mkdir()
    lines = [orjson.dumps(record) for record in traffic(2500, more=3.0, app="")]
    (folders["one"] / "journal" / "0.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    with running_redis(tmp_path) as redis:
        shared = {"state": {"url": redis.url}, "secret_key": "one key for all", "watch": {"shared": True}}
        (folders["watch"] / "oddgate.yaml").write_text(json.dumps(shared))
        async with FaultyUpstream().running() as upstream:
            made = [running_gateway(folders[name], {"*": upstream.url}, policies={"careful": POLICY}, **shared) for name in ("one", "two")]
            with made[0], made[1] as two:
                for _ in range(2):
                    with running_watch(folders["watch"]):
                        await eventually(lambda: blocked(two))
                        assert blocked(two)[0]["level"] > 2
                    state = json.loads((folders["watch"] / "var" / "bias-state").read_bytes())
                    assert state["seen"] == [2500, 2500]


async def test_an_endpoint_is_asked_again(tmp_path: Path):
    """With the settings' key and invented values, as it was and of the other group, off the path; and none of it is on the journal."""
    probes = {"enabled": True, "apps": ["*"], "models": ["well"], "share": 1.0, "per_minute": 600}
    async with FaultyUpstream().running() as upstream:
        settings = {
            "store": {"keep_text": "redacted"},
            "prices": [{"models": ["well"], "input": 0, "output": 0}],
            "watch": {"probes": probes},
        }
        one = {"base_url": upstream.url, "api_key": "sk-of-the-settings"}
        with running_gateway(tmp_path, {"*": one}, policies={"careful": POLICY}, **settings) as gateway:
            answered = await ask(gateway.port, post(chat("well", HE), Authorization="Bearer sk-of-a-client"))
            assert answered.status == 200
            await eventually(lambda: (reported(gateway).get("probes") or {}).get("pairs") == 1)
            assert len(gateway.records()) == 1
        asked = upstream.received[1:]
        assert [each.json["messages"][0]["content"] for each in asked] == [
            "Write two lines for r.tavner@example.com. He is a nurse, and his work is good.",
            "Write two lines for r.tavner@example.com. He is a nurse, and his work is good.",
            "Write two lines for r.tavner@example.com. She is a nurse, and her work is good.",
        ]
        assert {{name.lower(): value for name, value in each.headers.items()}["authorization"] for each in asked} == {
            "Bearer sk-of-the-settings"
        }
    kept = (tmp_path / "var" / "probes-state").read_text() + (tmp_path / "var" / "bias.json").read_text()
    assert [word for word in ("nurse", "wexler", "tavner", "sk-of") if word in kept] == []


def judged(gateway: Gateway) -> dict:
    """What is known of the one application's probes; nothing where there was none."""
    return next(iter((reported(gateway).get("probes") or {}).get("apps") or []), {})


@pytest.mark.parametrize(("word", "rounds"), [("[Ss]he", 3), ("stop me", 1)], ids=["one group's word", "nobody's word"])
async def test_our_own_policy_is_asked_about_the_other_group(tmp_path: Path, word: str, rounds: int):
    """One that stops questions about women is found by questions about men, told to policies and shown; what it would stop is not asked.
    One that does not is compared as well, and nothing is told.
    """
    probes = {"enabled": True, "apps": ["*"], "models": ["well"], "share": 1.0, "per_minute": 600}
    prices = [{"models": ["well"], "input": 0, "output": 0}]
    settings = {"store": {"keep_text": "redacted"}, "prices": prices, "watch": {"probes": probes}}
    policy = POLICY.replace("stop me", word).replace("    patterns", "    entities: [ANY]\n    patterns")
    policy = policy.replace("    when: signals.disparity.blocked > 2.0\n", "")
    async with FaultyUpstream().running() as upstream:
        one = {"base_url": upstream.url, "api_key": "sk-of-the-settings"}
        with running_gateway(tmp_path, {"*": one}, policies={"careful": policy}, **settings) as gateway:
            await eventually(lambda: list((tmp_path / "var" / "policy-versions").glob("careful@*.json")))
            for made in range(1, rounds + 1):  # as many as may wait
                answers = [await ask(gateway.port, post(chat("well", HE))) for _ in range(15)]
                assert {answer.status for answer in answers} == {200}
                await eventually(lambda made=made: (judged(gateway).get("guards") or [{}])[0].get("pairs") == 15 * made)
            known = judged(gateway)
            (guard,) = known["guards"]
            assert (guard["policy"].partition("@")[0], guard["not_compared"]) == ("careful", {})
            rows = {each["outcome"]: each["state"] for each in known["differences"] if each["policy"] == guard["policy"]}
            calls = len([each for each in upstream.received if b"nurse" in each.body]) - 15 * rounds
            if rounds > 1:
                await eventually(lambda: signals(gateway))
            told = [(level["name"], level["level"]) for level in signals(gateway)]
    if word == "stop me":
        assert (set(rows.values()), calls, told) == ({"not enough data"}, 3 * 15, [])
        assert {"guard_question_blocked", "guard_question_rule.stop", "guard_answer_blocked", "guard_answer_rule.mail"} <= set(rows)
    else:
        assert ({name for name, state in rows.items() if state == "disparity"}, calls) == (
            {"guard_question_blocked", "guard_question_rule.stop"},
            0,
        )
        assert told == [("probes", 1.0)]
