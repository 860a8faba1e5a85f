"""Policies that change, break and are rolled out while a real gateway is at work."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import pytest

from tests.support.faulty_upstream import FaultyUpstream
from tests.support.gateway import Gateway, running_again, running_gateway, start
from tests.support.http11 import Message, read_message
from tests.support.raw_client import ask, chat, connected, error_of, post
from tests.support.waiting import AT_MOST_S, eventually

POLICY = """
name: plain
respond: {{message: 'number {number}'}}
rules:
  - {{id: mail, detect: pii, entities: [EMAIL_ADDRESS], scope: [user], action: {action}}}
"""
NEXT = POLICY.replace("name: plain", "name: next\nrollout: {{of: plain, percent: {percent}, by: session, max_difference: 0.1}}")
DECISIONS = {"redact": "redact", "flag": "flag"}
TEXT = "write to somebody@example.org"

pytestmark = pytest.mark.slow


def policy(number: int = 0, action: str = "redact") -> str:
    return POLICY.format(number=number, action=action)


def new_version(action: str, percent: int = 50) -> str:
    return NEXT.format(number=1, action=action, percent=percent)


@pytest.fixture
async def upstream():
    async with FaultyUpstream().running() as running:
        yield running


@pytest.fixture
def own(tmp_path: Path, upstream: FaultyUpstream) -> Iterator[Gateway]:
    with running_gateway(tmp_path, {"*": upstream.url}, policies={"plain": policy()}) as gateway:
        yield gateway


async def admin(gateway: Gateway, path: str, body: object = None) -> dict:
    status, text = await asyncio.to_thread(gateway.admin, path, body)
    assert status == 200, path
    return json.loads(text)


async def metric(gateway: Gateway, name: str) -> float:
    _, text = await asyncio.to_thread(gateway.admin, "/metrics")
    return next(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(f"{name} "))


async def until(probe: Callable[[], object]) -> None:
    """Until what ``probe`` gives, which is awaited, is true."""
    async with asyncio.timeout(AT_MOST_S):
        while not await probe():  # noqa: ASYNC110 (what is waited for is not ours to signal)
            await asyncio.sleep(0.02)


@asynccontextmanager
async def load(gateway: Gateway, clients: int):
    """Clients that ask one thing after the other while the block runs, and every answer that they get."""
    answers: list[Message] = []
    stopping = asyncio.Event()
    tasks = [asyncio.create_task(_keep_asking(gateway, number % 2 == 0, answers, stopping)) for number in range(clients)]
    try:
        yield answers
    finally:
        stopping.set()
        await asyncio.gather(*tasks)


async def _keep_asking(gateway: Gateway, stream: bool, answers: list[Message], stopping: asyncio.Event) -> None:
    async with connected(gateway.port) as (reader, writer):
        while not stopping.is_set():
            writer.write(post(chat("well", TEXT, stream=stream)))
            answers.append(await asyncio.wait_for(read_message(reader), AT_MOST_S))


async def test_policies_are_swapped_under_load(own: Gateway):
    """However a policy is replaced, no request fails, and the record of each names the version that decided it, which did as it says."""
    actions: dict[str, str] = {}

    async def is_taken_up(action: str) -> bool:
        """A version that has not been seen before decides."""
        version = (await ask(own.port, post(chat("well", TEXT)))).headers["x-oddgate-policy"]
        if version in actions:
            return False
        actions[version] = action
        return True

    path, numbers = own.policies / "plain.yaml", count(1)
    async with load(own, 4) as answers:
        await until(lambda: is_taken_up("redact"))
        for action in ("flag", "redact", "flag"):  # renamed over, as editors do; between them a mistake
            path.with_suffix(".tmp").write_text(policy(next(numbers), action))
            path.with_suffix(".tmp").rename(path)
            await until(lambda action=action: is_taken_up(action))
            path.write_text("name: plain\nrules: 5\n")
            await eventually(lambda: own.output.count("rules: must be a list") >= len(actions) - 1)
        for action in ("redact", "flag", "redact"):  # swapped by one symlink, as a mounted config map is
            _mount(own.policies, next(numbers), action)
            await until(lambda action=action: is_taken_up(action))
    assert len(actions) == 7
    assert {answer.status for answer in answers} == {200}
    records = own.records()
    assert len({answer.headers["x-oddgate-request-id"] for answer in answers}) == len(answers) > 100
    for answer in answers:
        version = answer.headers["x-oddgate-policy"]
        record = records[answer.headers["x-oddgate-request-id"]]
        assert (record["policy"], record["decision"]) == (version, DECISIONS[actions[version]])


def _mount(folder: Path, number: int, action: str) -> None:
    """A new version beside the others, then the link to it renamed over the old one."""
    version = folder / f"..{number}"
    version.mkdir()
    (version / "plain.yaml").write_text(policy(number, action))
    (folder / "..next").symlink_to(version.name)
    (folder / "..next").rename(folder / "..data")
    if not (folder / "plain.yaml").is_symlink():
        (folder / ".plain").symlink_to("..data/plain.yaml")
        (folder / ".plain").rename(folder / "plain.yaml")


async def test_a_new_version_that_blocks_far_more_is_rolled_back(own: Gateway, upstream: FaultyUpstream):
    """By itself, with its sessions on one side till then; it stays rolled back after a restart, until its file changes."""
    (own.policies / "next.yaml").write_text(new_version("block"))

    async def state() -> str | None:
        rows = (await admin(own, "/api/v1/policy/rollouts"))["rollouts"]
        return rows[0]["state"] if rows else None

    await until(lambda: _is(state, "running"))
    sides: dict[str, list[str]] = {}
    for number in range(1000):
        session = f"s{number % 50}"
        sides.setdefault(session, []).append(await _decided_in(own, session))
        if number % 25 == 24 and await state() == "rolled_back":
            break
    (row,) = (await admin(own, "/api/v1/policy/rollouts"))["rollouts"]
    assert (row["state"], row["settled"]["by"], row["new"]["rate"], row["old"]["rate"]) == ("rolled_back", "test", 1, 0)
    assert {side[0] for side in sides.values()} == {"plain", "next"}
    assert all(side == sorted(side) for side in sides.values())  # a session only ever goes from the new version back to the old one
    assert {await _decided_in(own, session) for session in sides} == {"plain"}
    assert await metric(own, 'oddgate_rollout_changes_total{change="rolled_back",rollout="next"}') == 1
    assert await metric(own, 'oddgate_rollout_exchanges_total{decision="block",rollout="next",version="new"}') == row["new"]["exchanges"]
    assert "rolled_back (by test)" in own.output
    assert (await admin(own, "/api/v1/policy/status"))["workers"][0]["rollouts"][0]["state"] == "rolled_back"
    assert not [name for received in upstream.received for name in received.headers if name.startswith("x-oddgate-")]

    await eventually((own.folder / "var" / "rollouts.json").exists)
    own.kill()
    with running_again(own.folder) as again:
        (row,) = (await admin(again, "/api/v1/policy/rollouts"))["rollouts"]
        assert (row["state"], row["settled"]["by"]) == ("rolled_back", "test")
        assert {await _decided_in(again, session) for session in sides} == {"plain"}
        (again.policies / "next.yaml").write_text(new_version("block", percent=51))

        async def runs() -> bool:
            return (await admin(again, "/api/v1/policy/rollouts"))["rollouts"][0]["state"] == "running"

        await until(runs)


async def _is(state: Callable, expected: str) -> bool:
    return await state() == expected


async def _decided_in(gateway: Gateway, session: str) -> str:
    """The name of the policy that decides a request of this session."""
    answer = await ask(gateway.port, post(chat("well", TEXT), **{"x-oddgate-session": session}))
    return answer.headers["x-oddgate-policy"].partition("@")[0]


async def test_a_rollout_by_hand(tmp_path: Path, upstream: FaultyUpstream):
    """Whoever is on call promotes, rolls back and resets it, and each holds at once."""
    policies = {"plain": policy(), "next": new_version("flag")}
    with running_gateway(tmp_path, {"*": upstream.url}, policies=policies) as gateway:
        for action, state, names in (
            ("promote", "promoted", {"next"}),
            ("rollback", "rolled_back", {"plain"}),
            ("reset", "running", {"plain", "next"}),
        ):
            row = await admin(gateway, "/api/v1/policy/rollouts/next", {"action": action})
            assert row["state"] == state
            assert {await _decided_in(gateway, f"s{number}") for number in range(20)} == names
        assert (await asyncio.to_thread(gateway.admin, "/api/v1/policy/rollouts/plain", {"action": "promote"}))[0] == 0


async def test_labels(own: Gateway, upstream: FaultyUpstream):
    """A label that is none is refused in the API's shape, unless it is not trusted anyway; none goes upstream."""
    refused = await ask(own.port, post(chat("well"), **{"x-oddgate-user": "not a label"}))
    assert (refused.status, error_of(refused)["code"]) == (400, "invalid_label")
    labels = {"x-oddgate-user": "u", "x-oddgate-session": "s", "x-oddgate-group": "not a label", "x-oddgate-app": "a"}
    assert (await ask(own.port, post(chat("well"), **labels))).status == 200
    assert not [name for name in upstream.last.headers if name.startswith("x-oddgate-")]


