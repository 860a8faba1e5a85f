"""The audit chain of a running gateway: whatever callers do has its record, and whatever is done to records is found."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.telemetry.journal import segment_files
from tests.support.faulty_upstream import FaultyUpstream
from tests.support.gateway import Gateway, running_again, running_gateway
from tests.support.raw_client import ask, chat, connected, post
from tests.support.waiting import AT_MOST_S, eventually

POLICY = "name: plain\nrules:\n  - {id: mail, detect: pii, entities: [EMAIL_ADDRESS], scope: [user], action: block}\n"

pytestmark = pytest.mark.slow


@pytest.fixture
async def upstream():
    async with FaultyUpstream({}).running() as running:
        yield running


@pytest.fixture
def own(tmp_path: Path, upstream: FaultyUpstream) -> Iterator[Gateway]:
    with running_gateway(tmp_path, {"*": upstream.url}, policies={"plain": POLICY}) as gateway:
        yield gateway


def audit(gateway: Gateway, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "gateway.cli.main", "audit", *arguments, "--config", "oddgate.yaml"],
        cwd=gateway.folder, capture_output=True, text=True, check=False, timeout=AT_MOST_S,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )  # fmt: skip
    return done.returncode, done.stdout


async def test_no_caller_can_leave_out_a_record(own: Gateway):
    """Whoever asks badly, is blocked, names paths that are none, or goes away before the answer, is recorded; the chain is whole."""
    for sent in (
        post(chat("well")),
        post(chat("well", "write to somebody@example.org")),
        post(chat("well", stream=True)),
        post(b'{"model": "well", "messages": ['),
        post(chat("well"), path="/v1/nothing"),
        post(chat("well"), **{"x-oddgate-user": "u", "x-oddgate-session": '{"v":1,"kind":"pruned"'}),
    ):
        await ask(own.port, sent)
    async with connected(own.port) as (_, writer):
        writer.write(post(chat("well", stream=True)))
        await writer.drain()
    await eventually(lambda: len(own.records()) == 7)
    assert audit(own, "verify")[0] == 0


async def test_kills_and_restarts(own: Gateway):
    """A gateway that was killed leaves a whole chain, to which the next one links; what is done to its records later is found."""
    await ask(own.port, post(chat("well")))
    own.kill()
    with running_again(own.folder) as again:
        await ask(again.port, post(chat("well")))
        code, said = audit(again, "verify")
        assert (code, "broken off" in said, "running" in said) == (0, True, True)
        assert audit(again, "checkpoint", "--out", "elsewhere.json")[0] == 0
    assert audit(own, "verify", "--checkpoint", "elsewhere.json")[0] == 0
    killed, _ = segment_files(own.folder / "journal")
    lines = killed.read_bytes().splitlines(keepends=True)
    killed.write_bytes(b"".join(lines[:-1]))
    code, said = audit(own, "verify")
    assert (code, f"removed     {killed.name}:{len(lines) - 1}" in said) == (1, True)