async def test_a_start_with_broken_policies(own: Gateway):
    """With the last good set kept it starts, serves by that, and says so wherever people look, until the folder is mended."""
    before = await ask(own.port, post(chat("well", TEXT)))
    await eventually((own.folder / "var" / "policies-last-good").exists)
    own.kill()
    (own.policies / "plain.yaml").write_text("name: plain\nmode: off\n")
    with running_again(own.folder) as again:
        answer = await ask(again.port, post(chat("well", TEXT)))
        assert (answer.status, answer.headers["x-oddgate-policy"]) == (200, before.headers["x-oddgate-policy"])
        assert answer.headers["x-oddgate-decision"] == "redact"
        assert (await admin(again, "/readyz")).keys() == {"status", "degraded"}
        assert (await admin(again, "/healthz")) == {"status": "ok"}
        assert "'off' is not allowed here" in (await admin(again, "/api/v1/policy/status"))["workers"][0]["rejected"][0]
        assert await metric(again, "oddgate_policy_degraded") == 1
        assert "degraded: " in again.output
        assert "plain.yaml:2: mode: 'off' is not allowed here" in again.output

        (again.policies / "plain.yaml").write_text(policy(1, "flag"))

        async def is_mended() -> bool:
            return "degraded" not in await admin(again, "/readyz")

        await until(is_mended)
        assert (await ask(again.port, post(chat("well", TEXT)))).headers["x-oddgate-decision"] == "flag"
        assert await metric(again, "oddgate_policy_degraded") == 0


@pytest.mark.parametrize("kept", ["nothing", "somebody else's"])
async def test_a_start_with_broken_policies_and_nothing_good(own: Gateway, kept: str):
    """It refuses to start, with the status for wrong usage and every problem by its line."""
    last_good = own.folder / "var" / "policies-last-good"
    await eventually(last_good.exists)
    own.kill()
    if kept == "nothing":
        last_good.unlink()
    else:
        last_good.write_text("0" * 64 + "\n{}")
    (own.policies / "plain.yaml").write_text("name: plain\nmode: off\nrules: 5\n")
    refused = start(own.folder)
    assert await asyncio.to_thread(refused.process.wait, AT_MOST_S) == 2
    for problem in ("plain.yaml:2: mode: 'off' is not allowed here", "plain.yaml:3: rules: must be a list"):
        assert problem in refused.output
    assert ("cannot be used either" in refused.output) is (kept != "nothing")
